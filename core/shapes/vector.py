"""Areas from the outside world: WKT, GeoJSON and vector files become GeoJSON in lon/lat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import AreaError
from ..gdal.crs import LONLAT, spatial_reference
from ..gdal.drivers import open_area
from ..gdal.environment import quiet_gdal
from ..gdal.errors import NO_REASON, checked, gdal_errors
from ..text import read_json, shortened

MOST_PARTS = 100_000
"""Polygons of one area."""
MOST_CORNERS = 250_000
"""Of one area: a country's coast in metres."""
MOST_TANGLED = 50_000
"""Corners of an outline that crosses itself."""
HINT = "Give a polygon file, WKT, or west,south,east,north in degrees."


def geometry_from_wkt(text: str) -> dict[str, Any]:
    """WKT in lon/lat → GeoJSON geometry.

    Raises
    ------
    AreaError
        If it cannot be parsed.
    """
    from osgeo import ogr

    with quiet_gdal():
        try:
            geometry = ogr.CreateGeometryFromWkt(text)
        # the former where another plugin has switched OGR's exceptions on; the latter for a NUL
        except (RuntimeError, TypeError):
            geometry = None
    if geometry is None:
        raise AreaError(f"The area {shortened(text)} cannot be used", "it is no valid WKT", HINT)
    return _as_polygons(geometry, shortened(text))


def geometry_from_json(text: str) -> dict[str, Any]:
    """A GeoJSON geometry, feature or feature collection → one geometry (a union of its polygons).

    Raises
    ------
    AreaError
        If it cannot be parsed or has no polygon.
    """
    from osgeo import ogr

    try:
        tree = read_json(text)
    except ValueError as error:
        raise AreaError(
            f"The area {shortened(text)} cannot be used", f"it is no valid JSON ({error})", HINT
        ) from error
    features = tree.get("features", [tree]) if isinstance(tree, dict) else []
    if not isinstance(features, list):
        raise AreaError(
            f"The area {shortened(text)} cannot be used", "its features are no list", HINT
        )
    shapes = [feature.get("geometry", feature) for feature in features if isinstance(feature, dict)]
    parts = []
    with quiet_gdal():
        for shape in shapes:
            try:
                parts += _surfaces(ogr.CreateGeometryFromJson(json.dumps(shape)))
            except RuntimeError:
                continue
    return _joined(parts, shortened(text))


def geometry_from_file(path: Path) -> dict[str, Any]:
    """The polygons of a vector file (first layer), brought to lon/lat, as one geometry.

    Raises
    ------
    AreaError
        If it cannot be read, has no polygon, or has no coordinate system.
    """
    from osgeo import osr

    name = f"file {path}"
    parts: list[Any] = []

    def failure(why: str) -> AreaError:
        reason = "it is no vector file" if why == NO_REASON else why
        return AreaError(f"The area {name} cannot be used", reason, HINT)

    with gdal_errors(failure):
        dataset = checked(open_area(str(path)))  # a layer lives as long as it
        layer = dataset.GetLayer(0)
        source = layer.GetSpatialRef() if layer is not None else None
        if source is None:
            raise AreaError(
                f"The area {name} cannot be used",
                "it has no coordinate system",
                "Assign one, or give lon/lat.",
            )
        source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        transform = osr.CoordinateTransformation(source, spatial_reference(LONLAT))
        for feature in layer:
            geometry = feature.GetGeometryRef()
            if geometry is not None:
                geometry = geometry.Clone()
                geometry.Transform(transform)
                parts += _surfaces(geometry)
                if len(parts) > MOST_PARTS:
                    break
    return _joined(parts, name)


def _surfaces(geometry: Any) -> list[Any]:
    """The geometry without curves, where it may hold polygons; else nothing."""
    from osgeo import ogr

    flat = ogr.GT_Flatten(geometry.GetGeometryType()) if geometry is not None else None
    if flat not in (
        ogr.wkbPolygon,
        ogr.wkbMultiPolygon,
        ogr.wkbCurvePolygon,
        ogr.wkbMultiSurface,
        ogr.wkbGeometryCollection,
    ):
        return []
    return [geometry.GetLinearGeometry().Clone()]


def _joined(parts: Sequence[Any], name: str) -> dict[str, Any]:
    """One area of all parts."""
    failure = f"The area {name} cannot be used"
    if not parts:
        raise AreaError(failure, "it has no polygon", HINT)
    if len(parts) > MOST_PARTS:
        hint = "Dissolve its polygons into one first."
        raise AreaError(failure, f"it has more than {MOST_PARTS} polygons", hint)
    if len(parts) == 1:
        return _as_polygons(parts[0], name)
    with quiet_gdal():
        try:
            union = _cascade(parts)
        except RuntimeError:  # another plugin may have switched OGR's exceptions on
            union = None
    if union is None:
        raise AreaError(failure, "its polygons cannot be joined", "Mend them first.")
    return _as_polygons(union, name)


def _cascade(parts: Sequence[Any]) -> Any:
    """The union of many areas, two by two: one after the other takes their number squared."""
    from osgeo import ogr

    collection = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in parts:
        _refuse_tangled(part, "given")
        sound = part if part.IsValid() else part.MakeValid()
        for polygon in _polygons_of(sound):
            collection.AddGeometry(polygon)
    return None if collection.IsEmpty() else collection.UnionCascaded()


