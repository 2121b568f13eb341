"""A mosaic of hundreds of scenes keeps few files open: a process may have a thousand of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firstlight.core.gdal.environment import RemoteOptions
from firstlight.core.mosaic.band_reader import BandLocation, BandReader
from firstlight.core.mosaic.idle_datasets import MOST_FILES, MOST_OF_ONE, IdleDatasets
from firstlight.core.mosaic.reader import MosaicReader
from firstlight.core.mosaic.scene_plan import MosaicPlan, MosaicScene
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid, Radiometry
from support.open_files import needs_the_kernels_list, open_below
from support.rasters import noise, write_raster

LEFT, TOP, SIDE = 600000.0, 5200020.0, 32
GRID = Grid("EPSG:32632", (10.0, 0.0, LEFT, 0.0, -10.0, TOP), (SIDE, SIDE))
ALL = Window(0, 0, SIDE, SIDE)


def place(path: Path) -> BandLocation:
    return BandLocation(
        path.stem, GRID, Radiometry(nodata=0), False, lambda renew: (str(path), RemoteOptions())
    )


def band(path: Path, idle: IdleDatasets) -> BandReader:
    return BandReader(place(path), BlockCache(0), idle)


@needs_the_kernels_list
def test_of_many_scenes_few_are_open_and_each_has_its_pixels(tmp_path: Path) -> None:
    idle, bands = IdleDatasets(most=5), []
    for number in range(12):
        path = write_raster(tmp_path / f"{number}.tif", noise((SIDE, SIDE), number))
        bands.append(band(path, idle))
    for _ in range(2):
        for number, one in enumerate(bands):
            assert np.array_equal(one.read(ALL), noise((SIDE, SIDE), number))
            assert 1 <= len(open_below(tmp_path)) <= 5
    for one in bands:
        one.close()
    assert not open_below(tmp_path)
    assert np.array_equal(bands[0].read(ALL), noise((SIDE, SIDE), 0)), "as late readers do"
    assert not open_below(tmp_path)


def test_the_one_used_longest_ago_goes_and_nobody_gets_anothers() -> None:
    idle = IdleDatasets(most=3)
    for owner in "abcd":
        idle.give(owner, f"of {owner}")
    assert [idle.take(owner) for owner in "abcd"] == [None, "of b", "of c", "of d"]
    for number in range(MOST_OF_ONE + 1):
        idle.give("a", number)
    assert [idle.take("a") for _ in range(3)] == [2, 1, None]


@pytest.mark.parametrize("owner", ["a", "b"])
def test_those_of_one_owner_are_dropped(owner: str) -> None:
    idle = IdleDatasets()
    idle.give("a", 1)
    idle.give("b", 2)
    idle.drop(owner)
    assert idle.take(owner) is None
    assert (idle.take("a"), idle.take("b")).count(None) == 1


@needs_the_kernels_list
def test_a_mosaic_of_more_scenes_than_may_be_open(tmp_path: Path) -> None:
    scenes = []
    for number in range(MOST_FILES + 20):
        path = write_raster(tmp_path / f"{number}.tif", noise((SIDE, SIDE), number))
        scenes.append(MosaicScene(str(number), {"red": place(path)}, ALL))
    with MosaicReader(MosaicPlan(GRID, ("red",), tuple(scenes), "median")) as reader:
        for _ in range(2):
            assert reader.compose(ALL).shape == (1, SIDE, SIDE)
            assert 1 <= len(open_below(tmp_path)) <= MOST_FILES
    assert not open_below(tmp_path)
