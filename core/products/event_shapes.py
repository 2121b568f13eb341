"""The outlines of a mapped event in longitude and latitude: what happened, what was not observed,
the area that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..algorithms.kernel import NOT_OBSERVED
from ..enums import StrEnum
from ..raster.facts import read_facts
from ..raster.pixel_area import ground_of, pixel_area_m2
from ..shapes.footprint import footprint
from ..shapes.geopackage import read_layer
from ..shapes.lonlat import lonlat_area, lonlat_outline, outside_of
from ..shapes.outlines import simplify_together
from ..shapes.patches import MOST_THREADS, trace_patches
from ..types import Aoi, format_time
from .event_record import EventRecord
from .perimeter import PATCHES

Geometry = Mapping[str, Any]
"""GeoJSON Polygon or MultiPolygon."""
Stop = Callable[[], bool]


class ShapeKind(StrEnum):
    """What a shape stands for."""

    EXTENT = "extent"
    NOT_OBSERVED = "not_observed"
    AREA = "area_of_interest"


@dataclass(frozen=True)
class EventShape:
    """One shape of the event."""

    kind: ShapeKind
    geometry: Geometry
    area_ha: float | None = None
    """Counted in pixels."""
    values: Mapping[str, Any] = field(default_factory=dict)


def read_extent(perimeter: Path) -> list[EventShape]:
    """The patches of an outline, the largest first.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    names = ("patch", "area_ha", "date", "sensor", "method")
    crs, rows = read_layer(perimeter, PATCHES, names)
    shapes = []
    for wkb, values in rows:
        geometry = lonlat_outline(wkb, crs)
        if geometry is not None:
            shapes.append(EventShape(ShapeKind.EXTENT, geometry, values["area_ha"], values))
    return shapes


def trace_unseen(
    classes: Path,
    stop: Stop,
    least_ha: float = 0.0,
    simplify_px: float = 0.0,
    threads: int = MOST_THREADS,
) -> list[EventShape]:
    """What a map did not observe, the largest first.

    Parameters
    ----------
    least_ha : float
        Smaller patches are left out; 0 keeps every pixel.
    simplify_px : float
        The farthest that the outlines may be moved, in pixels.
    threads : int
        The most that compute.

    Raises
    ------
    RasterError, Cancelled
        As :func:`~..shapes.patches.trace_patches`.
    """
    patches = trace_patches(classes, (NOT_OBSERVED,), 0.0, stop, threads=threads)
    known = ground_of(patches.grid) is not None
    found = [one for one in patches.found if not known or one.area >= least_ha * 1e4]
    outlines = [one.outline for one in found]
    if simplify_px and outlines:
        tolerance = simplify_px * min(patches.grid.resolution)
        outlines = list(simplify_together(outlines, tolerance) or outlines)
    shapes = []
    for outline, patch in zip(outlines, found):
        geometry = lonlat_outline(outline, patches.grid.crs)
        if geometry is not None:
            area = patch.area / 1e4 if known else None
            shapes.append(EventShape(ShapeKind.NOT_OBSERVED, geometry, area))
    return shapes


def area_shape(area: Aoi) -> EventShape | None:
    """The area that was asked for."""
    geometry = lonlat_area(area.geometry)
    if geometry is None:
        return None
    return EventShape(ShapeKind.AREA, geometry, area.area_km2 * 100)


def beyond_map(area: Aoi, classes: Path) -> EventShape | None:
    """The part of the area that lies outside of a map: not observed either; None where the map
    covers all of it, to within a pixel.
    """
    grid = read_facts(classes).grid
    rows, cols = grid.shape
    outline, pixel = footprint(grid), pixel_area_m2(grid, rows // 2, 1)
    left = outside_of(area.geometry, outline[0]) if outline else None
    if left is None or pixel is None:
        return None
    size = Aoi.from_geometry(left).area_km2 * 1e6
    if size <= 2 * (rows + cols) * pixel:  # slivers along its edge
        return None
    return EventShape(ShapeKind.NOT_OBSERVED, left, size / 1e4)


def shape_name(record: EventRecord, shape: EventShape) -> str:
    """For people: ``Burned 1: 259.3 ha``."""
    area = "" if shape.area_ha is None else f": {shape.area_ha:.1f} ha"
    if shape.kind is ShapeKind.AREA:
        return f"Area of interest{area}"
    if shape.kind is ShapeKind.NOT_OBSERVED:
        return f"Not observed{area}"
    number = shape.values.get("patch")
    return f"{record.extent.heading}{'' if number is None else f' {number}'}{area}"


def newest_time(record: EventRecord) -> str:
    """Time of the newest scene that the quoted map is made from; of one that is made from other
    maps, the newest of all.
    """
    after = [source for source in record.sources if not source.before]
    own = [source for source in after if source.id in record.extent.scenes]
    return format_time(max((source.time for source in own or after), default=record.time))
