"""Water from radar: thresholds in dB, Otsu's against an exhaustive search, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.sar_water import BINS, LOW_DB, STEP_DB, OtsuSurvey, find_valley, otsu_bin
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.registry import get_operation
from firstlight.core.settings import Settings
from support.rasters import write_raster

SHAPE = (140, 160)


def speckled(water: Any, seed: int = 0, land_db: float = -9.0, water_db: float = -21.0, looks: float = 4.4) -> Any:
    """Linear power with multiplicative speckle (gamma of ``looks``, as in Sentinel-1 GRD products), NaN in a corner."""
    random = np.random.default_rng(seed)
    level = np.where(water, 10 ** (water_db / 10), 10 ** (land_db / 10))
    power = (level * random.gamma(looks, 1 / looks, water.shape)).astype(np.float32)
    power[:5, :5] = np.nan
    return power


def lake(share: float = 0.3) -> Any:
    water = np.zeros(SHAPE, bool)
    water[: round(share * SHAPE[0])] = True
    return water


def stack(folder: Path, pixels: dict[str, Any], unit: str | None = None, **place: Any) -> Path:
    words = []
    for name, data in pixels.items():
        nodata = float("nan") if data.dtype.kind == "f" else 0
        words += ["--band", f"{name}={write_raster(folder / f'{name}.tif', data, nodata=nodata, **place)}"]
    words += ["--unit", unit] if unit else []
    assert main(["stack", "--sensor", "sentinel1", *words, "--output", str(folder / "s.vrt")]) == 0
    return folder / "s.vrt"


def run(post: Path, output: Path, **more: str) -> Any:
    operation = get_operation("sar-water")
    params = operation.make_params({"post": post, "output": output, **more})
    return operation.run(params, Settings(workers=2, tile_size=64), RecordingMonitor()).value


def read(path: Path) -> Any:
    import rasterio

    with rasterio.open(path) as dataset:
        return dataset.read(1)


@pytest.mark.parametrize("unit", ["power", "db", None])
def test_a_fixed_threshold_in_both_units(tmp_path: Path, unit: str | None) -> None:
    power = speckled(lake())
    data = (10 * np.log10(power)).astype(np.float32) if unit == "db" else power
    result = run(stack(tmp_path, {"vv": data, "vh": data}, unit), tmp_path / "out", threshold="-15.5")
    decibel = 10 * np.log10(power.astype(np.float64))
    truth = np.where(np.isnan(power), 255, decibel < -15.5)
    unsure = np.abs(decibel + 15.5) < 1e-4  # single precision
    got = read(tmp_path / "out" / "water.tif")
    assert np.array_equal(got[~unsure], truth[~unsure])
    assert result.statistics["band"] == "vv"
    assert result.statistics["threshold_db"] == -15.5
    assert result.statistics["water"]["area_ha"] == pytest.approx((got == 1).sum() / 100)
    assert result.statistics["water"]["observed_percent"] == pytest.approx(100 * (got == 1).sum() / (got != 255).sum())
    assert result.statistics["not_observed"]["pixels"] == 25


@pytest.mark.parametrize(("band", "default"), [("vv", -17.0), ("vh", -24.0)])
def test_the_default_depends_on_the_polarisation(tmp_path: Path, band: str, default: float) -> None:
    steps = np.arange(-30, -5, 0.5, dtype=np.float32)[np.newaxis].repeat(3, axis=0)
    result = run(stack(tmp_path, {band: steps}, "db"), tmp_path / "out")
    assert result.statistics["threshold_db"] == default
    assert np.array_equal(read(tmp_path / "out" / "water.tif"), steps < default)  # what equals the threshold is dry


def brute_force(values: Any) -> float:
    """Otsu's criterion tried at every bin, straight from the definition."""
    places = np.clip(np.floor((values - LOW_DB) / STEP_DB), 0, BINS - 1)
    best, found = -1.0, 0
    for cut in range(BINS - 1):
        low, high = places[places <= cut], places[places > cut]
        if low.size and high.size:
            between = low.size * high.size * (low.mean() - high.mean()) ** 2
            if between > best * (1 + 1e-12):
                best, found = between, cut
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_otsu_is_the_best_of_all_splits(share: float, seed: int) -> None:
    power = speckled(lake(share), seed)
    decibel = 10 * np.log10(power[~np.isnan(power)].astype(np.float64))
    histogram = OtsuSurvey(-17.0).tally({"backscatter": (10 * np.log10(power)).astype(np.float32)})
    assert histogram.sum() == decibel.size
    assert otsu_bin(histogram) == pytest.approx(brute_force(decibel), abs=1)


