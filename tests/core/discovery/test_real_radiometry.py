"""Radiometry on real pixels: decided from the real item, applied by the one reader, compared with
what is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.radiometry import decide_radiometry
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.raster.physical import to_physical
from firstlight.core.types import Radiometry
from support.rasters import read_bands

VEGETATION = 4
CLEAR_DAY = "S2A_33TWL_20230815_0_L2A"


def rules(item: dict[str, Any]) -> dict[str, Radiometry]:
    return {
        name: one.radiometry
        for name, one in parse_item(item, get_sensor("sentinel2"), "test").bands.items()
    }


def ndvi_of_vegetation(folder: Path, rule: dict[str, Radiometry]) -> float:
    nir, red = (
        to_physical(read_bands(folder / f"{code}.tif")[0], rule[name]).astype(np.float64)
        for name, code in (("nir", "B08"), ("red", "B04"))
    )
    scl = read_bands(folder / "SCL.tif")[0]
    scl = scl.repeat(nir.shape[0] // scl.shape[0], axis=0).repeat(
        nir.shape[1] // scl.shape[1], axis=1
    )
    with np.errstate(all="ignore"):
        ndvi = (nir - red) / (nir + red)
    seen = (scl == VEGETATION) & np.isfinite(ndvi)
    assert seen.sum() > 10_000
    return float(np.median(ndvi[seen]))


@pytest.fixture
def clear_day(shared: Callable[[str], Path]) -> tuple[Path, dict[str, Any]]:
    folder = shared("s2-l2a-33TWL-earthsearch") / CLEAR_DAY
    return folder, json.loads((folder / f"{CLEAR_DAY}.json").read_text(encoding="utf-8"))


def test_ndvi_over_vegetation_is_what_vegetation_has(
    clear_day: tuple[Path, dict[str, Any]],
) -> None:
    folder, item = clear_day
    assert item["properties"]["earthsearch:boa_offset_applied"] is True
    assert ndvi_of_vegetation(folder, rules(item)) == pytest.approx(0.83, abs=0.01)


def test_this_data_would_show_an_offset_that_is_applied_twice(
    clear_day: tuple[Path, dict[str, Any]],
) -> None:
    """Proves the test above: without the item's flag the same pixels give an NDVI that no surface
    has.
    """
    folder, item = clear_day
    del item["properties"]["earthsearch:boa_offset_applied"]
    wrong = rules(item)
    assert wrong["red"].offset == wrong["nir"].offset == -0.1
    assert ndvi_of_vegetation(folder, wrong) == pytest.approx(1.68, abs=0.02)


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("S2B_MSIL1C_20220615T101559_N0400_R065_T32UPC_20220615T122549", -0.1),
        ("S2B_MSIL1C_20200406T101559_N0209_R065_T32UPC_20200406T130159", 0.0),
    ],
    ids=["baseline 04.00", "baseline 02.09"],
)
def test_published_toa_is_met_within_a_millionth_in_every_band(
    shared: Callable[[str], Path], name: str, offset: float
) -> None:
    folder = shared("ukis-pysat")
    item = {
        "id": name,
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
    }  # the date would say otherwise
    rule = decide_radiometry("sentinel2", get_sensor("sentinel2").bands["red"], item, {})
    assert (rule.scale, rule.offset) == (0.0001, offset)
    stored, published = (
        read_bands(folder / f"{name}.tif"),
        read_bands(folder / f"{name}_toa.tif").astype(np.float64),
    )
    ours = to_physical(stored, rule)
    both = (stored != 0) & np.isfinite(published)
    assert both.sum() > 100
    assert np.abs(ours - published)[both].max() < 1e-6
    assert np.isnan(ours[stored == 0]).all()


def test_a_landsat_number_becomes_the_agencys_reflectance_and_temperature() -> None:
    """USGS, LSDS-1619: the valid range 7273..43636 is reflectance 0..1; 293 K is 42129 in the
    thermal band.
    """
    sensor = get_sensor("landsat")
    red, thermal = (
        decide_radiometry("landsat", sensor.bands[name], {}, {}) for name in ("red", "lwir11")
    )
    assert to_physical(np.array([7273, 43636, 0], dtype="uint16"), red) == pytest.approx(
        [7.5e-6, 0.99999, np.nan], abs=1e-6, nan_ok=True
    )
    kelvin = to_physical(np.array([42129], dtype="uint16"), thermal)
    assert kelvin == pytest.approx([293.0], abs=0.01)


def test_radar_power_becomes_decibel_and_its_nodata_nothing() -> None:
    band = get_sensor("sentinel1").bands["vv"]
    rule = decide_radiometry(
        "sentinel1",
        band,
        {"collection": "sentinel-1-rtc", "properties": {"sar:product_type": "GRD"}},
        {},
    )
    power = to_physical(np.array([0.1, 1.0, -32768.0], dtype="float32"), rule)
    assert power == pytest.approx([-10.0, 0.0, np.nan], abs=1e-5, nan_ok=True)
    assert rule.unit == "power"
