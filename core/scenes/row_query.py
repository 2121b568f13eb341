"""The question of a search as SQL with Sedona's functions: which rows of a table may be wanted.

What is compared first are plain columns, so that Spark leaves out groups of rows by their
statistics; then outlines. Rows of which that cannot be said are let through: whoever takes the
items looks at each.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..discovery.scene_parser import MOST_CORNERS
from ..discovery.table.finder import RowQuestion
from ..shapes.wkb import wkb_from_geometry

MOST_ROWS = 100_000
"""The newest of them are taken: they pass through the driver."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
EDGE = 90.001
"""Degrees of latitude beyond which a box is no box."""


def row_query(question: RowQuestion, types: Mapping[str, str]) -> tuple[str, str]:
    """The conditions, and the time by which the newest come first, in microseconds.

    Parameters
    ----------
    types : mapping
        Column → its type, in Spark's words.
    """
    moment, end = _times(types)
    wanted = [
        *_in_collection(question, types),
        *_in_period(question, types, moment, end),
        *_in_area(question, types),
    ]
    return " AND ".join(wanted) or "true", f"unix_micros({moment})"


def _in_collection(question: RowQuestion, types: Mapping[str, str]) -> list[str]:
    if not question.collection or "collection" not in types:
        return []
    return [f"collection = {_text(question.collection)}"]


def _times(types: Mapping[str, str]) -> tuple[str, str]:
    """First and last moment of an item (STAC item specification, *datetime*)."""
    known = {name: _moment(name, types[name]) for name in types if name in _TIME_NAMES}
    none = "cast(NULL AS timestamp)"
    moment, start, end = (known.get(name, none) for name in _TIME_NAMES)
    first = f"coalesce({moment}, {start})"
    return first, f"coalesce({moment}, {end}, {start})"


_TIME_NAMES = ("datetime", "start_datetime", "end_datetime")


def _moment(name: str, kind: str) -> str:
    if kind == "timestamp":
        return name
    if kind == "bigint":  # nanoseconds, which Spark has no type for
        return f"timestamp_micros({name} div 1000)"
    return f"try_cast({name} AS timestamp)"


def _in_period(question: RowQuestion, types: Mapping[str, str], moment: str, end: str) -> list[str]:
    """As plain comparisons first."""
    if question.period is None:
        return []
    first, last = (f"timestamp_micros({one})" for one in question.period)
    parts = []
    if types.get("datetime") == "timestamp":
        span = f"datetime >= {first} AND datetime <= {last}"
        parts.append(f"(datetime IS NULL OR ({span}))")
    parts.append(f"({moment} IS NULL OR ({moment} <= {last} AND {end} >= {first}))")
    return parts


def _in_area(question: RowQuestion, types: Mapping[str, str]) -> list[str]:
    parts = []
    if question.boxes:
        west, south, east, north = (f"bbox.{corner}" for corner in CORNERS)
        inside = [
            f"({west} <= {right!r} AND {east} >= {left!r} AND {south} <= {high!r} "
            f"AND {north} >= {low!r})"
            for left, low, right, high in question.aoi.boxes
        ]
        # across the antimeridian, around the globe or no box (NaN is more than any number here)
        odd = (
            f"({west} > 0 AND {east} < 0) OR {west} < -180 OR {west} > 180 OR {east} < -180 OR "
            f"{east} > 180 OR {south} < -{EDGE} OR {north} > {EDGE} OR {west} IS NULL"
        )
        parts.append(f"({' OR '.join(inside)} OR {odd})")
    if "geometry" in types:
        shape = "ST_GeomFromWKB(geometry)"
        area = f"ST_GeomFromWKB(unhex('{wkb_from_geometry(question.aoi.geometry).hex()}'))"
        wide = f"ST_XMax({shape}) - ST_XMin({shape}) > 180 OR ST_XMax({shape}) > 180"
        parts.append(
            f"(geometry IS NULL OR ST_Intersects({shape}, {area}) OR {wide} "
            f"OR ST_XMin({shape}) < -180 OR NOT ST_IsValid({shape}) OR ST_Dimension({shape}) < 2 "
            f"OR ST_NPoints({shape}) > {MOST_CORNERS})"
        )
    return parts


def _text(value: str) -> str:
    """A text as SQL: nothing in it is anything else."""
    return f"decode(unhex('{value.encode().hex()}'), 'UTF-8')"
