"""Read back what was written: a stack gets its name only when it says and shows what was meant."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BandStackError, RasterError, ValidationError
from ..gdal.containers import file_of, real_path
from ..raster.facts import RasterFacts, read_facts
from ..raster.grid import Window, intersect_bounds, overlap_rects
from ..raster.reader import RasterReader
from ..raster.valid import find_missing
from ..raster.vrt_sources import check_vrt_sources, is_vrt
from ..types import Grid
from ..workers import mark_own
from .grid import PlacedBand
from .source import OpenedBand
from .vrt import StackStyle, is_resampled, method_for
from .warp import source_positions

PLACES = ((0.5, 0.5), (0.23, 0.71), (0.81, 0.19))
"""Where pixels are compared, as shares of the part that a band covers."""


def check_written(
    path: Path, placed: Sequence[PlacedBand], grid: Grid, style: StackStyle, what: str
) -> None:
    """Compare a written stack with what was meant: names, order, grid, numbers, sources, and pixels
    at sampled places.

    Where a band lies on the stack's own pixels they must be equal; where it is resampled, between
    the least and the greatest of the pixels around.

    Raises
    ------
    BandStackError
        Naming the band and what is wrong with it.
    """
    from multiprocessing.pool import ThreadPool

    facts = _read_back(path, what)
    hint = "Please report this."
    names = [band.description for band in facts.bands]
    wanted = [style.descriptions.get(one.name, one.name) for one in placed]
    if names != wanted:
        raise BandStackError(
            what, f"the written stack has the bands {names} where {wanted} were meant", hint
        )
    if facts.grid.shape != grid.shape or facts.grid.transform != grid.transform:
        raise BandStackError(
            what, f"the written stack lies at {facts.grid} where {grid} was meant", hint
        )
    for band, one in zip(facts.bands, placed):
        meant, got = one.opened.radiometry, band.radiometry
        if (got.scale, got.offset, got.unit) != (meant.scale, meant.offset, meant.unit):
            raise BandStackError(what, f"band '{one.name}' lost its scale, offset or unit", hint)
        if not _same_nodata(got.nodata, meant.nodata):
            raise BandStackError(
                what,
                f"band '{one.name}' has nodata {got.nodata} where {meant.nodata} was meant",
                hint,
            )
    _check_sources(path, placed, what)
    count = min(len(placed), os.cpu_count() or 1)
    with RasterReader(path) as stack, ThreadPool(count, mark_own) as pool:
        check = partial(_check_band, stack, grid=grid, style=style, what=what)
        under_way = [pool.apply_async(check, job) for job in enumerate(placed, start=1)]
        for one_band in under_way:
            one_band.get()  # of several bands that differ the first is named


def _check_band(
    stack: RasterReader, index: int, one: PlacedBand, grid: Grid, style: StackStyle, what: str
) -> None:
    try:
        with RasterReader(one.opened.source.path) as source:
            _check_pixels(stack, index, source, one, grid, method_for(one, style))
    except _Differs as error:
        sentence = f"band '{one.name}' of the written stack {error}"
        raise BandStackError(what, sentence, "Please report this.") from None
    except RasterError as error:
        raise BandStackError(
            what,
            f"the pixels of band '{one.name}' cannot be read ({error.why})",
            "Fetch the band again.",
        ) from error


def _read_back(path: Path, what: str) -> RasterFacts:
    """Open what was written; what it names has to be there."""
    try:
        return read_facts(path)
    except ValidationError as error:
        raise BandStackError(
            what, f"the written stack is unusable: {error.why}", "Are the band files complete?"
        ) from error


class _Differs(ValueError):
    """A pixel is not what it should be."""


def _same_nodata(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.isclose(one, other, rtol=1e-6, atol=0, equal_nan=True))


def _check_sources(path: Path, placed: Sequence[PlacedBand], what: str) -> None:
    found = _files_of(path)
    missing = [one.name for one in placed if not _files_of(one.opened.source.path) <= found]
    if missing:
        raise BandStackError(
            what, f"the written stack has no source for {', '.join(missing)}", "Please report this."
        )


def _files_of(path: Path) -> set[Path]:
    """The rasters that hold the pixels of a raster: itself, or what it names."""
    files = check_vrt_sources(path).files if is_vrt(file_of(path)) else (path,)
    return {real_path(file) for file in files}


def _check_pixels(
    stack: RasterReader, index: int, source: RasterReader, one: PlacedBand, grid: Grid, method: str
) -> None:
    common = intersect_bounds([one.grid.bounds, grid.bounds])
    if common is None:
        return
    left, _, _, top = grid.bounds
    xres, yres = grid.resolution
    for across, down in PLACES:
        x, y = (
            common[0] + across * (common[2] - common[0]),
            common[3] - down * (common[3] - common[1]),
        )
        col = min(max(int((x - left) / xres), 0), grid.shape[1] - 1)
        row = min(max(int((top - y) / yres), 0), grid.shape[0] - 1)
        value = stack.read_stored(index, Window(row, col, 1, 1))[0, 0]
        place = _place_in_source(one, grid, col + 0.5, row + 0.5)
        if place is None:
            continue
        step = max(
            1.0,
            grid.resolution[0] / one.grid.resolution[0],
            grid.resolution[1] / one.grid.resolution[1],
        )
        reach = 0 if not is_resampled(one, grid) else _reach(method, step)
        around = _around(source, one.opened, place, reach)
        if not _plausible(value, around, one, method):
            raise _Differs(
                f"has {value} at column {col}, row {row}, where its file has {_range(around)}"
            )


def _reach(method: str, step: float) -> int:
    """How far, in the source's pixels, a pixel may come from: further where the source's overviews
    may have been used.
    """
    return math.ceil(((2 if method in ("cubic", "average") else 1) + (step > 1)) * step) + 1


def _place_in_source(
    one: PlacedBand, grid: Grid, col: float, row: float
) -> tuple[float, float] | None:
    if one.warped:
        return source_positions(one.opened, grid, [(col, row)])[0]
    rects = overlap_rects(one.grid, grid)
    if rects is None:
        return None
    src, dst = rects
    x, y = (
        src.x + (col - dst.x) * src.width / dst.width,
        src.y + (row - dst.y) * src.height / dst.height,
    )
    return (x, y) if 0 <= x < one.grid.shape[1] and 0 <= y < one.grid.shape[0] else None


def _around(
    source: RasterReader, band: OpenedBand, place: tuple[float, float], reach: int
) -> npt.NDArray[Any]:
    rows, cols = band.facts.grid.shape
    left, top = max(0, math.floor(place[0]) - reach), max(0, math.floor(place[1]) - reach)
    right, bottom = (
        min(cols, math.floor(place[0]) + reach + 1),
        min(rows, math.floor(place[1]) + reach + 1),
    )
    return source.read_stored(band.source.index, Window(top, left, bottom - top, right - left))


def _plausible(value: Any, around: npt.NDArray[Any], one: PlacedBand, method: str) -> bool:
    nodata = one.opened.radiometry.nodata
    valid = around[~find_missing(around, nodata)]
    if around.size == 1:
        return bool(np.array_equal(around.ravel(), [value], equal_nan=around.dtype.kind == "f"))
    if find_missing(np.asarray(value), nodata):
        return valid.size < around.size or bool(valid.min() <= value <= valid.max())
    if valid.size == 0:
        return False
    if method == "nearest":
        return bool(np.isin(value, valid))
    low, high = float(valid.min()), float(valid.max())
    over = (
        high - low if method == "cubic" else 0.0
    )  # the negative lobes of the cubic reach a little further
    rounding = 1.0 if around.dtype.kind in "iu" else 1e-5 * max(abs(low), abs(high))
    return low - over - rounding <= float(value) <= high + over + rounding


def _range(around: npt.NDArray[Any]) -> str:
    return f"{around.min()}" if around.size == 1 else f"{around.min()} to {around.max()} around"
