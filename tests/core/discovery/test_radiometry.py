"""Stored numbers → physical ones: every rule, and the published pixels that prove them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.radiometry import decide_radiometry, is_ground_range
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.raster.physical import to_physical
from firstlight.core.types import Radiometry
from support.rasters import read_band


def decide(sensor: str, band: str, asset: dict[str, Any] | None = None, **item: Any) -> Radiometry:
    properties = {"datetime": "2024-06-01T00:00:00Z", **item.pop("properties", {})}
    return decide_radiometry(
        sensor, get_sensor(sensor).bands[band], {**item, "properties": properties}, asset or {}
    )


STATED = {"raster:bands": [{"scale": 0.0001, "offset": -0.1, "nodata": 0}]}
STATED_11 = {"bands": [{"name": "B04", "raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 0}]}
STATED_11_OUTSIDE = {
    "raster:scale": 0.0001,
    "raster:offset": -0.1,
    "nodata": 0,
    "bands": [{"name": "B04"}],
}


@pytest.mark.parametrize(
    ("asset", "item", "offset", "reason"),
    [
        pytest.param(
            STATED,
            {"properties": {"earthsearch:boa_offset_applied": True}},
            0.0,
            "already in the pixels",
            id="Earth Search L2A: the offset is in the pixels",
        ),
        pytest.param(
            STATED, {}, -0.1, "as the item states", id="Earth Search C1 L2A: apply what is stated"
        ),
        pytest.param(
            STATED,
            {"properties": {"earthsearch:boa_offset_applied": False}},
            -0.1,
            "as the item states",
            id="flag is false",
        ),
        pytest.param(
            {},
            {"properties": {"s2:processing_baseline": "05.09"}},
            -0.1,
            "baseline 05.09",
            id="Planetary Computer, baseline 05.09",
        ),
        pytest.param(
            {},
            {"properties": {"s2:processing_baseline": "04.00"}},
            -0.1,
            "since 04.00",
            id="baseline 04.00",
        ),
        pytest.param(
            {},
            {"properties": {"s2:processing_baseline": "03.01"}},
            0.0,
            "before 04.00",
            id="baseline 03.01",
        ),
        pytest.param(
            {},
            {"properties": {"processing:version": "02.14"}},
            0.0,
            "before 04.00",
            id="baseline 02.14",
        ),
        pytest.param(
            {},
            {"id": "S2A_MSIL1C_20220615T101559_N0400_R065_T32UPC_20220615T122549"},
            -0.1,
            "04.00",
            id="L1C, baseline in the id",
        ),
        pytest.param(
            {},
            {
                "id": "x",
                "properties": {
                    "s2:product_uri": "S2B_MSIL2A_20200406T101559_N0209_R065_T32UPC_2.SAFE"
                },
            },
            0.0,
            "02.09",
            id="baseline in the product's name",
        ),
        pytest.param(
            {},
            {"properties": {"datetime": "2022-01-25T00:00:00Z"}},
            -0.1,
            "assumed since",
            id="by date, first day",
        ),
        pytest.param(
            {},
            {"properties": {"datetime": "2022-01-24T23:59:59Z"}},
            0.0,
            "none before",
            id="by date, day before",
        ),
        pytest.param(STATED_11, {}, -0.1, "as the item states", id="STAC 1.1 bands"),
        pytest.param(
            STATED_11_OUTSIDE, {}, -0.1, "as the item states", id="STAC 1.1, at the asset"
        ),
        pytest.param(
            STATED_11,
            {"properties": {"earthsearch:boa_offset_applied": True}},
            0.0,
            "already",
            id="STAC 1.1, flag",
        ),
        pytest.param(
            {"raster:bands": [{"scale": 0.0001, "offset": 0}]},
            {},
            0.0,
            "as the item states",
            id="offset 0 stated",
        ),
        pytest.param(
            {"raster:bands": [{"scale": None, "offset": None}]},
            {},
            -0.1,
            "assumed",
            id="nothing stated by nulls",
        ),
    ],
)
def test_sentinel_2(
    asset: dict[str, Any], item: dict[str, Any], offset: float, reason: str
) -> None:
    found = decide("sentinel2", "red", asset, **item)
    assert (found.scale, found.offset, found.nodata, found.unit) == (
        0.0001,
        offset,
        0.0,
        "reflectance",
    )
    assert reason in found.reason


@pytest.mark.parametrize(
    ("band", "asset", "scale", "offset", "unit"),
    [
        ("red", {}, 0.0000275, -0.2, "reflectance"),
        ("lwir11", {}, 0.00341802, 149.0, "kelvin"),
        ("red", {"raster:bands": [{"scale": 2e-5, "offset": -0.1}]}, 2e-5, -0.1, "reflectance"),
        (
            "lwir11",
            {"raster:bands": [{"scale": 0.00341802, "offset": 149.0}]},
            0.00341802,
            149.0,
            "kelvin",
        ),
        (
            "red",
            {"bands": [{"raster:scale": 2e-5, "raster:offset": -0.1}]},
            2e-5,
            -0.1,
            "reflectance",
        ),
    ],
)
def test_landsat(band: str, asset: dict[str, Any], scale: float, offset: float, unit: str) -> None:
    found = decide("landsat", band, asset)
    assert (found.scale, found.offset, found.nodata, found.unit) == (scale, offset, 0.0, unit)


@pytest.mark.parametrize(
    ("collection", "kind", "unit", "nodata"),
    [
        ("sentinel-1-rtc", "RTC", "power", -32768.0),
        ("sentinel-1-rtc", "GRD", "power", -32768.0),
        ("sentinel-1-grd", "GRD", "amplitude", 0.0),
        ("SENTINEL-1-GRD", None, "amplitude", 0.0),
        ("something", "GRD", "amplitude", 0.0),
    ],
)
def test_sentinel_1(collection: str, kind: str | None, unit: str, nodata: float) -> None:
    item = {"collection": collection, "properties": {"sar:product_type": kind}}
    found = decide("sentinel1", "vv", {}, **item)
    assert (found.scale, found.offset, found.unit, found.nodata) == (1.0, 0.0, unit, nodata)
    assert is_ground_range(item) == (unit == "amplitude")
    assert ("not sigma0" in found.reason) == (unit == "amplitude")


@pytest.mark.parametrize(
    ("sensor", "band", "nodata"), [("sentinel2", "scl", 0.0), ("landsat", "qa_pixel", 1.0)]
)
def test_classes_are_never_scaled(sensor: str, band: str, nodata: float) -> None:
    found = decide(sensor, band, {"raster:bands": [{"scale": 0.5, "offset": 3}]})
    assert (found.scale, found.offset, found.unit, found.nodata) == (1.0, 0.0, "class", nodata)


@pytest.mark.parametrize(
    ("stated", "nodata"),
    [(-9999, -9999.0), ("nan", float("nan")), (None, 0.0), (True, 0.0), ("x", 0.0)],
)
def test_the_stated_nodata_counts(stated: Any, nodata: float) -> None:
    found = decide("sentinel2", "red", {"raster:bands": [{"nodata": stated}]})
    assert found.nodata == pytest.approx(nodata, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("S2B_MSIL1C_20220615T101559_N0400_R065_T32UPC_20220615T122549", -0.1),
        ("S2B_MSIL1C_20200406T101559_N0209_R065_T32UPC_20200406T130159", 0.0),
    ],
)
def test_published_sentinel_2_reflectance_is_met_to_a_millionth(
    shared: Callable[[str], Path], name: str, offset: float
) -> None:
    folder = shared("ukis-pysat")
    import rasterio

    rule = decide("sentinel2", "red", {}, id=name)
    assert rule.offset == offset
    with (
        rasterio.open(folder / f"{name}.tif") as stored,
        rasterio.open(folder / f"{name}_toa.tif") as published,
    ):
        dn, toa = stored.read(), published.read()
    ours = to_physical(dn, rule)
    both = (dn != 0) & np.isfinite(toa)
    assert both.sum() > 100
    assert np.abs(ours - toa.astype(np.float64))[both].max() < 1e-6


def test_the_offset_that_is_in_the_pixels_is_not_applied_again(
    shared: Callable[[str], Path],
) -> None:
    scene = shared("s2-l2a-33TWL-earthsearch") / "S2A_33TWL_20230815_0_L2A"
    item = json.loads((scene / f"{scene.name}.json").read_text(encoding="utf-8"))
    bands = parse_item(item, get_sensor("sentinel2"), "x").bands
    nir, red = (
        to_physical(read_band(scene / f"{code}.tif"), bands[name].radiometry).astype(np.float64)
        for name, code in (("nir", "B08"), ("red", "B04"))
    )
    with np.errstate(all="ignore"):
        assert np.nanmedian((nir - red) / (nir + red)) == pytest.approx(0.83, abs=0.01)


def test_real_landsat_pixels_become_the_agencys_numbers(shared: Callable[[str], Path]) -> None:
    (path,) = shared("landsat-c2l2-001062").glob("*_SR_B4.TIF")
    rule = decide("landsat", "red")
    dn = read_band(path)
    ours = to_physical(dn, rule)
    assert np.array_equal(np.isnan(ours), dn == 0)
    truth = dn.astype(np.float64) * 0.0000275 - 0.2
    assert np.nanmax(np.abs(ours - truth)) < 1e-6
