"""Answers of a catalogue: asked for again where that may help, bounded in size, depth and time."""

from __future__ import annotations

import email.utils
import json
import math
import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from ..errors import AccessError, Cancelled
from ..monitor import EventQueue, Level, Note
from ..workers import LinkedStop, TooLate, within
from .home import Home, local_path
from .query import NO_STAC, Json, as_parameters

MOST_BYTES = 32 << 20
"""Of one answer, unpacked: a hundred items are 1 to 10 MB."""
CHUNK_BYTES = 16 << 10
MOST_REDIRECTS = 10
TRIES = 4
WHOLE_ANSWER, ALL_TRIES, ALL_FORMS = 3.0, 4.0, 6.0
"""Times the longest wait for the next bytes: the longest wait for a whole answer, for one with all
its tries, and for one with all forms of the question.
"""
MOST_FIRST_WAIT_S = 1.0
TEMPORARY = {408, 425, 429, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524, 529, 598, 599}
"""Statuses that may be gone at the next try: RFC 9110, RFC 6585, and those of proxies."""
BUSY = {429, 503}
"""Temporary, and no fault of the question."""
KEEPS_METHOD = {307, 308}
"""Redirects after which the body is sent again (RFC 9110, 15.4)."""


class Trouble(Exception):
    """No usable answer.

    Parameters
    ----------
    reason : str
        What went wrong, for a person.
    status : int, optional
        Of HTTP; None where no answer came.
    temporary : bool
        Another try may help.
    heavy : bool
        A smaller page may help.
    wait_s : float, optional
        As the server asks.
    """

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        temporary: bool = False,
        heavy: bool = False,
        wait_s: float | None = None,
        hint: str = "Try again later, or choose another catalogue.",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.temporary = temporary
        self.heavy = heavy
        self.wait_s = wait_s
        self.hint = hint
        self.most_tries = TRIES


NO_STAC_HINT = "Is the URL a STAC API?"


def no_stac(why: str, **more: Any) -> Trouble:
    """An answer that is none of a catalogue."""
    more.setdefault("status", 200)
    return Trouble(f"{NO_STAC} ({why})", hint=NO_STAC_HINT, **more)


@dataclass(frozen=True)
class Request:
    """One question; its query goes into the address or the body, as the method asks."""

    url: str
    method: str = "GET"
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def parameters(self) -> list[tuple[str, str]]:
        """The query of a GET, as far as the address does not hold it already."""
        if self.method != "GET":
            return []
        given = {name for name, _ in parse_qsl(urlsplit(self.url).query, keep_blank_values=True)}
        return [pair for pair in as_parameters(self.query) if pair[0] not in given]

    def signature(self) -> str:
        """The same for the same question."""
        return json.dumps([self.method, self.url, self.query], sort_keys=True, default=str)


@dataclass(frozen=True)
class Answer:
    """A JSON object, and the address it came from."""

    url: str
    tree: Json


