"""The text of VRTs: a source that only copies is a simple one, and gives the same pixels."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import PixelRect, Window
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.vrt_text import (
    VrtBand,
    VrtSource,
    only_copies,
    source_name,
    to_bytes,
    vrt_tree,
)
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.tiles import mosaic_stacks
from firstlight.core.types import Grid, Radiometry
from support.rasters import write_raster
from support.vrts import rewrite_as_0_1, source_kinds

GRID = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200020.0), (60, 80))
WHOLE = PixelRect(0, 0, 80, 60)
MEANING = Radiometry(0.0001, -0.1, 0.0, "reflectance")
SOURCE = VrtSource("a.tif", True, (WHOLE, WHOLE), dtype="uint16", shape=(60, 80), nodata=0.0)


def noise(seed: int, shape: tuple[int, int] = (60, 80), dtype: str = "uint16") -> Any:
    random = np.random.default_rng(seed)
    data = random.integers(1, 200, shape).astype(dtype)
    data[random.random(shape) < 0.2] = 0
    data[10:20, 10:40] = 0
    return data


def band_of(*sources: VrtSource, nodata: float | None = 0.0, dtype: str = "uint16") -> VrtBand:
    return VrtBand(dtype, "a", dataclasses.replace(MEANING, nodata=nodata), sources)


# ---- which source only copies


def test_the_plain_source_copies() -> None:
    assert only_copies(SOURCE, band_of(SOURCE))


@pytest.mark.parametrize(
    ("change", "nodata"),
    [
        ({"nodata": None}, None),
        ({"nodata": None}, 0.0),
        ({"nodata": math.nan, "dtype": "uint16"}, math.nan),
        ({"rects": (PixelRect(3, 4, 50, 40), PixelRect(0, 9, 50, 40))}, 0.0),
        ({"method": "bilinear"}, 0.0),
        ({"shape": None}, 0.0),
    ],
    ids=["no nodata", "nodata beside it", "NaN", "shifted", "a method that has no effect", "size"],
)
def test_what_changes_no_pixel_copies(change: dict[str, Any], nodata: float | None) -> None:
    source = dataclasses.replace(SOURCE, **change)
    assert only_copies(source, band_of(source, nodata=nodata))


@pytest.mark.parametrize(
    "change",
    [
        {"physical": (1.0, 0.0)},
        {"nodata": 7.0},
        {"dtype": "uint8"},
        {"dtype": ""},
        {"rects": (PixelRect(0, 0, 40, 30), WHOLE)},
        {"rects": (PixelRect(0, 0, 80, 30), WHOLE)},
        {"rects": (PixelRect(0.5, 0, 79, 60), PixelRect(0, 0, 79, 60))},
        {"rects": (PixelRect(0, 0, 79, 60), PixelRect(0, 0.25, 79, 60))},
        {"rects": (PixelRect(0, 0, 79.5, 60), PixelRect(0, 0, 79.5, 60))},
    ],
    ids=[
        "scaled",
        "other nodata",
        "other type",
        "unknown type",
        "doubled",
        "stretched",
        "half a pixel",
        "a quarter down",
        "a part of a pixel",
    ],
)
def test_what_changes_pixels_does_not_copy(change: dict[str, Any]) -> None:
    source = dataclasses.replace(SOURCE, **change)
    assert not only_copies(source, band_of(source))


def test_a_band_without_nodata_cannot_copy_a_source_that_has_some() -> None:
    assert not only_copies(SOURCE, band_of(SOURCE, nodata=None))


def test_nodata_must_not_cover_another_source() -> None:
    assert not only_copies(SOURCE, band_of(SOURCE, SOURCE))
    plain = dataclasses.replace(SOURCE, nodata=None)
    assert only_copies(plain, band_of(plain, plain)), "later ones lie on top in both kinds"


# ---- the same pixels


def read_in_many_ways(path: Path) -> list[Any]:
    """As QGIS would: whole, in parts, zoomed out and in; and as FirstLight does.

    From GDAL 3.13 on a source of the simple kind is zoomed by its own method, bilinear, and one of
    the complex kind by nearest neighbour: there they are alike where nothing is zoomed.
    """
    from osgeo import gdal

    shares = (1,) if gdal.VersionInfo() >= "3130000" else (1, 3, 0.5)
    dataset = gdal.OpenEx(str(path))
    cols, rows = dataset.RasterXSize, dataset.RasterYSize
    windows = [(0, 0, cols, rows), (3, 5, cols - 9, rows - 7), (cols // 2, 1, 1, rows - 1)]
    reads = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        for window in windows:
            for share in shares:
                for method in (gdal.GRIORA_NearestNeighbour, gdal.GRIORA_Bilinear):
                    size = [max(1, int(side / share)) for side in window[2:]]
                    reads.append(
                        band.ReadAsArray(
                            *window, buf_xsize=size[0], buf_ysize=size[1], resample_alg=method
                        )
                    )
        reads.append(band.GetMaskBand().ReadAsArray())
    with RasterReader(path) as reader:
        for number in range(1, dataset.RasterCount + 1):
            reads.append(reader.read_stored(number))
            reads.append(reader.read_stored(number, Window(3, 5, rows - 9, cols - 9)))
    return reads


def same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, other)
    )


def plain(folder: Path) -> Path:
    meaning = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    write_raster(folder / "a.tif", noise(1), nodata=0)
    write_raster(folder / "b.tif", noise(2), nodata=None)
    write_raster(folder / "c.tif", noise(3, (30, 40)), resolution=20, nodata=0)
    write_raster(folder / "scl.tif", noise(4, (30, 40), "uint8"), resolution=20, nodata=None)
    sources = {name: BandSource(folder / f"{name}.tif", radiometry=meaning) for name in "abc"}
    sources["scl"] = BandSource(
        folder / "scl.tif", radiometry=Radiometry(1.0, 0.0, None, "class"), is_class=True
    )
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources))
    return folder / "s.vrt"


def partly(folder: Path) -> Path:
    """Bands that begin and end elsewhere; one has no nodata value of its own."""
    meaning = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    write_raster(folder / "a.tif", noise(1), nodata=0)
    write_raster(folder / "b.tif", noise(2, (50, 100)), origin=(600070.0, 5200070.0), nodata=0)
    write_raster(folder / "c.tif", noise(3, (30, 40)), origin=(599900.0, 5199900.0), nodata=None)
    sources = {name: BandSource(folder / f"{name}.tif", radiometry=meaning) for name in "ab"}
    sources["c"] = BandSource(
        folder / "c.tif", radiometry=dataclasses.replace(meaning, nodata=None)
    )
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources))
    return folder / "s.vrt"


def floats(folder: Path) -> Path:
    values = noise(1).astype(np.float32)
    write_raster(folder / "a.tif", np.where(values == 0, np.nan, values), nodata=math.nan)
    write_raster(folder / "b.tif", np.where(values == 0, -9999, values), nodata=-9999)
    sources = {
        "a": BandSource(folder / "a.tif", radiometry=Radiometry(1.0, 0.0, math.nan, "K")),
        "b": BandSource(folder / "b.tif", radiometry=Radiometry(1.0, 0.0, -9999.0, "K")),
    }
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources))
    return folder / "s.vrt"


def warped(folder: Path) -> Path:
    """A band of the neighbouring zone: between it and the stack lies a VRT."""
    meaning = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    write_raster(folder / "a.tif", noise(1, (200, 200)), nodata=0)
    write_raster(
        folder / "b.tif", noise(2, (300, 300)), epsg=32633, origin=(142500.0, 5211000.0), nodata=0
    )
    sources = {name: BandSource(folder / f"{name}.tif", radiometry=meaning) for name in "ab"}
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources))
    return folder / "s.vrt"


STACKS = {
    plain: ["SimpleSource", "SimpleSource", "ComplexSource", "ComplexSource"],
    partly: ["SimpleSource"] * 3,
    floats: ["SimpleSource"] * 2,
    warped: ["SimpleSource"] * 2,
}


@pytest.mark.thorough
@pytest.mark.parametrize(("make", "kinds"), STACKS.items(), ids=[one.__name__ for one in STACKS])
def test_a_stack_of_0_1_gives_the_same_pixels(
    tmp_path: Path, make: Callable[[Path], Path], kinds: list[str]
) -> None:
    path = make(tmp_path)
    assert source_kinds(path) == kinds
    today, facts = read_in_many_ways(path), read_facts(path)
    assert rewrite_as_0_1(path) == kinds.count("SimpleSource")
    assert set(source_kinds(path)) == {"ComplexSource"}
    assert same(read_in_many_ways(path), today)
    assert str([band.radiometry for band in read_facts(path).bands]) == str(
        [band.radiometry for band in facts.bands]
    )


def test_a_copied_band_has_the_pixels_of_its_file(tmp_path: Path) -> None:
    path = partly(tmp_path)
    with RasterReader(path) as reader:
        grid = reader.facts.grid
        values = reader.read_stored(1)
    row, col = round((grid.transform[5] - 5200020.0) / 10), round(-(grid.transform[2] - 6e5) / 10)
    assert np.array_equal(values[row : row + 60, col : col + 80], noise(1))
    values[row : row + 60, col : col + 80] = 0
    assert not values.any(), "nodata where the band does not reach"


def test_tiles_of_a_pass_lie_over_each_other_where_they_have_data(tmp_path: Path) -> None:
    first = plain(tmp_path)
    shutil.copytree(tmp_path, tmp_path.parent / "second")
    second = tmp_path.parent / "second" / "s.vrt"
    write_raster(second.with_name("a.tif"), noise(9), nodata=0)
    mosaic = mosaic_stacks([read_facts(first), read_facts(second)], tmp_path / "pass.vrt")
    assert source_kinds(mosaic)[:4] == ["ComplexSource"] * 4, "nodata shows the tile below"
    assert source_kinds(mosaic)[6:] == ["SimpleSource"] * 2, "classes here have no nodata"
    with RasterReader(mosaic) as reader:
        assert np.array_equal(reader.read_stored(1), np.where(noise(1), noise(1), noise(9)))


rects = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 40), st.integers(1, 30))


@rules(max_examples=30, deadline=None)
@given(rect=rects, at=st.tuples(st.integers(0, 30), st.integers(0, 30)), halves=st.booleans())
def test_any_rectangle_reads_alike_in_both_kinds(
    tmp_path_factory: pytest.TempPathFactory,
    rect: tuple[int, int, int, int],
    at: tuple[int, int],
    halves: bool,
) -> None:
    folder = tmp_path_factory.mktemp("vrt")
    write_raster(folder / "a.tif", noise(1), nodata=0)
    x, y, width, height = (value + 0.5 * halves for value in rect)
    source = dataclasses.replace(
        SOURCE, rects=(PixelRect(x, y, width, height), PixelRect(*at, width, height))
    )
    path = folder / "s.vrt"
    path.write_bytes(to_bytes(vrt_tree(GRID, {}, [band_of(source)])))
    assert source_kinds(path) == ["ComplexSource" if halves else "SimpleSource"]
    today = read_in_many_ways(path)
    rewrite_as_0_1(path)
    assert same(read_in_many_ways(path), today)


def test_a_name_is_relative_below_the_folder_only(tmp_path: Path) -> None:
    assert source_name(tmp_path / "b" / "a.tif", tmp_path) == ("b/a.tif", True)
    assert source_name(tmp_path / "a.tif", tmp_path / "b") == (str(tmp_path / "a.tif"), False)
