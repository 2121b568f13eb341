"""Features of a user's vector file: their shapes in another coordinate system, and their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import StrEnum
from ..errors import Cancelled, InputError
from ..gdal.crs import LONLAT, spatial_reference
from ..gdal.drivers import open_area
from ..gdal.errors import NO_REASON, checked, gdal_steps
from ..types import Bounds

Floats = npt.NDArray[np.floating[Any]]
Ring = tuple[Floats, Floats]
"""x and y of its corners, the last of them the first."""
MARK = "|layername="
"""Behind a file's name, as QGIS writes it, the name of a layer."""
HINT = "Give a GeoPackage, GeoJSON, Shapefile or FlatGeobuf."


class Shape(StrEnum):
    """Kinds of shapes."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


@dataclass(frozen=True)
class Feature:
    """One feature."""

    shape: Shape
    parts: tuple[tuple[Ring, ...], ...]
    """Of each part its rings, the outer one first; of a line or a point the only one."""
    name: str
    """Value of the layer's field of names; empty where it has none."""
    wkb: bytes
    """The whole of it, in the coordinate system that was asked for."""

    @property
    def corners(self) -> Ring:
        """All corners of its outer rings, one after the other."""
        first = [part[0] for part in self.parts]
        return np.concatenate([x for x, _ in first]), np.concatenate([y for _, y in first])


@dataclass(frozen=True)
class FeatureFile:
    """A layer of a vector file."""

    path: Path
    layer: str = ""
    """Empty: the first, or that of the outline in one of ours."""

    @classmethod
    def of(cls, text: str | Path) -> FeatureFile:
        """From a path that may name a layer: ``a.gpkg|layername=roads``."""
        name, _, layer = str(text).partition(MARK)
        return cls(Path(name), layer.partition("|")[0])


NAME_FIELDS = ("name", "name_en", "name:en", "district", "region", "municipality", "admin", "label")
"""Fields that name features, tried in this order and any case; after them what begins with them."""


def read_features(
    file: FeatureFile,
    crs: str,
    bounds: Bounds | None = None,
    name_field: str = "",
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Feature]:
    """Read the features of a layer, brought to a coordinate system.

    Parameters
    ----------
    bounds : Bounds, optional
        In that system: what surely lies outside is left out.
    name_field : str
        Field of their names; empty: the first of ``NAME_FIELDS`` that there is, else the first
        text.

    Raises
    ------
    InputError
        If the file cannot be read, has no such layer or field, or no coordinate system.
    Cancelled
        If ``stop``.
    """
    failure = f"The layer {file.path} cannot be used"

    def failed(why: str) -> InputError:
        return InputError(failure, "it is no vector file" if why == NO_REASON else why, HINT)

    return gdal_steps(_features(file, crs, bounds, name_field, stop, failure), failed)


def _features(
    file: FeatureFile,
    crs: str,
    bounds: Bounds | None,
    name_field: str,
    stop: Callable[[], bool],
    failure: str,
) -> Iterator[Feature]:
    from osgeo import ogr, osr

    dataset = checked(open_area(str(file.path)))  # a layer lives as long as it
    layer = _layer(dataset, file, failure)
    source = layer.GetSpatialRef()
    if source is None:
        raise InputError(failure, "it has no coordinate system", "Assign the one it is in.")
    source = source.Clone()
    source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    target = spatial_reference(crs)
    there = osr.CoordinateTransformation(source, target)
    if bounds is not None:
        _look_only_at(layer, bounds, osr.CoordinateTransformation(target, source))
    field = _name_field(layer, name_field, failure)
    for feature in layer:
        if stop():
            raise Cancelled(f"Reading {file.path.name}")
        geometry = feature.GetGeometryRef()
        if geometry is None or geometry.IsEmpty():
            continue
        geometry = geometry.GetLinearGeometry()
        geometry.FlattenTo2D()
        geometry.Transform(there)
        name = "" if field < 0 else str(feature.GetFieldAsString(field)).strip()
        shape, parts = _parts(geometry, ogr)
        if parts:
            yield Feature(shape, parts, name, bytes(geometry.ExportToWkb()))


