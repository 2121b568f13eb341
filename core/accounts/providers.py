"""Providers that have accounts: ``config/accounts.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..files.yaml_file import CONFIG_DIR, read_yaml
from ..logins import covers
from .account import Account, AccountKind, basic_headers, bearer_headers

KINDS = ("oidc", "s3", "bearer", "basic", "header")
"""Ways to log in, as files of accounts name them."""


@dataclass(frozen=True)
class Way:
    """How a program logs in: which fields it needs, and where they are sent."""

    kind: str
    fields: tuple[str, ...]
    hosts: tuple[str, ...]
    through: tuple[str, ...] = ()
    header: str = ""
    """Name of the header, of the kind ``header``."""
    token_url: str = ""
    client_id: str = ""
    region: str = ""
    check: str = ""

    def account(self, name: str, title: str, origin: str, values: Mapping[str, str]) -> Account:
        """The account with these values of the fields."""
        kind, secrets = AccountKind.HEADERS, tuple(values.items())
        if self.kind in (AccountKind.OIDC, AccountKind.S3):
            kind = AccountKind(self.kind)
        elif self.kind == "bearer":
            secrets = bearer_headers(values["token"])
        elif self.kind == "basic":
            secrets = basic_headers(values["username"], values["password"])
        else:
            secrets = ((self.header, values["key"]),)
        service = (self.token_url, self.client_id, self.region)
        return Account(
            *(name, title, kind, self.hosts, origin, secrets, self.through),
            *service,
            check=self.check,
        )


@dataclass(frozen=True)
class Provider:
    """A provider, and the ways to log in there."""

    name: str
    title: str
    about: str
    register: str
    """Where an account can be had."""
    files: tuple[str, ...]
    """Hosts whose files cannot be had without it."""
    ways: tuple[Way, ...]
    buckets: Mapping[str, str]
    """``s3://`` bucket → its address."""
    also: Mapping[str, str]
    """Field → environment variable of another program."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields of all ways."""
        return tuple(dict.fromkeys(field for way in self.ways for field in way.fields))

    def variable(self, field: str) -> str:
        """Environment variable of a field."""
        return f"FIRSTLIGHT_{self.name}_{field}".upper().replace("-", "_")

    def account(self, values: Mapping[str, str], origin: str) -> Account | None:
        """The account with these values, by the first way that they are enough for."""
        for way in self.ways:
            if all(values.get(field) for field in way.fields):
                used = {field: values[field] for field in way.fields}
                return way.account(self.name, self.title, origin, used)
        return None


@cache
def load_providers() -> Mapping[str, Provider]:
    """Name → provider, in the file's order."""
    tree = read_yaml(CONFIG_DIR / "accounts.yaml")["accounts"]
    return {name: _provider(name, fields) for name, fields in tree.items()}


def _provider(name: str, fields: Mapping[str, Any]) -> Provider:
    check = fields.get("check", "")
    return Provider(
        name,
        fields["title"],
        fields["about"],
        fields["register"],
        tuple(fields["files"]),
        tuple(make_way({"check": check, **way}) for way in fields["ways"]),
        fields.get("buckets", {}),
        fields.get("also", {}),
    )


def make_way(fields: Mapping[str, Any]) -> Way:
    """A way to log in, from a mapping of YAML."""
    texts = ("header", "token_url", "client_id", "region", "check")
    return Way(
        str(fields["kind"]),
        tuple(fields.get("fields", ())),
        _hosts(fields.get("hosts")),
        _hosts(fields.get("through")),
        **{key: str(fields.get(key, "")) for key in texts},
    )


def _hosts(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value or ()
    return tuple(str(name).strip().lower() for name in names)


def provider_of(url: str) -> Provider | None:
    """The provider whose account the file at a URL needs."""
    return next((one for one in load_providers().values() if covers(one.files, url)), None)


def login_hint(url: str) -> str:
    """What to do about a file that was refused; empty where no provider is known for it."""
    known = provider_of(bucket_address(url))
    if known is None:
        return ""
    if not known.ways:
        return f"{known.about}."
    return f"It needs the account {known.name} ({known.title}): see ‘flight accounts --check’."


def bucket_address(href: str) -> str:
    """``s3://bucket/key`` → https where the bucket is a provider's; other addresses as they are."""
    bucket, _, key = href.removeprefix("s3://").partition("/")
    for known in load_providers().values():
        if href.startswith("s3://") and bucket in known.buckets:
            return f"{known.buckets[bucket]}/{key}"
    return href
