"""No secret gets out: a run with each kind of login, and all that it wrote, said and logged, at its
most talkative, in good order and in trouble.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from support.account_server import (
    GuardedServer,
    basic_rule,
    header_rule,
    login_page,
    page_rule,
    query_rule,
    signature_rule,
)
from support.range_server import Fault
from support.scene import AREA, World

Flight = Callable[..., tuple[int, str, str]]
SECRET = "SECRETsecret/0123+456"
CODED = base64.b64encode(f"alice:{SECRET}".encode()).decode()
SECRETS = (
    *(SECRET, quote(SECRET, safe=""), CODED),
    # of the servers in support.account_server
    *("ACCESSSECRET", "REFRESHSECRET", "COOKIESECRET", "CODESECRET"),
)


@dataclass
class Setting:
    """A guarded server of the scene's files, and what the user has of it."""

    files: GuardedServer
    page: GuardedServer
    home: Path
    accounts: str = ""
    netrc: str = ""
    query: str = ""
    catalog_query: str = ""
    redirects: bool = False
    """Files of items from disk may not send to this computer: only the catalogue's are read."""
    said: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Write the user's files."""
        for name, text in (
            (".config/firstlight/accounts.yaml", self.accounts),
            (".netrc", self.netrc),
        ):
            if text:
                path = self.home / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                path.chmod(0o600)

    def own(self, fields: str, server: GuardedServer | None = None) -> str:
        """An account of one's own for a server."""
        host = (server or self.files).netloc
        return f"accounts: {{own: {{hosts: ['{host}'], {fields}}}}}"


def basic(made: Setting) -> None:
    made.files.rule = basic_rule("alice", SECRET)
    made.accounts = made.own(f"kind: basic, username: alice, password: {SECRET}")


def bearer(made: Setting) -> None:
    made.files.rule = header_rule("Authorization", f"Bearer {SECRET}")
    made.accounts = made.own(f"kind: bearer, token: {SECRET}")


def header(made: Setting) -> None:
    made.files.rule = header_rule("X-Odd-Name", SECRET)
    made.accounts = made.own(f"kind: header, header: X-Odd-Name, key: {SECRET}")


def netrc(made: Setting) -> None:
    made.files.rule = basic_rule("alice", SECRET)
    made.netrc = f"machine 127.0.0.1 login alice password {SECRET}\n"


def page(made: Setting) -> None:
    made.files.rule = page_rule(f"http://localhost:{made.page.server_port}/authorize")
    made.page.rule = login_page("alice", SECRET)
    made.redirects = True
    made.accounts = (
        f"accounts: {{own: {{hosts: ['localhost:{made.page.server_port}'], kind: basic, "
        f"username: alice, password: {SECRET}, through: ['{made.files.netloc}']}}}}"
    )


def keys(made: Setting) -> None:
    made.files.rule = signature_rule("AKIDALICE", SECRET, "default")
    made.accounts = made.own(
        f"kind: s3, access_key: AKIDALICE, secret_key: {SECRET}, region: default"
    )


def oidc(made: Setting) -> None:
    made.page.issuer.password = SECRET
    made.files.rule = made.page.issuer.rule
    url = made.page.url("token")
    made.accounts = made.own(f"kind: oidc, username: alice, password: {SECRET}, token_url: '{url}'")


def signed(made: Setting) -> None:
    made.files.rule = query_rule("sig", SECRET)
    made.query = f"?se=2030-01-01&sig={quote(SECRET, safe='')}"


def access_token(made: Setting) -> None:
    made.files.rule = query_rule("access_token", SECRET)
    made.query = made.catalog_query = f"?access_token={quote(SECRET, safe='')}"


def odd_parameter(made: Setting) -> None:
    made.files.rule = query_rule("k", SECRET)
    made.query = f"?k={quote(SECRET, safe='')}"


KINDS = (basic, bearer, header, netrc, page, keys, oidc, signed, access_token, odd_parameter)


