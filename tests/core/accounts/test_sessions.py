"""Accounts at work: sessions and GDAL are let in by servers that check, and no other host ever
sees a secret.
"""

from __future__ import annotations

import dataclasses
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from firstlight.core.accounts import tokens
from firstlight.core.accounts.account import Account, AccountKind, basic_headers
from firstlight.core.accounts.providers import load_providers, login_hint
from firstlight.core.discovery.access import Access, locate
from firstlight.core.discovery.session import new_session
from firstlight.core.errors import AccessError
from firstlight.core.gdal.environment import quiet_gdal, remote_gdal
from firstlight.core.raster.remote import read_over_area
from firstlight.core.settings import Settings
from firstlight.core.text import redact
from support.account_server import (
    GuardedServer,
    basic_rule,
    header_rule,
    login_page,
    page_rule,
    signature_rule,
)
from support.range_server import Fault
from support.rasters import ramp, write_raster
from support.waiting import PATIENCE_S

FILE = "b/x y.tif"
KEYS = ("AKIDTEST12345", "s3-secret-key-0123456789")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    write_raster(tmp_path / FILE, ramp((64, 64), 1, 200, "uint8"), nodata=None)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[GuardedServer]:
    with GuardedServer(folder) as made:
        yield made


@pytest.fixture
def other(folder: Path) -> Iterator[GuardedServer]:
    """Another host, which lets everybody in."""
    with GuardedServer(folder) as made:
        yield made


def url_of(server: GuardedServer, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}/{FILE.replace(' ', '%20')}"


def with_accounts(settings: Settings, *accounts: Account) -> Settings:
    return dataclasses.replace(settings, accounts=accounts)


def get(settings: Settings, url: str) -> int:
    with new_session(settings) as session:
        return int(session.get(url, timeout=PATIENCE_S).status_code)


def gdal_reads(settings: Settings, url: str) -> bool:
    """Whether GDAL opens and reads a file the way windows, skies and mosaics do."""
    from osgeo import gdal

    address, options = Access(settings).reach(url)
    gdal.VSICurlClearCache()
    with remote_gdal(options), quiet_gdal():
        try:
            dataset = gdal.OpenEx(f"/vsicurl/{address}")
        except RuntimeError:  # with GDAL's exceptions on
            dataset = None
        return dataset is not None and int(dataset.ReadAsArray()[5, 5]) > 0


def oidc(server: GuardedServer, password: str = "", **changes: Any) -> Account:
    fields: dict[str, Any] = {
        "name": "space",
        "title": "A data space",
        "kind": AccountKind.OIDC,
        "hosts": (server.netloc,),
        "origin": "the test",
        "secrets": (
            ("username", server.issuer.username),
            ("password", password or server.issuer.password),
        ),
        "token_url": server.url("realms/token"),
        "client_id": "public",
        **changes,
    }
    return Account(**fields)


def s3(server: GuardedServer, region: str = "default") -> Account:
    secrets = (("access_key", KEYS[0]), ("secret_key", KEYS[1]))
    hosts = (server.netloc,)
    kind = AccountKind.S3
    return Account("store", "A store", kind, hosts, "the test", secrets, region=region)


def headers_account(hosts: tuple[str, ...], secrets: Any, **more: Any) -> Account:
    return Account("own", "My own", AccountKind.HEADERS, hosts, "the test", secrets, **more)


@pytest.mark.parametrize(
    ("rule", "secrets"),
    [
        (basic_rule("bob", "pass:word-1"), basic_headers("bob", "pass:word-1")),
        (header_rule("X-Api-Key", "key-123456"), (("X-Api-Key", "key-123456"),)),
        (header_rule("Authorization", "Bearer tok"), (("Authorization", "Bearer tok"),)),
    ],
    ids=["basic", "header", "bearer"],
)
def test_a_fixed_login_opens_its_host_for_sessions_and_gdal(
    server: GuardedServer, settings: Settings, rule: Any, secrets: Any
) -> None:
    server.rule = rule
    settings = with_accounts(settings, headers_account((server.netloc,), secrets))
    assert get(Settings(), url_of(server)) == 401
    assert get(settings, url_of(server)) == 200
    assert gdal_reads(settings, url_of(server))
    assert not gdal_reads(Settings(), url_of(server))


