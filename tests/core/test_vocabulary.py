"""Bands, sensors, catalogues, events and indices as the shipped YAML files say them."""

from __future__ import annotations

import re

import pytest

from firstlight.core.algorithms.indices import load_indices
from firstlight.core.discovery.band_config import get_sensor, load_sensors, sensor_names
from firstlight.core.discovery.catalogs import catalog_names, get_catalog
from firstlight.core.discovery.events import event_names, get_event, load_events
from firstlight.core.errors import InputError


def test_the_sensors_of_the_specification_are_there() -> None:
    assert sensor_names()[:3] == ("sentinel2", "landsat", "sentinel1")


@pytest.mark.parametrize(
    ("sensor", "required", "default"),
    [
        ("sentinel2", "blue green red nir", "blue green red nir swir16 swir22"),
        ("landsat", "blue green red nir08", "blue green red nir08 swir16 swir22"),
        ("landsat-tm", "blue green red nir08", "blue green red nir08 swir16 swir22"),
        ("sentinel1", "vv vh", "vv vh"),
    ],
)
def test_required_and_default_bands(sensor: str, required: str, default: str) -> None:
    one = get_sensor(sensor)
    assert one.required == tuple(required.split())
    assert one.default == tuple(default.split())
    assert set(one.required) <= set(one.default) <= set(one.bands)


@pytest.mark.parametrize("sensor", ["sentinel2", "landsat"])
def test_optical_bands_stand_in_wavelength_order_and_masks_last(sensor: str) -> None:
    lengths = [band.wavelength_nm for band in get_sensor(sensor).bands.values()]
    known = [nm for nm in lengths if nm is not None]
    assert known == sorted(known)
    assert lengths == known + [None] * (len(lengths) - len(known))


@pytest.mark.parametrize(
    ("sensor", "band", "text"),
    [
        ("sentinel2", "blue", "blue (B02, 490 nm, 10 m)"),
        ("sentinel2", "nir08", "nir08 (B8A, 865 nm, 20 m)"),
        ("sentinel2", "swir16", "swir16 (B11, 1610 nm, 20 m)"),
        ("sentinel2", "scl", "scl (SCL, 20 m)"),
        ("landsat", "nir08", "nir08 (B5, 865 nm, 30 m)"),
        ("sentinel1", "vv", "vv (VV, 10 m)"),
    ],
)
def test_a_band_in_words(sensor: str, band: str, text: str) -> None:
    assert str(get_sensor(sensor).bands[band]) == text


def test_names_are_lower_case_and_no_two_bands_of_a_sensor_share_a_key() -> None:
    for sensor in load_sensors().values():
        keys = [
            key.lower()
            for band in sensor.bands.values()
            for key in {k.lower() for k in band.asset_keys}
        ]
        assert len(keys) == len(set(keys)), sensor.name
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in sensor.bands)
        has_mask = any(band.is_class for band in sensor.bands.values())
        assert has_mask == (sensor.clouds and sensor.searched)


def test_clouds_hide_the_ground_from_optical_sensors_only_and_a_height_model_has_no_date() -> None:
    assert [name for name, sensor in load_sensors().items() if sensor.clouds] == [
        "sentinel2",
        "landsat",
        "landsat-tm",
        "multispectral",
    ]
    assert [name for name, sensor in load_sensors().items() if not sensor.dated] == ["dem"]
    assert get_sensor("dem").default == ("elevation",)


