"""Shapes in longitude and latitude as geometries of the map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)

from .aoi import lonlat_crs

SEGMENTS = 32
"""Pieces of an edge as long as the shape: straight in lon/lat is curved on most maps."""


def polygons(geometry: Mapping[str, Any]) -> list[list[list[list[float]]]]:
    """Rings of each polygon of a GeoJSON geometry: lists of lon, lat."""
    parts: list[Any] = geometry["coordinates"]
    return [parts] if geometry["type"] == "Polygon" else parts


def on_map(
    geometry: Mapping[str, Any], crs: QgsCoordinateReferenceSystem, segments: int = SEGMENTS
) -> Iterator[QgsGeometry]:
    """The polygons of a GeoJSON geometry as the map shows them; what lies outside of what it can
    show is left out.
    """
    for rings in polygons(geometry):
        shape = QgsGeometry.fromPolygonXY(
            [[QgsPointXY(*point[:2]) for point in ring] for ring in rings]
        )
        box = shape.boundingBox()
        shape = shape.densifyByDistance(max(box.width(), box.height()) / segments)
        if crs.isValid() and crs != lonlat_crs():
            try:
                shape.transform(QgsCoordinateTransform(lonlat_crs(), crs, QgsProject.instance()))
            except QgsCsException:
                continue
        yield shape


def to_map(point: tuple[float, float], crs: QgsCoordinateReferenceSystem) -> QgsPointXY | None:
    """A point in lon/lat as the map shows it; None where it cannot."""
    return _moved(QgsPointXY(*point), lonlat_crs(), crs)


def from_map(point: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> tuple[float, float] | None:
    """Longitude and latitude of a point of the map; None off the globe."""
    moved = _moved(point, crs, lonlat_crs())
    if moved is None or abs(moved.y()) > 90:
        return None
    return (moved.x() + 180.0) % 360.0 - 180.0, moved.y()


def _moved(
    point: QgsPointXY, source: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem
) -> QgsPointXY | None:
    if not source.isValid() or not target.isValid() or source == target:
        return QgsPointXY(point)
    try:
        moved = QgsCoordinateTransform(source, target, QgsProject.instance()).transform(point)
    except QgsCsException:
        return None
    return moved if _finite(moved) else None


def _finite(point: QgsPointXY) -> bool:
    return bool(math.isfinite(point.x()) and math.isfinite(point.y()))


def geometry_of(tree: Mapping[str, Any]) -> QgsGeometry:
    """A GeoJSON Polygon or MultiPolygon as QGIS has it, in longitude and latitude."""
    parts = polygons(tree)
    shape = QgsGeometry.fromMultiPolygonXY(
        [[[QgsPointXY(*point[:2]) for point in ring] for ring in rings] for rings in parts]
    )
    if len(parts) == 1:
        shape.convertToSingleType()
    return shape
