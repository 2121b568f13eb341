"""The one kind of HTTP session: for searches, tokens and downloads, with the same rules for logins
and redirects.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from .. import PRODUCT
from ..accounts.account import Account, AccountKind
from ..accounts.show import heard, login_headers, note_success
from ..addresses.gate import Gate
from ..addresses.pinned import guarded_adapter
from ..addresses.storage import in_region
from ..errors import AccessError
from ..logins import covers, is_loopback
from ..settings import Settings
from ..stac.body import CHUNK_BYTES, MOST_BYTES
from ..text import public_url, redact

MOST_REDIRECTS = 10
OWN_HEADERS = {
    *("accept", "accept-encoding", "connection", "if-range", "range", "user-agent"),
    *("content-length", "content-type"),
    # already that of the new host alone
    "cookie",
}
"""Headers that may follow a redirect to another host; others may be the user's authentication."""

WRONG_REGION = (301, 307, 400)
REGION_HEADER = "x-amz-bucket-region"
"""By which Amazon S3 says where a bucket lies that was asked for elsewhere; without a ``Location``
in most of its answers (*Amazon S3 API reference*, HeadBucket, error responses).
"""
WITH_HEAD = 64 << 10
"""Bytes of a redirect's body that are taken if they have come."""
TALKATIVE = ("urllib3.connectionpool", "pystac_client.stac_api_io")
"""Loggers of libraries that write each request down, with its query or its headers."""


class InsecureRedirect(Exception):
    """A server that is reached by https sends to http."""


def load_requests() -> None:
    """Load what asks servers: sooner there than beside other libraries."""
    import requests  # noqa: F401 - only to be there


def new_session(
    settings: Settings, connections: int = 10, retries: int = 0, gate: Gate | None = None
) -> Any:
    """A ``requests.Session`` with the user's proxies, certificates and logins.

    A login is added to requests for its own hosts alone, whoever wrote the address: a redirect to
    another host goes without it, and one from https to http is not followed. An answer of Amazon S3
    that names the region of its bucket counts as a redirect there. A token that is refused is
    renewed once, and the request repeated. Cookies are kept while the session lasts.

    Requests raise ``AccessError`` where the login for a host cannot be used, and where an answer
    that is no stream is longer than any but a file's.

    Parameters
    ----------
    connections : int
        Connections kept open per host.
    retries : int
        New tries where no connection can be made.
    gate : Gate, optional
        Of the catalogue that the addresses come from: no host that it refuses is connected to.
    """
    import requests
    from requests.utils import get_auth_from_url

    class Session(requests.Session):
        def prepare_request(self, request: Any) -> Any:
            if request.auth is None:
                in_url = "@" in urlsplit(request.url).netloc
                # never none: requests would look into .netrc, for http too and by its own rules
                request.auth = get_auth_from_url(request.url) if in_url else _leave
            return self._show_login(super().prepare_request(request))

        def send(self, request: Any, **options: Any) -> Any:
            whole = not options.get("stream")
            response = self._send(request, **{**options, "stream": True})
            return _with_body(response) if whole else response

        def _send(self, request: Any, **options: Any) -> Any:
            response = super().send(request, **options)
            account = settings.account_for(response.url)
            if account is None or response.history:  # each redirect has come through here itself
                return response
            if not heard(account, response, self.post_form):
                return response
            response.close()
            response = super().send(self._show_login(response.request.copy()), **options)
            note_success(account, response)
            return response

        def login_headers(self, method: str, url: str) -> Mapping[str, str]:
            """The headers of the user's login for a URL."""
            account = settings.account_for(url)
            return self.account_headers(account, method, url) if account else {}

        def account_headers(self, account: Account, method: str, url: str) -> Mapping[str, str]:
            """The headers of a login; a token is had where it needs one."""
            return login_headers(account, method, url, self.post_form)

        def post_form(self, url: str, form: Mapping[str, str]) -> Any:
            """The answer to a form with a password, which takes no other login along and follows
            no redirect.
            """
            waits = (settings.connect_timeout_s, settings.read_timeout_s)
            with new_session(replace(settings, headers={}, accounts=())) as plain:
                return plain.post(url, data=form, timeout=waits, allow_redirects=False)

        def _show_login(self, prepared: Any) -> Any:
            parts = urlsplit(prepared.url)
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                prepared.headers.pop("Cookie", None)  # it may have come by https
            prepared.headers.update(self.login_headers(prepared.method, prepared.url))
            return prepared

        def get_redirect_target(self, resp: Any) -> str | None:
            target: str | None = super().get_redirect_target(resp)
            if not target and resp.status_code in WRONG_REGION:
                target = in_region(resp.url, resp.headers.get(REGION_HEADER, "")) or None
            if target and gate:
                gate.follow(resp.url, urljoin(resp.url, target))
            if target and resp.url.startswith("https:") and target.lower().startswith("http:"):
                raise InsecureRedirect(
                    "the server sends from https to http, which anybody could read and change"
                )
            if target:
                _leave_body(resp)
            return target

        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            before, url = response.request.url, prepared_request.url
            if urlsplit(url).netloc != urlsplit(before).netloc:
                for name in [
                    name for name in prepared_request.headers if name.lower() not in OWN_HEADERS
                ]:
                    del prepared_request.headers[name]
            account = settings.account_for(url)
            if account and covers((*account.hosts, *account.through), before):
                self._show_login(prepared_request)

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            # requests lets REQUESTS_CA_BUNDLE win over session.verify; what the user told QGIS
            # counts more.
            if settings.authorities and verify in (None, True):
                verify = settings.authorities
            return super().merge_environment_settings(url, proxies, stream, verify, cert)

    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_hide_secrets)
    session = Session()
    session.proxies.update(settings.proxies)
    session.max_redirects = MOST_REDIRECTS
    session.headers["User-Agent"] = PRODUCT.replace(" ", "/")
    words: dict[str, Any] = {"pool_maxsize": connections, "max_retries": retries}
    adapter = guarded_adapter(gate, **words)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _leave_body(response: Any) -> None:
    """Read no more of a redirect's body than came with its head: ``requests`` would read it all,
    and it may be endless.
    """
    if response._content_consumed:
        return
    from http.client import HTTPException

    from urllib3.exceptions import HTTPError

    raw = response.raw
    with suppress(OSError, HTTPError, HTTPException):
        if hasattr(raw, "read1"):  # since urllib3 2.0
            raw.read1(WITH_HEAD, decode_content=False)
    if not raw.closed:
        raw.close()
    response._content, response._content_consumed = b"", True


