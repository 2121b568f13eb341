"""What FirstLight takes from QGIS: settings, proxies, libraries."""

from __future__ import annotations

import pytest
from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtNetwork import QNetworkProxy
from requests.utils import select_proxy

from firstlight.core.settings import resolve_settings, setting_fields
from firstlight.plugin.dependencies import REQUIRED, Library, dependency_error, missing_libraries
from firstlight.plugin.network import read_proxies
from firstlight.plugin.settings_store import read_last, read_overrides, settings_reader, write_last, write_override


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
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.Socks5Proxy, "proxy.example", 1080), [], [])
    assert read_proxies()["https"] == "socks5h://proxy.example:1080"


def test_proxies_reach_the_settings_of_a_run(manager):
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.example", 3128), [], [])
    reader = settings_reader()
    manager.setFallbackProxyAndExcludes(proxy(QNetworkProxy.ProxyType.NoProxy), [], [])
    assert reader().proxies["http"] == "http://proxy.example:3128", "as it was when the run was started"


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


def test_an_unknown_setting_is_refused():
    with pytest.raises(KeyError, match="colour"):
        write_override("colour", "red")


def test_last_choice():
    assert read_last("catalog", "earth-search") == "earth-search"
    write_last("catalog", "sample")
    assert read_last("catalog", "earth-search") == "sample"


def test_nothing_is_missing_here():
    assert missing_libraries() == ()
    assert dependency_error(()) is None


def test_what_is_missing_is_named_with_the_way_out():
    missing = missing_libraries((*REQUIRED, Library("not_a_module", "not-a-package"), Library("nor_this", "nor-this")))
    assert [library.package for library in missing] == ["not-a-package", "nor-this"]
    assert str(dependency_error(missing)) == (
        "FirstLight cannot start: QGIS's Python lacks the libraries not-a-package, nor-this. "
        'Run "python3 -m pip install not-a-package nor-this" with QGIS\'s own Python '
        "(on Windows in the OSGeo4W shell) and restart QGIS."
    )
