"""The one kind of HTTP session: for searches, tokens and downloads, with the same rules for logins
and redirects.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from .. import PRODUCT
from ..addresses.gate import Gate
from ..addresses.pinned import gated_adapter
from ..addresses.storage import in_region
from ..settings import Settings

MOST_REDIRECTS = 10
OWN_HEADERS = {
    *("accept", "accept-encoding", "connection", "if-range", "range", "user-agent"),
    *("content-length", "content-type"),
}
"""Headers that may follow a redirect to another host; others may be the user's authentication."""

WRONG_REGION = (301, 307, 400)
REGION_HEADER = "x-amz-bucket-region"
"""By which Amazon S3 says where a bucket lies that was asked for elsewhere; without a ``Location``
in most of its answers (*Amazon S3 API reference*, HeadBucket, error responses).
"""


class InsecureRedirect(Exception):
    """A server that is reached by https sends to http."""


def new_session(
    settings: Settings, connections: int = 10, retries: int = 0, gate: Gate | None = None
) -> Any:
    """A ``requests.Session`` with the user's proxies, certificates and logins.

    A login is added to requests for its own host alone, whoever wrote the address: a redirect to
    another host goes without it, and one from https to http is not followed. An answer of Amazon S3
    that names the region of its bucket counts as a redirect there.

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
    from requests.adapters import HTTPAdapter
    from requests.utils import get_auth_from_url

    class Session(requests.Session):
        def prepare_request(self, request: Any) -> Any:
            if request.auth is None and "@" in urlsplit(request.url).netloc:
                # else ~/.netrc is asked, in older versions for another host (CVE-2024-47081)
                request.auth = get_auth_from_url(request.url)
            prepared = super().prepare_request(request)
            prepared.headers.update(settings.headers_for(prepared.url or ""))
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
            return target

        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
            if urlsplit(prepared_request.url).netloc != urlsplit(response.request.url).netloc:
                for name in [
                    name for name in prepared_request.headers if name.lower() not in OWN_HEADERS
                ]:
                    del prepared_request.headers[name]

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            # requests lets REQUESTS_CA_BUNDLE win over session.verify; what the user told QGIS
            # counts more.
            if settings.authorities and verify in (None, True):
                verify = settings.authorities
            return super().merge_environment_settings(url, proxies, stream, verify, cert)

    session = Session()
    session.proxies.update(settings.proxies)
    session.max_redirects = MOST_REDIRECTS
    session.headers["User-Agent"] = PRODUCT.replace(" ", "/")
    words: dict[str, Any] = {"pool_maxsize": connections, "max_retries": retries}
    adapter = gated_adapter(gate, **words) if gate else HTTPAdapter(**words)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