def _with_body(response: Any) -> Any:
    """An answer with its whole body, which is no file and must not be long."""
    if response._content_consumed:
        return response
    parts: list[bytes] = []
    with response:
        for part in response.iter_content(CHUNK_BYTES):
            parts.append(part)
            if sum(map(len, parts)) > MOST_BYTES:
                what = f"{public_url(response.url)} cannot be read"
                why = f"its answer is longer than {MOST_BYTES >> 20} MB"
                raise AccessError(what, why, "Choose another catalogue, or tell its provider.")
    response._content, response._content_consumed = b"".join(parts), True
    return response


def _hide_secrets(record: logging.LogRecord) -> bool:
    """Take queries and secrets out of what a library logs."""
    record.msg, record.args = re.sub(r"\?[^\s\"]*", "", redact(record.getMessage())), ()
    return True


def _leave(prepared: Any) -> Any:
    """An authentication of ``requests`` that adds nothing."""
    return prepared


def try_login(login: Account, settings: Settings) -> str:
    """What comes of a login, in words: *let in*, *refused*, or why it cannot be said."""
    import requests

    timeout = (settings.connect_timeout_s, settings.read_timeout_s)
    try:
        login.require_usable()
        with new_session(settings) as session:
            if login.kind is AccountKind.OIDC:
                session.account_headers(login, "GET", "")
                return "let in"
            if not login.check:
                return "there; nothing to try it with is known"
            with session.get(login.check, timeout=timeout, stream=True) as answer:
                status = answer.status_code
    except AccessError as error:
        return str(error)
    except (requests.RequestException, InsecureRedirect) as error:
        return f"there; its provider cannot be reached ({type(error).__name__})"
    if status in (401, 403):
        return f"refused (HTTP {status})"
    return "let in" if status < 300 else f"there; its provider answers HTTP {status}"
