"""An account, shown to a server: the headers of a request."""

from __future__ import annotations

import email.utils
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from . import tokens
from .account import Account, AccountKind
from .aws import sign

MOST_SKEW_S = 240.0
"""S3 refuses signatures that are 15 minutes old or ahead; a clock that is off by less is left."""

_skews: dict[str, timedelta] = {}
"""Account's first host → how far its server's clock is ahead of ours."""
_guard = threading.Lock()


def login_headers(account: Account, method: str, url: str, post: tokens.Post) -> Mapping[str, str]:
    """The headers by which a request is let in.

    Parameters
    ----------
    post : callable
        Asks for a token, where one is needed.

    Raises
    ------
    AccessError
        If the account cannot be used, or its login is refused.
    """
    account.require_usable()
    if account.kind is AccountKind.OIDC:
        return {"Authorization": f"Bearer {tokens.token(account, post)}"}
    if account.kind is AccountKind.S3:
        keys = (account.secret("access_key"), account.secret("secret_key"), account.region)
        return sign(method, url, *keys, server_time(account), account.secret("session_token"))
    return dict(account.secrets)


def server_time(account: Account) -> datetime:
    """The time now (UTC), by the clock of the account's server where that is known to differ."""
    return datetime.now(timezone.utc) + _skews.get(account.hosts[0], timedelta())


def note_success(account: Account, response: Any) -> None:
    """Note that a token was taken."""
    if account.kind is AccountKind.OIDC and response.status_code < 400:
        tokens.accepted(account)


def heard(account: Account, response: Any, post: tokens.Post) -> bool:
    """Learn from an answer to a request with this account; True where the same request may be let
    in now: a token was renewed, or the server's clock is known.

    Raises
    ------
    AccessError
        If the login is refused.
    """
    note_success(account, response)
    if account.kind is AccountKind.S3:
        return response.status_code == 403 and _learn_clock(account, response)
    if account.kind is not AccountKind.OIDC:
        return False
    used = response.request.headers.get("Authorization", "").removeprefix("Bearer ")
    fresh = tokens.fresh_token(account, used, post) if response.status_code == 401 else None
    return fresh not in (None, used)


def _learn_clock(account: Account, response: Any) -> bool:
    try:
        theirs = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError):
        return False
    if theirs.tzinfo is None:
        return False
    off = theirs - server_time(account)
    if abs(off.total_seconds()) < MOST_SKEW_S:
        return False
    with _guard:
        _skews[account.hosts[0]] = theirs - datetime.now(timezone.utc)
    return True
