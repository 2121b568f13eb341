"""Items of every listed provider: their bands, rules, and what their files need.

The items are modelled by hand on the providers' documents; recorded ones of Earth Search, Planetary
Computer and others are read in ``tests/core/discovery``.
"""

from __future__ import annotations

import math

import pytest

from firstlight.core.discovery.band_config import get_sensor, sensor_names
from firstlight.core.discovery.catalogs import Catalog, address_needs, catalog_names, get_catalog
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.enums import AccessKind
from firstlight.core.offers.context_layers import offered_by
from support.providers import PROVIDERS, items_of, scene_of

S2 = "blue green red nir swir16 swir22"
S2_NARROW = "blue green red nir nir08 swir16 swir22"
LANDSAT = "blue green red nir08 swir16 swir22"
LANDSAT_8 = f"{LANDSAT} lwir11 qa_pixel"
LANDSAT_5 = f"{LANDSAT} lwir qa_pixel"
REFLECTANCE = {
    "sentinel2-l2a": (0.0001, -0.1, 0.0),
    "offset applied": (0.0001, 0.0, 0.0),
    "landsat": (0.0000275, -0.2, 0.0),
    "hls": (0.0001, 0.0, -9999.0),
    "dea": (0.0001, 0.0, -999.0),
    "terrascope": (0.0001, 0.0, 32767.0),
    "power": (1.0, 0.0, -32768.0),
    "opera": (1.0, 0.0, math.nan),
    "amplitude": (1.0, 0.0, 0.0),
}

TRUTH = [
    ("earth-search", 0, "sentinel2", f"{S2} scl", "offset applied", "nothing", "13TDE"),
    (
        "earth-search",
        1,
        "landsat",
        f"{LANDSAT} lwir11 qa_pixel",
        "landsat",
        "reader pays",
        "090091",
    ),
    ("earth-search", 2, "sentinel1", "vv vh", "amplitude", "reader pays", ""),
    (
        "planetary-computer",
        0,
        "landsat-tm",
        f"{LANDSAT} lwir qa_pixel",
        "landsat",
        "token",
        "195028",
    ),
    ("planetary-computer", 1, "sentinel2", f"{S2_NARROW} fmask", "hls", "token", "32TLS"),
    ("planetary-computer", 2, "sentinel1", "vv vh", "power", "token", ""),
    ("copernicus-data-space", 0, "sentinel2", S2, "sentinel2-l2a", "account", "32TLS"),
    ("usgs-landsatlook", 0, "landsat", f"{LANDSAT} qa_pixel", "landsat", "account", "195028"),
    ("usgs-landsatlook", 1, "landsat-tm", f"{LANDSAT} qa_pixel", "landsat", "account", "195028"),
    ("lp-daac", 0, "sentinel2", f"{S2_NARROW} fmask", "hls", "account", "32TLS"),
    ("lp-daac", 1, "landsat", f"{LANDSAT} lwir11 fmask", "hls", "account", "32TLS"),
    ("asf", 0, "sentinel1", "vv vh", "opera", "account", "T035-073251-IW2"),
    ("digital-earth-africa", 0, "sentinel2", S2, "sentinel2-l2a", "nothing", "37MGP"),
    ("digital-earth-africa", 1, "landsat", f"{LANDSAT} qa_pixel", "landsat", "nothing", "166061"),
    ("digital-earth-australia", 0, "sentinel2", f"{S2_NARROW} oa_fmask", "dea", "nothing", "55HFA"),
    ("digital-earth-australia", 1, "landsat", f"{LANDSAT} oa_fmask", "dea", "nothing", "090085"),
    ("brazil-data-cube", 0, "sentinel2", f"{S2} scl", "sentinel2-l2a", "nothing", "22JDM"),
    ("terrascope", 0, "sentinel2", f"{S2} scl", "terrascope", "account", "31TCN"),
]


@pytest.mark.parametrize(
    ("catalog", "number", "sensor", "bands", "rule", "access", "tile"),
    TRUTH,
    ids=[f"{row[0]} {row[1]}" for row in TRUTH],
)
def test_an_item_is_read_as_its_provider_documents_it(
    catalog: str, number: int, sensor: str, bands: str, rule: str, access: str, tile: str
) -> None:
    scene = scene_of(catalog, number, sensor)
    assert list(scene.bands) == bands.split()
    first = next(iter(scene.bands.values())).radiometry
    scale, offset, nodata = REFLECTANCE[rule]
    assert (first.scale, first.offset) == (scale, offset)
    assert first.nodata == nodata or (math.isnan(nodata) and math.isnan(first.nodata or 0.0))
    assert (scene.access, scene.tile) == (access, tile)
    assert scene.to_dict()["access"] == access


