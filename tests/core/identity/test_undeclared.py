"""Numbers that stand for nothing although no file declares them are told; measurements are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.identity.undeclared import check_undeclared, is_about_fills
from firstlight.core.raster.reader import RasterReader
from firstlight.core.types import Radiometry, Unit
from support.rasters import write_raster

SCALED = Radiometry(0.0001, unit=Unit.REFLECTANCE)
SIDE = 64


def measured(low: float, high: float, dtype: str, seed: int = 0) -> npt.NDArray[Any]:
    values = np.random.default_rng(seed).uniform(low, high, (SIDE, SIDE))
    return values.astype(dtype)


def told(path: Path, data: npt.NDArray[Any], rule: Radiometry = SCALED, **words: Any) -> list[str]:
    bands = data if data.ndim == 3 else data[None]
    write_raster(path, bands, **{"nodata": None, **words})
    names = ("red", "nir", "swir16")[: len(bands)]
    with RasterReader(path, [rule] * len(bands)) as reader:
        found = check_undeclared(reader, {name: i for i, name in enumerate(names, start=1)})
    assert all(is_about_fills(one.sentence) for one in found)
    return [one.sentence for one in found]


@pytest.mark.parametrize(
    ("dtype", "low", "high", "fill"),
    [
        ("int16", 200, 6000, -9999),
        ("int16", 200, 6000, -32768),
        ("int16", 200, 6000, 32767),
        ("uint16", 200, 6000, 65535),
        ("float32", 0.01, 0.6, -9999),
        ("float32", -25.0, -3.0, -999),
        ("float64", 0.01, 0.6, 1e20),
        ("int32", -100, 3000, -2147483648),
        ("uint8", 10, 90, 255),
    ],
)
def test_a_fill_that_nobody_declares_is_told_with_its_share(
    tmp_path: Path, dtype: str, low: float, high: float, fill: float
) -> None:
    data = measured(low, high, dtype)
    data[:16] = fill
    [sentence] = told(tmp_path / "a.tif", data)
    assert sentence.startswith("25 % of red in a.tif are exactly ")
    assert sentence.endswith(f"‘stack.nodata’ {fill:.10g}.")


@pytest.mark.parametrize(
    ("dtype", "low", "high", "fill"),
    [
        ("uint16", 40000, 65000, 65535),  # bright cloud that saturates
        ("uint8", 10, 254, 255),  # a picture
        ("int16", -10500, 2000, -9999),  # a sea's depths
        ("float32", -1200.0, 30.0, -999),
    ],
)
def test_a_number_at_the_end_of_the_others_is_measured(
    tmp_path: Path, dtype: str, low: float, high: float, fill: float
) -> None:
    data = measured(low, high, dtype)
    data[:16] = fill
    assert told(tmp_path / "a.tif", data) == []


def test_few_odd_pixels_and_sound_bands_are_not_told(tmp_path: Path) -> None:
    data = measured(200, 6000, "uint16")
    assert told(tmp_path / "a.tif", data) == []
    data[0, :5] = 65535
    assert told(tmp_path / "b.tif", data) == []


def test_a_declared_fill_is_not_told_another_one_is(tmp_path: Path) -> None:
    data = measured(200, 6000, "int16")
    data[:16] = -9999
    rule = Radiometry(0.0001, nodata=-9999, unit=Unit.REFLECTANCE)
    assert told(tmp_path / "a.tif", data, rule, nodata=-9999) == []
    data[16:24] = -32768
    [sentence] = told(tmp_path / "b.tif", data, rule, nodata=-9999)
    assert "exactly -32768" in sentence


def test_bands_with_the_same_fill_are_one_sentence(tmp_path: Path) -> None:
    data = np.stack([measured(200, 6000, "int16", seed) for seed in (1, 2)])
    data[:, :16] = -9999
    [sentence] = told(tmp_path / "a.tif", data)
    assert "red, nir" in sentence


def test_zeros_of_all_bands_at_the_same_pixels_are_told(tmp_path: Path) -> None:
    data = np.stack([measured(200, 6000, "uint16", seed) for seed in (1, 2, 3)])
    data[:, :, :9] = 0
    [sentence] = told(tmp_path / "a.tif", data)
    assert "14 % of red, nir, swir16" in sentence
    assert "exactly 0," in sentence


def test_zeros_of_dark_water_are_measured(tmp_path: Path) -> None:
    # water and shadow that a correction cut off at 0 lie at the end of small numbers
    red = measured(0, 3000, "uint16", 1)
    dark = np.sort(measured(0, 3000, "uint16", 2), axis=None).reshape(SIDE, SIDE)
    red[:8] = measured(0, 60, "uint16", 3)[:8]
    data = np.stack([red, dark])
    data[:, :4, :] = 0
    assert told(tmp_path / "a.tif", data) == []


def test_classes_and_masks_are_left_out(tmp_path: Path) -> None:
    data = measured(1, 9, "uint8")
    data[:16] = 255
    assert told(tmp_path / "a.tif", data, Radiometry(unit=Unit.CLASS)) == []
