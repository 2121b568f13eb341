"""What FirstLight takes from QGIS: settings, proxies, libraries."""

from __future__ import annotations

import shutil
import ssl
import subprocess

import pytest
import requests
from osgeo import gdal
from qgis.core import QgsNetworkAccessManager, QgsSettings
from qgis.PyQt.QtNetwork import QNetworkProxy
from requests.utils import select_proxy

from firstlight.core.discovery.access import Access
from firstlight.core.download.http import new_session
from firstlight.core.gdal.environment import quiet_gdal, remote_gdal
from firstlight.core.installation.needed import REQUIRED, Library
from firstlight.core.settings import resolve_settings, setting_fields
from firstlight.plugin.dependencies import dependency_error, missing_libraries
from firstlight.plugin.network import read_headers, read_proxies
from firstlight.plugin.settings_store import (
    StoredCatalog,
    add_catalog,
    read_catalogs,
    read_last,
    read_overrides,
    remove_catalog,
    settings_reader,
    write_last,
)
from support.qgis_fixtures import store_authority, store_login, write_override
from support.range_server import FaultyServer
from support.rasters import write_raster
from support.waiting import PATIENCE_S


@pytest.fixture
def manager(qgis_app):
    found = QgsNetworkAccessManager.instance()
    before = found.fallbackProxy(), found.excludeList(), found.noProxyList()
    yield found
    found.setFallbackProxyAndExcludes(*before)


def proxy(kind, *more):
    return QNetworkProxy(kind, *more)


def test_no_proxy(manager):
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.NoProxy), [], [])
    assert read_proxies() == {}
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.DefaultProxy), [], [])
    assert read_proxies() == {}


def test_http_proxy_with_a_login_and_exceptions(manager):
    made = proxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example", 3128, "me@home", "p:w/d")
    manager.setFallbackProxyAndExcludes(made, ["http://inside.example"], ["quiet.example"])
    url = "http://me%40home:p%3Aw%2Fd@proxy.example:3128"
    proxies = read_proxies()
    assert (proxies["http"], proxies["https"]) == (url, url)
    for address, expected in (
        ("https://elsewhere.example/x", url),
        ("http://inside.example/x", ""),
        ("https://quiet.example:8080/x", ""),
        ("http://127.0.0.1:8721/search", ""),
        ("http://localhost/x", ""),
    ):
        assert select_proxy(address, proxies) == expected, address


def test_socks_resolves_names_at_the_proxy(manager):
    manager.setFallbackProxyAndExcludes(
        proxy(QNetworkProxy.ProxyType.Socks5Proxy, "proxy.example", 1080), [], []
    )
    assert read_proxies()["https"] == "socks5h://proxy.example:1080"


def test_proxies_reach_the_settings_of_a_run(manager):
    manager.setFallbackProxyAndExcludes(
        proxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example", 3128), [], []
    )
    reader = settings_reader()
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.NoProxy), [], [])
    assert reader().proxies["http"] == "http://proxy.example:3128", (
        "as it was when the run was started"
    )


def test_overrides_win_and_go_away_again():
    assert read_overrides() == {}
    write_override("tile_size", 512)
    write_override("default_format", "geotiff")
    assert read_overrides() == {"tile_size": 512, "default_format": "geotiff"}
    settings = resolve_settings(read_overrides())
    assert (settings.tile_size, settings.default_format) == (512, "geotiff")
    write_override("tile_size", None)
    write_override("default_format", None)
    assert read_overrides() == {}


def test_every_setting_can_be_overridden():
    for field in setting_fields():
        value = getattr(resolve_settings(), field.name)
        if value is None or value == ():
            continue
        write_override(field.name, ",".join(map(str, value)) if isinstance(value, tuple) else value)
    assert resolve_settings(read_overrides()) == resolve_settings()


def test_last_choice():
    assert read_last("catalog", "earth-search") == "earth-search"
    write_last("catalog", "sample")
    assert read_last("catalog", "earth-search") == "sample"


def test_nothing_is_missing_here():
    assert missing_libraries() == ()
    assert dependency_error(()) is None