def test_thematic_mappers_numbers_are_their_own() -> None:
    """Number 4 is the near infrared of TM and red of OLI."""
    scene = scene_of("planetary-computer", 0, "landsat-tm")
    numbers = {name: asset.href.rpartition("_")[2] for name, asset in scene.bands.items()}
    assert (numbers["blue"], numbers["nir08"], numbers["swir22"]) == ("B1.TIF", "B4.TIF", "B7.TIF")
    lwir = scene.bands["lwir"].radiometry
    assert (lwir.scale, lwir.offset, lwir.unit) == (0.00341802, 149.0, "kelvin")


WORLD = [name for name in catalog_names() if not get_catalog(name).is_local]


@pytest.mark.parametrize("name", WORLD)
def test_every_catalogue_says_what_it_needs_and_where_that_was_read(name: str) -> None:
    catalog = get_catalog(name)
    assert catalog.sources
    assert catalog.naming
    assert catalog.url.startswith("https://")
    assert set(catalog.collections) <= set(sensor_names())
    named = [one for ids in catalog.collections.values() for one in ids]
    assert all(catalog.needs(one) != AccessKind.UNKNOWN for one in named)
    assert 1 <= catalog.page_size <= 500
    assert 1 <= catalog.at_once <= 8
    assert (PROVIDERS / f"{name}.json").is_file()


@pytest.mark.parametrize("name", WORLD)
def test_what_the_table_says_of_a_collection_is_what_its_items_say(name: str) -> None:
    """The address of the files and the table agree for every modelled item."""
    catalog: Catalog = get_catalog(name)
    for item in items_of(name):
        hrefs = [
            asset["href"] for asset in item["assets"].values() if "browse" not in asset["href"]
        ]
        told = {address_needs(href, catalog) for href in hrefs if not href.endswith(".jpg")}
        told -= {AccessKind.UNKNOWN}
        context = {offer.access for _, offer in offered_by(name)}
        assert told <= {catalog.needs(item["collection"]), *context}, item["id"]


@pytest.mark.parametrize(
    ("href", "catalog", "needs"),
    [
        ("s3://usgs-landsat/a.TIF", "", "reader pays"),
        ("https://usgs-landsat.s3.us-west-2.amazonaws.com/a.TIF", "", "reader pays"),
        ("https://usgs-landsat.s3.amazonaws.com/a.TIF", "", "reader pays"),
        ("s3://sentinel-s1-l1c/GRD/a.tiff", "earth-search", "reader pays"),
        ("s3://eodata/Sentinel-2/a.jp2", "", "account"),
        ("s3://sentinel-cogs/a.tif", "", "nothing"),
        ("s3://somebodys-bucket/a.tif", "", "unknown"),
        ("https://landsatlook.usgs.gov/data/a.TIF", "", "account"),
        ("https://landsatlook.usgs.gov/stac-server", "", "unknown"),
        ("https://landsatlook.usgs.gov.evil.example/data/a.TIF", "", "unknown"),
        ("https://x.blob.core.windows.net/a.tif", "planetary-computer", "token"),
        ("https://x.blob.core.windows.net/a.tif?sv=1&sig=abc", "planetary-computer", "nothing"),
        ("https://x.blob.core.windows.net/a.tif", "", "unknown"),
        ("https://example.org/a.tif", "", "unknown"),
        ("http://[::1/a.tif", "", "unknown"),
        ("/data/a.tif", "", "nothing"),
        ("file:///data/a.tif", "", "nothing"),
    ],
)
def test_an_address_tells_what_it_needs(href: str, catalog: str, needs: str) -> None:
    assert address_needs(href, get_catalog(catalog) if catalog else None) == needs


def test_an_item_may_say_itself_that_it_is_closed() -> None:
    item = items_of("earth-search")[0]
    for asset in item["assets"].values():
        asset["href"] = "https://example.org/" + asset["href"].rpartition("/")[2]
    opened = parse_item(item, get_sensor("sentinel2"), "https://stac.example.org")
    assert opened.access == AccessKind.UNKNOWN
    item["assets"]["nir"]["auth:refs"] = ["oidc"]
    closed = parse_item(item, get_sensor("sentinel2"), "https://stac.example.org")
    assert closed.access == AccessKind.ACCOUNT
    item["properties"]["storage:requester_pays"] = True
    paid = parse_item(item, get_sensor("sentinel2"), "https://stac.example.org")
    assert paid.access == AccessKind.READER_PAYS
