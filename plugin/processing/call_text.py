"""A run as a call of Processing, to be copied into a script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...core.operation import Declared
from ...core.params import Door, Kind, Param
from .parameters import key


class Code(str):
    """Text that is written as it is."""

    def __repr__(self) -> str:
        return str(self)


def processing_code(operation: Declared, values: Mapping[str, Any]) -> str:
    """Code for QGIS's Python console; empty where Processing cannot be given these values.

    Parameters
    ----------
    operation : Declared
    values : mapping
        Plain values, as :func:`~firstlight.core.doors.spelling.spell` makes them.
    """
    known = {param.name: param for param in operation.parameters(Door.PROCESSING)}
    if not set(values) <= set(known):
        return ""
    if any(
        known[name].kind is Kind.FOLDERS_IN and len(value) > 1 for name, value in values.items()
    ):
        return ""
    lines = [
        f"        {key(known[name])!r}: {_value(known[name], value)!r},"
        for name, value in values.items()
    ]
    name = operation.name.replace("-", "")
    body = "\n".join([f"    {f'firstlight:{name}'!r},", "    {", *lines, "    },"])
    imports = "import processing\n"
    if any("QgsGeometry" in line for line in lines):
        imports += "from qgis.core import QgsGeometry\n"
    return f"{imports}\nresult = processing.run(\n{body}\n)\nprint(result)\n"


def _value(param: Param, value: Any) -> Any:
    if param.kind is Kind.AREA:
        return _area(value)
    if param.kind is Kind.BAND_FILES:
        return [cell for each in value for cell in each.split("=", 1)]
    if param.kind is Kind.BANDS:
        return ",".join(value)
    if param.kind is Kind.FOLDERS_IN:
        return value[0]
    return value


def _area(text: str) -> str:
    """An extent as Processing writes it, or the geometry of a polygon."""
    if not text.startswith("{"):
        west, south, east, north = text.split(",")
        return f"{west},{east},{south},{north} [EPSG:4326]"
    geometry = json.loads(text)
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    bodies = [
        "("
        + ", ".join("(" + ", ".join(_point(point) for point in ring) + ")" for ring in polygon)
        + ")"
        for polygon in polygons
    ]
    return Code(f"QgsGeometry.fromWkt('MultiPolygon ({', '.join(bodies)})')")


def _point(point: list[float]) -> str:
    return f"{point[0]} {point[1]}"
