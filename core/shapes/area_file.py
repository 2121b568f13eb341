"""An area as text, and in the coordinate system of a map."""

from __future__ import annotations

import json
from typing import Any

from ..gdal.area_outline import project_area
from ..gdal.errors import checked
from ..types import Aoi, Grid


def area_wkt(aoi: Aoi) -> str:
    """WKT of an area, longitude and latitude."""
    return str(_geometry(aoi.geometry).ExportToWkt())


def area_outline(aoi: Aoi, grid: Grid) -> bytes:
    """An area in a raster's coordinate system, as WKB of a multipolygon.

    Raises
    ------
    RasterError
        If it reaches too far from it.
    """
    from osgeo import ogr

    area = _geometry(project_area(aoi.geometry, grid.crs, grid.bounds))
    return bytes(ogr.ForceToMultiPolygon(area).ExportToWkb(ogr.wkbNDR))


def _geometry(tree: Any) -> Any:
    from osgeo import ogr

    return checked(ogr.CreateGeometryFromJson(json.dumps(tree)))