def test_a_signature_opens_a_store_for_sessions_and_gdal(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = signature_rule(*KEYS, "default")
    settings = with_accounts(settings, s3(server))
    assert get(Settings(), url_of(server)) == 403
    assert get(settings, url_of(server)) == 200
    assert gdal_reads(settings, url_of(server))
    address, options = Access(settings).reach(url_of(server))
    assert options.has_login
    assert KEYS[1] not in f"{address}{options!r}"
    assert not gdal_reads(with_accounts(settings, s3(server, "elsewhere")), url_of(server))


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=-400)])
def test_a_signature_is_right_though_the_clock_is_wrong(
    server: GuardedServer, settings: Settings, ahead: timedelta
) -> None:
    server.ahead = ahead
    server.rule = signature_rule(*KEYS, "default")
    settings = with_accounts(settings, s3(server))
    assert get(settings, url_of(server)) == 200
    assert server.turned_away == 1
    assert get(settings, url_of(server)) == 200
    assert server.turned_away == 1  # the clock is known now
    assert gdal_reads(settings, url_of(server))


def test_a_wrong_key_is_tried_once(server: GuardedServer, settings: Settings) -> None:
    server.rule = signature_rule(KEYS[0], "another key", "default")
    assert get(with_accounts(settings, s3(server)), url_of(server)) == 403
    assert server.turned_away == 1


def test_a_token_is_had_once_for_many_threads_and_both_ways(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server))
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: get(settings, url_of(server)), range(16))) == {200}
    assert gdal_reads(settings, url_of(server))
    (form,) = server.issuer.forms
    assert form == {
        "grant_type": "password",
        "client_id": "public",
        "username": "alice",
        "password": server.issuer.password,
    }


def test_a_token_that_is_withdrawn_is_renewed_once_by_its_refresh_token(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server))
    assert get(settings, url_of(server)) == 200
    server.issuer.withdraw()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: get(settings, url_of(server)), range(8))) == {200}
    assert [form["grant_type"] for form in server.issuer.forms] == ["password", "refresh_token"]
    server.issuer.withdraw()
    server.issuer.refresh.clear()  # its own life is over, too
    assert get(settings, url_of(server)) == 200
    grants = [form["grant_type"] for form in server.issuer.forms]
    assert grants == ["password", "refresh_token", "refresh_token", "password"]


def test_a_refresh_token_that_was_refused_is_not_sent_again(
    server: GuardedServer, settings: Settings
) -> None:
    """The password that follows it fails for once, too."""
    server.rule = server.issuer.rule
    secrets = (*oidc(server).secrets, ("refresh_token", "long-since-withdrawn"))
    account = oidc(server, secrets=secrets)
    posts: list[str] = []

    def post(url: str, form: Any) -> Any:
        posts.append(form["grant_type"])
        if len(posts) == 2:
            raise requests.ConnectionError("away")
        return requests.post(url, data=form, timeout=PATIENCE_S)

    with pytest.raises(AccessError, match="cannot be reached"):
        tokens.token(account, post)
    tokens._keeper(account).failed_until = 0.0
    assert tokens.token(account, post)
    assert posts == ["refresh_token", "password", "password"]


@pytest.mark.parametrize("stated", [None, "soon", -5, 0, "nan", 1e12, "1e400", [], True])
def test_a_life_that_cannot_be_is_taken_for_a_short_one(stated: Any) -> None:
    life = tokens._seconds(stated)
    assert life == (1.0 if stated is True else tokens.UNKNOWN_LIFE_S)
    assert tokens._seconds("300") == 300.0


def test_a_password_is_hidden_in_every_form_that_is_sent() -> None:
    [(_, value)] = basic_headers("bob", "pass:word-77")
    assert redact(f"sent {value}") == redact("sent Basic ") + redact(value.split()[1])
    assert value.split()[1] not in redact(f"sent {value}")
    assert "pass:word-77" not in redact("pass:word-77")


def test_a_token_is_renewed_before_it_ends_whatever_the_clock_says(
    server: GuardedServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server))
    assert get(settings, url_of(server)) == 200
    monkeypatch.setattr(time, "time", lambda: 0.0)  # 1970
    assert get(settings, url_of(server)) == 200
    assert len(server.issuer.forms) == 1
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + server.issuer.life_s - 20)
    assert get(settings, url_of(server)) == 200
    assert len(server.issuer.forms) == 2
    assert server.turned_away == 0


def test_a_token_is_renewed_as_often_as_it_is_withdrawn_but_not_for_a_403(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server))
    for _ in range(4):
        assert get(settings, url_of(server)) == 200
        server.issuer.withdraw()
    assert len(server.issuer.forms) == 4
    server.rule = lambda _: (403, {})  # a file that the account has no right to
    assert get(settings, url_of(server)) == 403
    assert len(server.issuer.forms) == 4


def test_a_refresh_token_alone_is_enough(server: GuardedServer, settings: Settings) -> None:
    server.rule = server.issuer.rule
    server.issuer.refresh.add("given-refresh-token")
    account = oidc(server, secrets=(("refresh_token", "given-refresh-token"),))
    assert get(with_accounts(settings, account), url_of(server)) == 200
    assert server.issuer.forms[0]["refresh_token"] == "given-refresh-token"


