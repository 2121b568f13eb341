"""Any mixture of bands: the stack's pixels are those of a textbook, or a named error says why there
is none.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from firstlight.core.errors import (
    BandStackError,
    CRSMismatchError,
    ExtentMismatchError,
    ResolutionError,
)
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Grid, Radiometry
from support.interpolation import Axis, bilinear
from support.rasters import read_bands, write_raster

LEFT, TOP = 600000.0, 5200020.0
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@dataclass(frozen=True)
class Made:
    """A band that hypothesis chose."""

    pixels: npt.NDArray[Any]
    resolution: float
    shift: tuple[float, float]
    """East and south, in metres."""
    nodata: float | None
    declared: bool
    """The file names its nodata itself."""
    is_class: bool
    epsg: int = 32632

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Which pixels mean something."""
        if self.nodata is None:
            return np.ones(self.pixels.shape, bool)
        return ~np.isnan(self.pixels) if math.isnan(self.nodata) else self.pixels != self.nodata

    def write(self, path: Path) -> BandSource:
        """Put it on the disk, and say how it is to be read."""
        write_raster(
            path,
            self.pixels,
            epsg=self.epsg,
            resolution=self.resolution,
            origin=(LEFT + self.shift[0], TOP - self.shift[1]),
            nodata=self.nodata if self.declared else None,
        )
        return BandSource(path, radiometry=Radiometry(nodata=self.nodata), is_class=self.is_class)


NODATA = {
    "uint16": [0.0, None],
    "int16": [-9999.0, 0.0],
    "float32": [math.nan, -9999.0],
    "uint8": [0.0],
}


@st.composite
def bands(
    draw: st.DrawFn, shifts: tuple[float, ...] = (0.0, 5.0, -5.0, 10.0, -20.0, 3.0, 200.0, 5000.0)
) -> Made:
    """A small band: pixel size, place, type, nodata, holes."""
    dtype = draw(st.sampled_from(sorted(NODATA)))
    is_class = dtype == "uint8"
    # GDAL 3.10 interpolates wrongly in stacks of a few pixels whose sources begin inside a pixel: 3
    # x 3, not 12 x 12.
    shape = draw(st.tuples(st.integers(12, 24), st.integers(12, 24)))
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    pixels = (rng.integers(1, 12, shape) if is_class else rng.integers(200, 6000, shape)).astype(
        dtype
    )
    nodata = draw(st.sampled_from(NODATA[dtype]))
    if nodata is not None:
        pixels[rng.random(shape) < draw(st.sampled_from([0.0, 0.05, 0.4, 1.0]))] = nodata
    return Made(
        pixels,
        draw(st.sampled_from([10.0, 10.0, 20.0, 15.0, 30.0, 60.0])),
        (draw(st.sampled_from(shifts)), draw(st.sampled_from(shifts))),
        nodata,
        draw(st.booleans()),
        is_class,
    )


