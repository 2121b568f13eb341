"""What a scene hides by mask, alpha or odd numbers is no data in any mosaic of it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from firstlight.core.discovery.access import Access
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.mosaic.band_reader import BandLocation, BandReader
from firstlight.core.mosaic.on_grid import read_values
from firstlight.core.mosaic.reader import MosaicReader
from firstlight.core.mosaic.scene_plan import MosaicPlan
from firstlight.core.mosaic.virtual_index import build_index
from firstlight.core.mosaic.vrt import write_vrt
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Grid, Radiometry, SceneItem, Unit
from support.grids import grid_at
from support.hidden import HOW, write_hidden
from support.range_server import FaultyServer
from support.rasters import noise, write_raster
from support.scenes import MadeScene, serve

EAST = grid_at(12, 47, 32633, (300, 340), 10)
SAME = EAST
OTHER_ZONE = grid_at(11.9995, 47.001, 32632, (380, 360), 10)
COARSE = grid_at(11.9995, 47.001, 32632, (95, 90), 40)
SHOWN = np.ones(EAST.shape, bool)
SHOWN[:, :150] = False
SHOWN[40:60, 200:230] = False
HIDDEN = 7


def reader_of(
    path: Path, nodata: float | None = None, unit: Unit = Unit.NONE, grid: Grid = EAST
) -> BandReader:
    rule = Radiometry(nodata=nodata, unit=unit)
    place = BandLocation(
        "'red' of A", grid, rule, False, lambda renew: (str(path), RemoteOptions())
    )
    return BandReader(place, BlockCache(1 << 22))


def placed(grid: Grid) -> dict[str, Any]:
    _, _, left, _, _, top = grid.transform
    epsg = int(grid.crs.split(":")[1])
    return {"origin": (left, top), "epsg": epsg, "resolution": grid.resolution[0]}


def plain_values(path: Path, data: Any, target: Grid, method: str) -> npt.NDArray[np.float32]:
    """Values of the same pixels where NaN says what is hidden."""
    pixels = np.where(SHOWN, data, np.nan).astype(np.float32)
    write_raster(path, pixels, nodata=math.nan, **placed(EAST))
    return read_values(reader_of(path, math.nan), target, Window(0, 0, *target.shape), method)


@pytest.mark.parametrize("target", [SAME, OTHER_ZONE, COARSE], ids=["same", "zone", "coarse"])
@pytest.mark.parametrize("method", ["bilinear", "nearest", "cubic", "average"])
@pytest.mark.parametrize("how", HOW)
def test_what_is_hidden_is_no_data_on_any_grid(
    tmp_path: Path, how: str, method: str, target: Grid
) -> None:
    data = np.where(SHOWN, noise(EAST.shape, 1, 50, 99), HIDDEN).astype(np.uint16)
    path = write_hidden(tmp_path / "a.tif", data, SHOWN, how, **placed(EAST))
    got = read_values(reader_of(path), target, Window(0, 0, *target.shape), method)
    expected = plain_values(tmp_path / "nan.tif", data, target, method)
    assert (np.isfinite(got) == np.isfinite(expected)).mean() > 0.998
    assert 0.1 < np.isfinite(got).mean() < 0.6
    both = np.isfinite(got) & np.isfinite(expected)
    np.testing.assert_allclose(got[both], expected[both], atol=0.51)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("nodata", [None, 0.0, -9999.0, math.nan])
def test_a_mask_counts_beside_any_nodata_value(
    tmp_path: Path, dtype: str, nodata: float | None
) -> None:
    data = np.where(SHOWN, noise(EAST.shape, 1, 50, 99), HIDDEN).astype(dtype)
    path = write_hidden(tmp_path / "a.tif", data, SHOWN, "inside", **placed(EAST))
    values = read_values(reader_of(path, nodata), EAST, Window(0, 0, *EAST.shape), "nearest")
    assert np.array_equal(np.isfinite(values), SHOWN)
    np.testing.assert_array_equal(values[SHOWN], data[SHOWN])


@pytest.mark.thorough
@pytest.mark.parametrize("target", [SAME, OTHER_ZONE, COARSE], ids=["same", "zone", "coarse"])
@pytest.mark.parametrize(
    ("nothing", "stated", "unit"),
    [
        (-3.4028234663852886e38, None, Unit.NONE),
        (-3.4e38, -3.4e38, Unit.NONE),
        (-3.4028234663852886e38, -1.7976931348623157e308, Unit.NONE),
        (9.969209968386869e36, None, Unit.NONE),
        (math.inf, 0.0, Unit.NONE),
        (-math.inf, None, Unit.DECIBEL),
        (math.nan, -9999.0, Unit.NONE),
        (-9999.9, -9999.9, Unit.NONE),
        (0.0, math.nan, Unit.AMPLITUDE),
    ],
)
def test_numbers_that_mean_nothing_leave_no_trace(
    tmp_path: Path, nothing: float, stated: float | None, unit: Unit, target: Grid
) -> None:
    with np.errstate(over="ignore"):
        data = np.where(SHOWN, noise(EAST.shape, 1, 50, 99), nothing).astype(np.float32)
    path = write_raster(tmp_path / "a.tif", data, nodata=None, **placed(EAST))
    for method in ("bilinear", "cubic", "average"):
        source = reader_of(path, stated, unit)
        got = read_values(source, target, Window(0, 0, *target.shape), method)
        expected = plain_values(tmp_path / "nan.tif", data, target, method)
        assert (np.isfinite(got) == np.isfinite(expected)).mean() > 0.998
        both = np.isfinite(got) & np.isfinite(expected)
        np.testing.assert_allclose(got[both], expected[both], rtol=1e-5)


def test_an_overview_without_a_mask_is_not_read_for_a_band_with_one(tmp_path: Path) -> None:
    import rasterio

    data = np.where(SHOWN, noise(EAST.shape, 1, 50, 99), HIDDEN).astype(np.uint16)
    path = write_raster(tmp_path / "a.tif", data, nodata=None, **placed(EAST))
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4], rasterio.enums.Resampling.average)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.write_mask(SHOWN.astype(np.uint8) * 255)
    got = read_values(reader_of(path), COARSE, Window(0, 0, *COARSE.shape), "average")
    expected = plain_values(tmp_path / "nan.tif", data, COARSE, "average")
    both = np.isfinite(got) & np.isfinite(expected)
    assert (np.isfinite(got) == np.isfinite(expected)).mean() > 0.998
    np.testing.assert_allclose(got[both], expected[both], atol=0.51)


def masked_scene(server: FaultyServer, how: str, states_nodata: bool) -> SceneItem:
    """A scene of which the left half is hidden, over HTTP."""
    data = noise((240, 230), 1, 50, 99)
    scene = serve(server, MadeScene("A", {"red": data}))
    shown = np.ones(data.shape, bool)
    shown[:, :100] = False
    write_hidden(Path(server.root) / "A/red.tif", np.where(shown, data, HIDDEN), shown, how)
    if states_nodata:
        return scene
    [(name, asset)] = scene.bands.items()
    rule = dataclasses.replace(asset.radiometry, nodata=None)
    return dataclasses.replace(scene, bands={name: dataclasses.replace(asset, radiometry=rule)})


def plan_of(scenes: list[SceneItem], settings: Settings) -> MosaicPlan:
    index = build_index(scenes, ("red",), Access(settings), RecordingMonitor())
    assert not index.warnings
    return index.plan(Grid("EPSG:32632", (10.0, 0, 600000.0, 0, -10.0, 5200020.0), (240, 230)))


@pytest.mark.parametrize("states_nodata", [True, False])
@pytest.mark.parametrize("how", ["inside", "alpha"])
def test_a_scene_below_shows_through_what_a_mask_hides_over_http(
    server: FaultyServer, settings: Settings, how: str, states_nodata: bool
) -> None:
    below = serve(server, MadeScene("B", {"red": noise((240, 230), 2, 3000, 4000)}))
    plan = plan_of([masked_scene(server, how, states_nodata), below], settings)
    with MosaicReader(plan) as mosaic:
        values = mosaic.compose(Window(0, 0, 240, 230))[0]
    assert values[:, :100].min() > 0.2
    assert values[:, 100:].max() < 0.01


def test_a_vrt_of_a_mosaic_follows_a_mask_that_was_seen(
    tmp_path: Path, server: FaultyServer, settings: Settings
) -> None:
    path = write_vrt(plan_of([masked_scene(server, "inside", False)], settings), tmp_path / "m.vrt")
    with RasterReader(path, remote=RemoteOptions()) as reader:
        values = reader.read(1, Window(0, 0, 240, 230))
    assert np.isnan(values[:, :100]).all()
    assert not np.isnan(values[:, 100:]).any()