class Transport:
    """Asks one catalogue.

    Parameters
    ----------
    session : requests.Session
        Keeps logins to their host, and refuses to be sent from https to http.
    home : Home
        The catalogue.
    timeout : tuple
        Longest waits for a connection and for the next bytes, in seconds.
    first_wait_s : float
        Before the second try; doubled for each more.
    """

    def __init__(
        self, session: Any, home: Home, timeout: tuple[float, float], first_wait_s: float
    ) -> None:
        self.home = home
        self.events: EventQueue | None = None
        """Hears what is told, and tells when to stop; another one for each part of a search."""
        self.incomplete = ""
        """Why the answers are not all that there is, as far as is known."""
        self._session = session
        self._timeout = timeout
        self._first_wait_s = min(first_wait_s, MOST_FIRST_WAIT_S)

    def tell(self, text: str, level: Level = Level.WARNING) -> None:
        """Tell a person."""
        if self.events is not None:
            self.events.put(Note(level, text))

    def time_of(self, share: float) -> float:
        """The moment at which waiting ends: connecting, and a share of the longest wait."""
        connect_s, read_s = self._timeout
        return time.monotonic() + connect_s + share * read_s

    def ask(self, request: Request, tries: int = TRIES, end: float = math.inf) -> Answer:
        """The answer to a question.

        Parameters
        ----------
        tries : int
            Most of them.
        end : float
            Of :meth:`time_of`: no answer is waited for any longer.

        Raises
        ------
        Trouble
            If none came, or none that is a JSON object, after all tries.
        Cancelled
            If it was asked to stop; at once, whatever the server does.
        """
        end = min(end, self.time_of(ALL_TRIES))
        for number in range(1, tries + 1):
            try:
                return self._ask_once(request, end)
            except Trouble as trouble:
                wait_s = self._wait_s(trouble, number)
                late = time.monotonic() + wait_s >= end
                most = 1 if self.home.is_local else min(tries, trouble.most_tries)
                if late and trouble.wait_s:
                    why = f"{trouble.reason}, and it asks to wait {trouble.wait_s:.0f} s"
                    raise Trouble(why, trouble.status, wait_s=trouble.wait_s) from None
                if not trouble.temporary or late or number >= most:
                    raise
                text = f"{self.home.name}: {trouble.reason}. Asked again in {wait_s:.1f} s"
                self.tell(text, Level.INFO)
                self._pause(wait_s)
        raise AssertionError("the last try returns or raises")

    def _wait_s(self, trouble: Trouble, number: int) -> float:
        usual: float = self._first_wait_s * 2.0 ** (number - 1) * random.uniform(0.5, 1.0)
        return max(usual, trouble.wait_s or 0.0)

    def check_stop(self) -> None:
        """End here if it was asked to stop.

        Raises
        ------
        Cancelled
            If so.
        """
        if self._stop.is_set():
            raise Cancelled()

    def _pause(self, wait_s: float) -> None:
        if self.events is None:
            time.sleep(wait_s)
        elif self.events.stop.wait(wait_s):
            raise Cancelled()

    def _ask_once(self, request: Request, end: float) -> Answer:
        if self.home.is_local:
            return _read_file(request.url)
        stop = LinkedStop(self._stop)
        limit_s = max(0.0, min(end, self.time_of(WHOLE_ANSWER)) - time.monotonic())
        try:
            return within(limit_s, self._stop, lambda: self._exchange(request, stop))
        except TooLate:
            raise _late() from None
        finally:
            stop.set_own()  # whoever was left behind ends at the next bytes

    @property
    def _stop(self) -> Any:
        import threading

        return threading.Event() if self.events is None else self.events.stop

    def _exchange(self, request: Request, stop: LinkedStop) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            with _network_troubles(), self._send(request) as response:
                target = self._session.get_redirect_target(response)
                if target is None:
                    return _read(response, request.url, stop)
                request = redirected(request, response.status_code, target)
        raise Trouble(f"the server redirects more than {MOST_REDIRECTS} times")

    def _send(self, request: Request) -> Any:
        body = {"json": request.query} if request.method != "GET" else {}
        return self._session.request(
            request.method,
            self.home.with_secrets(request.url),
            params=request.parameters(),
            headers={"Accept": "application/geo+json, application/json", **request.headers},
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
            **body,
        )


def redirected(request: Request, status: int, target: str) -> Request:
    """The question to ask where a redirect leads (RFC 9110, 15.4).

    After 301, 302 and 303 a POST is asked as a GET. Its query then stands in the address, which
    alone could bring everything that the catalogue has.
    """
    url = urljoin(request.url, target)
    before, after = urlsplit(request.url), urlsplit(url)
    if before.query and not after.query:
        url = urlunsplit(after._replace(query=before.query))
    method = request.method if status in KEEPS_METHOD else "GET"
    if after.netloc != before.netloc:
        return Request(url, method, request.query)
    return replace(request, url=url, method=method)


def _late() -> Trouble:
    hint = "Try again, or choose another catalogue."
    return Trouble("it did not answer in time", temporary=True, heavy=True, hint=hint)


