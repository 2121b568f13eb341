"""Windows through a cache of blocks: the file's own pixels, each block decoded once whatever the
tiles and the threads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.algorithms.burn import BurnSeverity, severity_kernel
from firstlight.core.execution.apply import apply_layers
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.raster.block_cache import BlockCache
from firstlight.core.raster.grid import Window, in_columns, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.source_blocks import band_layout, decode_units, read_window
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.blocks import held_bytes
from support.rasters import noise, write_raster


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Nine units of 512 pixels, each of sixteen blocks; those at the edges cut."""
    data = noise((1200, 1100))
    return write_raster(tmp_path_factory.mktemp("big") / "b.tif", data), data


@rules(max_examples=40, deadline=None)
@given(
    st.integers(-600, 1300),
    st.integers(-600, 1300),
    st.integers(1, 900),
    st.integers(1, 900),
    st.sampled_from([1, 600_000, 10**8]),
)
def test_a_window_is_that_of_the_file(
    big: tuple[Path, Any], row: int, col: int, rows: int, cols: int, limit: int
) -> None:
    from osgeo import gdal

    path, data = big
    cache, dataset = BlockCache(limit), gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    layout = band_layout(band)
    assert layout.unit == (512, 512)
    around = np.full((3700, 3600), 7, np.uint16)
    around[1000:2200, 1000:2100] = data
    expected = around[1000 + row : 1000 + row + rows, 1000 + col : 1000 + col + cols]
    for _ in range(2):
        got = read_window(
            cache,
            "b",
            layout,
            Window(row, col, rows, cols),
            7,
            lambda places: decode_units(band, layout, places),
        )
        assert np.array_equal(got, expected)
    assert held_bytes(cache) <= limit


def test_a_unit_that_gdal_cannot_read_is_an_error(tmp_path: Path) -> None:
    from osgeo import gdal

    path = write_raster(tmp_path / "b.tif", noise((600, 600)))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    layout = band_layout(band)
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        with pytest.raises(RuntimeError, match=r"\w"):
            decode_units(band, layout, [(0, 0), (1, 1)])
    finally:
        gdal.PopErrorHandler()


def test_columns_hold_every_tile_once_and_go_from_top_to_bottom() -> None:
    tiles = split_windows((70, 95), 10)
    ordered = in_columns(tiles, 30)
    assert sorted(ordered, key=lambda tile: (tile.row, tile.col)) == tiles
    assert [(tile.row, tile.col) for tile in ordered[:7]] == [
        (0, 0),
        (0, 10),
        (0, 20),
        (10, 0),
        (10, 10),
        (10, 20),
        (20, 0),
    ]
    assert ordered[21].col == 30, "the next column begins where the first one ends"


@pytest.mark.thorough
def test_blocks_of_coarse_bands_are_decoded_once_for_all_tiles_and_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles of 256 pixels over blocks of 20 m: each tile needs a margin of one pixel from the
    blocks around it.
    """
    rule = Radiometry(0.0001, -0.1, 0.0, "reflectance")
    sources = {}
    for date in ("pre", "post"):
        sources[f"{date}.nir"] = BandSource(
            write_raster(tmp_path / f"{date}.nir.tif", noise((4096, 1200))), radiometry=rule
        )
        coarse = write_raster(tmp_path / f"{date}.swir22.tif", noise((2048, 600)), resolution=20.0)
        sources[f"{date}.swir22"] = BandSource(coarse, radiometry=rule)
    create_band_stack(sources, tmp_path / "s.vrt", band_order=list(sources))
    decoded: Counter[tuple[str, tuple[int, int]]] = Counter()

    def counted(band: Any, layout: Any, places: Sequence[tuple[int, int]]) -> Any:
        decoded.update((band.GetDataset().GetDescription(), place) for place in places)
        return decode_units(band, layout, places)

    monkeypatch.setattr("firstlight.core.raster.past_gdal.doubling.decode_units", counted)
    monkeypatch.setattr(
        "firstlight.core.raster.reader.BLOCK_BYTES", 2 * 2 * 512 * 600 * 2
    )  # two rows of units of both bands
    kernel = severity_kernel(BurnSeverity("dnbr"), {name: name for name in sources})
    with RasterReader(tmp_path / "s.vrt") as reader:
        places = {band.description: band.index for band in reader.facts.bands}
        outputs = tuple(tmp_path / f"{name}.tif" for name in "abc")
        apply_layers(
            reader,
            places,
            kernel,
            outputs,
            Settings(tile_size=256),
            RecordingMonitor(),
            engine=ThreadsEngine(3),
        )
    assert len(decoded) == 2 * 4 * 2
    assert set(decoded.values()) == {1}
