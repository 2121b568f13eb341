"""A file that GDAL may read: where it is fetched, by whose session, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ...addresses.gate import LOCAL_CATALOG, Gate
from ...settings import Settings
from ...stac.trouble import Trouble, network_troubles
from ...text import public_url
from ..session import InsecureRedirect, new_session

ASKED_OTHERWISE = {400, 401, 403, 404, 405, 409, 501}
"""Answers to HEAD of servers that send the file nevertheless, as addresses do that are signed for
GET.
"""
NOT_AGAIN, AGAIN = 599, 502
"""What GDAL is told of a request without an answer: of the first it makes no more tries, of the
second one more (GDAL's ``CPLHTTPGetNewRetryDelay``: 429, 500, 502 to 504).
"""
REFUSED = 403


class NotFetched(Exception):
    """No answer to hand on."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Sessions:
    """Sessions for the files of one catalogue, each of them at one request at a time.

    Parameters
    ----------
    settings : Settings
        Logins, proxies, certificates, waits.
    gate : Gate, optional
        Of the catalogue.
    """

    def __init__(self, settings: Settings, gate: Gate | None) -> None:
        self.gate = gate
        self.timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self.headless: set[str] = set()
        """Hosts that refuse HEAD and send the file nevertheless."""
        self._settings = settings
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[Any]:
        """A session that nobody else uses; its connections and cookies stay for the next."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = new_session(self._settings, gate=self.gate)
        try:
            yield session
        finally:
            with self._lock:
                self._idle.append(session)


class Loan:
    """One file.

    Parameters
    ----------
    url : str
        Its address, with its token where it has one.
    sessions : Sessions
        By which it is fetched.
    """

    def __init__(self, url: str, sessions: Sessions) -> None:
        self.url = url
        self._sessions = sessions
        self._landing = ""
        self._trouble = ""

    def trouble(self) -> str:
        """Why there was no answer to hand on, for a person; once, then empty."""
        told, self._trouble = self._trouble, ""
        return told

    @contextmanager
    def answer(self, method: str, asked_range: str) -> Iterator[Any]:
        """The answer to GET or HEAD as ``requests`` gives it, its body still to be read.

        Parameters
        ----------
        asked_range : str
            The ``Range`` of the request; empty: the whole.

        Raises
        ------
        NotFetched
            If there is none; :meth:`trouble` says why.
        """
        headers = {"Accept-Encoding": "identity"}
        if asked_range:
            headers["Range"] = asked_range
        try:
            with (
                network_troubles(),
                self._sessions.one() as session,
                self._ask(session, method, headers) as response,
            ):
                self._trouble = ""
                yield response
        except InsecureRedirect as error:
            self._trouble = str(error)
            raise NotFetched(REFUSED) from error
        except Trouble as error:
            self._trouble = error.reason
            raise NotFetched(AGAIN if error.heavy else NOT_AGAIN) from error

    def _ask(self, session: Any, method: str, headers: Mapping[str, str]) -> Any:
        if method == "GET":
            return self._follow(session, "GET", headers)
        host = urlsplit(self._landing or self.url).netloc
        if host not in self._sessions.headless:
            response = self._follow(session, "HEAD", headers)
            if response.status_code not in ASKED_OTHERWISE:
                return response
            response.close()
        # The size stands in the answer to a request for one byte.
        response = self._follow(session, "GET", {**headers, "Range": "bytes=0-0"})
        if response.ok:
            self._sessions.headless.add(host)
        return response

    def _follow(self, session: Any, method: str, headers: Mapping[str, str]) -> Any:
        """Ask where redirects led last time, else, or where that is over, from the beginning."""
        words = {"headers": headers, "timeout": self._sessions.timeout, "stream": True}
        words["allow_redirects"] = True
        landing = self._landing
        if landing:
            response = session.request(method, landing, **words)
            if response.ok:
                return response
            response.close()
            self._landing = ""
        response = session.request(method, self.url, **words)
        if response.ok and response.history and self._is_for_keeps(response.url):
            self._landing = response.url
        return response

    def _is_for_keeps(self, landing: str) -> bool:
        """Where items of a file lead further by a redirect, that is looked at each time."""
        gate = self._sessions.gate
        same = urlsplit(landing).netloc == urlsplit(self.url).netloc
        return same or gate is None or gate.home != LOCAL_CATALOG

    def __repr__(self) -> str:
        return f"Loan({public_url(self.url)!r})"
