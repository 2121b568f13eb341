"""Patches that hold enough seeds: the second phase of a classification that finds in one pass and
grows in the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, RasterError
from ..raster.classes import NOT_OBSERVED
from ..raster.grid import Window
from ..raster.pixel_area import Ground, ground_of
from ..raster.reader import RasterReader
from .area_pixels import AreaPixels
from .runs import IntArray, Runs, count_in_runs, find_runs, join_runs, label_runs, paint_runs

STRIP_ROWS = 512


@dataclass(frozen=True)
class PatchRule:
    """A rule for the patches that are kept."""

    seed: int
    """Code of seeds; pixels with a code from 1 to this one are of patches."""
    seed_share: float
    """0..1: the least share of seeds among a patch's pixels; one seed at least."""
    min_area_m2: float
    """The least area; 0 keeps every patch."""


@dataclass(frozen=True, eq=False)
class SeededPatches:
    """The patches of a raster of marks that are kept."""

    runs: Runs
    kept: int
    too_small: int
    """Patches with enough seeds, but below the least area."""
    too_small_m2: float

    def paint(self, marks: npt.NDArray[np.uint8], row: int) -> npt.NDArray[np.uint8]:
        """1 for pixels of kept patches, 0 for others, 255 where ``marks``, whose first row is
        ``row``, has 255.
        """
        result = paint_runs(self.runs, row, (marks.shape[0], marks.shape[1])).astype(np.uint8)
        result[marks == NOT_OBSERVED] = NOT_OBSERVED
        return result


def find_patches(
    reader: RasterReader,
    rule: PatchRule,
    stop: Callable[[], bool],
    area: AreaPixels | None = None,
) -> SeededPatches:
    """Tell the patches of a raster of marks apart.

    Patches are connected along edges and across corners, over the whole raster. GDAL's sieve knows
    no seeds, and would fill holes; here a pixel that was not marked never becomes part of a patch.
    Memory: about 100 bytes for each run of marked pixels in a row.

    Parameters
    ----------
    reader : RasterReader
        Of one band of uint8.
    stop : callable
        Asked for each strip.
    area : AreaPixels, optional
        Only patches that reach into it are kept and counted.

    Raises
    ------
    RasterError
        If it cannot be read, or areas are asked for where there is no reference system.
    Cancelled
        If ``stop``.
    """
    rows, cols = reader.facts.grid.shape
    parts: list[Runs] = []
    seeds: list[IntArray] = [np.zeros(0, np.int64)]
    inside: list[IntArray] = [np.zeros(0, np.int64)]
    ground_area = _ground(reader, rule)
    for row in range(0, rows, STRIP_ROWS):
        if stop():
            raise Cancelled("Telling patches apart")
        count = min(STRIP_ROWS, rows - row)
        window = Window(row, 0, count, cols)
        codes = reader.read_stored(1, window)
        strip_runs = find_runs((codes > 0) & (codes <= rule.seed), row)
        parts.append(strip_runs)
        seeds.append(count_in_runs(codes == rule.seed, strip_runs, row))
        if area is not None:
            inside.append(count_in_runs(area.inside(window), strip_runs, row))
    runs = join_runs(parts)
    labels = label_runs(runs)
    pixels = np.bincount(labels, runs.pixels)
    planted = np.bincount(labels, np.concatenate(seeds))
    ground: npt.NDArray[Any] = np.zeros(len(pixels))
    if ground_area is not None:
        areas = ground_area.rectangles((runs.row, runs.row + 1), (runs.start, runs.stop))
        ground = np.bincount(labels, areas)
    enough = (planted > 0) & (planted >= rule.seed_share * pixels)
    if area is not None:
        enough &= np.bincount(labels, np.concatenate(inside)) > 0
    large = ground >= rule.min_area_m2 * (1 - 1e-9)  # the area is a sum of rounded numbers
    chosen = (enough & large)[labels]
    small = enough & ~large
    kept = Runs(runs.row[chosen], runs.start[chosen], runs.stop[chosen])
    return SeededPatches(
        kept, int((enough & large).sum()), int(small.sum()), float(ground[small].sum())
    )


def _ground(reader: RasterReader, rule: PatchRule) -> Ground | None:
    """Areas of the raster's pixels; None where nobody asks for them and they are not known."""
    ground = ground_of(reader.facts.grid)
    if ground is None and rule.min_area_m2 > 0:
        why = "the map has no reference system, so that nobody knows how large a pixel is"
        if reader.facts.grid.crs:
            why = "a part of the map has no place on earth, so that nobody knows its pixels' size"
        raise RasterError("Small patches cannot be left out", why, "Give a least area of 0.")
    return ground
