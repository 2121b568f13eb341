"""A raster that names many files keeps few of them open, and those of a thread no longer than the
thread.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.reader import FEWEST_OPEN, RasterReader
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.tiles import mosaic_stacks
from firstlight.core.types import Radiometry
from support.open_files import needs_the_kernels_list, open_below
from support.rasters import noise, write_raster

LEFT, TOP = 600000.0, 5200020.0
TILES, SIDE = 3 * FEWEST_OPEN, 64
pytestmark = needs_the_kernels_list


@pytest.fixture
def row(tmp_path: Path) -> Path:
    """So many stacks of one band beside each other, as one pass."""
    stacks = []
    for number in range(TILES):
        path = tmp_path / f"files/{number}.tif"
        origin = (LEFT + 10 * SIDE * number, TOP)
        write_raster(path, noise((SIDE, SIDE), number), origin=origin)
        source = BandSource(path, radiometry=Radiometry(0.0001, 0.0, 0.0, "reflectance"))
        stacks.append(create_band_stack({"nir": source}, tmp_path / f"{number}.vrt").path)
    return mosaic_stacks([read_facts(path) for path in stacks], tmp_path / "pass.vrt")


def test_of_many_files_few_are_open_and_each_has_its_pixels(row: Path, tmp_path: Path) -> None:
    with RasterReader(row) as reader:
        for _ in range(2):  # those that were closed are opened once more
            for number in range(TILES):
                read = reader.read_stored(1, Window(0, SIDE * number, SIDE, SIDE))
                assert np.array_equal(read, noise((SIDE, SIDE), number))
                assert 1 <= len(open_below(tmp_path / "files")) <= FEWEST_OPEN
        whole = reader.read_stored(1)  # one window over all of them
        assert np.array_equal(whole[:, -SIDE:], noise((SIDE, SIDE), TILES - 1))
        assert np.array_equal(whole[:, :SIDE], noise((SIDE, SIDE), 0))
        assert len(open_below(tmp_path / "files")) <= FEWEST_OPEN
    assert not open_below(tmp_path / "files")


def test_what_a_thread_has_opened_goes_with_it(row: Path, tmp_path: Path) -> None:
    with RasterReader(row) as reader:
        for number in range(2 * FEWEST_OPEN):
            window = Window(0, SIDE * number, SIDE, SIDE)
            thread = threading.Thread(target=reader.read_stored, args=(1, window))
            thread.start()
            thread.join()
        assert len(open_below(tmp_path / "files")) <= 1
        assert reader.read_stored(1).shape == (SIDE, SIDE * TILES)
