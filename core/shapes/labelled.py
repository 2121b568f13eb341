"""Points and polygons with a label each, as people bring them from the field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..gdal.crs import spatial_reference
from ..gdal.drivers import open_area
from ..gdal.errors import NO_REASON, checked, gdal_errors
from ..types import Bounds

MOST_FEATURES = 100_000


@dataclass(frozen=True)
class Labelled:
    """One feature."""

    number: int
    """Its id in the file, for people."""
    label: str
    geometry: Mapping[str, Any]
    """GeoJSON ``Point`` or ``MultiPolygon``, in the system that was asked for."""

    @property
    def point(self) -> tuple[float, float] | None:
        """Where it is a point: x and y."""
        if self.geometry["type"] != "Point":
            return None
        x, y = self.geometry["coordinates"][:2]
        return float(x), float(y)

    @property
    def bounds(self) -> Bounds:
        """Of a polygon."""
        polygons = self.geometry["coordinates"]
        corners = [corner for polygon in polygons for ring in polygon for corner in ring]
        xs, ys = ([float(corner[axis]) for corner in corners] for axis in (0, 1))
        return min(xs), min(ys), max(xs), max(ys)


def read_labelled(path: Path, field: str, crs: str, failure: str) -> list[Labelled]:
    """The points and polygons of a vector file's first layer.

    Parameters
    ----------
    field : str
        The attribute that holds the label, in any case.
    crs : str
        The system to bring them to, as WKT.
    failure : str
        What fails if this does, for the sentence.

    Raises
    ------
    InputError
        If it cannot be read, has no such attribute or no coordinate system, or a feature is neither
        point nor polygon, or has no label.
    """
    from osgeo import osr

    def failed(why: str) -> InputError:
        why = "it is no vector file" if why == NO_REASON else why
        return InputError(failure, f"{path.name}: {why}", "Give a layer of points or polygons.")

    with gdal_errors(failed):
        dataset = checked(open_area(str(path)))
        layer = checked(dataset.GetLayer(0))
        place = _field_index(layer, field, path, failure)
        source = layer.GetSpatialRef()
        if source is None:
            raise failed("it has no coordinate system")
        if layer.GetFeatureCount() > MOST_FEATURES:
            raise failed(f"it has more than {MOST_FEATURES} features")
        source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        transform = osr.CoordinateTransformation(source, spatial_reference(crs))
        return [_feature(one, place, transform, failed) for one in layer]


def _field_index(layer: Any, field: str, path: Path, failure: str) -> int:
    definition = layer.GetLayerDefn()
    names = [
        definition.GetFieldDefn(place).GetName() for place in range(definition.GetFieldCount())
    ]
    lower = [name.lower() for name in names]
    if field.lower() not in lower:
        offered = ", ".join(names[:12]) or "none"
        why = f"{path.name} has no attribute '{field}' (it has {offered})"
        raise InputError(failure, why, "Name the one that says what is there.")
    return lower.index(field.lower())


def _feature(feature: Any, place: int, transform: Any, failed: Any) -> Labelled:
    from osgeo import ogr

    number = int(feature.GetFID())
    label = "" if feature.IsFieldNull(place) else str(feature.GetFieldAsString(place)).strip()
    geometry = feature.GetGeometryRef()
    kind = ogr.wkbUnknown if geometry is None else ogr.GT_Flatten(geometry.GetGeometryType())
    if not label:
        raise failed(f"feature {number} has no label")
    if kind not in (ogr.wkbPoint, ogr.wkbPolygon, ogr.wkbMultiPolygon) or geometry.IsEmpty():
        raise failed(f"feature {number} is neither a point nor a polygon")
    moved = geometry.Clone()
    moved.FlattenTo2D()
    if moved.Transform(transform):
        raise failed(f"feature {number} has no place in the map's coordinate system")
    if kind != ogr.wkbPoint:
        moved = ogr.ForceToMultiPolygon(moved)
    return Labelled(number, label, json.loads(moved.ExportToJson()))
