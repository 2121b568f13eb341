"""Classes of a raster as polygons: which pixels, without specks, as outlines of connected patches.

Strips of rows are read, sieved and traced beside each other; what is kept of them meanwhile are
packed bits.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Cancelled, FirstLightError, RasterError
from ..gdal.environment import local_gdal
from ..gdal.errors import FAILURES, gdal_errors
from ..raster.facts import read_facts
from ..raster.pixel_area import ground_of, largest_pixel_m2
from ..types import Grid
from .tracing.class_view import ClassView
from .tracing.edge_rings import join_strips
from .tracing.held_marks import HeldMarks, MarkRule
from .tracing.ring_polygons import Patch, patches_of
from .tracing.sieve import settle_strips
from .tracing.strip_edges import StripEdges, trace_strip

STRIP_PIXELS = 1 << 20
"""Looked at together: numbers of eight bytes for each edge are held of them."""
MOST_THREADS = 4
"""However many are allowed: each holds what it has found in a strip."""
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Patches:
    """All patches of some classes of a raster."""

    grid: Grid
    found: tuple[Patch, ...]
    """The largest first; where equal, from top to bottom."""
    pixels: int
    """With one of the classes, before anything was dropped or filled."""
    not_observed: int
    """Pixels of which nothing is known."""
    outside: int = 0
    """Pixels outside of the area that was asked for."""


def trace_patches(
    classes: Path,
    codes: Collection[int],
    min_area_m2: float,
    stop: Stop,
    every: int = 1,
    threads: int = MOST_THREADS,
) -> Patches:
    """Outline the pixels with one of ``codes``.

    Patches are connected along edges, not across corners. Those below the least area are dropped,
    and holes below it are filled where they were observed (:mod:`.tracing.sieve`). A pixel that was
    not observed, or lies outside of the area, never becomes part of a patch; nor does an observed
    one become part of a patch of what was not. Memory: a bit for each pixel, less where the raster
    is plain; the specks that the sieve cannot judge within a strip; and the outlines as they are.

    Parameters
    ----------
    classes : Path
        One band of uint8; 255 = not observed, 254 = outside of the area.
    codes : collection of int
        Some of 0..253; or 255 alone.
    min_area_m2 : float
        0 keeps every pixel. Where areas are not known, as without a reference system, nothing is
        dropped.
    stop : callable
        Asked now and then, on any thread.
    every : int
        Looks at one of so many pixels in each direction, by the overviews: for a drawing.
    threads : int
        The most that compute; never more than cores.

    Raises
    ------
    RasterError
        If the raster cannot be read or is none of classes.
    Cancelled
        If ``stop``.
    """
    return _trace(classes, dict.fromkeys(codes, 1), min_area_m2, stop, threads, every)


def trace_classes(
    classes: Path,
    codes: Collection[int],
    min_area_m2: float,
    stop: Stop,
    threads: int = MOST_THREADS,
) -> Patches:
    """Outline the pixels of each of ``codes`` for itself, as :func:`trace_patches` does those of
    all together; what is too small joins its largest neighbour, of another class too.

    Raises
    ------
    ValueError
        If a code is 0, which stands for none of them.
    RasterError, Cancelled
        As :func:`trace_patches`.
    """
    if 0 in codes:
        raise ValueError("class 0 is none that is outlined for itself")
    return _trace(classes, {code: code for code in codes}, min_area_m2, stop, threads)


def _trace(
    classes: Path,
    marks: Mapping[int, int],
    min_area_m2: float,
    stop: Stop,
    threads: int,
    every: int = 1,
) -> Patches:
    """Outline connected pixels of one mark (1..255) each."""
    facts = read_facts(classes)
    if [band.dtype for band in facts.bands] != ["uint8"]:
        raise RasterError(
            f"No outline can be drawn of {classes}",
            "it is not one band of classes (uint8)",
            "Choose a layer of classes.",
        )
    what = f"Drawing the outline of {classes} failed"
    least = min_area_m2 if ground_of(facts.grid) else 0.0
    with _gdal_failures(what, stop):
        view = ClassView.of(classes, every)
    grid = view.grid(facts.grid)
    rule = MarkRule(marks, _threshold(grid, least))

    def look(rows: range) -> list[HeldMarks]:
        with _gdal_failures(what, stop):
            read = view.read(rows)
        step = max(1, STRIP_PIXELS // max(1, grid.shape[1]))
        return [
            HeldMarks.of(read[row : row + step], rule, rows.start + row, grid.shape[0])
            for row in range(0, len(rows), step)
        ]

    with _together(stop, threads) as each:
        strips = [strip for part in each(look, view.pieces()) for strip in part]
        found = _patches(strips, rule, grid, least, each, stop)
    found.sort(key=lambda patch: (-patch.area, -patch.top_left[1], patch.top_left[0]))
    pixels, unseen, outside = (
        sum(getattr(strip, name) for strip in strips)
        for name in ("pixels", "not_observed", "outside")
    )
    return Patches(grid, tuple(found), pixels, unseen, outside)


def _patches(
    strips: Sequence[HeldMarks],
    rule: MarkRule,
    grid: Grid,
    least: float,
    each: Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]],
    stop: Stop,
) -> list[Patch]:
    """Sieve and trace strips that follow each other."""
    if not any(strip.pixels for strip in strips):
        return []
    sieved = [strip.sieved for strip in strips if strip.sieved is not None]
    if sieved:
        ends = settle_strips(sieved, rule.threshold, grid.shape[1])
        each(lambda number: strips[number].settle(ends[number]), range(len(strips)))
        for strip in strips:
            strip.sieved = None
    found: list[Patch] = []
    for mark in sorted(set(rule.marks.values())):
        edges = each(partial(_edges, strips, mark), range(len(strips)))
        # The area is a sum of rounded numbers.
        found += patches_of(join_strips(edges), grid, mark, stop, least * (1 - 1e-9))
    return found


def _edges(strips: Sequence[HeldMarks], mark: int, number: int) -> StripEdges:
    """Of the lines above a strip's rows; of the last strip also of the line below them."""
    strip = strips[number]
    bits = strip.bits(mark)
    none = np.zeros((1, bits.shape[1]), np.uint8)
    above = strips[number - 1].last[mark][None] if number else none
    below = [none] if number == len(strips) - 1 else []
    return trace_strip(np.concatenate([above, bits, *below]), strip.first_row)


