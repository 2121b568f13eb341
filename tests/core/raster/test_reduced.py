"""Smaller sizes of a VRT's bands, read from the files themselves: the same numbers as by GDAL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.raster import view
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import Window
from firstlight.core.raster.past_gdal.reduced import FilePart, find_part, read_part
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.view import read_view, view_grid
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.stack.tiles import mosaic_stacks
from firstlight.core.types import Radiometry
from support.rasters import noise, write_raster

S2 = Radiometry(0.0001, 0.0, 0.0, "reflectance")
SIDE = 1024
ALL = Window(0, 0, SIDE, SIDE)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A band of 10 m and one of 20 m, with overviews and holes."""
    return make_stack(tmp_path_factory.mktemp("reduced"), 1)


def make_stack(folder: Path, seed: int) -> Path:
    from osgeo import gdal

    rng = np.random.default_rng(seed)
    sources = {}
    for name, side, metres in (("nir", SIDE, 10.0), ("swir22", SIDE // 2, 20.0)):
        data = rng.integers(1, 9000, (side, side), dtype=np.uint16)
        data[: side // 4, side // 2 :] = 0
        file = write_raster(folder / f"{name}.tif", data, resolution=metres)
        dataset = gdal.Open(str(file), gdal.GA_Update)
        dataset.BuildOverviews("AVERAGE", [2, 4, 8])
        del dataset
        sources[name] = BandSource(file, radiometry=S2)
    return create_band_stack(sources, folder / "s.vrt", band_order=list(sources)).path


def by_gdal(path: Path, index: int, area: Window, side: int) -> Any:
    from osgeo import gdal

    dataset = gdal.Open(str(path))  # a band does not keep it
    where = (area.col, area.row, area.cols, area.rows)
    return dataset.GetRasterBand(index).ReadAsArray(*where, buf_xsize=side, buf_ysize=side)


@pytest.mark.parametrize(
    ("index", "area", "side"),
    [
        (1, ALL, SIDE // 4),
        (1, ALL, SIDE // 8),
        (2, ALL, SIDE // 2),
        (2, ALL, SIDE // 8),
        (2, Window(512, 128, 256, 256), 128),
        (2, Window(128, 400, 256, 256), 128),
    ],
    ids=str,
)
def test_a_part_of_one_file_is_read_from_it(
    stack: Path, index: int, area: Window, side: int
) -> None:
    from osgeo import gdal

    part = find_part(stack, index, area)
    assert part is not None
    assert Path(part.name).name == ("nir.tif", "swir22.tif")[index - 1]
    own = np.empty((side, side), np.uint16)
    assert read_part(gdal.Open(part.name), part, own)
    assert np.array_equal(own, by_gdal(stack, index, area, side))
    with RasterReader(stack) as reader:
        assert np.array_equal(reader.read_stored(index, area, side), own)


@pytest.mark.parametrize(
    ("index", "area", "side"),
    [(1, ALL, 100), (1, Window(0, 0, 512, 512), 128), (2, Window(0, 0, 512, 512), 128)],
    ids=str,
)
def test_a_size_that_the_file_does_not_have_is_left_to_gdal(
    stack: Path, index: int, area: Window, side: int
) -> None:
    from osgeo import gdal

    part = find_part(stack, index, area)
    assert part is not None
    assert not read_part(gdal.Open(part.name), part, np.empty((side, side), np.uint16))
    with RasterReader(stack) as reader:
        found = reader.read_stored(index, area, side)
    assert np.array_equal(found, by_gdal(stack, index, area, side))


def test_what_lies_between_the_pixels_of_a_file_is_no_part_of_it(stack: Path) -> None:
    assert find_part(stack, 2, Window(1, 0, 256, 256)) is None
    assert find_part(stack, 2, Window(0, 0, 256, 255)) is None


def test_what_two_files_cover_is_no_part_of_one(stack: Path, tmp_path: Path) -> None:
    both = [read_facts(stack), read_facts(make_stack(tmp_path / "other", 2))]
    assert find_part(mosaic_stacks(both, tmp_path / "pass.vrt"), 1, ALL) is None


def test_a_file_that_was_exchanged_is_left_to_gdal(tmp_path: Path) -> None:
    """A VRT shows nodata beyond it, and numbers of its own type."""
    from osgeo import gdal

    small = write_raster(tmp_path / "small.tif", np.ones((64, 64), np.uint16))
    floats = write_raster(tmp_path / "floats.tif", np.ones((256, 256), np.float32))
    part = FilePart("", 1, Window(0, 0, 256, 256))
    out = np.zeros((256, 256), np.uint16)
    assert not read_part(gdal.Open(str(small)), part, out)
    assert not read_part(gdal.Open(str(floats)), part, out)
    assert not read_part(gdal.Open(str(floats)), FilePart("", 2, part.window), out)
    assert not out.any()


def plain_stack(folder: Path) -> Path:
    """A band with overviews, and one without."""
    from osgeo import gdal

    bands = {}
    for seed, name in enumerate(("nir", "red")):
        file = write_raster(folder / f"{name}.tif", noise((SIDE, SIDE), seed))
        bands[name] = BandSource(file, radiometry=S2)
    dataset = gdal.Open(str(bands["nir"].path), gdal.GA_Update)
    dataset.BuildOverviews("AVERAGE", [2, 4])
    del dataset
    return create_band_stack(bands, folder / "s.vrt", band_order=list(bands)).path


def test_a_band_has_its_own_file_s_overviews_whatever_the_others_have(tmp_path: Path) -> None:
    with RasterReader(plain_stack(tmp_path)) as reader:
        assert [reader.has_overviews(index) for index in (1, 2)] == [True, False]


def test_a_picture_of_a_stack_that_gdal_knows_no_overviews_of_is_picked_from_its_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To warp it reads all of it for each picture."""
    path = plain_stack(tmp_path)
    facts = read_facts(path)
    grid = view_grid(facts.grid, 128)
    expected = view._warp(facts, 1, grid)
    monkeypatch.delattr(view, "_warp")
    assert np.array_equal(read_view(facts, 1, grid), expected, equal_nan=True)


def test_of_a_file_that_lost_its_band_nothing_is_asked(tmp_path: Path) -> None:
    path = plain_stack(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("<SourceBand>1</SourceBand>", "<SourceBand>2</SourceBand>", 1),
        encoding="utf-8",
    )
    with RasterReader(path) as reader:
        assert reader.has_overviews(1) is False
