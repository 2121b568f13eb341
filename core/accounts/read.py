"""The user's accounts: from the environment, a file of their own and ``.netrc``, in this order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import SettingsError
from ..logins import is_loopback
from ..text import at_home
from .account import Account, AccountKind, basic_headers
from .providers import KINDS, Way, load_providers, make_way

FILE_VARIABLE = "FIRSTLIGHT_ACCOUNTS"
FIELDS = {
    "oidc": (("username", "password"), ("refresh_token",)),
    "s3": (("access_key", "secret_key"),),
    "bearer": (("token",),),
    "basic": (("username", "password"),),
    "header": (("key",),),
}
"""Kind → the fields it needs, and other ones that do, too."""
OTHER_FIELDS = (
    *("kind", "title", "hosts", "through", "header", "token_url", "client_id", "region", "check"),
)


def accounts_file(environ: Mapping[str, str]) -> Path:
    """The user's own file of accounts."""
    named = environ.get(FILE_VARIABLE, "")
    return at_home(named or "~/.config/firstlight/accounts.yaml")


def netrc_file(environ: Mapping[str, str]) -> Path:
    """The file of names and passwords that is shared with other programs."""
    return at_home(environ.get("NETRC") or "~/.netrc")


def read_accounts(environ: Mapping[str, str]) -> tuple[Account, ...]:
    """All accounts of the user that can be read here.

    Raises
    ------
    SettingsError
        If the user's own file cannot be read, or others can read it.
    """
    found = (*_of_environment(environ), *_of_file(environ), *_of_netrc(netrc_file(environ)))
    return tuple(found)


def _of_environment(environ: Mapping[str, str]) -> Iterator[Account]:
    for provider in load_providers().values():
        variables = {
            field: (provider.variable(field), provider.also.get(field, ""))
            for field in provider.fields
        }
        given = {
            field: name
            for field, names in variables.items()
            if (name := next((name for name in names if environ.get(name)), ""))
        }
        values = {field: environ[name] for field, name in given.items()}
        origin = f"environment {', '.join(given.values())}"
        if account := provider.account(values, origin):
            yield account


def _of_file(environ: Mapping[str, str]) -> Iterator[Account]:
    path = accounts_file(environ)
    if not path.is_file():
        if environ.get(FILE_VARIABLE):
            raise SettingsError(
                f"The accounts file {path} cannot be used",
                "it does not exist",
                "Make it, or correct FIRSTLIGHT_ACCOUNTS.",
            )
        return
    if why := why_not_private(path):
        raise SettingsError(f"The accounts file {path} is not used", why, f"Run: chmod 600 {path}")
    for name, fields in _read_file(path).items():
        yield _own_account(str(name), fields, path)


def why_not_private(path: Path) -> str:
    """Why secrets in a file are not safe from other users of this computer; empty: they are."""
    if os.name != "posix":  # Windows keeps a person's folder from others
        return ""
    state = path.stat()
    if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"other users can read or change it (mode {stat.S_IMODE(state.st_mode):o})"
    return "" if state.st_uid in (os.getuid(), 0) else "it belongs to another user"


def _read_file(path: Path) -> dict[str, Any]:
    import yaml

    failure = f"The accounts file {path} cannot be read"
    hint = "See docs/configuration.md, Accounts."
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(failure, type(error).__name__, hint) from None
    except yaml.YAMLError as error:  # its own words quote the line, secrets included
        mark = getattr(error, "problem_mark", None)
        why = f"line {mark.line + 1} is no YAML" if mark else "it is no YAML"
        raise SettingsError(failure, why, hint) from None
    accounts = tree.get("accounts") if isinstance(tree, dict) else None
    if not isinstance(accounts, dict) or not all(isinstance(v, dict) for v in accounts.values()):
        raise SettingsError(failure, "it holds no section 'accounts' of named accounts", hint)
    return accounts


