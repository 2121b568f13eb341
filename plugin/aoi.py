"""Rectangles and polygons on the map → areas in longitude and latitude."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TypeGuard

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsMapLayer,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas

from ..core.discovery.area import parse_area
from ..core.discovery.coverage import split_at_antimeridian
from ..core.errors import AreaError
from ..core.shapes.circle import circle
from ..core.types import Aoi, Bounds
from .compat import POLYGON_GEOMETRY

SAMPLES = 21
"""Points along each edge, and rows and columns between: a straight edge on the map is a curve in
lon/lat.
"""
MOST_POLYGONS = 2000
"""Number in a layer; joining more of them would hold up the window."""
ELLIPSOID = "EPSG:7030"
"""That of WGS84."""
DIGITS = 15
"""Digits of a coordinate after the point."""


def lonlat_crs() -> QgsCoordinateReferenceSystem:
    """WGS84, the system of every :class:`Aoi`."""
    return QgsCoordinateReferenceSystem("EPSG:4326")


def area_of_canvas(canvas: QgsMapCanvas) -> Aoi:
    """The part of the globe that the map shows now."""
    settings = canvas.mapSettings()
    return area_of_rectangle(
        settings.visibleExtent(), settings.destinationCrs(), settings.transformContext()
    )


def area_of_layer(layer: QgsMapLayer) -> Aoi:
    """The polygons of a layer as one area: the selected ones where some are; of a layer without
    polygons the box around it.

    Raises
    ------
    AreaError
        If it is empty, lies off the globe, or has more than ``MOST_POLYGONS``: the box around them
        would be mapped and counted as if it had been asked for.
    """
    polygons = _polygons(layer)
    if not polygons and _has_polygons(layer) and layer.featureCount() > MOST_POLYGONS:
        raise AreaError(
            f"The layer {layer.name()} cannot be used as an area",
            f"it holds more than {MOST_POLYGONS} polygons",
            "Select some of them, or dissolve the layer first.",
        )
    if not polygons:
        return area_of_rectangle(layer.extent(), layer.crs(), layer.transformContext())
    return area_of_geometry(QgsGeometry.unaryUnion(polygons), layer.crs(), layer.transformContext())


def area_of_selection(layer: QgsMapLayer) -> Aoi:
    """The selected polygons of a layer as one area.

    Raises
    ------
    AreaError
        If none is selected, or they cannot be joined.
    """
    if not isinstance(layer, QgsVectorLayer) or not layer.selectedFeatureCount():
        raise AreaError(
            "The selection cannot be used",
            "no feature is selected in the active layer",
            "Select polygons on the map, or take the whole layer.",
        )
    polygons = _polygons(layer)
    if not polygons:
        raise AreaError(
            f"The selection in {layer.name()} cannot be used",
            f"it holds no polygons, or more than {MOST_POLYGONS}",
            "Select some polygons, or draw the area.",
        )
    return area_of_geometry(QgsGeometry.unaryUnion(polygons), layer.crs(), layer.transformContext())


def area_of_text(text: str, tell: Callable[[str], None] | None = None) -> Aoi:
    """An area that was typed or pasted: see :func:`~..core.discovery.area.parse_area`.

    Raises
    ------
    AreaError
        If it is none.
    """
    return parse_area(text, tell)


def radius_km(middle: QgsPointXY, rim: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> float:
    """The distance of two points of the map along the ellipsoid."""
    measure = QgsDistanceArea()
    measure.setSourceCrs(crs if crs.isValid() else lonlat_crs(), _context(None))
    measure.setEllipsoid(ELLIPSOID)
    try:
        return float(measure.measureLine(middle, rim)) / 1000.0
    except QgsCsException:
        raise _off_the_globe() from None


def area_of_circle(middle: QgsPointXY, rim: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> Aoi:
    """The circle around a point of the map through another one, true on the ellipsoid.

    Raises
    ------
    AreaError
        If it lies off the globe, reaches over a pole, or has no size.
    """
    point = QgsPointXY(middle)
    if crs.isValid() and crs != lonlat_crs():
        try:
            point = QgsCoordinateTransform(crs, lonlat_crs(), _context(None)).transform(middle)
        except QgsCsException:
            raise _off_the_globe() from None
    lon = (point.x() + 180.0) % 360.0 - 180.0
    tree = circle(lon, point.y(), radius_km(middle, rim, crs))
    return Aoi.from_geometry(split_at_antimeridian(tree))


def _has_polygons(layer: QgsMapLayer) -> TypeGuard[QgsVectorLayer]:
    return isinstance(layer, QgsVectorLayer) and layer.geometryType() == POLYGON_GEOMETRY


def _polygons(layer: QgsMapLayer) -> list[QgsGeometry]:
    if not _has_polygons(layer):
        return []
    selected = layer.selectedFeatureCount()
    if (selected or layer.featureCount()) > MOST_POLYGONS:
        return []
    features = layer.getSelectedFeatures() if selected else layer.getFeatures()
    return [feature.geometry() for feature in features if feature.hasGeometry()]


def area_of_geometry(
    geometry: QgsGeometry,
    crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext | None = None,
) -> Aoi:
    """The area of a polygon in any system. See :func:`area_of_rectangle`."""
    west, _, east, _ = lonlat_bounds(geometry.boundingBox(), crs, context)
    polygon = QgsGeometry(geometry) if geometry.isGeosValid() else geometry.makeValid()
    polygon.convertGeometryCollectionToSubclass(POLYGON_GEOMETRY)
    polygon.get().dropZValue()
    if crs.isValid() and crs != lonlat_crs():
        box = polygon.boundingBox()
        polygon = polygon.densifyByDistance(max(box.width(), box.height()) / (SAMPLES - 1))
        try:
            polygon.transform(QgsCoordinateTransform(crs, lonlat_crs(), _context(context)))
        except QgsCsException:
            raise _off_the_globe() from None
    tree = json.loads(polygon.asJson(DIGITS))
    box = polygon.boundingBox()
    across = west > east or box.xMinimum() < -180.0 or box.xMaximum() > 180.0
    return Aoi.from_geometry(split_at_antimeridian(tree) if across else tree)


def _context(context: QgsCoordinateTransformContext | None) -> QgsCoordinateTransformContext:
    return QgsProject.instance().transformContext() if context is None else context


def area_of_rectangle(
    rectangle: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext | None = None,
) -> Aoi:
    """The area of a rectangle in any system.

    Parameters
    ----------
    rectangle : QgsRectangle
        In units of ``crs``.
    crs : QgsCoordinateReferenceSystem
        An invalid one (a project without a system) is taken as lon/lat.
    context : QgsCoordinateTransformContext, optional
        The project's by default.

    Raises
    ------
    AreaError
        If it is empty or lies off the globe.
    """
    return Aoi.from_bounds(*lonlat_bounds(rectangle, crs, context))


def lonlat_bounds(
    rectangle: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    context: QgsCoordinateTransformContext | None = None,
) -> Bounds:
    """West, south, east, north of a rectangle; west > east where it crosses the antimeridian. See
    :func:`area_of_rectangle`.
    """
    if rectangle.isEmpty() or not rectangle.isFinite():
        raise AreaError(
            "The area cannot be used",
            "it is empty",
            "Zoom the map to a place, or draw a rectangle.",
        )
    if not crs.isValid() or crs == lonlat_crs():
        west, east = rectangle.xMinimum(), rectangle.xMaximum()
        return _on_globe(west, rectangle.yMinimum(), east, rectangle.yMaximum())
    transform = QgsCoordinateTransform(crs, lonlat_crs(), _context(context))
    # QgsCoordinateTransform.transformBoundingBox knows either rectangles across the antimeridian or
    # such across Greenwich, not both; so the longitudes are followed here along each row, from
    # point to point, without a jump.
    rows = [_row(transform, rectangle, step / (SAMPLES - 1)) for step in range(SAMPLES)]
    rows = [row for row in rows if row]
    if not rows:
        raise _off_the_globe()
    anchor = rows[0][0][0]
    lons = [lon + 360.0 * round((anchor - row[0][0]) / 360.0) for row in rows for lon, _ in row]
    lats = [lat for row in rows for _, lat in row]
    west, south, east, north = min(lons), min(lats), max(lons), max(lats)
    if _holds_pole(transform, rectangle, 90.0):
        west, east, north = -180.0, 180.0, 90.0
    if _holds_pole(transform, rectangle, -90.0):
        west, east, south = -180.0, 180.0, -90.0
    return _on_globe(west, south, east, north)


def _row(
    transform: QgsCoordinateTransform, rectangle: QgsRectangle, share: float
) -> list[tuple[float, float]]:
    """Lon/lat along one row of the rectangle, longitudes continuous; points off the globe are left
    out.
    """
    y = rectangle.yMinimum() + share * rectangle.height()
    points: list[tuple[float, float]] = []
    for step in range(SAMPLES):
        x = rectangle.xMinimum() + step / (SAMPLES - 1) * rectangle.width()
        try:
            point = transform.transform(QgsPointXY(x, y))
        except QgsCsException:
            continue
        lon, lat = point.x(), point.y()
        if not (math.isfinite(lon) and math.isfinite(lat)):
            continue
        if points:
            lon += 360.0 * round((points[-1][0] - lon) / 360.0)
        points.append((lon, lat))
    return points


def _holds_pole(
    transform: QgsCoordinateTransform, rectangle: QgsRectangle, latitude: float
) -> bool:
    """Tell whether a pole lies inside: every longitude meets there, which no row shows."""
    back = QgsCoordinateTransform(
        transform.destinationCrs(), transform.sourceCrs(), QgsCoordinateTransformContext()
    )
    try:
        point = back.transform(QgsPointXY(0.0, latitude))
        # A projection that draws the pole as a line (plate carrée) gives another point for another
        # longitude.
        other = back.transform(QgsPointXY(90.0, latitude))
    except QgsCsException:
        return False
    return bool(rectangle.contains(point) and point.compare(other, 1.0))


def _on_globe(west: float, south: float, east: float, north: float) -> Bounds:
    """Clamp latitudes, wrap longitudes; a whole turn is the whole globe."""
    if south >= 90.0 or north <= -90.0:
        raise _off_the_globe()
    south, north = max(south, -90.0), min(north, 90.0)
    if east - west >= 360.0 - 1e-9:
        return (-180.0, south, 180.0, north)
    middle = (west + east) / 2.0
    shift = 360.0 * math.floor((middle + 180.0) / 360.0)
    west, east = west - shift, east - shift
    if west < -180.0:
        west += 360.0
    if east > 180.0:
        east -= 360.0
    return (west, south, east, north)


def _off_the_globe() -> AreaError:
    return AreaError(
        "The area cannot be used",
        "it lies off the globe",
        "Zoom the map to a place, or draw a rectangle.",
    )
