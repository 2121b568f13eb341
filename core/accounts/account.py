"""A login with a provider, bound to the hosts it may be sent to."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from ..enums import StrEnum
from ..errors import AccessError
from ..text import remember_secret

NOT_SECRET = ("username", "access_key")
"""Names, not secrets: a sentence may hold them."""
STAYS_HERE = "a password or key is not sent to a cluster"


class AccountKind(StrEnum):
    """How a login is shown to a server."""

    HEADERS = "headers"
    """The same headers with every request: a key, a token, a password."""
    OIDC = "oidc"
    """A short-lived token, had with a password or refresh token (OpenID Connect)."""
    S3 = "s3"
    """Each request is signed with a key (AWS Signature Version 4)."""


@dataclass(frozen=True)
class Account:
    """One login. In another process only its short-lived or narrow part arrives, never a password:
    see :meth:`__reduce__`.
    """

    name: str
    """As in ``config/accounts.yaml``, or the user's own."""
    title: str
    kind: AccountKind
    hosts: tuple[str, ...]
    """Where it may be sent, as :func:`~..logins.covers` reads them."""
    origin: str
    """Where its secrets come from, for people."""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Name → value: of a header, or ``username``, ``password``, ``refresh_token``, ``access_key``,
    ``secret_key``, ``session_token``.
    """
    through: tuple[str, ...] = ()
    """Hosts that send to its own for a login: nothing is sent to them."""
    token_url: str = ""
    client_id: str = ""
    region: str = ""
    problem: str = ""
    """Why it cannot be used; empty: it can."""
    check: str = ""
    """An address that answers well only with the login."""

    def __post_init__(self) -> None:
        for name, value in self.secrets:
            if name not in NOT_SECRET:
                remember_secret(value)

    def secret(self, name: str) -> str:
        """A value by its name; empty where there is none."""
        return dict(self.secrets).get(name, "")

    def require_usable(self) -> None:
        """Refuse an account that cannot be used.

        Raises
        ------
        AccessError
            With the reason.
        """
        if self.problem:
            raise AccessError(
                f"The login '{self.name}' ({self.title}) cannot be used",
                self.problem,
                f"It comes from {self.origin}.",
            )

    @property
    def is_password(self) -> bool:
        """True where its headers are a name and a password (RFC 7617)."""
        return any(value.lower().startswith("basic ") for _, value in self.secrets)

    def __reduce__(self) -> tuple[type[Account], tuple[Any, ...]]:
        """What travels to another process: a header with a key or token as it is, of the rest
        only what the login is for, and that it stayed behind.
        """
        travels = self.kind is AccountKind.HEADERS and not self.is_password
        fields = (self.name, self.title, AccountKind.HEADERS, self.hosts, self.origin)
        secrets = self.secrets if travels else ()
        problem = self.problem or ("" if travels else STAYS_HERE)
        return Account, (*fields, secrets, self.through, "", "", "", problem)


def basic_headers(username: str, password: str) -> tuple[tuple[str, str], ...]:
    """Name and password as a header (RFC 7617)."""
    remember_secret(password)
    coded = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    remember_secret(coded)
    return (("Authorization", f"Basic {coded}"),)


def bearer_headers(token: str) -> tuple[tuple[str, str], ...]:
    """A token as a header (RFC 6750)."""
    remember_secret(token)
    return (("Authorization", f"Bearer {token}"),)