def layer_bounds(file: FeatureFile, crs: str = LONLAT) -> Bounds:
    """The box around all features of a layer.

    Raises
    ------
    InputError
        If it has none, or as :func:`read_features`.
    """
    corners = [feature.corners for feature in read_features(file, crs)]
    if not corners:
        raise InputError(f"The layer {file.path} cannot be used", "it has no features", HINT)
    xs, ys = (np.concatenate([pair[axis] for pair in corners]) for axis in (0, 1))
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def _layer(dataset: Any, file: FeatureFile, failure: str) -> Any:
    names = [dataset.GetLayer(number).GetName() for number in range(dataset.GetLayerCount())]
    wanted = file.layer or ("perimeter" if "perimeter" in names else "")
    if wanted and wanted not in names:
        hint = f"It has: {', '.join(names[:8])}."
        raise InputError(failure, f"it has no layer '{wanted}'", hint)
    layer = dataset.GetLayerByName(wanted) if wanted else dataset.GetLayer(0)
    if layer is None:
        raise InputError(failure, "it has no layers", HINT)
    return layer


def _look_only_at(layer: Any, bounds: Bounds, back: Any) -> None:
    """Let the file leave out what lies outside of a box, a little widened."""
    left, bottom, right, top = bounds
    pad = 0.05 * max(right - left, top - bottom)
    try:
        box = back.TransformBounds(left - pad, bottom - pad, right + pad, top + pad, 21)
    except (RuntimeError, TypeError):
        return
    if np.isfinite(box).all() and box[0] < box[2]:
        layer.SetSpatialFilterRect(*box)


def _name_field(layer: Any, wanted: str, failure: str) -> int:
    from osgeo import ogr

    definition = layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(n) for n in range(definition.GetFieldCount())]
    names = [field.GetName() for field in fields]
    lower = [name.lower() for name in names]
    if wanted:
        if wanted.lower() not in lower:
            hint = f"It has: {', '.join(names[:12])}."
            raise InputError(failure, f"it has no field '{wanted}'", hint)
        return lower.index(wanted.lower())
    for known in NAME_FIELDS:
        if known in lower:
            return lower.index(known)
    starts = [n for n, name in enumerate(lower) if name.startswith(NAME_FIELDS)]
    texts = [n for n, field in enumerate(fields) if field.GetType() == ogr.OFTString]
    return next(iter([*starts, *texts]), -1)


def _parts(geometry: Any, ogr: Any) -> tuple[Shape, tuple[tuple[Ring, ...], ...]]:
    """The shape's kind and parts; of a collection those of its largest dimension."""
    kinds = {
        ogr.wkbPoint: Shape.POINT,
        ogr.wkbLineString: Shape.LINE,
        ogr.wkbPolygon: Shape.POLYGON,
    }
    single = [one for one in _singles(geometry) if ogr.GT_Flatten(one.GetGeometryType()) in kinds]
    found = [(kinds[ogr.GT_Flatten(one.GetGeometryType())], one) for one in single]
    shape = max((kind for kind, _ in found), key=list(Shape).index, default=Shape.POINT)
    parts = (_rings(one, shape) for kind, one in found if kind == shape)
    return shape, tuple(part for part in parts if part)


def _singles(geometry: Any) -> Iterator[Any]:
    count = geometry.GetGeometryCount()
    if geometry.GetGeometryName() in ("POLYGON", "POINT", "LINESTRING") or not count:
        yield geometry
        return
    for number in range(count):
        yield from _singles(geometry.GetGeometryRef(number))


def _rings(geometry: Any, shape: Shape) -> tuple[Ring, ...]:
    """Corners that all have a place; nothing of a part that has none."""
    lines: Sequence[Any] = [geometry]
    if shape is Shape.POLYGON:
        lines = [geometry.GetGeometryRef(n) for n in range(geometry.GetGeometryCount())]
    rings = []
    for line in lines:
        points = np.array(line.GetPoints() or (), np.float64).reshape(-1, 2)
        if not len(points) or not np.isfinite(points).all():
            return ()
        rings.append((points[:, 0], points[:, 1]))
    return tuple(rings)
