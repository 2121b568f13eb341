"""A catalogue's own address, what of it is secret, and what links mean."""

from __future__ import annotations

import pytest

from firstlight.core.discovery.catalogs import choose_collections, get_catalog
from firstlight.core.stac.home import Home, is_inner, public_url

KEYED = Home.of("https://me:word@stac.example/api?access_token=abc&f=json")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://stac.example/x", "https://me:word@stac.example/x?access_token=abc&f=json"),
        (
            "https://stac.example:443/x?a=1",
            "https://me:word@stac.example:443/x?a=1&access_token=abc&f=json",
        ),
        (
            "https://stac.example/x?access_token=new",
            "https://me:word@stac.example/x?access_token=new&f=json",
        ),
        ("http://stac.example/x", "http://stac.example/x"),
        ("https://stac.example:8443/x", "https://stac.example:8443/x"),
        ("https://stac.example.evil.example/x", "https://stac.example.evil.example/x"),
        ("https://evil.example/x?u=stac.example", "https://evil.example/x?u=stac.example"),
        ("https://sub.stac.example/x", "https://sub.stac.example/x"),
    ],
)
def test_what_is_secret_goes_to_the_own_host_alone(url: str, asked: str) -> None:
    assert KEYED.with_secrets(url) == asked


def test_what_is_secret_is_not_shown() -> None:
    catalog = get_catalog("https://me:word@stac.example/api/?access_token=abc#x")
    assert catalog.name == catalog.url == "https://stac.example/api"
    assert catalog.title == "stac.example"
    for text in (repr(catalog), repr(KEYED), KEYED.name, KEYED.url, str(catalog)):
        assert "word" not in text
        assert "abc" not in text
    assert public_url("https://me:word@stac.example/a?b#c") == "https://stac.example/a"


@pytest.mark.parametrize(
    ("href", "places"),
    [
        ("https://stac.example/api/search", ["https://stac.example/api/search"]),
        ("search", ["https://stac.example/search"]),
        ("/v1/search?a=1", ["https://stac.example/v1/search?a=1"]),
        ("http://stac.example/api/search", ["https://stac.example/api/search"]),
        ("https://stac.example:8080/search", ["https://stac.example/search"]),
        ("http://10.0.0.1/search", ["https://stac.example/search"]),
        ("http://localhost/search", ["https://stac.example/search"]),
        ("http://[fd00::1]/search", ["https://stac.example/search"]),
        ("http://stac-api/search", ["https://stac.example/search"]),
        ("http://stac.svc.cluster.local/search", ["https://stac.example/search"]),
        ("http://169.254.169.254/latest", ["https://stac.example/latest"]),
        (
            "https://other.example/search",
            ["https://other.example/search", "https://stac.example/search"],
        ),
        (
            "http://other.example/search",
            ["https://other.example/search", "https://stac.example/search"],
        ),
        ("file:///etc/passwd", []),
        ("javascript:alert(1)", []),
        ("http://[::1", []),
        ("http://stac.example:port/search", []),
    ],
)
def test_a_link_of_a_public_catalogue_never_leads_inside(href: str, places: list[str]) -> None:
    assert Home.of("https://stac.example/api").places_of(href, "https://stac.example/api") == places


def test_a_catalogue_inside_may_lead_inside() -> None:
    places = Home.of("http://10.0.0.5").places_of("http://10.0.0.6/x", "http://10.0.0.5/")
    assert places == ["http://10.0.0.5/x", "http://10.0.0.6/x"]


@pytest.mark.parametrize(
    ("host", "inner"),
    [
        *((name, True) for name in ("localhost", "stac-api", "10.0.0.1", "172.16.0.1", "::1")),
        *((name, True) for name in ("x.internal", "X.LOCAL.", "nas.home.arpa", "100.64.0.1")),
        *((name, False) for name in ("stac.example", "8.8.8.8", "local.example", "2606:4700::1")),
    ],
)
def test_hosts_inside_are_known(host: str, inner: bool) -> None:
    assert is_inner(host) is inner


@pytest.mark.parametrize(
    ("sensor", "names", "listed", "chosen"),
    [
        ("landsat", ("landsat-c2-l2",), ("landsat-c2l2-sr", "landsat-c2l1"), "landsat-c2l2-sr"),
        ("landsat", ("landsat-c2-l2",), ("ls8_sr", "s2_l2a"), "ls8_sr"),
        ("landsat", ("landsat-c2-l2",), ("Landsat_C2_L2",), "Landsat_C2_L2"),
        ("landsat", ("landsat-c2-l2",), ("landsat-c2-l1",), "landsat-c2-l1"),
        ("landsat", ("landsat-c2-l2",), ("landsat-c2-l2-nbar", "hls2-l30"), ""),
        ("sentinel2", ("sentinel-2-l2a",), ("sentinel-s2-l2a-cogs",), "sentinel-s2-l2a-cogs"),
        ("sentinel2", ("sentinel-2-l2a",), ("S2MSI1C", "S2MSI2A"), "S2MSI2A"),
        ("sentinel2", ("sentinel-2-l2a",), ("hls2-s30", "sentinel-2-l3-mosaic"), ""),
        ("sentinel1", ("sentinel-1-rtc",), ("sentinel-1-grd", "s1_rtc"), "s1_rtc"),
        ("dem", ("cop-dem-glo-30",), ("cop_dem_glo_30", "x"), "cop_dem_glo_30"),
        ("dem", ("cop-dem-glo-30",), (), ""),
    ],
)
def test_a_collection_is_chosen_from_what_is_listed(
    sensor: str, names: tuple[str, ...], listed: tuple[str, ...], chosen: str
) -> None:
    assert choose_collections(names, sensor, listed, False) == chosen


def test_a_collection_that_is_named_is_no_other() -> None:
    listed = ("sentinel-2-c1-l2a", "sentinel-2-l2a")
    assert choose_collections(("Sentinel_2_L2A",), "sentinel2", listed, True) == "sentinel-2-l2a"
    assert choose_collections(("sentinel-2",), "sentinel2", listed, True) == ""


def test_a_redirect_from_http_to_https_keeps_what_is_secret() -> None:
    home = Home.of("http://me:word@stac.example/api?access_token=abc")
    moved = home.moved("https://stac.example/api/")
    assert moved.url == "https://stac.example/api"
    for one in (home, moved):
        asked = one.with_secrets("https://stac.example/api/search")
        assert asked == "https://me:word@stac.example/api/search?access_token=abc"
    assert moved.with_secrets("http://stac.example/x") == "http://stac.example/x"
    for other in ("https://other.example/api", "https://stac.example:8443/api"):
        assert "abc" not in home.moved(other).with_secrets(f"{other}/search")
        assert "word" not in home.moved(other).with_secrets(f"{other}/search")


@pytest.mark.parametrize(
    ("own", "url", "inside"),
    [
        ("https://stac.example", "http://169.254.169.254/latest", True),
        ("https://stac.example", "https://localhost/x", True),
        ("https://stac.example", "https://other.example/x", False),
        ("http://10.0.0.1", "http://10.0.0.2/x", False),
    ],
)
def test_a_public_catalogue_sends_nobody_inside(own: str, url: str, inside: bool) -> None:
    assert Home.of(own).leads_inside(url) is inside
