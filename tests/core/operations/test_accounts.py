"""The list of logins: what is there, what is let in, and no secret."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from firstlight.core.accounts.account import Account, AccountKind, basic_headers
from firstlight.core.settings import Settings
from support.account_server import GuardedServer, basic_rule
from support.command import flight_command
from support.run import run_operation

PASSWORD = "list-password-1"


def own(server: GuardedServer, kind: AccountKind, password: str, **more: str) -> Account:
    secrets: tuple[tuple[str, str], ...] = (("username", "alice"), ("password", password))
    if kind is AccountKind.HEADERS:
        secrets = basic_headers("alice", password)
    hosts = (server.netloc,)
    return Account("own", "My own", kind, hosts, "the test", secrets, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "password", "said"),
    [
        (AccountKind.HEADERS, PASSWORD, "let in"),
        (AccountKind.HEADERS, "another-password", "refused (HTTP 401)"),
        (AccountKind.OIDC, PASSWORD, "let in"),
        (AccountKind.OIDC, "another-password", "The login 'own' (My own) was refused: "),
    ],
)
def test_a_login_is_tried_once(
    tmp_path: Path, settings: Settings, kind: AccountKind, password: str, said: str
) -> None:
    (tmp_path / "x").write_text("x")
    with GuardedServer(tmp_path, basic_rule("alice", PASSWORD)) as server:
        server.issuer.password = PASSWORD
        account = own(server, kind, password, check=server.url("x"), token_url=server.url("token"))
        settings = dataclasses.replace(settings, accounts=(account,))
        result = run_operation("accounts", settings, check=True)
        assert len(server.requests) == 1
    row = result.json_data()["accounts"][0]
    assert row["check"].startswith(said)
    assert f"own: My own: {said}" in result.text
    for secret in (PASSWORD, "another-password"):
        assert secret not in result.text + json.dumps(result.json_data())


def test_providers_without_a_login_say_what_to_set() -> None:
    result = run_operation("accounts")
    assert "FIRSTLIGHT_COPERNICUS_S3_SECRET_KEY" in result.text
    assert "usgs: USGS (ERS): not set" in result.text
    assert all(not row["present"] for row in result.json_data()["accounts"])


def test_the_command_lists_what_the_environment_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARTHDATA_TOKEN", "listed-token-1234")
    code, out, err = flight_command(capsys)("accounts", "--json")
    assert code == 0
    (present,) = [row for row in json.loads(out)["accounts"] if row["present"]]
    assert (present["name"], present["origin"]) == ("earthdata", "environment EARTHDATA_TOKEN")
    assert "listed-token-1234" not in out + err
