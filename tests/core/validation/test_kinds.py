"""The validator neither sleeps nor cries wolf: classes, calm water, masks, exchanged files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import ValidationError
from firstlight.core.identity.plausible import check_plausible
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.reader import RasterReader
from firstlight.core.recipes.stacks import check_stack
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry, Unit
from firstlight.core.validation.image_validator import ValidationSpec, validate

from ...support.rasters import noise, write_raster

RANDOM = np.random.default_rng(11)
PLAIN = Radiometry()


def findings(path: Path, expected: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    spec = ValidationSpec(None, (), expected)
    report = validate(path, spec, Settings(), RecordingMonitor())
    return [(finding.code, str(finding.severity)) for finding in report.findings]


def stack(folder: Path, bands: dict[str, Any], rule: Radiometry = PLAIN) -> Path:
    sources = {
        name: BandSource(
            write_raster(folder / f"{name}.tif", data, nodata=None),
            1,
            PLAIN if name == "scl" else rule,
        )
        for name, data in bands.items()
    }
    create_band_stack(sources, folder / "stack.vrt", list(bands))
    return folder / "stack.vrt"


def patches(codes: list[int], dtype: str) -> Any:
    return np.kron(RANDOM.choice(codes, (8, 8)), np.ones((16, 16))).astype(dtype)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("SCL", patches([4, 5, 6], "uint8")),
        ("SCL", patches([5], "uint8")),
        ("QA_PIXEL", patches([21824, 21825], "uint16")),
        ("labels", patches([-1, 0, 1], "int16")),
        ("extent", patches([0, 1, 255], "uint8")),
    ],
)
def test_classes_without_a_unit_are_not_blank(tmp_path: Path, name: str, data: Any) -> None:
    codes = [
        code for code, _ in findings(write_raster(tmp_path / f"{name}.tif", data, nodata=None))
    ]
    assert "band_blank" not in codes


def decibels(level: float, spread: float) -> Any:
    return RANDOM.normal(level, spread, (250, 250)).astype(np.float32)


NOISY = ("border_noise", "warning")
DECIBEL = Radiometry(unit=Unit.DECIBEL)


@pytest.mark.parametrize(
    ("bands", "found"),
    [
        ({"vv": decibels(-21, 1.98), "vh": decibels(-29, 1.7)}, []),
        ({"vv": decibels(-18, 2.4), "vh": decibels(-33, 3.1)}, []),
        ({"vv": decibels(-18, 0.1)}, [("band_blank", "error")]),
        ({"vv": decibels(-1500, 200)}, [("range_implausible", "warning"), NOISY]),
        ({"vv": decibels(22, 2)}, [("range_implausible", "warning")]),
        (
            {"vv": RANDOM.gamma(4.4, 0.02, (250, 250)).astype(np.float32)},
            [("unit_contradicts", "error")],
        ),
    ],
    ids=["calm lake", "flood", "blank", "hundredths of dB", "too bright", "power called dB"],
)
def test_water_is_no_fault_and_faults_are_still_found(
    tmp_path: Path, bands: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    path = stack(tmp_path, bands, DECIBEL)
    assert [each for each in findings(path, tuple(bands)) if each[0] != "band_missing"] == found


@pytest.mark.thorough
def test_overviews_that_overshoot_are_no_decibels(tmp_path: Path) -> None:
    import rasterio

    power = RANDOM.gamma(1.0, 0.02, (2400, 2400)).astype(np.float32)
    power[::24, ::24] = 30  # ships and masts: lanczos swings below zero around them
    path = write_raster(tmp_path / "vv.tif", power, nodata=None)
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4], rasterio.enums.Resampling.lanczos)
        small = file.read(1, out_shape=(600, 600))
        file.units = ("power",)
    assert (small < 0).mean() > 0.01
    assert "unit_contradicts" not in [code for code, _ in findings(path)]


@pytest.mark.parametrize(
    ("offset", "found"),
    [
        (-0.2, [("range_implausible", "error")]),
        (-0.09, [("range_implausible", "warning")]),
        (0.0, []),
    ],
)
def test_reflectance_below_zero_is_found(
    tmp_path: Path, offset: float, found: list[tuple[str, str]]
) -> None:
    rule = Radiometry(0.0001, offset, 0.0, Unit.REFLECTANCE)
    assert findings(stack(tmp_path, {"red": noise((128, 128), low=300, high=1000)}, rule)) == found


def test_a_mask_that_comes_along_is_not_a_band_too_many(tmp_path: Path) -> None:
    bands = {"red": noise((128, 128), 1), "nir": noise((128, 128), 2), "scl": patches([4, 5], "u1")}
    path = stack(tmp_path, bands, Radiometry(0.0001, 0.0, 0.0, Unit.NONE))
    assert "band_count" not in [code for code, _ in findings(path, ("red", "nir"))]
    bands["swir16"] = noise((128, 128), 3)
    path = stack(tmp_path, bands, Radiometry(0.0001, 0.0, 0.0, Unit.NONE))
    assert ("band_count", "warning") in findings(path, ("red", "nir"))


@pytest.mark.parametrize(
    "change",
    [
        {"origin": (609000.0, 5200020.0)},
        {"epsg": 32633},
        {"resolution": 20.0},
        {"origin": (600000.0, 5200010.0)},
    ],
    ids=["9 km east", "next zone", "larger pixels", "one pixel south"],
)
def test_a_file_from_elsewhere_under_the_old_name_is_seen(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    path = stack(tmp_path, {"red": noise((128, 128), 1), "nir": noise((128, 128), 2)})
    assert check_stack(path)[1:] == [tmp_path / "red.tif", tmp_path / "nir.tif"]
    write_raster(tmp_path / "nir.tif", noise((128, 128), 2), nodata=None, **change)
    assert ("source_differs", "error") in findings(path)
    with pytest.raises(ValidationError, match="is not the file that was stacked"):
        check_stack(path)


def test_a_scale_that_changed_is_warned_of(tmp_path: Path) -> None:
    import rasterio

    path = stack(tmp_path, {"red": noise((128, 128), 1), "nir": noise((128, 128), 2)})
    with rasterio.open(tmp_path / "nir.tif", "r+") as file:
        file.scales = (0.0001,)
    assert ("source_differs", "warning") in findings(path)
    check_stack(path)


@pytest.mark.parametrize(
    ("name", "rule", "low", "high", "word"),
    [
        ("red", Radiometry(0.0001, -0.3, 0.0, Unit.REFLECTANCE), 300, 1000, "offset"),
        ("red", Radiometry(unit=Unit.REFLECTANCE), 300, 4000, "times 10000"),
        ("red", Radiometry(unit=Unit.REFLECTANCE), 5, 60, "in percent"),
        ("lwir11", Radiometry(0.00341802 / 300, 0.0, 0.0, Unit.KELVIN), 30000, 50000, "no kelvin"),
        ("lwir11", Radiometry(0.01, 0.0, 0.0, Unit.KELVIN), 500, 4000, "Celsius"),
    ],
)
def test_the_validator_names_the_cause_that_every_door_names(
    tmp_path: Path, name: str, rule: Radiometry, low: int, high: int, word: str
) -> None:
    path = stack(tmp_path, {name: noise((128, 128), low=low, high=high)}, rule)
    [finding] = [
        each
        for each in validate(path, ValidationSpec(), Settings(), RecordingMonitor()).findings
        if each.code == "range_implausible"
    ]
    with RasterReader(path) as reader:
        [told] = check_plausible(reader, {name: 1})
    assert word in finding.sentence
    assert finding.sentence.partition("(")[0] == told.sentence.partition("(")[0]
    assert finding.is_error == (rule.offset == -0.3)


def test_an_index_below_0_is_no_reflectance_below_0(tmp_path: Path) -> None:
    data = np.linspace(-0.9, 0.3, 128 * 128, dtype=np.float32).reshape(128, 128)
    assert findings(stack(tmp_path, {"ndvi": data}, Radiometry(nodata=math.nan))) == []