def _polygons_of(geometry: Any) -> Iterator[Any]:
    from osgeo import ogr

    if geometry is None:
        return
    if ogr.GT_Flatten(geometry.GetGeometryType()) == ogr.wkbPolygon:
        yield geometry
        return
    for number in range(geometry.GetGeometryCount()):
        yield from _polygons_of(geometry.GetGeometryRef(number))


def _refuse_tangled(geometry: Any, name: str) -> None:
    """Refuse an outline that would take for ever to mend: crossings grow with the square of the
    corners.
    """
    corners = _corners(geometry)
    if corners > MOST_TANGLED and not geometry.IsValid():
        why = f"it crosses itself and has {corners} corners"
        raise AreaError(f"The area {name} cannot be used", why, "Simplify or mend it first.")


def _corners(geometry: Any) -> int:
    count = geometry.GetGeometryCount()
    if not count:
        return int(geometry.GetPointCount())
    return sum(_corners(geometry.GetGeometryRef(number)) for number in range(count))


def _as_polygons(geometry: Any, name: str) -> dict[str, Any]:
    from osgeo import ogr

    corners = _corners(geometry)
    if corners > MOST_CORNERS:
        why = f"it has {corners} corners, and {MOST_CORNERS} are the most"
        raise AreaError(f"The area {name} cannot be used", why, "Simplify it first.")
    geometry.FlattenTo2D()
    if geometry.IsEmpty():
        raise AreaError(f"The area {name} cannot be used", "it is empty", HINT)
    if ogr.GT_Flatten(geometry.GetGeometryType()) not in (ogr.wkbPolygon, ogr.wkbMultiPolygon):
        raise AreaError(
            f"The area {name} cannot be used",
            f"it is a {geometry.GetGeometryName().lower()}, no polygon",
            HINT,
        )
    text = geometry.ExportToJson()  # None where a corner is no number
    if text is None:
        raise AreaError(f"The area {name} cannot be used", "a corner is not a number", HINT)
    tree: dict[str, Any] = json.loads(text)
    with quiet_gdal():
        valid = geometry.IsValid()
        if valid:
            return tree
        _refuse_tangled(geometry, name)
    # An outline that crosses itself has no surface to count with, and servers refuse it; parts that
    # overlap count twice.
    polygons = tree["coordinates"] if tree["type"] == "MultiPolygon" else [tree["coordinates"]]
    try:
        return union([{"type": "Polygon", "coordinates": rings} for rings in polygons])
    except AreaError as error:
        raise AreaError(f"The area {name} cannot be used", "its surface is zero", HINT) from error


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part that two GeoJSON areas have in common, as a Polygon or MultiPolygon; None where that
    is nothing.

    Outlines that cross themselves, as some catalogues have them, are mended first.
    """
    first, second = _geometry(one), _geometry(other)
    if first is None or second is None:
        return None
    with quiet_gdal():
        return _areas_of(first.Intersection(second))


def rest(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part of one GeoJSON area that lies outside of another; None where that is nothing."""
    first, second = _geometry(one), _geometry(other)
    if first is None or second is None:
        return None if first is None else _areas_of(first)
    with quiet_gdal():
        return _areas_of(first.Difference(second))


def union(geometries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All areas as one.

    Raises
    ------
    AreaError
        If there is no polygon among them.
    """
    joined = None
    with quiet_gdal():
        for tree in geometries:
            geometry = _geometry(tree)
            if geometry is not None:
                joined = geometry if joined is None else joined.Union(geometry)
        areas = _areas_of(joined)
    if areas is None:
        raise AreaError(
            "The areas cannot be joined",
            "there is no polygon among them",
            "Choose a layer of polygons.",
        )
    return areas


def _geometry(tree: Mapping[str, Any]) -> Any:
    from osgeo import ogr

    with quiet_gdal():
        try:
            geometry = ogr.CreateGeometryFromJson(json.dumps(tree))
            if geometry is None or geometry.IsEmpty():
                return None
            geometry.FlattenTo2D()
            return geometry if geometry.IsValid() else geometry.MakeValid()
        except RuntimeError:  # another plugin may have switched OGR's exceptions on
            return None


def _areas_of(geometry: Any) -> dict[str, Any] | None:
    """Only the polygons of a geometry: where areas touch, lines and points come out too."""
    from osgeo import ogr

    if geometry is None or geometry.IsEmpty():
        return None
    kind = ogr.GT_Flatten(geometry.GetGeometryType())
    parts = (
        [geometry]
        if kind == ogr.wkbPolygon
        else [geometry.GetGeometryRef(i) for i in range(geometry.GetGeometryCount())]
    )
    polygons = []
    for part in parts:
        tree = json.loads(part.ExportToJson())
        if tree["type"] == "Polygon":
            polygons.append(tree["coordinates"])
        elif tree["type"] == "MultiPolygon":
            polygons += tree["coordinates"]
    if not polygons:
        return None
    return (
        {"type": "Polygon", "coordinates": polygons[0]}
        if len(polygons) == 1
        else {"type": "MultiPolygon", "coordinates": polygons}
    )
