"""Show the user's logins with providers: where each may be sent, where it comes from, whether it is
let in. Never a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...accounts.account import Account
from ...accounts.providers import Provider, load_providers
from ...discovery.session import try_login
from ...monitor import Monitor, Progress
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...settings import Settings


@dataclass(frozen=True, kw_only=True)
class AccountsParams:
    """Whether to try the logins."""

    check: bool = param(
        False,
        kind=Kind.FLAG,
        title="Try them",
        help="Each login is tried once at its provider.",
    )


def run_accounts(params: AccountsParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """List providers and logins; with ``check`` also whether they are let in."""
    rows = []
    for number, login in enumerate(settings.logins):
        row = _row(login)
        if params.check:
            monitor.emit(Progress(number / len(settings.logins), f"Trying {login.title}"))
            row["check"] = try_login(login, settings)
        rows.append(row)
    known = {login.name for login in settings.logins}
    missing = [one for one in load_providers().values() if one.name not in known]
    rows += [_missing_row(provider) for provider in missing]
    text = "\n".join(line for row in rows for line in _lines(row))
    present = len(settings.logins)
    outputs = {"text": text, "count": present}
    return OperationResult({"accounts": rows}, text, outputs=outputs, value=tuple(rows))


def _row(login: Account) -> dict[str, Any]:
    return {
        "name": login.name,
        "title": login.title,
        "present": True,
        "hosts": list(login.hosts),
        "through": list(login.through),
        "origin": login.origin,
        "problem": login.problem,
        "how": "",
        "check": "",
    }


def _missing_row(provider: Provider) -> dict[str, Any]:
    hosts = dict.fromkeys(host for way in provider.ways for host in way.hosts)
    ways = (", ".join(map(provider.variable, way.fields)) for way in provider.ways)
    how = f"{provider.about}. Register: {provider.register}"
    if provider.ways:
        how = f"{how}. Set {'; or '.join(dict.fromkeys(ways))}"
    return {
        "name": provider.name,
        "title": provider.title,
        "present": False,
        "hosts": list(hosts or provider.files),
        "through": [],
        "origin": "",
        "problem": "",
        "how": how,
        "check": "",
    }


def _lines(row: dict[str, Any]) -> Iterator[str]:
    state = row["problem"] or row["check"] or ("there" if row["present"] else "not set")
    yield f"{row['name']}: {row['title']}: {state}"
    yield f"  for {', '.join(row['hosts'])}"
    if row["origin"]:
        yield f"  from {row['origin']}"
    if row["how"]:
        yield f"  {row['how']}"


ACCOUNTS = Operation(
    name="accounts",
    title="Accounts",
    group="Help",
    summary="Lists the logins with providers of imagery: where each may be sent, where it comes "
    "from, and whether it is let in. Secrets are never shown.",
    params=AccountsParams,
    run=run_accounts,
    outputs=(
        Output("text", "Text"),
        Output("count", "Number of logins", OutputKind.NUMBER),
    ),
)