def test_otsu_equals_another_library(tmp_path: Path) -> None:
    filters = pytest.importorskip("skimage.filters")
    decibel = (10 * np.log10(speckled(lake(), 3))).astype(np.float32)
    histogram = OtsuSurvey(-17.0).tally({"backscatter": decibel})
    centres = LOW_DB + (np.arange(BINS) + 0.5) * STEP_DB
    assert otsu_bin(histogram) == pytest.approx(
        np.searchsorted(centres, filters.threshold_otsu(hist=(histogram, centres))), abs=1
    )


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.95])
def test_otsu_finds_the_lake_wherever_the_levels_lie(tmp_path: Path, share: float) -> None:
    """A picture 6 dB brighter than usual: the fixed threshold misses most of its water."""
    water = lake(share)
    post = stack(tmp_path, {"vv": speckled(water, land_db=-2.0, water_db=-15.0)})
    result = run(post, tmp_path / "out", method="otsu")
    got = read(tmp_path / "out" / "water.tif")
    seen = got != 255
    right = ((got == 1) & water)[seen].sum() / ((got == 1) | water)[seen].sum()
    assert right > (0.9 if share > 0.05 else 0.8)  # a small lake draws Otsu's threshold towards the land
    assert -15 < result.statistics["threshold_db"] < -4
    assert result.warnings == ()
    fixed = run(post, tmp_path / "fixed")
    assert fixed.statistics["water"]["area_km2"] < 0.5 * water.sum() / 1e4


@pytest.mark.parametrize(("share", "most"), [(0.0, 0.005), (1.0, 1.0)])
def test_one_hump_is_not_split(tmp_path: Path, share: float, most: float) -> None:
    """Land alone, or water alone: Otsu would cut it in two; the fixed threshold stands in, and a warning says so."""
    water = np.full(SHAPE, share == 1.0)
    result = run(stack(tmp_path, {"vv": speckled(water)}), tmp_path / "out", method="otsu")
    got = read(tmp_path / "out" / "water.tif")
    found = (got == 1).sum() / (got != 255).sum()
    assert found <= most
    assert found > 0.9 or share == 0.0
    assert result.statistics["threshold_db"] == -17.0
    assert any("has no two humps" in warning for warning in result.warnings)


def test_tiles_make_no_difference_to_otsu(tmp_path: Path) -> None:
    power = speckled(lake(), 7)
    result = run(stack(tmp_path, {"vv": power}), tmp_path / "out", method="otsu")
    whole = find_valley(OtsuSurvey(-17.0).tally({"backscatter": (np.log10(power) * np.float32(10))}))
    assert result.statistics["threshold_db"] == whole


@pytest.mark.parametrize("value", [np.nan, -12.0])
def test_nothing_and_one_value_everywhere_have_a_result(tmp_path: Path, value: float) -> None:
    data = np.full((20, 20), value, np.float32)
    result = run(stack(tmp_path, {"vv": data}, "db"), tmp_path / "out", method="otsu")
    assert result.statistics["threshold_db"] == -17.0
    codes = set(np.unique(read(tmp_path / "out" / "water.tif")))
    assert codes == ({255} if np.isnan(value) else {0})
    if np.isnan(value):
        assert result.statistics["water"]["observed_percent"] is None
        assert any("has no value anywhere: does the file hold dB?" in warning for warning in result.warnings)


