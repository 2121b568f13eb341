"""Logins stay with their host: whatever links, redirects and other plugins say."""

from __future__ import annotations

import dataclasses
import json
import pickle
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.aoi import Aoi
from firstlight.core.discovery.access import Access
from firstlight.core.discovery.session import InsecureRedirect, new_session
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import AccessError, DiscoveryError, RasterError
from firstlight.core.execution.certificate import make_key_pair
from firstlight.core.gdal.environment import RemoteOptions, quiet_gdal, remote_gdal
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.remote import read_remote_facts
from firstlight.core.settings import Settings, resolve_settings
from firstlight.core.types import SearchQuery, parse_time
from support.stac_server import make_item
from support.waiting import PATIENCE_S

SECRET = "s3cr3t"
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET}
Answer = tuple[int, dict[str, str], bytes]


class Host(ThreadingHTTPServer):
    """Remembers what it is asked, headers included."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str], Answer], context: ssl.SSLContext | None) -> None:
        self.asked: list[tuple[str, str]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                host.asked.append((self.path, str(self.headers)))
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        """A client that refuses the certificate is none of the test's errors."""

    @property
    def netloc(self) -> str:
        """Host and port, as a login is kept."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def has_login(self) -> bool:
        """True if a login has come here."""
        return SECRET in str(self.asked)


@contextmanager
def serving(
    answer: Callable[[str], Answer], context: ssl.SSLContext | None = None
) -> Iterator[Host]:
    """A host of its own."""
    with Host(answer, context) as host:
        thread = threading.Thread(target=host.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield host
        host.shutdown()
        thread.join(PATIENCE_S)


@pytest.fixture
def stranger() -> Iterator[Host]:
    """Another host, which answers everything with an empty page."""
    page = json.dumps({"type": "FeatureCollection", "features": [], "links": []}).encode()
    with serving(lambda _: (200, {"Content-Type": "application/json"}, page)) as host:
        yield host


def elsewhere(host: Host, path: str = "/x") -> str:
    """An address of a host under another of its names."""
    return f"http://localhost:{host.server_port}{path}"


def sending_to(target: str) -> Callable[[str], Answer]:
    return lambda _: (307, {"Location": target}, b"")


def settings_for(host: Host) -> Settings:
    return dataclasses.replace(Settings(), headers={host.netloc: HEADERS})


def search(host: Host) -> None:
    query = SearchQuery(
        Aoi.from_bounds(10.2, 46.9, 10.35, 46.98),
        parse_time("2024-06-01"),
        parse_time("2024-06-02"),
        "sentinel2",
        f"http://{host.netloc}",
        collection="sentinel-2-l2a",
    )
    scenes = SceneSearch(query, settings_for(host))
    for _ in range(2):
        scenes.next(RecordingMonitor())


def catalog(search_link: str, next_link: str, missing: str = "") -> Callable[[str], Answer]:
    """Answers of a catalogue whose links lead where they like."""
    core = "https://api.stacspec.org/v1.0.0/"
    links = [{"rel": "search", "href": search_link, "method": "POST", "type": "application/json"}]
    root = {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "c",
        "description": "c",
        "conformsTo": [f"{core}core", f"{core}item-search"],
        "links": links,
    }
    item = make_item("A")
    page = {
        "type": "FeatureCollection",
        "features": [item],
        "links": [{"rel": "next", "href": next_link, "method": "POST", "body": {}}],
    }

    def answer(path: str) -> Answer:
        if path == missing:
            return 404, {}, b""
        body = root if path == "/" else page
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    return answer


@pytest.mark.parametrize("link", ["search", "next"])
def test_a_link_to_another_host_goes_without_the_login(stranger: Host, link: str) -> None:
    """Its own host is asked first, where the link may have meant it by another name."""
    links = {"search": "", "next": ""}
    answers: list[Callable[[str], Answer]] = []
    with serving(lambda path: answers[0](path)) as host:
        own = f"http://{host.netloc}/search"
        links = {"search": own, "next": own, link: elsewhere(stranger)}
        answers.append(catalog(links["search"], links["next"], missing="/x"))
        search(host)
        assert host.has_login
        assert any(path == "/x" for path, _ in host.asked)
    assert stranger.asked
    assert not stranger.has_login


def test_a_redirected_search_goes_without_the_login(stranger: Host) -> None:
    with serving(sending_to(elsewhere(stranger))) as host:
        with pytest.raises(DiscoveryError):
            search(host)
        assert host.has_login
    assert stranger.asked
    assert not stranger.has_login


def test_a_redirected_token_request_goes_without_the_login(stranger: Host) -> None:
    with serving(sending_to(elsewhere(stranger))) as host:
        access = Access(settings_for(host))
        with pytest.raises(AccessError, match="the answer holds no token"):
            access.open("https://files.example/a.tif", f"http://{host.netloc}/token")
        assert host.has_login
    assert stranger.asked
    assert not stranger.has_login


def test_gdal_is_led_to_where_redirects_end_without_the_login(stranger: Host) -> None:
    with serving(sending_to(elsewhere(stranger, "/x.tif"))) as host:
        open_by_gdal(settings_for(host), f"http://{host.netloc}/x.tif")
        assert host.has_login
    assert stranger.asked
    assert not stranger.has_login


def test_gdal_s_requests_go_with_the_login_for_their_own_host(stranger: Host) -> None:
    open_by_gdal(settings_for(stranger), f"http://{stranger.netloc}/y.tif")
    assert stranger.has_login


def open_by_gdal(settings: Settings, url: str) -> None:
    from osgeo import gdal

    address, options = Access(settings).reach(url)
    with remote_gdal(options), quiet_gdal(), suppress(RuntimeError):
        gdal.Open(f"/vsicurl/{address}")


def test_headers_that_another_plugin_gave_gdal_are_not_ours(stranger: Host) -> None:
    from osgeo import gdal

    gdal.SetConfigOption("GDAL_HTTP_HEADERS", f"X-Other: {SECRET}")
    try:
        with remote_gdal(RemoteOptions()), quiet_gdal(), suppress(RuntimeError):
            gdal.Open(f"/vsicurl/http://{stranger.netloc}/z.tif")
    finally:
        gdal.SetConfigOption("GDAL_HTTP_HEADERS", None)
    assert stranger.asked
    assert not stranger.has_login


@pytest.fixture
def unknown_authority(tmp_path: Path) -> ssl.SSLContext:
    """TLS of a server whose certificate nobody trusts."""
    pair = make_key_pair()
    (tmp_path / "pair.pem").write_text(pair.key + pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    return context


def test_certificates_are_checked_although_another_plugin_switched_that_off(
    unknown_authority: ssl.SSLContext,
) -> None:
    from osgeo import gdal

    with serving(lambda _: (404, {}, b""), unknown_authority) as host:
        gdal.SetConfigOption("GDAL_HTTP_UNSAFESSL", "YES")
        try:
            with quiet_gdal(), remote_gdal(RemoteOptions()), suppress(RuntimeError):
                gdal.Open(f"/vsicurl/https://{host.netloc}/a.tif")
            assert not host.asked
            with quiet_gdal(), suppress(RuntimeError):
                gdal.Open(f"/vsicurl/https://{host.netloc}/b.tif")
            assert host.asked  # its own reads are as the other plugin wants them
        finally:
            gdal.SetConfigOption("GDAL_HTTP_UNSAFESSL", None)


def test_a_redirect_from_https_to_http_is_not_followed(
    unknown_authority: ssl.SSLContext, stranger: Host, tmp_path: Path
) -> None:
    with serving(sending_to(elsewhere(stranger)), unknown_authority) as host:
        pem = (tmp_path / "pair.pem").read_text()
        (tmp_path / "trusted.pem").write_text(pem[pem.index("-----BEGIN CERT") :])
        settings = dataclasses.replace(
            settings_for(host), authorities=str(tmp_path / "trusted.pem")
        )
        url = f"https://{host.netloc}/x.tif"
        with new_session(settings) as session, pytest.raises(InsecureRedirect, match="to http"):
            session.get(url, timeout=PATIENCE_S)
        address, options = Access(settings).reach(url)
        with pytest.raises(RasterError, match="sends from https to http"):
            read_remote_facts(address, options, Path("x.tif"))
        with pytest.raises(AccessError, match="sends from https to http"):
            Access(settings).open("https://files.example/a.tif", url)
        assert host.has_login
    assert not stranger.asked


@pytest.mark.parametrize(
    ("key", "url", "sent"),
    [
        ("a.example", "https://a.example/x", True),
        ("a.example", "https://A.example:443/x", True),
        ("a.example", "http://a.example/x", False),
        ("a.example", "https://a.example:8443/x", False),
        ("a.example", "https://user@a.example/x", False),
        ("a.example", "https://a.example.evil.example/x", False),
        ("a.example", "http://[::1/x", False),
        ("a.example", "https://a.example:99999/x", False),
        ("a.example", "s3://a.example/x", False),
        ("http://a.example", "http://a.example/x", True),
        ("http://a.example", "https://a.example/x", True),
        ("127.0.0.1:80", "http://127.0.0.1:80/x", False),
        ("127.0.0.1", "http://127.0.0.1:80/x", True),
        ("127.0.0.1.example", "http://127.0.0.1.example/x", False),
        ("[::1]:81", "http://[::1]:81/x", True),
    ],
)
def test_a_login_for_https_is_not_sent_by_http(key: str, url: str, sent: bool) -> None:
    settings = dataclasses.replace(Settings(), headers={key: HEADERS})
    assert Access(settings).headers(url) == (HEADERS if sent else {})


def test_a_password_file_is_asked_for_the_host_that_is_reached(
    stranger: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with new_session(resolve_settings()) as session:
        session.get(f"http://127.0.0.1:@localhost:{stranger.server_port}/x", timeout=PATIENCE_S)
        assert "YWxpY2U6aHVudGVyMg" not in str(stranger.asked)
        session.get(f"http://{stranger.netloc}/x", timeout=PATIENCE_S)
        assert "YWxpY2U6aHVudGVyMg" in str(stranger.asked)


def test_only_what_is_needed_travels_to_a_cluster() -> None:
    settings = Settings(
        proxies={"https": "http://me:pass-of-https@proxy", "all": "http://open-proxy"},
        headers={"a.example": {"X-Key": "key-of-a"}, "b.example": {"X-Key": "key-of-b"}},
        cache_folder="/home/me",
    )
    limited = Access(settings).limited_to(["https://a.example/x.tif", ""])
    sent = pickle.dumps(limited)
    assert b"key-of-a" in sent
    assert b"open-proxy" in sent
    for secret in (b"key-of-b", b"pass-of-https", b"/home/me"):
        assert secret not in sent
    there = pickle.loads(sent)
    assert there.headers("https://a.example/y.tif") == {"X-Key": "key-of-a"}
