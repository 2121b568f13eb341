"""Bands of twice the pixel size: the same numbers as GDAL's own interpolation, to the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.raster.grid import Window
from firstlight.core.raster.past_gdal.doubling import double, find_doublings
from firstlight.core.raster.reader import RasterReader
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import noise, write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, "reflectance")


def make(
    folder: Path,
    coarse: Any,
    origin: tuple[float, float] = (600000.0, 5200020.0),
    rule: Radiometry = S2,
) -> Path:
    """A 10 m band of 160 × 200 pixels, and a coarse one of 20 m."""
    fine = np.random.default_rng(1).integers(1, 9000, (160, 200), dtype=np.uint16)
    sources = {
        "nir": BandSource(write_raster(folder / "nir.tif", fine), radiometry=S2),
        "swir22": BandSource(
            write_raster(folder / "swir22.tif", coarse, resolution=20.0, origin=origin),
            radiometry=rule,
        ),
    }
    create_band_stack(sources, folder / "s.vrt", band_order=["nir", "swir22"])
    return folder / "s.vrt"


def by_gdal(path: Path, window: Window) -> Any:
    from osgeo import gdal

    dataset = gdal.Open(str(path))
    return dataset.GetRasterBand(2).ReadAsArray(window.col, window.row, window.cols, window.rows)


FULL_RANGE = (1, 65536)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Aligned; begun 10 m to the left, so that pixels pair otherwise; reaching further."""
    return {
        "aligned": make(tmp_path_factory.mktemp("a"), noise((80, 100), 7, *FULL_RANGE)),
        "odd": make(
            tmp_path_factory.mktemp("o"), noise((82, 102), 7, *FULL_RANGE), (599990.0, 5200030.0)
        ),
        "wide": make(
            tmp_path_factory.mktemp("w"), noise((120, 140), 7, *FULL_RANGE), (599800.0, 5200120.0)
        ),
    }


@rules(max_examples=60, deadline=None)
@given(
    st.sampled_from(["aligned", "odd", "wide"]),
    st.tuples(st.integers(0, 140), st.integers(0, 180), st.integers(8, 160), st.integers(8, 200)),
)
def test_the_same_numbers_as_gdal(
    stacks: dict[str, Path], name: str, place: tuple[int, int, int, int]
) -> None:
    row, col, rows, cols = place
    window = Window(row, col, min(rows, 160 - row), min(cols, 200 - col))
    assert find_doublings(stacks[name]).keys() == {2}
    with RasterReader(stacks[name]) as reader:
        assert np.array_equal(reader.read_stored(2, window), by_gdal(stacks[name], window))


@pytest.mark.parametrize("name", ["aligned", "odd", "wide"])
def test_gdal_is_not_asked_where_there_is_no_nodata(
    stacks: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the comparison above is one of two ways and not of one with itself."""
    monkeypatch.setattr(
        "firstlight.core.raster.past_gdal.doubling.double",
        lambda around: np.full([2 * n for n in around.shape], 5),
    )
    with RasterReader(stacks[name]) as reader:
        assert (reader.read_stored(2, Window(0, 0, 160, 200)) == 5).all()


def test_by_hand() -> None:
    around = np.array([[0, 0, 0, 0], [0, 16, 32, 0], [0, 0, 0, 0]], np.uint16)
    assert double(around).tolist() == [[9, 15, 21, 18], [9, 15, 21, 18]]
    assert double(np.full((3, 3), 65535, np.uint16)).tolist() == [[65535, 65535], [65535, 65535]]


def test_nodata_is_left_out_of_the_interpolation(tmp_path: Path) -> None:
    coarse = noise((80, 100), low=5000, high=5100)
    coarse[30:40, 30:40] = 0
    path = make(tmp_path, coarse)
    window = Window(0, 0, 160, 200)
    with RasterReader(path) as reader:
        got = reader.read_stored(2, window)
        assert np.array_equal(got, by_gdal(path, window))
        assert set(np.unique(got[got < 5000])) == {0}
        part = Window(0, 0, 50, 200)  # no nodata here
        assert np.array_equal(reader.read_stored(2, part), got[:50])


def test_where_the_coarse_band_ends_before_the_stack_gdal_says_what_is_there(
    tmp_path: Path,
) -> None:
    path = make(tmp_path, noise((60, 70), low=5000, high=5100))
    window = Window(0, 0, 160, 200)
    with RasterReader(path) as reader:
        assert np.array_equal(reader.read_stored(2, window), by_gdal(path, window))
        assert (reader.read_stored(2, window)[121:] == 0).all()


@pytest.mark.parametrize("case", ["float32", "30 m", "class", "shifted by a quarter"])
def test_other_bands_are_left_to_gdal(tmp_path: Path, case: str) -> None:
    coarse = noise((80, 100), 7, *FULL_RANGE)
    options: dict[str, Any] = {"resolution": 20.0}
    if case == "float32":
        coarse = coarse.astype(np.float32)
    if case == "30 m":
        options["resolution"] = 30.0
    if case == "shifted by a quarter":
        options["origin"] = (599995.0, 5200020.0)
    fine = write_raster(tmp_path / "nir.tif", noise((160, 200), 7, *FULL_RANGE))
    band = BandSource(
        write_raster(tmp_path / "b.tif", coarse, **options), radiometry=S2, is_class=case == "class"
    )
    create_band_stack(
        {"nir": BandSource(fine, radiometry=S2), "b": band},
        tmp_path / "s.vrt",
        band_order=["nir", "b"],
    )
    assert find_doublings(tmp_path / "s.vrt") == {}
    with RasterReader(tmp_path / "s.vrt") as reader:
        window = Window(8, 8, 100, 100)
        assert np.array_equal(reader.read_stored(2, window), by_gdal(tmp_path / "s.vrt", window))


def test_a_remote_band_is_left_to_gdal(stacks: dict[str, Path], tmp_path: Path) -> None:
    text = (
        stacks["aligned"]
        .read_text()
        .replace(">swir22.tif<", ">/vsicurl/https://example.org/a/swir22.tif<")
    )
    (tmp_path / "s.vrt").write_text(text.replace('relativeToVRT="1"', 'relativeToVRT="0"'))
    assert find_doublings(tmp_path / "s.vrt") == {}


def test_a_file_that_is_no_vrt_has_none(tmp_path: Path) -> None:
    assert find_doublings(write_raster(tmp_path / "a.tif")) == {}
    assert find_doublings(tmp_path / "none.vrt") == {}
