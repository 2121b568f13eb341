"""Mosaics of scenes with all bands in one file: the same pixels as of a file for each band."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.discovery.access import Access
from firstlight.core.errors import RasterError
from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.mosaic.reader import MosaicReader
from firstlight.core.mosaic.virtual_index import STACVRTBuilder, VirtualRasterIndex, build_index
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings
from firstlight.core.types import Grid, SceneItem
from support.range_server import FaultyServer
from support.rasters import write_raster
from support.scenes import LEFT, TOP, MadeScene, serve, smooth

BANDS = ("red", "nir")
NAMES = {"red": 2, "nir": 3}
"""Bands of the joined file; the first of it is nobody's."""
GRID = Grid("EPSG:32632", (10.0, 0.0, LEFT - 200, 0.0, -10.0, TOP + 100), (420, 420))


def index_of(settings: Settings, *scenes: SceneItem) -> VirtualRasterIndex:
    return build_index(scenes, BANDS, Access(settings), RecordingMonitor(), keep_going=False)


def joined(server: FaultyServer, made: MadeScene, scene: SceneItem, **write: object) -> SceneItem:
    """The same scene with its bands in one file."""
    path = f"{made.id}/all.tif"
    pixels = np.stack([np.full_like(made.bands["red"], 77), *(made.bands[b] for b in BANDS)])
    write_raster(Path(server.root) / path, pixels, epsg=made.epsg, origin=made.origin, **write)
    places = {
        name: replace(scene.bands[name], href=server.url(path), index=NAMES[name]) for name in BANDS
    }
    return replace(scene, bands=places)


@pytest.fixture
def pairs(server: FaultyServer) -> list[tuple[SceneItem, SceneItem]]:
    """Two scenes of two zones, each as files of a band and as one file."""
    from rasterio.warp import transform

    xs, ys = transform("EPSG:32632", "EPSG:32633", [LEFT + 1500], [TOP])
    pairs = []
    for n, epsg in enumerate((32632, 32633)):
        origin = (LEFT, TOP) if epsg == 32632 else (round(xs[0], -1), round(ys[0], -1))
        data = {name: smooth(n + 5 * m, (240, 230)) for m, name in enumerate(BANDS)}
        made = MadeScene(f"S{n}", data, origin, epsg)
        scene = serve(server, made)
        pairs.append((scene, joined(server, made, scene, interleave="pixel")))
    return pairs


def test_the_mosaic_is_that_of_single_files(
    settings: Settings, pairs: list[tuple[SceneItem, SceneItem]]
) -> None:
    window = Window(0, 0, *GRID.shape)
    single, several = zip(*pairs)
    with (
        MosaicReader(index_of(settings, *single).plan(GRID)) as expected,
        MosaicReader(index_of(settings, *several).plan(GRID)) as got,
    ):
        truth = expected.compose(window)
        assert len(got.plan.scenes) == 2
        assert np.isfinite(truth).mean() > 0.4
        assert not np.array_equal(truth[0], truth[1], equal_nan=True)
        np.testing.assert_array_equal(got.compose(window), truth)


def test_the_vrt_of_it_names_the_band(
    tmp_path: Path, settings: Settings, pairs: list[tuple[SceneItem, SceneItem]]
) -> None:
    """Also where the file has to be warped."""
    several = tuple(scene for _, scene in pairs)
    index = index_of(settings, *several)
    path = STACVRTBuilder(index).build(GRID, tmp_path / "m.vrt")
    window = Window(0, 0, *GRID.shape)
    with (
        RasterReader(path, remote=RemoteOptions()) as vrt,
        MosaicReader(index.plan(GRID)) as mosaic,
    ):
        expected = mosaic.compose(window)
        for place in (0, 1):
            got = vrt.read(place + 1, window)
            both = np.isfinite(got) & np.isfinite(expected[place])
            assert both.mean() > 0.4
            np.testing.assert_allclose(got[both], expected[place][both], atol=3e-4)


def test_a_band_that_the_file_does_not_hold_is_one_sentence(
    settings: Settings, pairs: list[tuple[SceneItem, SceneItem]]
) -> None:
    scene = pairs[0][1]
    beyond = replace(scene, bands={**scene.bands, "nir": replace(scene.bands["nir"], index=9)})
    with (
        MosaicReader(index_of(settings, beyond).plan(GRID)) as mosaic,
        pytest.raises(RasterError, match="holds 3 bands, and it is to be number 9"),
    ):
        mosaic.compose(Window(0, 0, 64, 64))
