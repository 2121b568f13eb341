"""A server of files that lets in by a rule, and the rules of providers: a token that expires, a
signature, a login page elsewhere. Each rule is written from its specification, not from the
product.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

from .range_server import FaultyHandler, FaultyServer

Reply = tuple[int, dict[str, str]] | None
"""Status and headers of a refusal; None: let in."""
Rule = Callable[["GuardedHandler"], Reply]
REFUSED: Reply = (401, {})


class GuardedHandler(FaultyHandler):
    """Asks the server's rule first; forms go to the server's issuer of tokens."""

    server: GuardedServer

    def _answer(self, with_body: bool) -> None:
        reply = self.server.rule(self)
        if reply is None:
            super()._answer(with_body)
            return
        self.server.note(self)
        self.server.turned_away += 1
        self.refuse(*reply)

    def do_POST(self) -> None:
        """Give a token for a form."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.note(self)
        status, answer = self.server.issuer.answer(
            {name: values[0] for name, values in parse_qs(body).items()}
        )
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's own clock."""
        return format_datetime(self.server.now(), usegmt=True)

    @property
    def authorization(self) -> str:
        """As it came."""
        return self.headers.get("Authorization", "")


class GuardedServer(FaultyServer):
    """Serves a folder to those whom ``rule`` lets in.

    Parameters
    ----------
    root : Path
        The folder.
    rule : callable
        Looks at a request.
    """

    def __init__(self, root: Path, rule: Rule = lambda _: None) -> None:
        super().__init__(root)
        self.RequestHandlerClass = GuardedHandler
        self.rule = rule
        self.issuer = Issuer()
        self.ahead = timedelta()
        """How far the server's clock is ahead of this computer's."""
        self.turned_away = 0

    def __enter__(self) -> GuardedServer:
        super().__enter__()
        return self

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(timezone.utc).replace(microsecond=0) + self.ahead

    @property
    def netloc(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc

    def seen(self) -> str:
        """All headers of all requests as a text, to look for a secret in."""
        return str([(request.path, request.query, request.headers) for request in self.requests])


@dataclass
class Issuer:
    """Gives tokens for a password or a refresh token (RFC 6749, 4.3 and 6), as Keycloak does."""

    username: str = "alice"
    password: str = "correct-horse-battery"
    life_s: float = 600.0
    refreshes: bool = True
    forms: list[Mapping[str, str]] = field(default_factory=list)
    good: dict[str, float] = field(default_factory=dict)
    """Token → its end, on the monotonic clock."""
    refresh: set[str] = field(default_factory=set)
    status: int = 200
    """Another one: fails with it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, form: Mapping[str, str]) -> tuple[int, dict[str, object]]:
        """Status and body."""
        with self.lock:
            self.forms.append(form)
            if self.status != 200:
                return self.status, {"error": "unavailable"}
            by_password = (form.get("username"), form.get("password")) == (
                self.username,
                self.password,
            )
            kind = form.get("grant_type")
            by_refresh = form.get("refresh_token") in self.refresh
            if not (
                (kind == "password" and by_password) or (kind == "refresh_token" and by_refresh)
            ):
                text = "Invalid user credentials " + str(form.get("password"))
                return 401, {"error": "invalid_grant", "error_description": text}
            token = f"ACCESSSECRET-{len(self.forms)}-0123456789"
            self.good[token] = time.monotonic() + self.life_s
            body: dict[str, object] = {"access_token": token, "expires_in": self.life_s}
            if self.refreshes:
                self.refresh = {f"REFRESHSECRET-{len(self.forms)}"}
                body["refresh_token"] = next(iter(self.refresh))
            return 200, body

    def rule(self, request: GuardedHandler) -> Reply:
        """Bring a token that has not expired."""
        token = request.authorization.removeprefix("Bearer ")
        return None if self.good.get(token, 0.0) > time.monotonic() else REFUSED

    def withdraw(self) -> None:
        """No token is good any more, whatever was said of it."""
        self.good.clear()


def header_rule(name: str, value: str) -> Rule:
    """Bring this header."""
    return lambda request: None if request.headers.get(name) == value else REFUSED


def basic_rule(username: str, password: str) -> Rule:
    """Bring this name and password."""
    coded = base64.b64encode(f"{username}:{password}".encode()).decode()
    return header_rule("Authorization", f"Basic {coded}")


def query_rule(name: str, value: str) -> Rule:
    """Bring this parameter."""
    return lambda request: (
        None if (name, value) in parse_qsl(urlsplit(request.path).query) else (403, {})
    )


def page_rule(login_url: str, session: str = "COOKIESECRET-1") -> Rule:
    """Log in at another host, come back with its word, and get a cookie: the way of NASA's
    Earthdata Login.
    """

    def rule(request: GuardedHandler) -> Reply:
        parts = urlsplit(request.path)
        asked = dict(parse_qsl(parts.query))
        if parts.path == "/login" and asked.get("code") == "CODESECRET-1":
            headers = {"Set-Cookie": f"session={session}; Path=/", "Location": asked["state"]}
            return 302, headers
        if f"session={session}" in request.headers.get("Cookie", ""):
            return None
        back = quote(f"{request.server.base_url.rstrip('/')}/login", safe="")
        return 302, {"Location": f"{login_url}?redirect={back}&state={quote(request.path)}"}

    return rule


def login_page(username: str, password: str) -> Rule:
    """The other host's part of :func:`page_rule`."""
    lets_in = basic_rule(username, password)

    def rule(request: GuardedHandler) -> Reply:
        if (reply := lets_in(request)) is not None:
            return reply
        asked = dict(parse_qsl(urlsplit(request.path).query))
        state = quote(asked["state"], safe="")
        return 302, {"Location": f"{asked['redirect']}?code=CODESECRET-1&state={state}"}

    return rule


def signature_rule(access_key: str, secret_key: str, region: str) -> Rule:
    """Sign the request (AWS Signature Version 4), by a clock that is right to 15 minutes."""

    def rule(request: GuardedHandler) -> Reply:
        date = request.headers.get("x-amz-date", "")
        try:
            moment = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        except ValueError:
            return 403, {}
        if abs(request.server.now() - moment) > timedelta(minutes=15):
            return 403, {}
        headers = {name.lower(): value for name, value in request.headers.items()}
        expected = expected_authorization(
            request.command, request.path, headers, access_key, secret_key, region
        )
        given = request.authorization.replace(", ", ",")
        return None if given == expected.replace(", ", ",") else (403, {})

    return rule


def expected_authorization(
    method: str,
    target: str,
    headers: Mapping[str, str],
    access_key: str,
    secret_key: str,
    region: str,
    service: str = "s3",
) -> str:
    """``Authorization`` that a request must have: written from the AWS documents, and compared with
    their published examples in ``test_aws.py``.

    Parameters
    ----------
    target : str
        Path and query, as they came.
    headers : mapping
        Small letters → value; ``authorization`` names those that are signed.
    """
    stated = dict(
        part.strip().split("=", 1) for part in headers["authorization"].partition(" ")[2].split(",")
    )
    date = headers["x-amz-date"]
    scope = [date[:8], region, service, "aws4_request"]
    path, _, query = target.partition("?")
    query = "&".join(
        sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
    )
    text = f"{method}\n{path}\n{query}\n"
    for name in stated["SignedHeaders"].split(";"):
        text += f"{name}:{' '.join(headers[name].split())}\n"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    text += f"\n{stated['SignedHeaders']}\n{headers.get('x-amz-content-sha256', empty)}"
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", date, "/".join(scope), hashlib.sha256(text.encode()).hexdigest()]
    )
    key = ("AWS4" + secret_key).encode()
    for part in [*scope, to_sign]:
        key = hmac.new(key, part.encode(), "sha256").digest()
    pieces = [
        f"Credential={access_key}/{'/'.join(scope)}",
        f"SignedHeaders={stated['SignedHeaders']}",
        f"Signature={key.hex()}",
    ]
    return "AWS4-HMAC-SHA256 " + ", ".join(pieces)