@contextmanager
def _together(
    stop: Stop, threads: int
) -> Iterator[Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]]:
    """A function that does some work for each of several things, and returns the results in order.
    Once one has failed the rest is left.
    """
    # Not concurrent.futures: its threads are joined at exit.
    from multiprocessing.pool import ThreadPool

    pool = ThreadPool(max(1, min(threads, _core_count(), MOST_THREADS)))
    failed = threading.Event()

    def work_on(work: Callable[[Any], Any], thing: Any) -> Any:
        if failed.is_set() or stop():
            raise Cancelled("Drawing an outline")
        done = False
        try:
            result = work(thing)
            done = True
            return result
        finally:
            if not done:
                failed.set()

    try:
        yield lambda work, things: pool.map(partial(work_on, work), things, chunksize=1)
    finally:
        pool.close()
        pool.join()


def _core_count() -> int:
    may = getattr(os, "sched_getaffinity", None)
    return len(may(0)) if may else os.cpu_count() or 1


@contextmanager
def _gdal_failures(what: str, stop: Stop) -> Iterator[None]:
    """GDAL's failures as ours, whether its exceptions are on or off."""

    def failure(why: str) -> FirstLightError:
        if stop():
            return Cancelled(what.removesuffix(" failed"))
        return RasterError(what, why, "Is the raster whole?")

    with local_gdal(), gdal_errors(failure, least=FAILURES, first=True):
        yield


def _threshold(grid: Grid, least: float) -> int:
    """The least number of pixels that can have this area: where pixels differ, the largest
    count.
    """
    if least <= 0:
        return 0
    largest = largest_pixel_m2(grid)
    return min(math.ceil(least / largest - 1e-9), 2**31 - 1) if largest else 0
