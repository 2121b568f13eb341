"""Areas that follow no edge of a pixel, and which pixels lie in them, point by point."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from firstlight.core.types import Aoi, Grid


def slanted(grid: Grid) -> Aoi:
    """Two polygons that no edge of a pixel follows, one with a hole and beyond the raster."""
    return Aoi.from_geometry(
        {
            "type": "MultiPolygon",
            "coordinates": [
                [
                    degrees(grid, [(20.3, 15.2), (130.7, 3.9), (148.2, 88.8), (60.1, 140.6)]),
                    degrees(grid, [(70.2, 40.1), (95.6, 60.3), (66.6, 77.7)]),
                ],
                [degrees(grid, [(140.7, 120.3), (200.5, 110.2), (190.1, 170.9), (133.3, 160.4)])],
            ],
        }
    )


def degrees(grid: Grid, corners: list[tuple[float, float]]) -> list[list[float]]:
    """A closed ring in longitude and latitude, from columns and rows of a raster."""
    from osgeo import osr

    a, b, c, d, e, f = grid.transform
    source, target = osr.SpatialReference(), osr.SpatialReference()
    source.SetFromUserInput(grid.crs)
    target.ImportFromEPSG(4326)
    target.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    move = osr.CoordinateTransformation(source, target)
    places = [(a * x + b * y + c, d * x + e * y + f) for x, y in (*corners, corners[0])]
    return [list(move.TransformPoint(*place)[:2]) for place in places]


def centres_inside(aoi: Aoi, grid: Grid) -> npt.NDArray[np.bool_]:
    """Which pixels' centres lie in an area: each brought to degrees, and looked at by GEOS."""
    from osgeo import ogr, osr

    area = ogr.CreateGeometryFromJson(json.dumps(aoi.geometry))
    source, target = osr.SpatialReference(), osr.SpatialReference()
    source.SetFromUserInput(grid.crs)
    source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    target.ImportFromEPSG(4326)
    target.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    move = osr.CoordinateTransformation(source, target)
    a, b, c, d, e, f = grid.transform
    inside = np.zeros(grid.shape, bool)
    for row, col in np.ndindex(grid.shape):
        x, y = col + 0.5, row + 0.5
        lon, lat, _ = move.TransformPoint(a * x + b * y + c, d * x + e * y + f)
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(lon, lat)
        inside[row, col] = area.Contains(point)
    return inside
