"""Tiles of a pass and stacks of two dates, put together here: the same numbers as by GDAL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.past_gdal import layered
from firstlight.core.raster.past_gdal.layered import count_doublings, find_layered
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.view import _warp, read_view, view_grid
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.pair import StackPart, join_stacks
from firstlight.core.stack.tiles import mosaic_stacks
from firstlight.core.types import Radiometry, Unit
from support.rasters import noise, write_raster

LEFT, TOP = 600000.0, 5200020.0
S2 = Radiometry(0.0001, 0.0, 0.0, "reflectance")
CLASSES = Radiometry(1.0, 0.0, 0.0, Unit.CLASS)
ROWS, COLS = 160, 200
"""Of a tile; two of them share 60 columns."""
SHIFT = 140


def tile(folder: Path, east: int, seed: int, holes: bool) -> Path:
    """A stack of a 10 m band, a 20 m band and 20 m classes, begun so many pixels to the east."""
    rng = np.random.default_rng(seed)
    fine = rng.integers(1, 9000, (ROWS, COLS), dtype=np.uint16)
    coarse = rng.integers(1, 9000, (ROWS // 2 + 2, COLS // 2 + 2), dtype=np.uint16)
    codes = rng.integers(1, 12, coarse.shape, dtype=np.uint8)
    if holes:
        fine[40:90, :120], coarse[10:30, 5:40], codes[5:60, 20:50] = 0, 0, 0
    left = LEFT + 10 * east
    around = {"resolution": 20.0, "origin": (left - 20, TOP + 20)}
    files = {
        "nir": (fine, {"origin": (left, TOP)}, S2, False),
        "swir22": (coarse, around, S2, False),
        "scl": (codes, around, CLASSES, True),
    }
    sources = {
        name: BandSource(
            write_raster(folder / f"{name}.tif", data, **words), radiometry=rule, is_class=is_class
        )
        for name, (data, words, rule, is_class) in files.items()
    }
    return create_band_stack(sources, folder / "s.vrt", band_order=list(sources)).path


def make_pass(folder: Path, seed: int, holes: bool = True) -> Path:
    """Two tiles beside each other; the western one lies on top, with holes in it."""
    stacks = [tile(folder / "west", 0, seed, holes), tile(folder / "east", SHIFT, seed + 1, holes)]
    return mosaic_stacks([read_facts(path) for path in stacks], folder / "pass.vrt")


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A pass with holes, one without, and the stack of both."""
    folder = tmp_path_factory.mktemp("layered")
    passes = {
        "holes": make_pass(folder / "a", 1),
        "whole": make_pass(folder / "b", 5, holes=False),
    }
    parts = [
        StackPart(name, read_facts(path), {"nir": 1, "swir22": 2, "scl": 3}, frozenset({"scl"}))
        for name, path in zip(("pre", "post"), passes.values())
    ]
    return {**passes, "pair": join_stacks(parts, folder / "pair.vrt", "bilinear").path}


def by_gdal(path: Path, index: int, window: Window) -> Any:
    from osgeo import gdal

    dataset = gdal.Open(str(path))
    return dataset.GetRasterBand(index).ReadAsArray(
        window.col, window.row, window.cols, window.rows
    )


@rules(max_examples=40, deadline=None)
@given(
    st.sampled_from(["holes", "whole", "pair"]),
    st.integers(1, 3),
    st.tuples(st.integers(0, 150), st.integers(0, 330), st.integers(1, 160), st.integers(1, 340)),
)
def test_the_same_numbers_as_gdal(
    joined: dict[str, Path], name: str, index: int, place: tuple[int, int, int, int]
) -> None:
    row, col, rows, cols = place
    window = Window(row, col, min(rows, ROWS - row), min(cols, COLS + SHIFT - col))
    with RasterReader(joined[name]) as reader:
        assert reader.facts.grid.shape == (ROWS, COLS + SHIFT)
        found = reader.read_stored(index, window)
    assert np.array_equal(found, by_gdal(joined[name], index, window))


def test_all_bands_are_put_together_here(joined: dict[str, Path]) -> None:
    assert find_layered(joined["holes"]).keys() == {1, 2, 3}
    assert find_layered(joined["pair"]).keys() == {1, 2, 3, 4, 5, 6}
    assert find_layered(joined["holes"].parent / "west" / "s.vrt").keys() == {1, 3}
    assert [count_doublings(joined["pair"], index) for index in range(1, 7)] == [0, 2, 0, 0, 2, 0]


def test_gdal_is_not_asked_for_a_vrt(
    joined: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the comparison above is one of two ways and not of one with itself."""
    opened: list[str] = []
    put_together = layered.LayeredReader._put_together

    def spy(reader: Any, *words: Any) -> Any:
        own = reader._open
        monkeypatch.setattr(reader, "_open", lambda name: (opened.append(name), own(name))[1])
        return put_together(reader, *words)

    monkeypatch.setattr(layered.LayeredReader, "_put_together", spy)
    with RasterReader(joined["whole"]) as reader:
        for index in (1, 2, 3):
            reader.read_stored(index, Window(0, 0, ROWS, COLS + SHIFT))
    assert opened
    assert {Path(name).suffix for name in opened} == {".tif"}


def edit(path: Path, change: Callable[[str], str]) -> Path:
    other = path.with_name("edited.vrt")
    other.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<NODATA>0</NODATA>", "<NODATA>0</NODATA><ScaleRatio>2</ScaleRatio>"),
        ("<NODATA>0</NODATA>", "<NODATA>0</NODATA><LUT>0:0,9000:100</LUT>"),
        ('DataType="UInt16"', 'DataType="Int16"'),
        ('<SrcRect xOff="0"', '<SrcRect xOff="0.25"'),
    ],
)
def test_whatever_changes_pixels_is_left_to_gdal(
    joined: dict[str, Path], old: str, new: str
) -> None:
    path = edit(joined["holes"], lambda text: text.replace(old, new))
    assert path.read_text(encoding="utf-8") != joined["holes"].read_text(encoding="utf-8")
    assert 1 not in find_layered(path)
    window = Window(0, 0, ROWS, COLS + SHIFT)
    with RasterReader(path) as reader:
        assert np.array_equal(reader.read_stored(1, window), by_gdal(path, 1, window))


def test_a_vrt_that_names_itself_ends(joined: dict[str, Path]) -> None:
    path = edit(joined["holes"], lambda text: text.replace("west/s.vrt", "edited.vrt"))
    assert count_doublings(path, 2) <= 4 * 4
    reader = layered.LayeredReader(lambda name: None, None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):  # at the last level it is left to GDAL, which refuses it
        reader.read(path, 1, Window(0, 0, 10, 10))


@pytest.mark.parametrize("most", [50, 500])
def test_a_picture_without_overviews_is_that_of_a_warp(joined: dict[str, Path], most: int) -> None:
    facts = read_facts(joined["holes"])
    grid = view_grid(facts.grid, most)
    for index in (1, 2, 3):
        assert np.array_equal(read_view(facts, index, grid), _warp(facts, index, grid), True)
    beside = write_raster(facts.path.with_name("b.tif"), noise((90, 90)), origin=(LEFT - 400, TOP))
    grid = view_grid(read_facts(beside).grid, most)
    assert np.array_equal(read_view(facts, 1, grid), _warp(facts, 1, grid), True)