def test_a_chip_in_degrees_has_an_area(tmp_path: Path) -> None:
    data = np.full((50, 50), -25.0, np.float32)
    post = stack(tmp_path, {"vv": data}, "db", epsg=4326, resolution=0.0001, origin=(85.0, 26.0))
    area = run(post, tmp_path / "out").statistics["water"]["area_km2"]
    side = 0.005 * 111.32
    assert area == pytest.approx(side * side * np.cos(np.radians(26)), rel=0.01)


def test_amplitude_is_refused_for_a_threshold_in_db(tmp_path: Path) -> None:
    post = stack(tmp_path, {"vv": np.full((20, 20), 90, np.uint16)})
    with pytest.raises(AlgorithmError) as caught:
        run(post, tmp_path / "out")
    assert str(caught.value) == (
        f"Water cannot be mapped in {post}: vv is uncalibrated amplitude, for which a threshold in dB means nothing. "
        "Take a calibrated product (RTC), or calibrate it first."
    )
    assert not (tmp_path / "out" / "water.tif").exists()


def test_other_rasters_are_refused(tmp_path: Path) -> None:
    optical = write_raster(tmp_path / "red.tif")
    with pytest.raises(AlgorithmError, match="has no band vv or hh or vh or hv"):
        run(optical, tmp_path / "out")
    unknown = write_raster(tmp_path / "vv.tif", np.full((9, 9), -12, np.float32))
    with pytest.raises(AlgorithmError, match="the unit of vv is not known, and a threshold in dB needs power or dB"):
        run(unknown, tmp_path / "out")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"threshold": "low"}, "it is neither auto nor a number"),
        ({"threshold": "nan"}, "it does not lie within -50 to 20 dB"),
        ({"threshold": "0.02", "method": "otsu"}, "the method otsu finds its own"),
        ({"threshold": "-60"}, "it does not lie within"),
    ],
)
def test_thresholds_that_cannot_be(tmp_path: Path, more: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        run(tmp_path / "none.vrt", tmp_path / "out", **more)


def test_units_of_a_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import rasterio

    for unit, stored in (("db", "dB"), ("power", "power"), ("amplitude", "amplitude")):
        with rasterio.open(stack(tmp_path / unit, {"vv": np.full((9, 9), 1.5, np.float32)}, unit)) as dataset:
            assert dataset.units == (stored,)
    red = write_raster(tmp_path / "red.tif")
    words = ["stack", "--sensor", "sentinel2", "--unit", "db", "--band", f"red={red}", "--output", str(tmp_path / "o.vrt")]
    assert main(words) == 2
    assert (
        "The unit db cannot be used: band 'red' of Sentinel-2 is no radar backscatter but reflectance" in capsys.readouterr().err
    )


def test_the_command_line_keeps_its_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    post = stack(tmp_path, {"vv": speckled(lake())})
    capsys.readouterr()
    words = ["sar-water", "--post", str(post), "--output", str(tmp_path / "out"), "--threshold", "-16"]
    assert main([*words, "--method", "fixed", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"outputs", "statistics", "warnings", "provenance"}
    assert told["outputs"].pop("provenance").endswith(".stac.json")
    assert told["outputs"] == {
        "water": str(tmp_path / "out" / "water.tif"),
        "perimeter": str(tmp_path / "out" / "perimeter.gpkg"),
    }
    assert [row["code"] for row in told["statistics"]["classes"]] == [0, 1]
    assert told["statistics"]["not_observed"]["code"] == 255
    assert told["provenance"]["formula"] == "water where vv < -16 dB"
    assert main(words) == 0
    assert "Not observed" in capsys.readouterr().out


def test_a_real_uncalibrated_product_is_refused(shared: Callable[[str], Path], tmp_path: Path) -> None:
    source = shared("s1-grd-india-gcp") / "iw-vv.tiff"
    assert main(["stack", "--sensor", "sentinel1", "--band", f"vv={source}", "--output", str(tmp_path / "s.vrt")]) == 0
    with pytest.raises(AlgorithmError, match="uncalibrated amplitude"):
        run(tmp_path / "s.vrt", tmp_path / "out")