def test_what_is_missing_is_named_with_the_way_out():
    missing = missing_libraries(
        (*REQUIRED, Library("not_a_module", "not-a-package"), Library("nor_this", "nor-this"))
    )
    assert [library.package for library in missing] == ["not-a-package", "nor-this"]
    assert str(dependency_error(missing)) == (
        "FirstLight cannot start: QGIS's Python lacks the libraries not-a-package, nor-this. "
        'Run "python3 -m pip install not-a-package nor-this" with QGIS\'s own Python '
        "(on Windows in the OSGeo4W shell) and restart QGIS."
    )


def test_catalogues_are_kept_and_removed():
    assert read_catalogs() == ()
    add_catalog("Office", " https://stac.example.com/v1/ ", "abc1234")
    add_catalog("", "http://localhost:80")
    office = StoredCatalog("Office", "https://stac.example.com/v1", "abc1234")
    assert read_catalogs() == (office, StoredCatalog("localhost:80", "http://localhost:80"))
    remove_catalog("http://localhost:80")
    remove_catalog("http://never.was")
    assert read_catalogs() == (office,)


@pytest.mark.parametrize("text", ["", "garbage", "{}", "[1]", '[{"title": "x"}]', "null"])
def test_damaged_catalogues_are_none(text):
    QgsSettings().setValue("firstlight/catalogs", text)
    assert read_catalogs() == ()


def test_a_login_becomes_headers_for_its_host_only(manager):
    with store_login("me", "p:w/d") as authcfg:
        add_catalog("Office", "https://stac.example.com:8443/v1", authcfg)
        add_catalog("Open", "https://open.example.com/v1")
        settings = settings_reader()()
    expected = {"Authorization": "Basic bWU6cDp3L2Q="}
    assert settings.headers == {"stac.example.com:8443": expected}
    login = settings.account_for("https://stac.example.com:8443/v1/search")
    assert login
    assert dict(login.secrets) == expected
    assert settings.account_for("https://stac.example.com/v1/search") is None
    assert "bWU6" not in repr(settings)


def test_a_login_that_is_gone_is_left_out_and_logged(desktop):
    assert read_headers({"https://stac.example.com/v1": "gone123"}) == {}
    assert "The authentication 'gone123' for stac.example.com cannot be used" in desktop.logged()


@pytest.fixture
def authority(tmp_path):
    """A certificate of an authority nobody knows, and one that it has signed for this computer."""
    names = {
        name: str(tmp_path / f"{name}.pem")
        for name in ("ca", "ca_key", "server", "server_key", "request")
    }
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1")

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    new = ["req", "-newkey", "rsa:2048", "-nodes"]
    openssl(
        *new,
        "-x509",
        "-keyout",
        names["ca_key"],
        "-out",
        names["ca"],
        "-subj",
        "/CN=Office authority",
    )
    openssl(
        *new, "-keyout", names["server_key"], "-out", names["request"], "-subj", "/CN=127.0.0.1"
    )
    signed = [
        "x509",
        "-req",
        "-in",
        names["request"],
        "-CA",
        names["ca"],
        "-CAkey",
        names["ca_key"],
        "-CAcreateserial",
    ]
    openssl(*signed, "-out", names["server"], "-extfile", str(tmp_path / "names"))
    return names


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_authority_that_qgis_trusts_is_trusted_everywhere_and_only_while_it_does(
    authority, qgis_app, tmp_path, desktop
):
    write_raster(tmp_path / "served" / "nir.tif")
    with FaultyServer(tmp_path / "served") as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority["server"], authority["server_key"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = server.url("nir.tif").replace("http:", "https:")

        def reached():
            settings = settings_reader()()
            with new_session(settings) as session:
                try:
                    by_requests = session.get(url, timeout=PATIENCE_S).status_code == 200
                except requests.exceptions.SSLError:
                    by_requests = False
            address, options = Access(settings).reach(f"{url}?{by_requests}")
            with remote_gdal(options), quiet_gdal():
                try:
                    by_gdal = gdal.Open(f"/vsicurl/{address}") is not None
                except RuntimeError:  # where QGIS has switched GDAL's exceptions on
                    by_gdal = False
            return by_requests, by_gdal

        assert reached() == (False, False)
        with store_authority(authority["ca"]):
            assert reached() == (True, True)
        assert reached() == (False, False)
