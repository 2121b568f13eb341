"""Answers of a catalogue: asked for again where that may help, bounded in size, depth and time."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import SystemRandom
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from ..errors import Cancelled
from ..monitor import EventQueue, Level, Note
from ..workers import LinkedStop, TooLate, within
from .body import MOST_BYTES, Json, object_of, read_object
from .home import Home, local_path
from .query import as_parameters
from .trouble import TRIES, Trouble, late, network_troubles

MOST_REDIRECTS = 10
WHOLE_ANSWER, ALL_TRIES, ALL_FORMS = 3.0, 4.0, 6.0
"""Times the longest wait for the next bytes: the longest wait for a whole answer, for one with all
its tries, and for one with all forms of the question.
"""
MOST_FIRST_WAIT_S = 1.0
KEEPS_METHOD = {307, 308}
"""Redirects after which the body is sent again (RFC 9110, 15.4)."""


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
                self._pause(trouble, wait_s)
        raise AssertionError("the last try returns or raises")

    def _wait_s(self, trouble: Trouble, number: int) -> float:
        usual: float = self._first_wait_s * 2.0 ** (number - 1) * SystemRandom().uniform(0.5, 1.0)
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

    def pause(self, trouble: Trouble) -> None:
        """Wait, as before a second try.

        Raises
        ------
        Cancelled
            If it was asked to stop.
        """
        self._pause(trouble, self._wait_s(trouble, 1))

    def _pause(self, trouble: Trouble, wait_s: float) -> None:
        text = f"{self.home.name}: {trouble.reason}. Asked again in {wait_s:.1f} s"
        self.tell(text, Level.INFO)
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
            raise late() from None
        finally:
            stop.set_own()  # whoever was left behind ends at the next bytes

    @property
    def _stop(self) -> threading.Event:
        return threading.Event() if self.events is None else self.events.stop

    def _exchange(self, request: Request, stop: LinkedStop) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            with network_troubles(), self._send(request) as response:
                target = self._session.get_redirect_target(response)
                if target is None:
                    return Answer(public_query(request.url), read_object(response, stop))
                request = redirected(request, response.status_code, target)
                if self.home.leads_inside(request.url):
                    raise Trouble("the server sends to an address inside a network")
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


def public_query(url: str) -> str:
    """The URL of an answer: its query is part of what was asked, a login is not."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _read_file(url: str) -> Answer:
    path = local_path(url)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Trouble(f"{path} is longer than {MOST_BYTES >> 20} MB", hint="")
        return Answer(url, object_of(path.read_bytes()))
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror or error}", hint="Check the path.") from error