def missing(values: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[np.bool_]:
    if nodata is None:
        return np.zeros(values.shape, bool)
    return np.isnan(values) if math.isnan(nodata) else values == nodata


def compare(made: Made, got: npt.NDArray[Any], grid: Grid, nodata: float | None) -> None:
    """The naive reference, for a band in the stack's own coordinate system."""
    step = grid.resolution[0] / made.resolution
    x = (grid.transform[2] + grid.resolution[0] / 2 - LEFT - made.shift[0]) / made.resolution
    y = (TOP - made.shift[1] - grid.transform[5] + grid.resolution[1] / 2) / made.resolution
    rows, cols = Axis(grid.shape[0], y, step), Axis(grid.shape[1], x, step)
    gone = missing(got, nodata)
    want = bilinear(made.pixels, made.valid, rows, cols)
    inner = ~want.rim & ~want.outside
    assert gone[want.outside].all(), "what no source reaches is nodata"
    if made.is_class:
        ys, xs = np.floor(rows.middles()).astype(int), np.floor(cols.middles()).astype(int)
        nearest = made.pixels[
            np.ix_(ys.clip(0, made.pixels.shape[0] - 1), xs.clip(0, made.pixels.shape[1] - 1))
        ]
        ties = [np.abs(axis.middles() - np.round(axis.middles())) < 1e-6 for axis in (rows, cols)]
        between = ties[0][:, None] | ties[1][None, :]
        assert np.array_equal(got[inner & ~between], nearest[inner & ~between])
        assert set(np.unique(got)) <= {*np.unique(made.pixels), nodata or 0}
        return
    assert gone[want.none_valid & inner].all(), "what has no valid neighbour is nodata"
    rounding = 0.500001 if made.pixels.dtype.kind in "iu" else 1e-6 * 6000
    exact = want.all_valid & inner
    assert not gone[exact].any()
    assert np.abs(got - want.values)[exact].max(initial=0) <= rounding, (
        "all neighbours valid: plain interpolation"
    )
    there = ~gone & ~want.outside & ~want.none_valid
    assert (got >= want.low - rounding)[there].all(), "no nodata is ever blended in"
    assert (got <= want.high + rounding)[there].all(), "no nodata is ever blended in"
    assert gone[want.none_valid].all()


@pytest.mark.thorough
@QUICK
@given(
    first=bands(shifts=(0.0,)),
    second=bands(),
    mode=st.sampled_from(["resample", "intersect", "preserve"]),
)
def test_any_two_bands_become_the_pixels_of_a_textbook_or_a_named_error(
    first: Made, second: Made, mode: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = {"red": first, "nir": second}
        sources = {name: one.write(Path(folder) / f"{name}.tif") for name, one in made.items()}
        try:
            stack = create_band_stack(
                sources, Path(folder) / "s.vrt", list(made), resolution_mode=mode
            )
        except ExtentMismatchError as error:
            note(str(error))
            assert overlap(first, second) is None
            return
        assert overlap(first, second) is not None
        for one in (stack, *stack.companions):
            got = read_bands(one.path)
            for band in one.bands:
                compare(made[band.name], got[band.index - 1], one.grid, band.radiometry.nodata)


def eroded(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Without the outermost pixel all around."""
    padded = np.pad(mask, 1)
    rows, cols = mask.shape
    return np.logical_and.reduce(
        [padded[r : r + rows, c : c + cols] for r in range(3) for c in range(3)]
    )


def overlap(first: Made, second: Made) -> tuple[float, float] | None:
    """Width and height of what two bands have in common, in metres."""
    sides = []
    for axis in (1, 0):
        starts = [one.shift[1 - axis] for one in (first, second)]
        ends = [
            one.shift[1 - axis] + one.resolution * one.pixels.shape[axis] for one in (first, second)
        ]
        sides.append(min(ends) - max(starts))
    return (sides[0], sides[1]) if min(sides) > 1e-9 else None


def field(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Something smooth to look at: stored numbers over places in metres, about 4 a metre at the
    most.
    """
    return 3000 + 1200 * np.sin((x - LEFT) / 310) * np.cos((y - TOP) / 270)


@pytest.mark.thorough
@settings(QUICK, max_examples=25)
@given(
    epsg=st.sampled_from([32633, 32631, 4326, 3857, 3035]),
    hole=st.booleans(),
    dtype=st.sampled_from(["uint16", "float32"]),
    declared=st.booleans(),
    away=st.sampled_from([0.0, 0.0, 300.0, 40000.0]),
)
def test_a_band_of_any_crs_is_warped_as_rasterio_warps_it_or_a_named_error_says_why(
    epsg: int, hole: bool, dtype: str, declared: bool, away: float
) -> None:
    import rasterio
    from rasterio.transform import from_origin
    from rasterio.warp import Resampling, reproject, transform, transform_bounds

    nodata = 0.0 if dtype == "uint16" else math.nan
    box = (LEFT + away, TOP - 640 - away, LEFT + 640 + away, TOP - away)
    left, bottom, right, top = transform_bounds("EPSG:32632", f"EPSG:{epsg}", *box)
    size = (right - left) / 60
    rows, cols = max(3, round((top - bottom) / size)), 60
    xs, ys = np.meshgrid(
        left + (np.arange(cols) + 0.5) * size, top - (np.arange(rows) + 0.5) * size
    )
    east, north = (
        np.array(v) for v in transform(f"EPSG:{epsg}", "EPSG:32632", xs.ravel(), ys.ravel())
    )
    pixels = field(east, north).reshape(xs.shape).astype(dtype)
    if hole:
        pixels[rows // 3 : rows // 2, 20:35] = nodata
    with tempfile.TemporaryDirectory() as folder:
        red = write_raster(Path(folder) / "red.tif")
        nir = write_raster(
            Path(folder) / "nir.tif",
            pixels,
            epsg=epsg,
            resolution=size,
            origin=(left, top),
            nodata=nodata if declared else None,
        )
        sources = {
            "red": BandSource(red),
            "nir": BandSource(nir, radiometry=Radiometry(nodata=nodata)),
        }
        try:
            stack = create_band_stack(
                sources, Path(folder) / "s.vrt", list(sources), target_resolution=10.0
            )
        except ExtentMismatchError:
            assert away > 640
            return
        assert away <= 640
        assert (
            stack.warnings[0]
            == f"Band 'nir' was warped from EPSG:{epsg} to EPSG:32632, the coordinate system of "
            "band 'red'"
        )
        got = read_bands(stack.path)[1]
        with rasterio.open(nir) as source:
            want = np.full(stack.grid.shape, nodata, dtype)
            reproject(
                source.read(1),
                want,
                src_transform=from_origin(left, top, size, size),
                src_crs=source.crs,
                src_nodata=nodata,
                dst_transform=rasterio.Affine(*stack.grid.transform),
                dst_crs="EPSG:32632",
                dst_nodata=nodata,
                resampling=Resampling.bilinear,
            )
        gone, expected_gone = missing(got, nodata), missing(want.astype(float), nodata)
        assert (gone != expected_gone).mean() < 0.02, "the same pixels, but for hairlines at edges"
        both = ~gone & ~expected_gone
        assert both.any()
        # rasterio's own tolerance is an eighth of a pixel: 4 a metre × 1.25 m
        assert np.abs(got - want)[both].max() < 6
        x, y = np.meshgrid(
            LEFT + 5 + 10 * np.arange(stack.grid.shape[1]),
            TOP - 5 - 10 * np.arange(stack.grid.shape[0]),
        )
        off = np.abs(got - field(x, y))
        assert off[eroded(both)].max() < 12, "and where they belong: no blend, no shift"
        assert off[both].max() < 48, (
            "at an edge the nearest neighbours stand for those beyond: up to a pixel further"
        )
        assert off[both].mean() < 2


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("declared", [True, False])
def test_a_pixel_is_the_same_however_small_the_window_is_that_it_is_read_in(
    tmp_path: Path, size: int, declared: bool
) -> None:
    from firstlight.core.raster.grid import split_windows
    from firstlight.core.raster.reader import RasterReader

    rng = np.random.default_rng(3)
    coarse = rng.integers(200, 6000, (13, 13)).astype(np.uint16)
    coarse[rng.random(coarse.shape) < 0.2] = 0
    made = {
        "red": Made(
            rng.integers(200, 6000, (24, 24)).astype(np.uint16), 10.0, (0.0, 0.0), 0.0, True, False
        ),
        "nir": Made(coarse, 20.0, (-10.0, -10.0), 0.0, declared, False),
    }
    sources = {name: one.write(tmp_path / f"{name}.tif") for name, one in made.items()}
    stack = create_band_stack(sources, tmp_path / "s.vrt", list(made))
    with RasterReader(stack.path) as reader:
        whole = reader.read_stored(2)
        for w in split_windows(stack.grid.shape, size):
            assert np.array_equal(
                reader.read_stored(2, w), whole[w.row : w.row + w.rows, w.col : w.col + w.cols]
            ), w


def test_the_named_errors_are_of_one_family() -> None:
    assert all(
        issubclass(kind, BandStackError)
        for kind in (CRSMismatchError, ExtentMismatchError, ResolutionError)
    )
