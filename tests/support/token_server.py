"""A catalogue's files behind short-lived tokens, as Planetary Computer has them: a token endpoint
and a guarded server.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from .range_server import FaultyHandler, FaultyServer

SECRET = "sig=S3CRET"
"""Every token holds it: what must never be seen outside of requests."""


class Clock:
    """A clock that moves only when told."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


class _Handler(FaultyHandler):
    server: TokenServer

    def date_time_string(self, timestamp: float | None = None) -> str:
        """By the server's own clock."""
        return super().date_time_string(
            self.server.clock() + self.server.ahead_s if timestamp is None else timestamp
        )

    def _answer(self, with_body: bool) -> None:
        parts = urlsplit(self.path)
        if not parts.path.startswith("/token/"):
            if self.server.is_good(parts.query):
                super()._answer(with_body)
            else:
                self.server.note(self)
                with self.server.state:
                    self.server.refusals.append(parts.query)
                self.refuse(HTTPStatus.FORBIDDEN)
            return
        self.server.note(self)
        answer = self.server.new_token(parts.path.rpartition("/")[2])
        body = (
            json.dumps(answer).encode()
            if self.server.token_body is None
            else self.server.token_body
        )
        self.send_response(self.server.token_status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class TokenServer(FaultyServer):
    """Serves a folder to those who bring a good token; ``/token/COLLECTION`` gives one.

    Parameters
    ----------
    root : Path
        The folder.
    clock : Clock
        Tells when a token has expired.
    lifetime_s : float
        Of a token; by its own account, and by the server's unless ``revoke`` was called.
    """

    def __init__(self, root: Path, clock: Clock, lifetime_s: float = 2700.0) -> None:
        super().__init__(root)
        self.RequestHandlerClass = _Handler
        self.clock = clock
        self.lifetime_s = lifetime_s
        self.ahead_s = 0.0
        """Of the client's clock; what it says goes by that, what it does by ``clock``."""
        self.state = threading.Lock()
        self.tokens: dict[str, float] = {}
        """Good ones, and when they expire."""
        self.asked: list[str] = []
        """Collections that tokens were asked for."""
        self.refusals: list[str] = []
        """Queries of requests that were turned away."""
        self.token_status = 200
        self.token_body: bytes | None = None
        self.accepts: Callable[[str], bool] = lambda _query: True
        """A further condition on tokens."""

    @property
    def token_template(self) -> str:
        """For ``sas_token_url``."""
        return self.url("token/{collection}")

    def new_token(self, collection: str) -> dict[str, str]:
        """Make a token that is good from now on."""
        with self.state:
            self.asked.append(collection)
            expires = self.clock() + self.lifetime_s
            said = datetime.fromtimestamp(expires + self.ahead_s, timezone.utc)
            when = said.strftime("%Y-%m-%dT%H:%M:%SZ")
            token = f"se={when.replace(':', '%3A')}&n={len(self.asked)}&{SECRET}"
            self.tokens[token] = expires
        return {"msft:expiry": when, "token": token}

    def revoke(self) -> None:
        """Turn away all tokens given so far, whatever they say of themselves."""
        with self.state:
            self.tokens.clear()

    def is_good(self, query: str) -> bool:
        """Whether this query is a token that is good now."""
        with self.state:
            return self.tokens.get(query, 0.0) > self.clock() and self.accepts(query)
