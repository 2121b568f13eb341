"""Thermal anomalies: hot against the background, whatever the day is like; the same for any tiles,
and never "cold" where not seen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.thermal import CERTAIN_K, HotterThanAround, _box
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError
from firstlight.core.maps.fuse import FUSE
from firstlight.core.maps.thermal_anomaly import THERMAL_ANOMALY
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.landscapes import smooth_noise
from support.rasters import read_band, read_values, write_raster
from support.run import run_operation, small_tiles
from support.thorough import few

ST = Radiometry(0.00341802, 149.0, 0.0, "kelvin")
"""USGS LSDS-1619."""
CLEAR, CLOUDY, WATERY, FILL = 0b1000000, 0b1000, 0b11000000, 1
SHAPE = (200, 230)


def day(
    base: float = 305.0, spread: float = 2.5, seed: int = 0, shape: tuple[int, int] = SHAPE
) -> Any:
    """Surface temperature of land: warm and cool patches, in Kelvin."""
    return base + spread * smooth_noise(shape, 1.2, np.random.default_rng(seed))


def stack(folder: Path, kelvin: Any, qa: Any = None, rule: Radiometry = ST) -> Path:
    stored = np.where(np.isnan(kelvin), 0, np.rint((kelvin - 149.0) / 0.00341802)).astype(np.uint16)
    sources = {
        "lwir11": BandSource(
            write_raster(folder / "lwir11.tif", stored, resolution=30), radiometry=rule
        )
    }
    if qa is not None:
        path = write_raster(folder / "qa_pixel.tif", qa.astype(np.uint16), resolution=30, nodata=1)
        sources["qa_pixel"] = BandSource(
            path, radiometry=Radiometry(1.0, 0.0, 1.0, "class"), is_class=True
        )
    create_band_stack(sources, folder / "s.vrt", tags={"sensor": "landsat"})
    return folder / "s.vrt"


def run(tmp_path: Path, kelvin: Any, qa: Any = None, tile: int = 64, **more: Any) -> Any:
    source = stack(tmp_path / "in", kelvin, qa)
    return run_operation(
        THERMAL_ANOMALY, small_tiles(tile), stack=source, output=tmp_path / "out", **more
    )


def classes(kelvin: Any, qa: Any = None, **more: Any) -> Any:
    values = {"post.thermal": np.asarray(kelvin, np.float32)}
    if qa is not None:
        values["post.qa_pixel"] = np.asarray(qa, np.float32)
    return HotterThanAround(("post.qa_pixel",) if qa is not None else (), **more)(values)


@few("base", [285.0, 325.0, 305.0], 2)
def test_hot_spots_are_found_on_any_day(tmp_path: Path, base: float) -> None:
    kelvin = day(base)
    hot = np.zeros(SHAPE, bool)
    hot[50, 60] = hot[120:124, 30:36] = hot[150:165, 150:165] = True
    kelvin[hot] += 30
    run(tmp_path, kelvin, np.full(SHAPE, CLEAR))
    assert np.array_equal(read_band(tmp_path / "out" / "anomaly.tif") == 1, hot)


def test_a_day_without_fire_has_none(tmp_path: Path) -> None:
    """Hot fields beside cool forest, and a slope from the sea to the desert."""
    kelvin = day(310, 4) + np.linspace(0, 20, SHAPE[1])
    run(tmp_path, kelvin, np.full(SHAPE, CLEAR))
    assert (read_band(tmp_path / "out" / "anomaly.tif") == 1).mean() < 0.0005


def test_excess_is_what_it_lies_above_its_surroundings(tmp_path: Path) -> None:
    kelvin = np.full(SHAPE, 300.0)
    kelvin[100, 100] = 320.0
    run(tmp_path, kelvin, np.full(SHAPE, CLEAR))
    excess = read_band(tmp_path / "out" / "excess.tif")
    assert excess[100, 100] == pytest.approx(20, abs=0.01)
    excess[100, 100] = 0
    assert np.abs(excess).max() < 0.01  # the hot pixel is not of its neighbours' background


def test_the_background_is_that_of_a_naive_window() -> None:
    """Mean and deviation of the land in the window, without what is suspect: plain loops in double
    precision.
    """
    random = np.random.default_rng(3)
    kelvin = np.round(300 + 3 * random.standard_normal((40, 45)), 3)
    kelvin[20, 20:23] += 25
    kelvin[random.random(kelvin.shape) < 0.1] = np.nan
    radius = 6

    def around(chosen: Any, least: float) -> tuple[Any, Any]:
        mean, spread = np.full(kelvin.shape, np.nan), np.full(kelvin.shape, np.nan)
        for y, x in np.ndindex(kelvin.shape):
            window = np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
            inside = kelvin[window][chosen[window]]
            if inside.size >= max(1, least * (2 * radius + 1) ** 2):
                mean[y, x], spread[y, x] = inside.mean(), inside.std()
        return mean, spread

    land = ~np.isnan(kelvin)
    mean, spread = around(land, 0)
    calm = land & ~(kelvin - mean > np.maximum(5, 1.5 * spread))
    mean, spread = around(calm, 0.1)
    excess, codes = classes(kelvin, radius=radius, least_k=290.0)
    truth = np.where(land, kelvin - mean, np.nan)
    assert np.array_equal(np.isnan(excess), np.isnan(truth))
    assert np.nanmax(np.abs(excess - truth)) < 2e-3  # thousandths of a kelvin in single precision
    hot = (truth >= np.maximum(10, 4 * spread)) & (kelvin >= 290)
    assert np.array_equal(codes == 1, hot)
    assert hot[20, 20:23].sum() == 3
    assert np.array_equal(codes == 255, np.isnan(truth))


def test_box_sums_are_those_of_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    values = np.random.default_rng(0).integers(-1000, 1000, (31, 47))
    for radius in (1, 5, 60):
        size = 2 * radius + 1
        truth = ndimage.convolve(values, np.ones((size, size), np.int64), mode="constant")
        assert np.array_equal(_box(values, radius), truth)


@few(
    ("tile", "engine"),
    [(32, "serial"), (96, "threads"), (96, "serial"), (32, "threads")],
    2,
)
def test_tiles_and_engines_do_not_change_a_bit(tmp_path: Path, tile: int, engine: str) -> None:
    kelvin = day(300, 6, shape=(150, 170))
    kelvin[70:80, 60:75] += 20
    kelvin[np.random.default_rng(1).random(kelvin.shape) < 0.05] = np.nan
    qa = np.where(smooth_noise(kelvin.shape, 1.5, np.random.default_rng(2)) > 1, CLOUDY, CLEAR)
    run(tmp_path, kelvin, qa, tile, engine=engine, radius=9)
    stored = np.where(np.isnan(kelvin), np.nan, np.rint((kelvin - 149) / 0.00341802)).astype(
        np.float32
    )
    seen = (stored + np.float32(149.0 / 0.00341802)) * np.float32(0.00341802)
    excess, codes = classes(seen, qa, radius=9)
    assert np.array_equal(read_band(tmp_path / "out" / "anomaly.tif"), codes)
    got = read_band(tmp_path / "out" / "excess.tif")
    assert np.array_equal(np.where(got == -9999, np.nan, got), excess, equal_nan=True)


def test_cloud_water_and_fill_are_neither_cold_nor_hot(tmp_path: Path) -> None:
    kelvin = day()
    kelvin[:, 100:140] = 250.0
    kelvin[150:, :60] = 320.0
    kelvin[:40, :50] = np.nan
    qa = np.full(SHAPE, CLEAR)
    qa[:, 100:140], qa[150:, :60] = CLOUDY, WATERY
    qa[:40, :50] = FILL
    run(tmp_path, kelvin, qa)
    codes = read_band(tmp_path / "out" / "anomaly.tif")
    assert (codes[:, 100:140] == 255).all()
    assert (codes[:40, :50] == 255).all()
    assert (codes[150:, :60] == 2).all()
    assert (codes == 1).sum() == 0  # cold cloud and warm water are no background


def test_water_is_no_background() -> None:
    kelvin, qa = np.full((81, 81), 310.0), np.full((81, 81), CLEAR)
    kelvin[:, 41:], qa[:, 41:] = 290.0, WATERY
    excess, codes = classes(kelvin, qa)
    assert np.abs(excess[:, :41]).max() < 1e-6
    assert (codes[:, :41] == 0).all()


def test_a_pixel_without_a_background_is_not_called_cold() -> None:
    kelvin = np.full((60, 60), np.nan)
    kelvin[30, 30], kelvin[40, 40] = 330.0, CERTAIN_K + 0.1
    _, codes = classes(kelvin)
    assert codes[30, 30] == 255
    assert codes[40, 40] == 1


def test_a_large_fire_does_not_hide_in_its_own_background() -> None:
    kelvin = day(300, 1.5)
    kelvin[80:100, 80:100] += 45
    assert (classes(kelvin)[1][80:100, 80:100] == 1).all()


@pytest.mark.parametrize(
    ("excess", "spread", "hot"), [(9.9, 0, False), (10.1, 0, True), (35, 20, False), (45, 20, True)]
)
def test_the_margin_is_the_larger_of_both(excess: float, spread: float, hot: bool) -> None:
    """In an even land 10 K; where warm and cool ground alternate, four standard deviations."""
    kelvin = 310 + spread / 2 * np.where(np.indices((61, 61)).sum(axis=0) % 2, 1.0, -1.0)
    kelvin[30, 30] = 310 + excess
    assert (classes(kelvin)[1][30, 30] == 1) == hot


def test_cold_ground_is_no_fire() -> None:
    kelvin = np.full((61, 61), 270.0)
    kelvin[30, 30] = 295.0
    assert (classes(kelvin)[1] == 0).all()
    assert classes(kelvin, least_k=290.0)[1][30, 30] == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (90, 1)])
def test_tiny_stacks_have_no_background(tmp_path: Path, shape: tuple[int, int]) -> None:
    run(tmp_path, np.full(shape, 310.0), np.full(shape, CLEAR))
    assert (read_band(tmp_path / "out" / "anomaly.tif") == 255).all()


def test_all_cloud_and_all_fill_are_results(tmp_path: Path) -> None:
    for name, kelvin, qa in (
        ("cloud", day(), np.full(SHAPE, CLOUDY)),
        ("fill", np.full(SHAPE, np.nan), np.full(SHAPE, FILL)),
    ):
        result = run(tmp_path / name, kelvin, qa).value
        assert result.statistics["not_observed"]["percent"] == 100
        assert any("No pixel was observed" in warning for warning in result.warnings)


def test_numbers_that_are_no_kelvin_are_refused(tmp_path: Path) -> None:
    for rule in (Radiometry(1.0, 0.0, 0.0, "kelvin"), Radiometry(0.0001, 0.0, 0.0, "reflectance")):
        path = stack(tmp_path / rule.unit, day(), rule=rule)
        params = THERMAL_ANOMALY.make_params({"stack": path, "output": tmp_path / "out"})
        with pytest.raises(
            AlgorithmError, match=r"lwir11 is not known to be in Kelvin\. .*‘stack.offset’ 149"
        ):
            THERMAL_ANOMALY.run(params, Settings(), RecordingMonitor())


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kelvin = day()
    kelvin[50:52, 60:63] += 40
    path = stack(tmp_path / "in", kelvin, np.full(SHAPE, CLEAR))
    assert (
        main(
            [
                "thermal-anomaly",
                "--stack",
                str(path),
                "--output",
                str(tmp_path / "out"),
                "--margin",
                "15",
                "--json",
            ]
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["statistics"]["anomaly"]["area_ha"] == pytest.approx(6 * 0.09)
    assert told["provenance"]["parameters"]["margin_k"] == 15
    assert told["statistics"]["max"] == pytest.approx(40, abs=8)
    assert all(Path(one).exists() for one in told["outputs"].values())
    assert not any("No scale is known" in warning for warning in told["warnings"])


@pytest.mark.parametrize("tile", [64, 512])
def test_masks_are_dilated_in_metres_alike_in_every_tile(tmp_path: Path, tile: int) -> None:
    """What lies near a cloud is no background either, in whatever tile it lies."""
    from scipy.ndimage import distance_transform_edt

    kelvin, qa = day(), np.full(SHAPE, CLEAR)
    qa[60:64, 126:128] = CLOUDY  # in the corner of a tile
    kelvin[qa == CLOUDY] = 250.0
    near = distance_transform_edt(qa == CLEAR) <= 3
    kelvin[near] -= 20  # haze
    kelvin[58, 121] += 12  # nothing special, unless haze is its background
    run(tmp_path, kelvin, qa, tile, mask_dilation=90, radius=7)
    codes = read_band(tmp_path / "out" / "anomaly.tif")
    assert np.array_equal(codes == 255, near)
    stored = np.rint((kelvin - 149) / 0.00341802).astype(np.float32)
    seen = (stored + np.float32(149.0 / 0.00341802)) * np.float32(0.00341802)
    excess, whole = classes(seen, qa, radius=7, radius_px=(3.0, 3.0))
    assert np.array_equal(codes, whole)
    got = read_band(tmp_path / "out" / "excess.tif")
    assert np.array_equal(np.where(got == -9999, np.nan, got), excess, equal_nan=True)
    assert HotterThanAround(radius=7, radius_px=(3.0, 3.0)).halo == 7 + 7 + 3


def test_what_is_fused_is_the_anomaly_and_not_the_water_in_the_same_layer(tmp_path: Path) -> None:
    """Of two extents in one layer, the first is what the layer is about."""
    kelvin = day()
    kelvin[50:54, 60:64] += 30
    qa = np.full(SHAPE, CLEAR)
    qa[150:] = WATERY
    run(tmp_path, kelvin, qa)
    first = tmp_path / "out" / "anomaly.tif"
    second = tmp_path / "again.tif"
    second.write_bytes(first.read_bytes())
    run_operation(FUSE, inputs=[first, second], output=tmp_path / "fused")
    codes, consensus = map(read_values, (first, tmp_path / "fused" / "consensus.tif"))
    assert set(np.unique(codes)) >= {1, 2}
    assert np.array_equal(consensus == 1, codes == 1)