def test_picked_bands_are_checked_sorted_and_named_once() -> None:
    sensor = get_sensor(" Sentinel2 ")
    assert sensor.pick(["SWIR16", " nir", "blue", "nir"]) == ["blue", "nir", "swir16"]
    assert sensor.pick([]) == list(sensor.default)
    assert sensor.pick(["", " "]) == list(sensor.default)
    assert sensor.sort(["zzz", "nir", "aaa", "blue"]) == ["blue", "nir", "aaa", "zzz"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ner", "Did you mean"),
        ("swir", "swir16"),
        ("grene", "Did you mean green"),
        ("xyz", "It has: coastal, blue, green"),
    ],
)
def test_an_unknown_band_offers_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(
        InputError, match=f"^Band '{name}' cannot be used: Sentinel-2 has no such band"
    ) as caught:
        get_sensor("sentinel2").pick([name])
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sentinel3", "Did you mean sentinel2 or sentinel1?"),
        ("modis", "Known: sentinel2, landsat, sentinel1."),
    ],
)
def test_an_unknown_sensor_offers_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        get_sensor(name)
    assert str(caught.value).startswith(f"Sensor '{name}' cannot be used: it is not known.")
    assert all(word in str(caught.value) for word in re.findall(r"sentinel\d|Known", hint))


def test_coarse_bands_are_estimated_by_their_pixels() -> None:
    sensor = get_sensor("sentinel2")
    assert sensor.estimate_bytes("blue") == 4 * sensor.estimate_bytes("swir16") == 100_000_000


def test_known_catalogues() -> None:
    assert set(catalog_names()) >= {"earth-search", "planetary-computer"}
    for name in catalog_names():
        catalog = get_catalog(name)
        assert set(catalog.collections) <= set(sensor_names())
        assert not catalog.url.endswith("/")


def test_the_sample_catalogue_may_live_on_any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_SAMPLE_URL", "http://127.0.0.1:9999/")
    assert get_catalog("Sample").url == "http://127.0.0.1:9999"
    assert "sample" in catalog_names()
    assert "sentinel-2-sample" in get_catalog("auto").collections["sentinel2"]


@pytest.mark.parametrize("value", [None, ""])
def test_the_sample_catalogue_is_offered_only_while_it_is_served(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("FIRSTLIGHT_SAMPLE_URL", raising=False)
    else:
        monkeypatch.setenv("FIRSTLIGHT_SAMPLE_URL", value)
    assert "sample" not in catalog_names()
    assert "sentinel-2-sample" not in get_catalog("auto").collections["sentinel2"]
    with pytest.raises(InputError, match="neither a known name nor a URL") as caught:
        get_catalog("sample")
    assert "sample" not in caught.value.hint


def test_a_url_is_a_catalogue() -> None:
    catalog = get_catalog(" https://stac.example.org/v1/ ")
    assert catalog.url == "https://stac.example.org/v1"
    assert catalog.title == "stac.example.org"
    assert not catalog.exact
    assert "sentinel2" in catalog.collections


@pytest.mark.parametrize(
    "text", ["earth-serch", "ftp://x", "http://", "/a/file", "localhost:80", ""]
)
def test_an_unknown_catalogue_is_named(text: str) -> None:
    with pytest.raises(InputError, match="cannot be used: it is neither a known name nor a URL"):
        get_catalog(text)


def test_a_nearly_right_catalogue_is_offered() -> None:
    with pytest.raises(InputError, match="Did you mean earth-search"):
        get_catalog("earthsearch")


def test_events_know_their_sensors_and_subtypes_inherit() -> None:
    for name, event in load_events().items():
        assert set(event.primary + event.secondary) <= set(sensor_names())
        assert event.primary == load_events()[name.partition(".")[0]].primary
    flood = get_event(" Flood.Coastal ")
    assert flood.name == "flood.coastal"
    assert flood.priority("sentinel1") == "primary"
    assert flood.priority("sentinel2") == "secondary"
    assert {"flood", "wildfire", "storm"} <= set(event_names())


def test_an_unknown_event_offers_the_nearest() -> None:
    with pytest.raises(
        InputError,
        match=r"Event 'flood.costal' cannot be used: it is not known. Did you mean flood.coastal",
    ):
        get_event("flood.costal")


def test_every_index_names_its_source_and_only_bands_that_exist() -> None:
    bands = {name for sensor in load_sensors().values() for name in sensor.bands}
    for index in load_indices().values():
        assert set(index.formula.bands) <= bands
        assert index.range[0] < index.range[1]
        assert re.search(r"(19|20)\d\d", index.reference)
        assert index.title