def test_a_wrong_password_is_tried_once_and_named(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server, password="wrong-password-1"))
    said: list[str] = []
    gate = threading.Barrier(6)

    def ask(_: int) -> None:
        gate.wait(PATIENCE_S)
        with pytest.raises(AccessError) as caught:
            get(settings, url_of(server))
        said.append(str(caught.value))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))
    assert len(server.issuer.forms) == 1
    (sentence,) = set(said)
    assert sentence.startswith("The login 'space' (A data space) was refused: ")
    assert "Correct it in the test" in sentence
    assert "wrong-password-1" not in sentence


def test_a_token_that_never_works_is_not_asked_for_again_and_again(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = lambda _: (401, {})  # the account has no right to these files
    settings = with_accounts(settings, oidc(server))
    assert [get(settings, url_of(server)) for _ in range(3)] == [401, 401, 401]
    assert len(server.issuer.forms) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_token_server_that_fails_is_one_sentence(
    server: GuardedServer, settings: Settings, status: int
) -> None:
    server.issuer.status = status
    with pytest.raises(AccessError, match=f"^No token for the login 'space' .*HTTP {status}"):
        get(with_accounts(settings, oidc(server)), url_of(server))


def test_a_token_server_that_is_not_there_is_one_sentence(
    server: GuardedServer, settings: Settings
) -> None:
    account = oidc(server, token_url="http://127.0.0.1:9/token?password=x")
    with pytest.raises(AccessError, match=r"127\.0\.0\.1:9 cannot be reached \(Connection"):
        get(with_accounts(settings, account), url_of(server))


def test_a_form_with_a_password_follows_no_redirect(
    server: GuardedServer, other: GuardedServer, settings: Settings
) -> None:
    class Moved:
        status_code = 307

    server.issuer.status = 307
    account = oidc(server)
    with pytest.raises(AccessError, match="HTTP 307"):
        get(with_accounts(settings, account), url_of(server))
    assert not other.requests


def test_a_login_page_elsewhere_is_passed_with_cookies(
    server: GuardedServer, other: GuardedServer, settings: Settings
) -> None:
    page = f"http://localhost:{other.server_port}/authorize"
    server.rule, other.rule = page_rule(page), login_page("bob", "earth-password-1")
    account = headers_account(
        (f"localhost:{other.server_port}",),
        basic_headers("bob", "earth-password-1"),
        through=(server.netloc,),
    )
    settings = with_accounts(settings, account)
    assert get(settings, url_of(server)) == 200
    assert gdal_reads(settings, url_of(server))
    assert "authorization" not in server.seen()
    stranger = dataclasses.replace(account, through=())
    assert get(with_accounts(settings, stranger), url_of(server)) == 401


def test_a_bearer_stays_behind_at_a_signed_redirect(
    server: GuardedServer, other: GuardedServer, settings: Settings
) -> None:
    signed = f"{url_of(other, 'localhost')}?X-Amz-Signature=abc"
    server.rule = lambda request: (
        (303, {"Location": signed}) if request.authorization == "Bearer edl-token-1" else (401, {})
    )
    secrets = (("Authorization", "Bearer edl-token-1"),)
    settings = with_accounts(settings, headers_account((server.netloc,), secrets))
    assert get(settings, url_of(server)) == 200
    assert gdal_reads(settings, url_of(server))
    assert other.requests
    assert "edl-token-1" not in other.seen()


@pytest.mark.parametrize("make", [oidc, s3], ids=["token", "signature"])
def test_what_is_made_for_each_request_stays_with_its_host(
    server: GuardedServer,
    other: GuardedServer,
    settings: Settings,
    make: Callable[[GuardedServer], Account],
) -> None:
    server.rule = lambda _: (302, {"Location": url_of(other, "localhost")})
    settings = with_accounts(settings, make(server))
    assert get(settings, url_of(server)) == 200
    assert "authorization" in server.seen()
    assert other.requests
    for header in ("authorization", "x-amz-date", "x-amz-content-sha256"):
        assert header not in other.seen()


def test_cookies_of_https_do_not_go_by_http() -> None:
    from requests.cookies import create_cookie

    with new_session(Settings()) as session:
        session.cookies.set_cookie(create_cookie("session", "COOKIE", domain="a.example"))
        from requests import Request

        for scheme, sent in (("https", True), ("http", False)):
            prepared = session.prepare_request(Request("GET", f"{scheme}://a.example/x"))
            assert ("Cookie" in prepared.headers) is sent


@pytest.mark.parametrize(
    ("hosts", "url", "sent"),
    [
        ((".nasa.example",), "https://data.nasa.example/x", True),
        ((".nasa.example",), "https://nasa.example/x", False),
        ((".nasa.example",), "https://data.nasa.example.evil.example/x", False),
        ((".nasa.example",), "https://datanasa.example/x", False),
        ((".nasa.example",), "https://data.nasa.example:8443/x", False),
        ((".nasa.example",), "http://data.nasa.example/x", False),
        (("a.example", "b.example"), "https://b.example/x", True),
        (("a.example:*",), "https://a.example:8443/x", True),
        (("a.example:*",), "https://a.example/x", True),
        (("a.example:*",), "http://a.example/x", False),
        (("a.example:*",), "https://b.a.example:8443/x", False),
        (("a.example",), "https://a.example./x", False),
        (("a.example",), "https://a.example@evil.example/x", False),
    ],
)
def test_an_account_is_bound_to_its_hosts(hosts: tuple[str, ...], url: str, sent: bool) -> None:
    account = headers_account(hosts, (("X-Key", "key-1234"),))
    assert bool(Access(with_accounts(Settings(), account)).headers(url)) is sent


def test_only_keys_and_tokens_travel_to_a_cluster(
    server: GuardedServer, settings: Settings
) -> None:
    fixed = {"X-Key": "travelling-key-1"}
    accounts = (
        headers_account(("k.example",), tuple(fixed.items())),
        headers_account(("p.example",), basic_headers("bob", "staying-password-1")),
        oidc(server, hosts=("t.example",), secrets=(("refresh_token", "staying-refresh-1"),)),
        dataclasses.replace(s3(server), hosts=("s.example",)),
        headers_account(("far.example",), (("X-Key", "unneeded-key-1"),)),
    )
    proxies = {"https": "http://me:proxy-password-1@proxy.example", "no": "proxy.example"}
    server.issuer.refresh.add("staying-refresh-1")
    settings = dataclasses.replace(settings, accounts=accounts, proxies=proxies)
    urls = [f"https://{name}.example/x.tif" for name in "kpts"]
    limited = Access(settings).limited_to([*urls, "http://x.example/"])
    assert limited.headers(urls[1])  # here, it is still there
    sent = pickle.dumps(limited)
    assert b"travelling-key-1" in sent
    basic = basic_headers("bob", "staying-password-1")[0][1].removeprefix("Basic ").encode()
    for secret in (b"staying-password-1", basic, b"staying-refresh-1", KEYS[1].encode()):
        assert secret not in sent
    for secret in (b"unneeded-key-1", b"proxy-password-1"):
        assert secret not in sent
    there: Access = pickle.loads(sent)
    assert there.headers(urls[0]) == fixed
    assert len(server.issuer.forms) == 1  # here, not there
    assert there.headers(urls[2]) == {"Authorization": f"Bearer {next(iter(server.issuer.good))}"}
    for url in (urls[1], urls[3]):
        with pytest.raises(AccessError, match="is not sent to a cluster"):
            there.reach(url)


def test_a_file_that_needs_an_account_is_not_even_asked_for() -> None:
    access = Access(Settings())
    for url in (
        "s3://eodata/Sentinel-2/x.jp2",
        "https://data.lpdaac.earthdatacloud.nasa.gov/lp-prod-protected/x.tif",
        "https://landsatlook.usgs.gov/data/x.tif",
    ):
        with pytest.raises(AccessError, match="requires authentication: an account with"):
            access.url(url, "x", "y")
    assert locate("s3://eodata/a/b.jp2", "x", "y") == (
        "https://eodata.dataspace.copernicus.eu/eodata/a/b.jp2",
        "",
    )


def test_each_provider_has_its_sources_and_safe_addresses() -> None:
    for provider in load_providers().values():
        for way in provider.ways:
            assert way.hosts
            assert not way.token_url or way.token_url.startswith("https://")
        if provider.files:
            assert login_hint(f"https://{provider.files[0].lstrip('.')}/x") or (
                provider.files[0].startswith(".")
            )
    assert "earthdata" in login_hint("https://x.earthdatacloud.nasa.gov/y.tif")
    assert login_hint("https://stac.example/y.tif") == ""


def test_gdal_says_why_without_secrets(server: GuardedServer, settings: Settings) -> None:
    server.rule = lambda _: (403, {})
    settings = with_accounts(settings, s3(server))
    address, options = Access(settings).reach(url_of(server))
    area = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    from firstlight.core.errors import RasterError

    with pytest.raises(RasterError) as caught:
        read_over_area(address, area, options)
    assert not [key for key in KEYS if key in str(caught.value)]


def test_faults_of_the_network_are_told_apart_from_logins(
    server: GuardedServer, settings: Settings
) -> None:
    server.rule = server.issuer.rule
    settings = with_accounts(settings, oidc(server))
    server.break_next(FILE, Fault(status=500, times=1))
    assert get(settings, url_of(server)) == 500
    assert get(settings, url_of(server)) == 200
    assert len(server.issuer.forms) == 1
