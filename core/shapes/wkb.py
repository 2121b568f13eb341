"""Well-known binary: outlines as tables hold them (OGC 06-103r4, 8.2; ISO/IEC 13249-3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AreaError
from ..gdal.environment import quiet_gdal

_HEAD = 13
"""Bytes before the corners of a polygon of one ring: order, type, rings, corners."""
_POLYGON = 3
_KINDS = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
}


def geometry_from_wkb(data: bytes) -> dict[str, Any] | None:
    """The GeoJSON geometry of a binary one, its numbers to the last bit; None where it is damaged.

    Heights and measures are left out, and collections are no geometry here.
    """
    shape = _parsed(data)
    return None if shape is None else _tree(shape)


def wkb_from_geometry(geometry: Mapping[str, Any]) -> bytes:
    """A GeoJSON geometry as binary.

    Raises
    ------
    AreaError
        If it is none.
    """
    from osgeo import ogr

    with quiet_gdal():
        try:
            shape = ogr.CreateGeometryFromJson(json.dumps(geometry))
        except RuntimeError:  # another plugin may have switched OGR's exceptions on
            shape = None
    if shape is None:
        raise AreaError("The area cannot be used", "it is no geometry", "Give a polygon.")
    return bytes(shape.ExportToIsoWkb())


def _parsed(data: bytes) -> Any:
    from osgeo import ogr

    with quiet_gdal():
        try:
            return ogr.CreateGeometryFromWkb(data)
        # the former where another plugin has switched OGR's exceptions on
        except (RuntimeError, TypeError, ValueError):
            return None


def _tree(shape: Any) -> dict[str, Any] | None:
    from osgeo import ogr

    kind = _KINDS.get(ogr.GT_Flatten(shape.GetGeometryType()))
    if kind is None or shape.IsEmpty():
        return None
    coordinates = _coordinates(shape)
    return {"type": kind, "coordinates": coordinates[0] if kind == "Point" else coordinates}


def _coordinates(shape: Any) -> list[Any]:
    """Corners, or those of the parts; OGR's own text of a geometry is rounded."""
    count = shape.GetGeometryCount()
    if not count:
        return [[x, y] for x, y, *_ in shape.GetPoints() or ()]
    parts = (shape.GetGeometryRef(number) for number in range(count))
    listed = [_coordinates(part) for part in parts]
    return [part[0] for part in listed] if shape.GetGeometryName() == "MULTIPOINT" else listed


def envelopes(shapes: Sequence[bytes | None]) -> npt.NDArray[np.float64]:
    """West, south, east, north of each binary geometry; NaN where there is none, or it is damaged.

    Polygons of one ring, as footprints are, are taken together by their length; others one by one.

    Returns
    -------
    numpy.ndarray
        (n, 4) float64.
    """
    found = np.full((len(shapes), 4), np.nan)
    by_length: dict[int, list[int]] = {}
    for number, shape in enumerate(shapes):
        if shape:
            by_length.setdefault(len(shape), []).append(number)
    for length, numbers in by_length.items():
        _fill(found, shapes, np.array(numbers), length)
    return found


def _fill(
    found: npt.NDArray[np.float64],
    shapes: Sequence[bytes | None],
    numbers: npt.NDArray[np.int64],
    length: int,
) -> None:
    corners, rest = divmod(length - _HEAD, 16)
    plain = np.zeros(len(numbers), bool)
    if corners >= 1 and not rest:
        joined = b"".join(shapes[number] or b"" for number in numbers)
        block = np.frombuffer(joined, np.uint8).reshape(len(numbers), length)
        head = np.ascontiguousarray(block[:, 1:_HEAD]).view("<u4")
        plain = (block[:, 0] == 1) & (head == (_POLYGON, 1, corners)).all(axis=1)
        points = np.ascontiguousarray(block[plain, _HEAD:]).view("<f8").reshape(-1, corners, 2)
        found[numbers[plain], :2] = points.min(axis=1)
        found[numbers[plain], 2:] = points.max(axis=1)
    for number in numbers[~plain]:
        shape = _parsed(shapes[number] or b"")
        if shape is not None and not shape.IsEmpty():
            west, east, south, north = shape.GetEnvelope()
            found[number] = west, south, east, north
