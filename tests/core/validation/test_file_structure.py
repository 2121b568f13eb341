"""Blocks looked at as bytes: what no single block gives away is found by comparing with the
overviews.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from firstlight.core.validation.file_structure import FileCheck, check_structure
from firstlight.core.validation.tile_comparison import pixels_disagree
from support.rasters import noise, write_raster

SIDE, BLOCK = 1024, 128


@pytest.fixture
def band(tmp_path: Path) -> Path:
    """64 tiles of texture, with overviews."""
    return write_raster(tmp_path / "nir.tif", noise((SIDE, SIDE)), cog=True)


def overwrite(path: Path, row: int, col: int, tile: np.ndarray) -> None:
    """Overwrite one tile in full size and leave the overviews as they are."""
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
        dataset.write(tile, 1, window=Window(col * BLOCK, row * BLOCK, BLOCK, BLOCK))


def codes(path: Path, deep: bool) -> list[str]:
    found = check_structure(FileCheck(path, "nir", deep))
    return [finding.code for finding in found if finding.severity == "error"]


def test_a_sound_band_has_no_fault(band: Path) -> None:
    assert codes(band, deep=False) == codes(band, deep=True) == []


def test_a_tile_of_one_value_where_the_overviews_show_texture_is_seen_at_a_quick_look(
    band: Path,
) -> None:
    """It decodes well, and is none of the few tiles that a quick look decodes anyway."""
    overwrite(band, 3, 4, np.full((BLOCK, BLOCK), 9000, np.uint16))
    assert codes(band, deep=False) == ["tile_differs"]


def test_a_tile_of_other_texture_is_seen_by_the_deep_look_alone(band: Path) -> None:
    overwrite(band, 3, 4, noise((BLOCK, BLOCK), 9, 20000, 30000))
    assert codes(band, deep=False) == []
    assert codes(band, deep=True) == ["tile_differs"]


def test_all_such_tiles_are_counted(band: Path) -> None:
    for row, col in ((2, 2), (3, 4), (5, 1), (6, 6)):
        overwrite(band, row, col, np.full((BLOCK, BLOCK), 9000, np.uint16))
    [finding] = check_structure(FileCheck(band, "nir", deep=False))
    assert (finding.code, finding.measured, finding.limit) == ("tile_differs", 4.0, 0.0)
    assert finding.sentence.startswith("4 tiles of nir.tif (band 'nir') differ from its overviews.")


@pytest.mark.parametrize(("hidden", "differs"), [(8, True), (1, True), (16, False)])
def test_a_tile_at_the_rim_of_the_data_is_not_judged(hidden: int, differs: bool) -> None:
    """Where the overview shows less than nine tenths of the place, its mean says too little."""
    pixels = noise((BLOCK, BLOCK), 1, 20000, 30000)
    overview = noise((BLOCK, BLOCK), 2)
    overview[:hidden] = 0
    assert pixels_disagree(pixels, overview, nodata=0) is differs
