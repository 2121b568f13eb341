"""Sums of what lies under an extent: land cover, people, buildings, roads; for the whole area and
for each district.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled
from ..gdal.bounds import moved_bounds
from ..gdal.crs import LONLAT
from ..gdal.projection import project_points
from ..raster.grid import Window, split_windows
from ..raster.reader import RasterReader
from ..shapes.features import Feature, Shape
from ..types import Grid
from .extent import ExtentMap, covers, pixel_areas
from .lattice import Floats, Masses, cells, cut

AFFECTED, UNSEEN, INSIDE = range(3)
TILE = 256
"""Pixels a side of a layer that are summed at once."""
STRIP = 2048
"""And of the extent itself."""
TINY = 1e-9
"""Shares below are what sums of floating numbers leave over."""
NO_CLASS = -(2**31)
"""Stands for what a map of land cover leaves open."""
EARTH = (6378137.0, 6356752.314245)
"""Half axes of WGS84, metres."""


@dataclass
class Parts:
    """An amount (square metres, people, metres, buildings), by what is known of it."""

    affected: float = 0.0
    unseen: float = 0.0
    """Where nothing was observed."""
    total: float = 0.0
    """In the area that is looked at."""

    def add(self, amounts: Sequence[float] | Floats) -> None:
        """Add affected, not observed and total."""
        self.affected += float(amounts[AFFECTED])
        self.unseen += float(amounts[UNSEEN])
        self.total += float(amounts[INSIDE])

    def to_dict(self, factor: float, unit: str) -> dict[str, Any]:
        """JSON-ready."""
        observed = self.total - self.unseen
        share = 100 * self.affected / observed if observed > TINY * max(self.total, 1) else None
        return {
            f"affected{unit}": self.affected * factor,
            f"not_observed{unit}": self.unseen * factor,
            f"total{unit}": self.total * factor,
            "affected_percent_of_observed": share,
        }


@dataclass
class People(Parts):
    """People, spread evenly within each pixel of their grid."""

    least: float = 0.0
    """All who are not in pixels that are affected whole might live in their dry part."""
    most: float = 0.0
    """All in pixels that are affected in part might live in that part."""
    unknown_m2: float = 0.0
    """Affected ground of which the grid says nothing."""


@dataclass
class Zone:
    """The whole area, or a district."""

    name: str
    area: Parts = field(default_factory=Parts)
    cover: dict[int, Parts] = field(default_factory=dict)
    """Land cover by its code."""
    people: People = field(default_factory=People)
    buildings: Parts = field(default_factory=Parts)
    buildings_m2: Parts = field(default_factory=Parts)
    roads_m: Parts = field(default_factory=Parts)


def sum_area(extent: ExtentMap, zone: Zone) -> None:
    """Add the areas of an extent to a zone."""
    zone.area.add(_areas_of(extent))


def _areas_of(extent: ExtentMap) -> list[float]:
    """Affected, not observed and inside, square metres."""
    sums = np.zeros(3)
    for window in split_windows(extent.grid.shape, STRIP):
        sums += (extent.layers_in(window) * pixel_areas(extent.grid, window)).sum(axis=(1, 2))
    return [float(one) for one in sums]


def sum_cover(extent: ExtentMap, path: Path, zone: Zone, stop: Callable[[], bool]) -> None:
    """Add the areas of each class of land cover.

    Raises
    ------
    RasterError, Cancelled
    """
    left = Parts(*_areas_of(extent))
    whole = left.total
    with RasterReader(path) as reader:
        for window, shares in _shares(extent, reader.grid, stop):
            codes = reader.read(1, window)
            ground = shares * pixel_areas(reader.grid, window)
            known = np.where(np.isfinite(codes), codes, NO_CLASS).astype(np.int64)
            for code in np.unique(known[shares[INSIDE] > TINY]):
                amounts = ground[:, known == code].sum(axis=1)
                zone.cover.setdefault(int(code), Parts()).add(amounts)
                left.add(-amounts)
    if left.total > 1e-6 * whole:
        beside = zone.cover.setdefault(NO_CLASS, Parts())  # the layer does not reach there
        beside.add(np.maximum([left.affected, left.unseen, left.total], 0.0))


def sum_people(
    extent: ExtentMap, path: Path, density: bool, zone: Zone, stop: Callable[[], bool]
) -> None:
    """Add people, by the exact share of each pixel of a grid of them.

    Parameters
    ----------
    density : bool
        The grid holds people for each square kilometre, not for each pixel.

    Raises
    ------
    RasterError, Cancelled
    """
    people, known_m2 = zone.people, 0.0
    with RasterReader(path) as reader:
        for window, shares in _shares(extent, reader.grid, stop):
            count = reader.read(1, window).astype(np.float64)
            areas = pixel_areas(reader.grid, window)
            known = np.isfinite(count) & (count >= 0)
            count = np.where(known, count * areas / 1e6 if density else count, 0.0)
            people.add((shares * count).sum(axis=(1, 2)))
            people.least += float(count[shares[AFFECTED] > 1 - 1e-6].sum())
            people.most += float(count[shares[AFFECTED] > 1e-6].sum())
            known_m2 += float((shares[AFFECTED] * areas)[known].sum())
    unknown_m2 = _areas_of(extent)[AFFECTED] - known_m2
    people.unknown_m2 += unknown_m2 if unknown_m2 > 1e-6 * known_m2 else 0.0


def _shares(
    extent: ExtentMap, grid: Grid, stop: Callable[[], bool]
) -> Iterator[tuple[Window, Floats]]:
    """Windows of another grid, and the exact shares of its pixels that are affected, not observed
    and inside, (3, rows, cols).
    """
    reach = _reach(extent.grid, grid)
    if reach is None:
        return
    for tile in split_windows((reach.rows, reach.cols), TILE):
        if stop():
            raise Cancelled("Summing what lies under the extent")
        window = Window(tile.row + reach.row, tile.col + reach.col, tile.rows, tile.cols)
        rows, cols = np.mgrid[0 : tile.rows + 1, 0 : tile.cols + 1].astype(np.float64)
        x, y = _corners(grid, window, rows, cols)
        if grid.crs != extent.grid.crs:
            x, y = (
                part.reshape(rows.shape) for part in project_points(grid.crs, extent.grid.crs, x, y)
            )
        col, row = extent.to_pixels(x, y)
        part = _window_of(row, col, extent.grid.shape)
        shares: Floats = np.zeros((3, tile.rows, tile.cols))
        if part is not None:
            top, left = part.row, part.col
            layers = extent.layers_in(part)
            # Places that the other system does not have lie far away.
            away = ~(np.isfinite(col) & np.isfinite(row))
            col, row = np.where(away, -1e6, col), np.where(away, -1e6, row)
            mass, size = Masses(layers).in_cells(col - left, row - top)
            broken = away[1:, 1:] | away[:-1, 1:] | away[1:, :-1] | away[:-1, :-1]
            shares = np.where(broken | (size <= 0), 0.0, mass / np.maximum(size, 1e-300))
        if (shares[INSIDE] > TINY).any():
            yield window, np.clip(shares, 0.0, 1.0)


def _corners(grid: Grid, window: Window, rows: Floats, cols: Floats) -> tuple[Floats, Floats]:
    a, b, c, d, e, f = grid.transform
    col, row = cols + window.col, rows + window.row
    return a * col + b * row + c, d * col + e * row + f


def _reach(extent: Grid, grid: Grid) -> Window | None:
    """The window of a grid under the box of an extent, a pixel wider."""
    left, bottom, right, top = moved_bounds(extent, grid.crs, grid.bounds)
    a, b, c, d, e, f = grid.transform
    size = a * e - b * d
    xs, ys = np.array([left, right, right, left]), np.array([top, top, bottom, bottom])
    cols, rows = (e * (xs - c) - b * (ys - f)) / size, (a * (ys - f) - d * (xs - c)) / size
    return _window_of(rows, cols, grid.shape, 1)


def _window_of(rows: Floats, cols: Floats, shape: tuple[int, int], pad: int = 0) -> Window | None:
    rows, cols = rows[np.isfinite(rows)], cols[np.isfinite(cols)]
    if not rows.size or not cols.size:
        return None
    row, col = max(0, math.floor(rows.min()) - pad), max(0, math.floor(cols.min()) - pad)
    high = min(shape[0], math.ceil(rows.max()) + pad) - row
    wide = min(shape[1], math.ceil(cols.max()) + pad) - col
    return Window(row, col, high, wide) if high > 0 and wide > 0 else None


@dataclass(frozen=True)
class Hit:
    """A feature under the extent, and how much of it."""

    feature: Feature
    amounts: tuple[float, float, float]
    """Affected, not observed and in all: shares of a building or point, metres of a line."""
    zone: int
    """The district of most of it; -1 for none."""
    area_m2: float = 0.0


def measure(
    extent: ExtentMap,
    features: Iterable[Feature],
    districts: npt.NDArray[np.int32] | None,
) -> Iterator[Hit]:
    """Tell of each feature how much of it is affected, not observed, and inside.

    Parameters
    ----------
    districts : ndarray of int32, (rows, cols), optional
        Number of the district of each pixel, -1 for none.
    """
    for feature in features:
        if feature.shape is Shape.POLYGON:
            hit = _measure_polygon(extent, feature, districts)
        elif feature.shape is Shape.LINE:
            hit = _measure_line(extent, feature, districts)
        else:
            hit = _measure_points(extent, feature, districts)
        if hit is not None:
            yield hit


def _measure_polygon(
    extent: ExtentMap, feature: Feature, districts: npt.NDArray[np.int32] | None
) -> Hit | None:
    amounts, whole, votes = np.zeros(3), 0.0, _Votes()
    for window, share in covers(extent, feature):
        rows = slice(window.row, window.row + window.rows)
        cols = slice(window.col, window.col + window.cols)
        ground = share * pixel_areas(extent.grid, window)
        whole += float(ground.sum())
        amounts += [float((one[rows, cols] * ground).sum()) for one in extent.each]
        if districts is not None:
            votes.add(districts[rows, cols].ravel(), (extent.inside[rows, cols] * ground).ravel())
    if whole <= 0 or amounts[INSIDE] <= TINY * whole:
        return None
    shares = amounts / whole
    return Hit(feature, (shares[0], shares[1], shares[2]), votes.winner(), whole)


def _measure_line(
    extent: ExtentMap, feature: Feature, districts: npt.NDArray[np.int32] | None
) -> Hit | None:
    amounts, votes = np.zeros(3), _Votes()
    for (part,) in feature.parts:
        col, row = extent.to_pixels(*part)
        pieces = cut((col[:-1], col[1:]), (row[:-1], row[1:]))
        at_row, at_col, on = cells(pieces, extent.grid.shape)
        metres = _lengths(*part, extent.grid.crs)[pieces.segment] * pieces.share * on
        amounts += [float((one[at_row, at_col] * metres).sum()) for one in extent.each]
        if districts is not None:
            votes.add(districts[at_row, at_col], metres)
    if amounts[INSIDE] <= 0:
        return None
    return Hit(feature, (amounts[0], amounts[1], amounts[2]), votes.winner())


def _measure_points(
    extent: ExtentMap, feature: Feature, districts: npt.NDArray[np.int32] | None
) -> Hit | None:
    """Points are where they are: in one pixel, whole."""
    x, y = feature.corners
    col, row = (np.floor(part) for part in extent.to_pixels(x, y))
    on = (row >= 0) & (row < extent.grid.shape[0]) & (col >= 0) & (col < extent.grid.shape[1])
    if not on.any():
        return None
    at = row[on].astype(np.intp)[0], col[on].astype(np.intp)[0]
    amounts = [float(one[at]) for one in extent.each]
    if amounts[INSIDE] <= 0:
        return None
    zone = -1 if districts is None else int(districts[at])
    return Hit(feature, (amounts[0], amounts[1], amounts[2]), zone)


class _Votes:
    """Which district most of a feature lies in."""

    def __init__(self) -> None:
        self._weights: dict[int, float] = {}

    def add(self, numbers: npt.NDArray[np.int32], weights: Floats) -> None:
        for number in np.unique(numbers):
            weight = float(weights[numbers == number].sum())
            self._weights[int(number)] = self._weights.get(int(number), 0.0) + weight

    def winner(self) -> int:
        best = max(self._weights.items(), key=lambda pair: pair[1], default=(-1, 0.0))
        return best[0] if best[1] > 0 else -1


def _lengths(x: Floats, y: Floats, crs: str) -> Floats:
    """Lengths on the ground of the segments of a line, metres: chords through the ellipsoid, which
    a hundred kilometres make 1e-5 shorter.
    """
    lon, lat = np.radians(np.stack(project_points(crs, LONLAT, x, y)))
    major, minor = EARTH
    squared = 1 - (minor / major) ** 2
    normal = major / np.sqrt(1 - squared * np.sin(lat) ** 2)
    places = np.stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - squared) * np.sin(lat),
        ]
    )
    lengths = np.linalg.norm(np.diff(places, axis=1), axis=0)
    return np.where(np.isfinite(lengths), lengths, 0.0)


def add_building(hit: Hit, zones: Iterable[Zone]) -> None:
    """Count a building: as affected where any part of it is, as not observed where none is known to
    be and a part was not seen.
    """
    affected = hit.amounts[AFFECTED] > 1e-6
    unseen = not affected and hit.amounts[UNSEEN] > 1e-6
    for zone in zones:
        zone.buildings.add([float(affected), float(unseen), 1.0])
        zone.buildings_m2.add([share * hit.area_m2 for share in hit.amounts])


def add_road(hit: Hit, zones: Iterable[Zone]) -> None:
    """Add the metres of a road."""
    for zone in zones:
        zone.roads_m.add(hit.amounts)


def district_numbers(extent: ExtentMap, districts: Mapping[int, Feature]) -> npt.NDArray[np.int32]:
    """The district that covers most of each pixel, -1 where none does."""
    numbers = np.full(extent.grid.shape, -1, np.int32)
    best = np.zeros(extent.grid.shape, np.float32)
    for number, feature in districts.items():
        for window, share in covers(extent, feature):
            part = (
                slice(window.row, window.row + window.rows),
                slice(window.col, window.col + window.cols),
            )
            more = share > best[part]
            numbers[part][more] = number
            best[part][more] = share[more]
    return numbers