def _own_account(name: str, fields: Mapping[str, Any], path: Path) -> Account:
    """An account of the user's file: with a known provider, or with hosts of the user's own."""
    failure = f"The account '{name}' in {path} cannot be used"
    provider = load_providers().get(name)
    if provider is not None:
        _refuse_unknown(failure, fields, provider.fields)
        given = {key: str(value) for key, value in fields.items()}
        if account := provider.account(given, str(path)):
            return account
        ways = " or ".join(" and ".join(way.fields) for way in provider.ways)
        raise SettingsError(failure, "it is not complete", f"Give {ways or 'no such account'}.")
    kind = str(fields.get("kind", ""))
    if kind not in KINDS:
        raise SettingsError(
            failure, f"its kind is none of {', '.join(KINDS)}", "Write one of them as its kind."
        )
    known = {field for some in FIELDS[kind] for field in some}
    _refuse_unknown(failure, fields, (*known, *OTHER_FIELDS))
    values = next(
        (
            {field: str(fields[field]) for field in some}
            for some in FIELDS[kind]
            if all(fields.get(field) for field in some)
        ),
        None,
    )
    if values is None:
        some = " or ".join(" and ".join(fields) for fields in FIELDS[kind])
        raise SettingsError(failure, "it is not complete", f"Give {some}.")
    way = make_way({"client_id": "public", "region": "us-east-1", **fields, "kind": kind})
    _check_way(failure, way)
    return way.account(name, str(fields.get("title", name)), str(path), values)


def _refuse_unknown(failure: str, fields: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for field in fields:
        if field not in known:
            hint = f"Known: {', '.join(sorted(known))}."
            raise SettingsError(failure, f"its field '{field}' is not known", hint)


def _check_way(failure: str, way: Way) -> None:
    """Refuse a login that could go to more hosts than meant, or by http."""
    if not way.hosts:
        raise SettingsError(failure, "it names no hosts", "Give hosts: [stac.example.com].")
    for host in (*way.hosts, *way.through):
        if not _is_host(host):
            hint = "Give names as stac.example.com, or .example.com for all below it."
            raise SettingsError(failure, f"'{host}' is no host", hint)
    parts = urlsplit(way.token_url)
    safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    if way.kind == AccountKind.OIDC and not safe:
        raise SettingsError(
            failure, "its token_url is no https address", "Give an address with https://."
        )
    if way.kind == "header" and not way.header.replace("-", "").isalnum():
        raise SettingsError(failure, "it names no header", "Give header: X-Api-Key.")


def _is_host(text: str) -> bool:
    """A name with a port at most, and not all of a country or the world."""
    name = text.rpartition(":")[0] if text.rpartition(":")[2].isdecimal() else text
    plain = name.replace("-", "").replace(".", "")
    labels = [label for label in name.split(".") if label]
    enough = len(labels) >= (2 if name.startswith(".") else 1)
    return plain.isascii() and plain.isalnum() and enough and ".." not in name


def _of_netrc(path: Path) -> Iterator[Account]:
    """One account for each machine: of a provider, or for that host alone. ``default``, which would
    go to any host, is left out.
    """
    import netrc

    if not path.is_file():
        return
    problem = why_not_private(path)
    try:
        machines = netrc.netrc(str(path)).hosts
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return  # another program's: its own affair
    ways = {
        host: (provider, way)
        for provider in load_providers().values()
        for way in provider.ways
        if way.kind == "basic"
        for host in way.hosts
    }
    for machine, (username, _, password) in machines.items():
        if machine == "default":
            continue
        origin = f"{path}, machine {machine}"
        # an unsafe password is not even taken along
        secrets = () if problem else basic_headers(username or "", password or "")
        reason = f"{problem}; run chmod 600 {path}" if problem else ""
        provider, way = ways.get(machine, (None, None))
        yield Account(
            provider.name if provider else f"netrc {machine}",
            provider.title if provider else machine,
            AccountKind.HEADERS,
            (f"{machine.lower()}:*",) if provider is None else way.hosts if way else (),
            origin,
            secrets,
            way.through if way else (),
            problem=reason,
            check=way.check if way else "",
        )
