"""The grid of a stack: one over its finest bands, and where each band lies in the stack's
coordinate system.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import ExtentMismatchError, ResolutionError
from ..gdal.crs import crs_name, is_geographic, same_crs, unit_of
from ..raster.grid import (
    SNAP,
    coarser_axes,
    finest_pixel,
    grid_over,
    intersect_bounds,
    pixel_text,
    union_bounds,
)
from ..types import Bounds, Grid
from .source import GCPS_ONLY, OpenedBand, extents
from .warp import source_positions, suggest_grid

ALIKE = 0.1
"""Warped pixels are a little larger or smaller than before: up to this share they count as of one
size.
"""
ON_LINES = 0.05
"""Share of a pixel by which a band may lie beside the lines of the first one and still be taken as
on them: coordinates that were written with few digits. A judgement.
"""
MOST_PIXELS = 2**31 - 1
"""GDAL counts rows and columns in 32 bits."""


@dataclass(frozen=True)
class PlacedBand:
    """A band, and where it lies in the stack's coordinate system."""

    opened: OpenedBand
    grid: Grid
    """Its own, or the one that it fills when it is warped."""
    warped: bool
    """Its own pixels lie otherwise."""

    @property
    def name(self) -> str:
        """Name of the band."""
        return self.opened.name


def place_bands(
    opened: Sequence[OpenedBand], crs: str, what: str
) -> tuple[list[PlacedBand], list[str]]:
    """Bring all bands into one coordinate system.

    Returns
    -------
    list of PlacedBand
        In the order given.
    list of str
        Warnings: which bands are to be warped, from where to where.

    Raises
    ------
    CRSMismatchError
        If a band cannot be warped there.
    """
    placed: list[PlacedBand] = []
    moved: dict[str, list[str]] = {}
    crooked: dict[str, list[str]] = {}
    for one in opened:
        foreign = not same_crs(one.crs, crs)
        if foreign:
            moved.setdefault(crs_name(one.crs), []).append(one.name)
        if one.crooked:
            crooked.setdefault(one.crooked, []).append(one.name)
        if foreign or one.crooked:
            placed.append(PlacedBand(one, suggest_grid(one, crs, what), True))
        else:
            placed.append(
                PlacedBand(one, Grid(crs, one.facts.grid.transform, one.facts.grid.shape), False)
            )
    placed = _put_on_lines(placed)
    first = [
        f", the coordinate system of band '{one.name}'" for one in opened if same_crs(one.crs, crs)
    ]
    target = f"{crs_name(crs)}{first[0] if first else ''}"
    warnings = [f"{_were(names)} warped from {name} to {target}" for name, names in moved.items()]
    for reason, names in crooked.items():
        if reason == GCPS_ONLY:
            # ground range displacement is height / tan(incidence angle), and Sentinel-1's is 29 to
            # 46 degrees
            warnings.append(
                f"{_were(names)} warped to {crs_name(crs)} by ground control points, without "
                "terrain correction. Mountains are out of place by once or twice their height"
            )
        else:
            warnings.append(f"{_were(names)} warped to a north-up grid: the pixels lie {reason}")
    return placed, warnings


def _put_on_lines(placed: Sequence[PlacedBand]) -> list[PlacedBand]:
    """Bands that lie a trifle beside the lines of the first one, as if they lay on them: their
    pixels are then taken as they are.
    """
    lead = next((one.grid for one in placed if not one.warped), None)
    if lead is None:
        return list(placed)
    moved = []
    for one in placed:
        shift = beside_lines(one.grid, lead)
        if not one.warped and any(SNAP < abs(part) <= ON_LINES for part in shift):
            width, height = (min(a, b) for a, b in zip(one.grid.resolution, lead.resolution))
            a, b, left, d, e, top = one.grid.transform
            x, y = (part if abs(part) <= ON_LINES else 0.0 for part in shift)
            place = (a, b, left - x * width, d, e, top - y * height)
            one = replace(one, grid=replace(one.grid, transform=place))
        moved.append(one)
    return moved


