"""Layers of polygons in the project."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
)

Box = tuple[float, float, float, float]


def l_shape(west: float, south: float, east: float, north: float) -> tuple[str, str]:
    """WKT of the two parts of an L in a box: its lower half, and the upper left quarter."""
    x, y = (west + east) / 2, (south + north) / 2
    return box_wkt(west, south, east, y), box_wkt(west, y, x, north)


def box_wkt(west: float, south: float, east: float, north: float) -> str:
    """WKT of a box."""
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({', '.join(f'{x!r} {y!r}' for x, y in corners)}))"


def add_polygons(*wkts: str, crs: str = "EPSG:4326", given_in: str = "EPSG:4326") -> QgsVectorLayer:
    """Add a layer to the project, a feature for each polygon, brought from ``given_in``."""
    layer = QgsVectorLayer(f"Polygon?crs={crs}", "Polygons", "memory")
    project = QgsProject.instance()
    source = QgsCoordinateReferenceSystem(given_in)
    transform = QgsCoordinateTransform(source, layer.crs(), project)
    for wkt in wkts:
        geometry = QgsGeometry.fromWkt(wkt)
        geometry.transform(transform)
        feature = QgsFeature()
        feature.setGeometry(geometry)
        assert layer.dataProvider().addFeatures([feature])[0]
    layer.updateExtents()
    project.addMapLayer(layer)
    return layer