@pytest.fixture(params=KINDS, ids=lambda kind: str(kind.__name__))
def made(
    request: pytest.FixtureRequest,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Setting]:
    """The scene behind a login of each kind."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FIRSTLIGHT_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTLIGHT_CACHE_DAYS", "30")
    monkeypatch.setenv("FIRSTLIGHT_RETRY_ATTEMPTS", "2")
    folder = world.folder.parent  # its bucket is the folder's name
    with GuardedServer(folder) as files, GuardedServer(folder) as page:
        setting = Setting(files, page, home)
        request.param(setting)
        setting.write()
        for name, asset in world.api.items[0]["assets"].items():
            asset["href"] = f"{files.url(bucket(world, name))}{setting.query}"
        yield setting


def bucket(world: World, band: str) -> str:
    """Bucket and key of a band."""
    return f"{world.folder.name}/{band}.tif"


def search_words(made: Setting, world: World) -> list[str]:
    return [
        *("--catalog", f"{world.url}{made.catalog_query}", "--area", AREA),
        *("--start", "2024-06-01", "--end", "2024-06-30", "--verbose"),
    ]


def items_words(made: Setting, world: World) -> list[object]:
    """A file of items as the catalogue gives them, which is the user's own."""
    path = made.home / "items.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": world.api.items}))
    return ["--items", path, "--area", AREA, "--verbose"]


def run(flight: Flight, made: Setting, *words: object) -> int:
    """Run a command and keep what it says."""
    code, out, err = flight(*words)
    made.said += [out, err]
    assert "fault in FirstLight" not in err
    return code


def assert_silent(made: Setting, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No secret in anything said, logged or written."""
    texts = {"said": "\n".join(made.said), "log": caplog.text}
    for secret in SECRETS:
        assert not [name for name, text in texts.items() if secret in text], secret
    names = (".netrc", ".config/firstlight/accounts.yaml", "items.json")
    theirs = [made.home / name for name in names]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path not in theirs]
    for path in written:
        content = path.read_bytes()
        assert not [secret for secret in SECRETS if secret.encode() in content], path


@pytest.mark.thorough
def test_nothing_gets_out_of_a_run(
    flight: Flight,
    made: Setting,
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    search = search_words(made, world)
    assert run(flight, made, "discover", *search, "--output", "json") == 0
    found = tmp_path / "found.json"
    found.write_text(made.said[0])
    for window in ("full", "aoi"):
        folder = tmp_path / window
        words = ("--output", folder, "--window", window, "--bands", "red,nir")
        assert run(flight, made, "ingest", *search, *words, "--json") == 0, made.said[-1]
    stack = next((tmp_path / "full").rglob("*.vrt"))
    index = ("index", "--stack", stack, "--index", "NDVI", "--output", tmp_path / "map", "--json")
    run(flight, made, *index)
    mosaic = ("mosaic", *items_words(made, world), "--bands", "red,nir", "--output")
    code = run(flight, made, *mosaic, tmp_path / "m.tif")
    assert code == 0 or made.redirects, made.said[-1]
    assert run(flight, made, *mosaic, tmp_path / "m.vrt") != 0
    assert made.redirects or "cannot be named in a VRT" in made.said[-1]
    run(flight, made, "accounts", "--check", "--json", "--verbose")
    run(flight, made, "info")
    run(flight, made, "cache", "--json")
    assert_silent(made, tmp_path, caplog)


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", ["403", "404", "slow", "gone", "login"])
def test_nothing_gets_out_of_trouble(
    flight: Flight,
    made: Setting,
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    if trouble == "gone":
        made.files.stop()
    elif trouble == "login":
        made.files.rule = lambda _: (401, {})
        made.page.rule = lambda _: (401, {})
        made.page.issuer.password = "another one"
    elif trouble == "slow":
        monkeypatch.setenv("FIRSTLIGHT_READ_TIMEOUT_S", "0.2")
        made.files.break_next(bucket(world, "red"), Fault(stall_after_bytes=0))
    else:
        made.files.break_next(bucket(world, "red"), Fault(status=int(trouble)))
    search = search_words(made, world)
    for window in ("full", "aoi"):
        words = ("--output", tmp_path / window, "--window", window, "--bands", "red")
        assert run(flight, made, "ingest", *search, *words) == 1
    items = items_words(made, world)
    assert run(flight, made, "mosaic", *items, "--bands", "red", "--output", tmp_path / "m.tif")
    assert_silent(made, tmp_path, caplog)