def beside_lines(grid: Grid, lead: Grid) -> tuple[float, float]:
    """How far the corner of a grid lies from the nearest lines of another one, right and up, in
    pixels of the finer of the two.
    """
    sizes = [min(a, b) for a, b in zip(grid.resolution, lead.resolution)]
    x = (grid.transform[2] - lead.transform[2]) / sizes[0]
    y = (grid.transform[5] - lead.transform[5]) / sizes[1]
    return x - round(x), y - round(y)


def _were(names: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"Band {quoted} was" if len(names) == 1 else f"Bands {quoted} were"


def stack_grid(
    placed: Sequence[PlacedBand], mode: str, target_resolution: float | None, what: str
) -> Grid:
    """The grid of the finest band, over the extent of all bands that are as fine; of oblong pixels
    the finest in each direction.

    Not over the extent of all: a coarse band that reaches further (other products, windows cut
    separately) would surround the fine ones with nodata. Warped bands are fitted to those that are
    not: a warped one that is finer makes the pixels smaller, but neither moves nor widens the grid,
    since its own is slanted in the new system.

    Parameters
    ----------
    mode : str
        ``resample`` or ``intersect``.
    target_resolution : float or None
        In the unit of the coordinate system.

    Raises
    ------
    ExtentMismatchError
        If a band lies elsewhere.
    ResolutionError
        If the wanted pixels are too large or too small.
    """
    leading = [band for band in placed if not band.warped] or list(placed)
    index, size = finest_pixel([band.grid for band in leading])
    finest = leading[index].grid
    resolution = _pixel_size(placed, size, target_resolution, what)
    if mode == "intersect":
        bounds = _common_bounds(placed, what)
    else:
        bounds = union_bounds([band.grid.bounds for band in leading if _alike(band, finest, size)])
    if target_resolution is not None:
        _check_resolution(target_resolution, finest, bounds, what)
    grid = grid_over(bounds, finest, resolution)
    check_overlap(placed, grid, finest, what)
    return grid


def _pixel_size(
    placed: Sequence[PlacedBand],
    finest: tuple[float, float],
    target_resolution: float | None,
    what: str,
) -> tuple[float, float]:
    """Width and height of the stack's pixels in the unit of the coordinate system."""
    if target_resolution is not None:
        if not target_resolution > 0:
            raise ResolutionError(
                what,
                f"the resolution {target_resolution:g} is not above zero",
                "Give the size of a pixel, as 10.",
            )
        return (target_resolution, target_resolution)
    x, y = (_finer_side(placed, axis, finest[axis]) for axis in (0, 1))
    return x, y


def _finer_side(placed: Sequence[PlacedBand], axis: int, finest: float) -> float:
    """Side of the stack's pixels in one direction: rounded that of a warped band, if it is finer
    than those that are not.
    """
    slanted = min((band.grid.resolution[axis] for band in placed if band.warped), default=math.inf)
    return float(f"{slanted:.2g}") if slanted < (1 - ALIKE) * finest else finest


def _common_bounds(placed: Sequence[PlacedBand], what: str) -> Bounds:
    bounds = intersect_bounds([band.grid.bounds for band in placed])
    if bounds is None:
        grids = extents([(band.name, band.grid) for band in placed])
        raise ExtentMismatchError(
            what, f"the bands have no area in common ({grids})", "Are they of one scene?"
        )
    return bounds


def check_overlap(placed: Sequence[PlacedBand], grid: Grid, finest: Grid, what: str) -> None:
    """Each band has an area in common with the stack, and with its finest band.

    Raises
    ------
    ExtentMismatchError
        If one has not.
    """
    for one in placed:
        if not _touches(one, grid) or intersect_bounds([one.grid.bounds, finest.bounds]) is None:
            where = extents([(one.name, one.grid) for one in placed])
            why = f"band '{one.name}' does not overlap the others ({where})"
            other = next(
                (two for two in placed if not same_crs(two.opened.crs, one.opened.crs)), None
            )
            if other is not None:
                names = (
                    f"{other.name}={crs_name(other.opened.crs)}, "
                    f"{one.name}={crs_name(one.opened.crs)}"
                )
                why = (
                    f"CRS mismatch between bands ({names}), and warped to "
                    f"{crs_name(grid.crs)}, {why}"
                )
            raise ExtentMismatchError(what, why, "Is it of this scene?")


def _alike(band: PlacedBand, finest: Grid, size: tuple[float, float]) -> bool:
    """Tell whether a band's pixels are as fine as those of the finest band."""
    tolerance = ALIKE if band.warped else SNAP
    return coarser_axes(band.grid, size, tolerance) <= coarser_axes(finest, size, tolerance)


def _check_resolution(
    wanted: float, like: Grid, bounds: tuple[float, float, float, float], what: str
) -> None:
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    unit = f"the unit of {crs_name(like.crs)}"
    if wanted > max(width, height):
        raise ResolutionError(
            what,
            f"pixels of {wanted:g} (in {unit}) are larger than the whole stack of {width:.6g} × "
            f"{height:.6g}",
            f"The bands have {pixel_text(like)}: choose a resolution near that.",
        )
    if max(width, height) / wanted > MOST_PIXELS:
        raise ResolutionError(
            what,
            f"pixels of {wanted:g} (in {unit}) would make more than {MOST_PIXELS} rows or columns",
            f"The bands have {pixel_text(like)}: choose a resolution near that.",
        )


def _touches(one: PlacedBand, grid: Grid) -> bool:
    if intersect_bounds([one.grid.bounds, grid.bounds]) is None:
        return False
    return (
        not one.warped
        or covered_share(one, grid) > 0
        or any(_inside(p, one, grid) for p in lattice(one.grid))
    )


def _inside(place: tuple[float, float], one: PlacedBand, grid: Grid) -> bool:
    """Tell whether a place of the band's warped grid lies in its file and in the stack."""
    x = one.grid.transform[2] + place[0] * one.grid.transform[0]
    y = one.grid.transform[5] + place[1] * one.grid.transform[4]
    left, bottom, right, top = grid.bounds
    return (
        left < x < right
        and bottom < y < top
        and source_positions(one.opened, one.grid, [place])[0] is not None
    )


def covered_share(one: PlacedBand, grid: Grid) -> float:
    """Share of the stack (0..1) that a band reaches: by its bounds, or at 441 places where it is
    warped.
    """
    if not one.warped:
        common = intersect_bounds([one.grid.bounds, grid.bounds])
        return _surface(common) / _surface(grid.bounds) if common else 0.0
    found = source_positions(one.opened, grid, lattice(grid))
    return sum(place is not None for place in found) / len(found)


def _surface(bounds: tuple[float, float, float, float]) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])


