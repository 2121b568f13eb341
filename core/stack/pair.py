"""Several stacks of one place as one stack on one grid, so that what follows knows only
one raster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BandStackError, ExtentMismatchError
from ..gdal.crs import crs_name, same_crs
from ..raster.facts import RasterFacts
from ..raster.grid import (
    SNAP,
    finest_pixel,
    grid_over,
    intersect_bounds,
    overlap_rects,
    pixel_text,
    union_bounds,
)
from ..types import BandStack, Bounds, Grid, Unit
from .band_stack import make_stack
from .grid import ALIKE, PlacedBand, place_bands
from .notes import read_notes
from .source import BandSource, extents, open_band, same_size
from .vrt import StackStyle


@dataclass(frozen=True)
class StackPart:
    """One of the stacks, and what is wanted of it."""

    name: str
    """``pre``: its bands are called ``pre.nir``."""
    facts: RasterFacts
    bands: Mapping[str, int]
    """Name → index from 1, of the wanted bands."""
    leads: bool = True
    """Whether its grid and extent count; else it is brought onto the others', and may cover less
    than they do.
    """
    classes: frozenset[str] = frozenset()
    """Names of bands that hold classes although the file does not say so: never interpolated."""


def join_stacks(
    parts: Sequence[StackPart], output: Path, method: str = "bilinear", everything: bool = False
) -> BandStack:
    """Put bands of several stacks on one grid, over the area that all have in common, or over all
    of it.

    It is the grid of the finest leading stack, of the first one among equals, and the area is that
    of the leading ones. Bands come straight from the files of a stack that FirstLight made, so that
    each is interpolated once at most: reflectance by ``method``, classes by nearest neighbour.

    Parameters
    ----------
    parts : sequence of StackPart
        Their order is that of the bands.
    output : Path
        The VRT to write; its folder must exist.
    method : str
        GDAL's name of the resampling method for anything but classes.
    everything : bool
        Over the area of all leading stacks together, no data where one does not reach, not only
        over what they have in common.

    Returns
    -------
    BandStack
        With warnings: which stack was brought onto another's grid, and how much of it is left out.

    Raises
    ------
    ExtentMismatchError
        If they have no area in common; of ``everything``, if one of them lies apart from all
        others.
    BandStackError
        If one cannot be placed, or the stack not be written.
    """
    leaders = [part for part in parts if part.leads]
    names = " and ".join(part.facts.path.name for part in leaders)
    what = (
        f"{names} cannot be compared"
        if len(leaders) > 1
        else f"{names} cannot be put on one grid with what is given beside it"
    )
    grid, warnings = _common_grid(leaders, everything, what)
    opened = [
        open_band(f"{part.name}.{name}", _source(part, name, index), what)
        for part in parts
        for name, index in part.bands.items()
    ]
    bands, moved = place_bands(opened, grid.crs, what)
    return make_stack(bands, grid, output, StackStyle(method), [*warnings, *moved])


def _common_grid(
    leaders: Sequence[StackPart], everything: bool, what: str
) -> tuple[Grid, list[str]]:
    """The grid of the finest stack over the area, and how the others differ from it."""
    placed = _place(leaders, leaders[0].facts.grid.crs, what)
    leading, size = _finest(placed)
    if leading and not same_crs(leaders[leading].facts.grid.crs, leaders[0].facts.grid.crs):
        placed = _place(leaders, leaders[leading].facts.grid.crs, what)
        size = placed[leading].grid.resolution
    bounds = [band.grid.bounds for band in placed]
    common = _all_of(bounds) if everything else intersect_bounds(bounds)
    if common is None:
        where = extents([(part.facts.path.name, band.grid) for part, band in zip(leaders, placed)])
        raise ExtentMismatchError(
            what, f"they have no area in common ({where})", "Choose two stacks of one place."
        )
    grid = grid_over(common, placed[leading].grid, size)
    name = leaders[leading].facts.path.name
    warnings = []
    for index, (part, band) in enumerate(zip(leaders, placed)):
        warnings += _differences(part, band, grid, "" if index == leading else name)
    return grid, warnings


def _all_of(bounds: Sequence[Bounds]) -> Bounds | None:
    """The box around all of them; None where one lies apart from all others."""
    return None if _apart(bounds) else union_bounds(bounds)


def _apart(bounds: Sequence[Bounds]) -> bool:
    """Whether one of them touches none of the others."""
    return any(
        all(
            intersect_bounds([one, other]) is None
            for number, other in enumerate(bounds)
            if number != place
        )
        for place, one in enumerate(bounds)
    )


def _place(parts: Sequence[StackPart], crs: str, what: str) -> list[PlacedBand]:
    return place_bands([open_band(part.name, part.facts.path, what) for part in parts], crs, what)[
        0
    ]


def _finest(placed: Sequence[PlacedBand]) -> tuple[int, tuple[float, float]]:
    """Warped pixels are a little smaller or larger than before: only a tenth counts as finer."""
    return finest_pixel([band.grid for band in placed], ALIKE)


def _differences(part: StackPart, one: PlacedBand, grid: Grid, leading: str) -> list[str]:
    """What a person should know of how a stack lies; ``leading`` is the one whose grid is taken,
    empty for that one itself.
    """
    notes = []
    rects = overlap_rects(one.grid, grid)
    shifted = rects is not None and any(
        abs(v - round(v)) > SNAP for rect in rects for v in (rect.x, rect.y)
    )
    if leading and (one.warped or shifted or not same_size(one.grid, grid)):
        why = "between its pixels"
        if one.warped:
            why = f"in {crs_name(one.opened.crs)}"
        elif not same_size(one.grid, grid):
            why = f"with pixels of {pixel_text(one.grid)} instead of {pixel_text(grid)}"
        how = "Reflectance was interpolated onto that, classes were taken from the nearest pixel"
        if part.classes.issuperset(part.bands):
            how = "Its classes were taken from the nearest pixel"
        notes.append(f"{part.facts.path.name} lies on another grid than {leading}: {why}. {how}")
    share = _surface(grid.bounds) / _surface(one.grid.bounds)
    if share < 0.995 and not one.warped:
        notes.append(
            f"Only what both stacks cover is mapped: {100 * share:.0f} % of {part.facts.path.name}"
        )
    return notes


def _surface(bounds: Bounds) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])


def _source(part: StackPart, name: str, index: int) -> BandSource:
    """The file behind a band where the stack says which it is; else the stack itself."""
    facts = part.facts
    band = facts.bands[index - 1]
    is_class = (
        name in part.classes
        or band.radiometry.unit == Unit.CLASS
        or band.tags.get("resampling") == "nearest"
    )
    path, place = facts.path, index
    if facts.driver == "VRT":
        try:
            noted = read_notes(facts.path, f"Reading {facts.path} failed").bands[index - 1]
        except BandStackError:  # another program's VRT
            return BandSource(path, place, band.radiometry, None, is_class)
        if noted.pointer is not None and noted.pointer.is_file():
            path = noted.pointer
            place = (
                noted.index if noted.pointer.resolve() == noted.source.resolve() else 1
            )  # else a nested VRT of one band
    return BandSource(path, place, band.radiometry, None, is_class)
