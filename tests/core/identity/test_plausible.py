"""Values that cannot be what their unit says are told with their cause, good ones are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firstlight.core.identity.plausible import check_plausible, find_cause, measure_spread
from firstlight.core.raster.reader import RasterReader
from firstlight.core.types import Radiometry, Unit
from support.rasters import write_raster

REFLECTANCE = Radiometry(unit=Unit.REFLECTANCE)


def causes(path: Path, name: str, radiometry: Radiometry, low: float, high: float) -> str:
    values = np.linspace(low, high, 64 * 64).reshape(64, 64).astype("float32")
    write_raster(path, values, nodata=None)
    with RasterReader(path, [radiometry]) as reader:
        return " ".join(f.sentence for f in check_plausible(reader, {name: 1}))


@pytest.mark.parametrize(
    ("name", "rule", "low", "high", "word"),
    [
        ("nir", REFLECTANCE, 500, 4000, "times 10000"),
        ("nir", Radiometry(), 500, 4000, "times 10000"),
        ("nir", REFLECTANCE, 2, 60, "in percent"),
        ("nir", REFLECTANCE, 1.5, 3.3, "in percent"),
        ("red", REFLECTANCE, -0.018, -0.005, "offset was taken off"),
        ("red", REFLECTANCE, 0.0001, 0.0008, "scaled twice"),
        ("lwir11", Radiometry(unit=Unit.KELVIN), 500, 600, "no kelvin"),
        ("lwir11", Radiometry(), 5, 40, "degrees Celsius"),
        ("red", REFLECTANCE, -0.09, 0.02, "offset was taken off"),
        ("red", Radiometry(0.0001, -0.1, unit=Unit.REFLECTANCE), 100, 900, "offset was taken off"),
        ("red", Radiometry(0.0001, unit=Unit.REFLECTANCE), 0.02, 0.6, "scaled twice"),
        ("lwir11", Radiometry(unit=Unit.KELVIN), 38000, 48000, "no kelvin"),
        ("lwir11", Radiometry(unit=Unit.KELVIN), 5, 40, "degrees Celsius"),
        ("lwir11", Radiometry(0.00341802, unit=Unit.KELVIN), 280, 310, "no kelvin"),
        ("lwir11", Radiometry(unit=Unit.KELVIN), 0.9, 1.1, "no kelvin"),
        ("red", REFLECTANCE, -0.2, -0.01, "offset was taken off"),
        ("ndvi", Radiometry(), -2000, 9000, "between -1 and 1"),
        ("mndwi", Radiometry(), 10, 200, "between -1 and 1"),
        ("nbr", Radiometry(), -900, -300, "between -1 and 1"),
    ],
)
def test_impossible_values_are_told_with_their_cause(
    tmp_path: Path, name: str, rule: Radiometry, low: float, high: float, word: str
) -> None:
    assert word in causes(tmp_path / "a.tif", name, rule, low, high)


@pytest.mark.parametrize(
    ("name", "rule", "low", "high"),
    [
        ("nir", REFLECTANCE, 0.0, 0.6),
        ("nir", REFLECTANCE, 0.6, 1.5),  # snow
        ("swir22", REFLECTANCE, -0.015, 0.01),  # water
        ("swir22", REFLECTANCE, -0.01, 0.0008),  # darker water
        ("nir", Radiometry(0.0001, -0.1, 0.0, Unit.REFLECTANCE), 1010, 5000),
        ("lwir11", Radiometry(unit=Unit.KELVIN), 240, 330),
        ("scl", Radiometry(unit=Unit.CLASS), 0, 11),
        ("vv", Radiometry(unit=Unit.DECIBEL), -25, -5),
        ("ndvi", Radiometry(), -1, 1),
        ("ndwi", Radiometry(), -2.5, 1.2),  # over dark water the sum is near 0
        ("slope", Radiometry(), 0, 60),
        ("count", Radiometry(), 0, 4000),
    ],
)
def test_values_that_can_be_are_not(
    tmp_path: Path, name: str, rule: Radiometry, low: float, high: float
) -> None:
    assert causes(tmp_path / "a.tif", name, rule, low, high) == ""


def test_a_large_raster_without_overviews_is_looked_at_in_a_few_windows(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((2100, 2100), 3000, np.uint16))
    with RasterReader(path, [REFLECTANCE]) as reader:
        read: list[int] = []
        original = reader.read_stored

        def counting(*args: object, **more: object) -> object:
            pixels = original(*args, **more)  # type: ignore[arg-type]
            read.append(pixels.size)
            return pixels

        reader.read_stored = counting  # type: ignore[method-assign,assignment]
        assert check_plausible(reader, {"nir": 1}) == []  # all alike: the validator's matter
    assert sum(read) == 5 * 64 * 64


def test_a_few_odd_pixels_do_not_decide_and_too_few_say_nothing() -> None:
    values = np.linspace(0.1, 0.3, 1000).astype(np.float32)
    values[:5], values[-5:] = -50, 900
    spread = measure_spread(values)
    assert spread is not None
    assert 0.09 < spread.low < spread.median < spread.high < 0.31
    assert measure_spread(values[20:35]) is None
    assert measure_spread(values[20:36]) is not None
    assert measure_spread(np.full(100, 7.0)) is None, "blank: the validator's matter"


@pytest.mark.parametrize(("low", "high", "certain"), [(-0.2, -0.01, True), (-0.2, 0.1, False)])
def test_what_lies_below_0_nearly_everywhere_is_certain(
    low: float, high: float, certain: bool
) -> None:
    spread = measure_spread(np.linspace(low, high, 1000))
    cause = find_cause(spread, "red", Unit.REFLECTANCE)
    assert cause is not None
    assert cause.is_certain is certain


@pytest.mark.parametrize(
    ("unit", "low", "high", "word"),
    [
        (Unit.POWER, -25.0, -5.0, "they look like decibels"),
        (Unit.AMPLITUDE, -25.0, -5.0, "‘stack.unit’ db."),
        (Unit.POWER, -2500.0, -500.0, "‘stack.scale’"),
    ],
)
def test_backscatter_below_zero_is_decibels(
    tmp_path: Path, unit: Unit, low: float, high: float, word: str
) -> None:
    assert word in causes(tmp_path / "a.tif", "vv", Radiometry(unit=unit), low, high)


@pytest.mark.parametrize(
    ("unit", "low", "high"),
    [(Unit.POWER, 0.001, 0.4), (Unit.AMPLITUDE, 20, 900), (Unit.DECIBEL, -25.0, -5.0)],
)
def test_good_backscatter_is_not_told(tmp_path: Path, unit: Unit, low: float, high: float) -> None:
    assert causes(tmp_path / "a.tif", "vv", Radiometry(unit=unit), low, high) == ""


def echoes(path: Path, unit: Unit, **bands: float) -> list[str]:
    """What is said of radar bands of speckle around these levels in dB."""
    rng = np.random.default_rng(3)
    levels = [level + rng.normal(0, 1.5, (64, 64)) for level in bands.values()]
    data = levels if unit == Unit.DECIBEL else [10 ** (level / 10) for level in levels]
    write_raster(path, np.stack(data).astype("float32"), nodata=None)
    names = {name: number for number, name in enumerate(bands, start=1)}
    with RasterReader(path, [Radiometry(unit=unit)] * len(bands)) as reader:
        return [f.sentence for f in check_plausible(reader, names)]


@pytest.mark.parametrize("unit", [Unit.DECIBEL, Unit.POWER])
@pytest.mark.parametrize(("like", "cross"), [("vv", "vh"), ("hh", "hv")])
def test_polarisations_with_each_others_names_are_told(
    tmp_path: Path, unit: Unit, like: str, cross: str
) -> None:
    (said,) = echoes(tmp_path / "a.tif", unit, **{like: -16.0, cross: -9.0})
    assert f"The values of {cross} in a.tif are higher than those of {like}" in said
    assert not echoes(tmp_path / "b.tif", unit, **{like: -9.0, cross: -16.0})
    assert not echoes(tmp_path / "c.tif", unit, **{cross: -9.0})


def test_power_from_which_too_much_noise_was_taken_is_told(tmp_path: Path) -> None:
    values = np.full((64, 64), 0.1, "float32") + np.linspace(0, 0.01, 64, dtype="float32")
    values[:8] = -0.002 * np.arange(1, 65)
    write_raster(tmp_path / "a.tif", values, nodata=None)
    with RasterReader(tmp_path / "a.tif", [Radiometry(unit=Unit.POWER)]) as reader:
        (finding,) = check_plausible(reader, {"vv": 1})
    assert "are below 0 in 12 % of the pixels" in finding.sentence
    assert "count as not observed" in finding.sentence
    assert "noise" not in causes(tmp_path / "b.tif", "vv", Radiometry(unit=Unit.POWER), 0.0, 0.3)
