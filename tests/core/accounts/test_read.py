"""Where logins come from: the environment, a file of one's own, .netrc; and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firstlight.core.accounts.account import Account, AccountKind
from firstlight.core.accounts.read import read_accounts, why_not_private
from firstlight.core.discovery.access import Access
from firstlight.core.errors import AccessError, SettingsError
from firstlight.core.settings import Settings, resolve_settings

SECRET = "sec-ret-0123456789"
DATA = "https://data.lpdaac.earthdatacloud.nasa.gov/lp-prod-protected/x.tif"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def of_file(tmp_path: Path, text: str, mode: int = 0o600) -> tuple[Account, ...]:
    path = write(tmp_path / "accounts.yaml", text, mode)
    return read_accounts({"FIRSTLIGHT_ACCOUNTS": str(path), "NETRC": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("variables", "name", "kind"),
    [
        (("COPERNICUS_USERNAME", "COPERNICUS_PASSWORD"), "copernicus", AccountKind.OIDC),
        (("COPERNICUS_REFRESH_TOKEN",), "copernicus", AccountKind.OIDC),
        (("COPERNICUS_S3_ACCESS_KEY", "COPERNICUS_S3_SECRET_KEY"), "copernicus-s3", AccountKind.S3),
        (("EARTHDATA_TOKEN",), "earthdata", AccountKind.HEADERS),
        (("PLANETARY_COMPUTER_KEY",), "planetary-computer", AccountKind.HEADERS),
        (("TERRASCOPE_USERNAME", "TERRASCOPE_PASSWORD"), "terrascope", AccountKind.OIDC),
    ],
)
def test_the_environment_gives_accounts(
    variables: tuple[str, ...], name: str, kind: AccountKind, tmp_path: Path
) -> None:
    environ = {f"FIRSTLIGHT_{variable}": SECRET for variable in variables}
    (account,) = read_accounts({**environ, "NETRC": str(tmp_path / "none")})
    assert (account.name, account.kind) == (name, kind)
    assert account.origin == f"environment {', '.join(environ)}"
    assert SECRET not in repr(account)
    half = dict(list(environ.items())[1:])
    assert read_accounts({**half, "NETRC": str(tmp_path / "none")}) == ()


def test_names_that_other_programs_use_count_too() -> None:
    (earthdata,) = read_accounts({"EARTHDATA_TOKEN": SECRET, "NETRC": "/nowhere"})
    headers = Access(Settings(accounts=(earthdata,))).headers(DATA)
    assert headers == {"Authorization": f"Bearer {SECRET}"}
    (key,) = read_accounts({"PC_SDK_SUBSCRIPTION_KEY": SECRET, "NETRC": "/nowhere"})
    access = Access(Settings(accounts=(key,)))
    api = "https://planetarycomputer.microsoft.com/api/sas/v1/token/x"
    assert access.headers(api) == {"Ocp-Apim-Subscription-Key": SECRET}
    assert access.headers("https://sentinel2l2a01.blob.core.windows.net/x.tif") == {}


def test_netrc_serves_earthdata_and_any_named_host(tmp_path: Path) -> None:
    text = (
        f"machine urs.earthdata.nasa.gov login me password {SECRET}\n"
        f"machine stac.example login me password {SECRET}\ndefault login all password {SECRET}\n"
    )
    path = write(tmp_path / "netrc", text)
    accounts = read_accounts({"NETRC": str(path)})
    assert [account.name for account in accounts] == ["earthdata", "netrc stac.example"]
    settings = Settings(accounts=accounts)
    access = Access(settings)
    assert "Authorization" in access.headers("https://urs.earthdata.nasa.gov/oauth/authorize")
    assert access.headers(DATA) == {}
    assert settings.account_concerning(DATA) == accounts[0]
    assert "Authorization" in access.headers("https://stac.example:8443/x")
    assert access.headers("http://stac.example/x") == {}
    assert access.headers("https://else.example/x") == {}


def test_a_netrc_that_others_can_read_is_refused_when_it_is_needed(tmp_path: Path) -> None:
    text = f"machine stac.example login me password {SECRET}\n"
    path = write(tmp_path / "netrc", text, 0o644)
    accounts = read_accounts({"NETRC": str(path)})
    assert [account.secrets for account in accounts] == [()], "it is not even taken along"
    access = Access(Settings(accounts=accounts))
    assert access.headers("https://else.example/x") == {}
    with pytest.raises(AccessError, match=r"mode 644\); run chmod 600 .*netrc"):
        access.headers("https://stac.example/x")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o606, 0o604])
def test_a_file_of_accounts_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    text = f"accounts: {{earthdata: {{token: {SECRET}}}}}"
    with pytest.raises(SettingsError, match=f"mode {mode:o}.*chmod 600") as caught:
        of_file(tmp_path, text, mode)
    assert SECRET not in str(caught.value)


def test_a_file_of_accounts_that_belongs_to_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write it chooses where secrets go."""
    path = write(tmp_path / "accounts", "accounts: {}")
    assert why_not_private(path) == ""
    if os.getuid() == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert why_not_private(path) == "it belongs to another user"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"accounts:\n  x: [{SECRET}", "no YAML"),
        (f"accounts:\n  x: {SECRET}: y", "line 2 is no YAML"),
        (f"earthdata: {{token: {SECRET}}}", "no section 'accounts'"),
        (f"accounts: [{SECRET}]", "no section 'accounts'"),
        (f"accounts: {{earthdata: {SECRET}}}", "no section 'accounts'"),
        (f"accounts: {{earthdata: {{tokn: {SECRET}}}}}", "field 'tokn' is not known"),
        (f"accounts: {{copernicus: {{password: {SECRET}}}}}", "not complete"),
        (f"accounts: {{usgs: {{token: {SECRET}}}}}", "'token' is not known"),
        (f"accounts: {{own: {{token: {SECRET}, hosts: [a.example]}}}}", "its kind is none of"),
        (f"accounts: {{own: {{kind: bearer, token: {SECRET}}}}}", "names no hosts"),
        (f"accounts: {{own: {{kind: bearer, token: {SECRET}, hosts: ['*']}}}}", "'\\*' is no host"),
        (f"accounts: {{own: {{kind: bearer, token: {SECRET}, hosts: [.com]}}}}", "'.com' is no"),
        (
            f"accounts: {{own: {{kind: bearer, token: {SECRET}, hosts: ['https://a.example']}}}}",
            "is no host",
        ),
        (
            f"accounts: {{own: {{kind: header, key: {SECRET}, hosts: [a.example]}}}}",
            "names no header",
        ),
        (
            f"accounts: {{own: {{kind: oidc, username: u, password: {SECRET}, hosts: [a.example],"
            " token_url: 'http://id.example/token'}}",
            "token_url is no https address",
        ),
        ("accounts: {own: {kind: s3, access_key: a, hosts: [a.example]}}", "not complete"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_without_secrets(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        of_file(tmp_path, text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "url", "header"),
    [
        ("kind: bearer, token: T, hosts: [a.example]", "https://a.example/x", "Bearer T"),
        ("kind: basic, username: u, password: p, hosts: a.example", "https://a.example/x", "Basic"),
        ("kind: bearer, token: T, hosts: [.a.example]", "https://b.a.example/x", "Bearer T"),
        ("kind: bearer, token: T, hosts: ['A.Example:8443']", "https://a.example:8443/", "Bearer"),
        (
            "kind: header, header: Authorization, key: Token T, hosts: [a.example]",
            "https://a.example/x",
            "Token T",
        ),
    ],
)
def test_a_catalogue_of_ones_own_has_a_login_of_any_kind(
    tmp_path: Path, fields: str, url: str, header: str
) -> None:
    accounts = of_file(tmp_path, f"accounts: {{office: {{{fields}}}}}")
    assert Access(Settings(accounts=accounts)).headers(url)["Authorization"].startswith(header)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_accounts({"FIRSTLIGHT_ACCOUNTS": str(tmp_path / "none.yaml")})


def test_settings_hold_the_accounts_and_never_show_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".config" / "firstlight").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    path = home / ".config" / "firstlight" / "accounts.yaml"
    write(path, f"accounts: {{earthdata: {{token: {SECRET}}}}}")
    settings = resolve_settings(environ={})
    assert [account.origin for account in settings.accounts] == [str(path)]
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.to_dict())