@contextmanager
def _network_troubles() -> Iterator[None]:
    """What the network's libraries raise, in our words: theirs hold the whole address."""
    import http.client
    import ssl

    import requests
    from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

    try:
        yield
    except (requests.Timeout, ReadTimeoutError, TimeoutError) as error:
        raise _late() from error
    except (requests.exceptions.SSLError, ssl.SSLError) as error:
        hint = "Check the clock of this computer, its certificates and the proxy."
        raise Trouble("no secure connection could be made", hint=hint) from error
    except (
        *(requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
        *(requests.exceptions.ContentDecodingError, HTTPError),
        *(http.client.HTTPException, ConnectionError),
    ) as error:
        cause = getattr(error.args[0] if error.args else None, "reason", None)
        if isinstance(cause, NewConnectionError) or isinstance(
            error, requests.exceptions.ProxyError
        ):
            raise unreachable() from error
        raise Trouble("the connection broke", temporary=True, heavy=True) from error
    except AccessError as error:  # the gate's, or of a login
        raise Trouble(f"{error.what}: {error.why}", hint=error.hint) from error
    except (requests.RequestException, ValueError) as error:
        why = f"the address cannot be used ({type(error).__name__})"
        raise Trouble(why, hint="Check the URL.") from error


def unreachable() -> Trouble:
    """No connection was made; one more try is worth while, not several."""
    hint = "Check the network and the proxy, or choose another catalogue."
    trouble = Trouble("it cannot be reached", temporary=True, hint=hint)
    trouble.most_tries = 2
    return trouble


def _read(response: Any, url: str, stop: LinkedStop) -> Answer:
    status = response.status_code
    body = _body(response, stop)
    tree = parse_json(body) if status < 400 else None
    if status >= 400:
        wait_s = retry_after(response.headers.get("Retry-After", ""))
        raise _refusal(status, message_of(body), wait_s)
    if isinstance(tree, dict):
        return Answer(public_query(url), tree)
    raise no_stac(f"a {type(tree).__name__} where an object should be")


def public_query(url: str) -> str:
    """The URL of an answer: its query is part of what was asked, a login is not."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _refusal(status: int, said: str, wait_s: float | None) -> Trouble:
    return Trouble(
        f"HTTP {status}: {said}" if said else f"HTTP {status}",
        status,
        temporary=status in TEMPORARY,
        heavy=status == 413 or (status >= 500 and status not in {501, 505}),
        wait_s=wait_s if status in BUSY else None,
    )


def _body(response: Any, stop: LinkedStop) -> bytes:
    codings = response.headers.get("Content-Encoding", "")
    if "," in codings:  # packed twice: a few bytes could be anything
        raise no_stac(f"it is packed as {codings[:40]}")
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(CHUNK_BYTES):
        if stop.is_set():
            raise Cancelled()
        size += len(chunk)
        if size > MOST_BYTES:
            megabytes = MOST_BYTES >> 20
            raise Trouble(f"its answer is longer than {megabytes} MB", heavy=True)
        parts.append(chunk)
    return b"".join(parts)


def _read_file(url: str) -> Answer:
    path = local_path(url)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Trouble(f"{path} is longer than {MOST_BYTES >> 20} MB", hint="")
        tree = parse_json(path.read_bytes())
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror or error}", hint="Check the path.") from error
    if not isinstance(tree, dict):
        raise no_stac(f"{path} holds no JSON object")
    return Answer(url, tree)


def parse_json(body: bytes) -> Any:
    """The value of a JSON text.

    Raises
    ------
    Trouble
        If it is none.
    """
    try:
        return json.loads(body)
    except RecursionError:
        raise no_stac("its JSON is nested too deep") from None
    except ValueError as error:
        start = body[:200].lstrip().lower()
        if start.startswith(b"<"):
            raise no_stac("it is a web page, perhaps one to log in") from error
        if not start:
            raise no_stac("it is empty") from error
        raise no_stac("its JSON is damaged", temporary=True, heavy=True) from error


MESSAGE_FIELDS = ("description", "detail", "message", "error", "errors", "title", "reason", "code")


def message_of(body: bytes) -> str:
    """What the body of a refusal says, on one short line."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:200].lstrip()
        return "" if start.startswith(b"<") else _line(start.decode("utf-8", "replace"))
    return said_by(tree)


def said_by(tree: Any) -> str:
    """The message in a JSON value that should have been something else."""
    while isinstance(tree, dict):
        tree = next((tree[name] for name in MESSAGE_FIELDS if tree.get(name)), "")
    try:
        return _line(tree if isinstance(tree, str) else json.dumps(tree)) if tree else ""
    except RecursionError:
        return ""


def _line(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= 160 else f"{text[:157]}…"


def retry_after(text: str) -> float | None:
    """Seconds to wait, from a ``Retry-After`` header: a number or a date (RFC 9110, 10.2.3)."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(?:\.\d*)?", text, re.ASCII):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, moment - time.time())
