"""Rows of a STAC-GeoParquet table → STAC items.

Source: STAC GeoParquet specification 1.0 and 1.1 (Radiant Earth): a row is an item, its properties
are columns of their own, outlines are well-known binary, boxes and assets structures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from ...shapes.wkb import geometry_from_wkb
from ...text import read_json
from ..stac_fields import StacObject

TOP = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
"""Columns that are an item's own; all others are its properties."""
NESTED = ("assets", "links", "stac_extensions")
"""Some tables hold them as JSON texts."""
BOX_PARTS = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
USUAL_VERSION = "1.0.0"
DAMAGED = "Its outline in the table is damaged: its box was looked at instead"


def item_of(row: Mapping[str, Any]) -> StacObject:
    """The item of a row, as its API gives it: without what the row leaves empty.

    An outline that is damaged is left out, and a note of the item says so.
    """
    properties = {name: value for name, value in _properties(row) if value is not None}
    item: dict[str, Any] = {"type": "Feature", "stac_version": USUAL_VERSION}
    for name in TOP:
        value = plain(row.get(name))
        if name in NESTED and isinstance(value, str):
            value = _parsed(value)
        if value is not None:
            item[name] = value
    item["type"] = "Feature"
    geometry = _outline(row.get("geometry"))
    if geometry is None and row.get("geometry") is not None:
        properties["firstlight:note"] = DAMAGED
    properties.setdefault("datetime", None)
    item["geometry"] = geometry
    box = box_of(row.get("bbox"))
    if box is not None:
        item["bbox"] = box
    return {**item, "properties": properties}


def _properties(row: Mapping[str, Any]) -> Any:
    """Name and value of each: those of a column ``properties``, which some tables have, too."""
    whole = row.get("properties")
    whole = _parsed(whole) if isinstance(whole, str) else whole
    if isinstance(whole, Mapping):
        yield from ((name, plain(value)) for name, value in whole.items())
    for name, value in row.items():
        if name not in (*TOP, "geometry", "bbox", "properties"):
            lone = plain(value)
            if not (isinstance(lone, float) and not math.isfinite(lone)):
                yield name, lone


def _parsed(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return text


def _outline(value: Any) -> Any:
    if isinstance(value, str):  # GeoJSON, as some exports have it
        value = _parsed(value)
        return value if isinstance(value, Mapping) else None
    return geometry_from_wkb(bytes(value)) if isinstance(value, (bytes, bytearray)) else None


def box_of(value: Any) -> list[float] | None:
    """The numbers of a box; None where one is missing."""
    if isinstance(value, Mapping):
        numbers: list[Any] = [value.get(name) for name in BOX_PARTS]
        if numbers[2] is None or numbers[5] is None:
            numbers = [numbers[at] for at in (0, 1, 3, 4)]
    else:
        numbers = list(value) if isinstance(value, (list, tuple)) else []
    sound = len(numbers) in (4, 6) and all(
        isinstance(one, (int, float)) and math.isfinite(one) for one in numbers
    )
    return [float(one) for one in numbers] if sound else None


def plain(value: Any) -> Any:
    """A value as JSON has it: nothing that is empty, times as RFC 3339, outlines as GeoJSON."""
    if isinstance(value, Mapping):
        return _whole(value.items())
    if isinstance(value, (list, tuple)):
        pairs = all(isinstance(one, tuple) and len(one) == 2 for one in value)
        if value and pairs and all(isinstance(one[0], str) for one in value):
            return _whole(value)  # a map
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (bytes, bytearray)):
        return geometry_from_wkb(bytes(value))
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _whole(pairs: Any) -> dict[str, Any] | None:
    """An object without its empty members; None where all are."""
    made = {str(name): plain(value) for name, value in pairs}
    return {name: value for name, value in made.items() if value is not None} or None


def moment_text(value: datetime) -> str:
    """RFC 3339 in UTC; a time without a zone is UTC."""
    moment = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    text = moment.astimezone(timezone.utc).isoformat()
    return text.replace("+00:00", "Z")
