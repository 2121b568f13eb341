"""The shapes of an event as GeoJSON (RFC 7946)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .. import PRODUCT
from ..text import joined, shown
from .event_record import EventRecord
from .event_shapes import EventShape, newest_time, shape_name


def geojson_text(
    record: EventRecord, title: str, paragraphs: Sequence[str], shapes: Sequence[EventShape]
) -> str:
    """A feature collection, a feature on each line; what it says of itself stands in foreign
    members (RFC 7946, 6.1).
    """
    head = {
        "type": "FeatureCollection",
        "software": PRODUCT,
        "title": shown(title),
        "description": joined(paragraphs),
    }
    lines = [json.dumps(_feature(record, shape), ensure_ascii=False) for shape in shapes]
    start = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    body = ",\n".join(lines)
    return f'{start},\n "features": [\n{body}\n]}}\n'


def _feature(record: EventRecord, shape: EventShape) -> dict[str, Any]:
    extent = record.extent
    return {
        "type": "Feature",
        "properties": {
            "class": shape.kind,
            "name": shape_name(record, shape),
            "event": record.event,
            "event_date": record.day,
            "observed": newest_time(record),
            "area_ha": None if shape.area_ha is None else round(shape.area_ha, 4),
            "method": extent.title,
        },
        "geometry": shape.geometry,
    }