def lattice(grid: Grid, count: int = 21) -> list[tuple[float, float]]:
    """Evenly spaced (col, row) in the middle of pixels, the outermost ones among them."""
    rows, cols = grid.shape
    return [
        (0.5 + (cols - 1) * i / (count - 1), 0.5 + (rows - 1) * j / (count - 1))
        for j in range(count)
        for i in range(count)
    ]


def group_by_resolution(placed: Sequence[PlacedBand]) -> list[list[PlacedBand]]:
    """Bands whose pixels are of one size, the finest first; the order within a group stays."""
    groups: list[list[PlacedBand]] = []
    for one in sorted(
        placed, key=lambda one: math.prod(one.grid.resolution)
    ):  # sorted() keeps the order of equals
        group = next((group for group in groups if _one_size(one.grid, group[0].grid)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    order = {one.name: number for number, one in enumerate(placed)}
    return [sorted(group, key=lambda one: order[one.name]) for group in groups]


def _one_size(grid: Grid, finest: Grid) -> bool:
    """Tell whether pixels are about as large as finer ones, in each direction."""
    return not (
        coarser_axes(grid, finest.resolution, ALIKE) or coarser_axes(finest, grid.resolution, ALIKE)
    )


def resolution_name(grid: Grid) -> str:
    """The pixel size for a file's name: ``20m``, ``10x20m``, ``0.0002deg``."""
    unit = "deg" if is_geographic(grid.crs) else "m" if unit_of(grid.crs)[1] == 1.0 else "units"
    return f"{pixel_text(grid, 4).replace(' × ', 'x')}{unit}"
