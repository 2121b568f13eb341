"""Short-lived tokens of accounts (OpenID Connect, RFC 6749), kept for this process: one request for
all threads and runs, renewed before they expire and when they are refused.

A token's life is counted from the moment it was asked for, on a clock that nobody sets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import AccessError
from ..text import remember_secret
from .account import Account

MARGIN_S = 30.0
"""A token is renewed so long before its end, or a quarter of its life if that is less."""
UNKNOWN_LIFE_S = 60.0
REFUSED_FOR_S = 300.0
"""A refused login is not tried again for so long: servers lock accounts that guess."""
UNREACHED_FOR_S = 10.0
"""The same, where the server did not answer well: not every thread finds that out by itself."""
REFUSED = (400, 401, 403)
"""RFC 6749, 5.2: wrong or expired; by some servers, locked."""

Post = Callable[[str, Mapping[str, str]], Any]
"""Posts a form to an address, following no redirect; the answer of ``requests``."""


@dataclass
class _Keeper:
    """What is known of one account's tokens."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = ""
    ends: float = 0.0
    refresh: str = ""
    worked: bool = False
    """A server has taken the token: if it is refused later, it has expired or was withdrawn."""
    failure: tuple[str, str, str] = ("", "", "")
    """What, why and what to do, of the last request for a token."""
    failed_until: float = 0.0


_keepers: dict[Account, _Keeper] = {}
_guard = threading.Lock()


def _keeper(account: Account) -> _Keeper:
    with _guard:
        return _keepers.setdefault(account, _Keeper(refresh=account.secret("refresh_token")))


def token(account: Account, post: Post) -> str:
    """The account's token; a new one where there is none, or it is about to expire.

    Raises
    ------
    AccessError
        If the login is refused, or no token can be had.
    """
    keeper = _keeper(account)
    with keeper.lock:
        if not keeper.token or time.monotonic() >= keeper.ends:
            _renew(account, keeper, post)
        return keeper.token


def accepted(account: Account) -> None:
    """Note that a server has taken the account's token."""
    _keeper(account).worked = True


def fresh_token(account: Account, refused: str, post: Post) -> str | None:
    """Another token than the one that was refused; None where that one has never been of use, so
    that a new one would not be either.

    Raises
    ------
    AccessError
        As :func:`token`.
    """
    keeper = _keeper(account)
    with keeper.lock:
        if keeper.token == refused:  # else another thread has renewed it
            if not keeper.worked:
                return None
            _renew(account, keeper, post)
        return keeper.token


def _renew(account: Account, keeper: _Keeper, post: Post) -> None:
    """Ask for a token; the keeper's lock is held."""
    if time.monotonic() < keeper.failed_until:
        raise AccessError(*keeper.failure)
    keeper.ends = 0.0  # what there was is not given out again
    try:
        _take(account, keeper, post)
    except _Failed as failed:
        keeper.failure = failed.sentence
        keeper.failed_until = time.monotonic() + failed.for_s
        raise AccessError(*failed.sentence) from failed.__cause__


class _Failed(Exception):
    """No token, and for how long none is asked for."""

    def __init__(self, what: str, why: str, hint: str, for_s: float) -> None:
        super().__init__(what, why, hint)
        self.sentence = (what, why, hint)
        self.for_s = for_s


def _take(account: Account, keeper: _Keeper, post: Post) -> None:
    """By the refresh token where there is one; by the password where that is not taken any more."""
    password = account.secret("password")
    if keeper.refresh:
        form = {"grant_type": "refresh_token", "refresh_token": keeper.refresh}
        asked = time.monotonic()
        answer = _ask(account, post, form)
        if answer.status_code not in REFUSED or not password:
            _keep(account, keeper, answer, asked)
            return
        keeper.refresh = ""
    form = {"grant_type": "password", "username": account.secret("username")}
    asked = time.monotonic()
    _keep(account, keeper, _ask(account, post, {**form, "password": password}), asked)


def _ask(account: Account, post: Post, form: Mapping[str, str]) -> Any:
    import requests

    try:
        return post(account.token_url, {"client_id": account.client_id, **form})
    except requests.RequestException as error:
        why = f"{_host(account)} cannot be reached ({type(error).__name__})"
        hint = "Check the network and the proxy."
        raise _Failed(_no_token(account), why, hint, UNREACHED_FOR_S) from error


def _keep(account: Account, keeper: _Keeper, answer: Any, asked: float) -> None:
    status = answer.status_code
    if status in REFUSED:
        why = f"{_host(account)} answers HTTP {status}"
        hint = (
            f"Correct it in {account.origin}; it is tried again after "
            f"{REFUSED_FOR_S / 60:.0f} minutes, lest the account be locked."
        )
        what = f"The login '{account.name}' ({account.title}) was refused"
        raise _Failed(what, why, hint, REFUSED_FOR_S)
    try:
        if status != 200:
            raise ValueError(f"HTTP {status}")
        body = answer.json()
        keeper.token, life = str(body["access_token"]), _seconds(body.get("expires_in"))
        keeper.refresh = str(body.get("refresh_token") or keeper.refresh)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # a page of HTML too
        why = f"HTTP {status}" if status != 200 else "the answer holds none"
        raise _Failed(_no_token(account), why, "Try again later.", UNREACHED_FOR_S) from error
    remember_secret(keeper.token)
    remember_secret(keeper.refresh)
    keeper.worked = False
    keeper.ends = asked + life - min(MARGIN_S, life / 4)


def _no_token(account: Account) -> str:
    return f"No token for the login '{account.name}' ({account.title})"


def _host(account: Account) -> str:
    return urlsplit(account.token_url).netloc


def _seconds(value: Any) -> float:
    """A lifetime; a short one where the server states none that can be."""
    try:
        life = float(value)
    except (TypeError, ValueError):
        return UNKNOWN_LIFE_S
    return life if 0 < life < 1e9 else UNKNOWN_LIFE_S
