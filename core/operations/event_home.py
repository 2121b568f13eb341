"""The folder of an event: its name, what it is about, and that nobody else's is written over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..discovery.events import EventType
from ..errors import InputError
from ..moment import Moment
from ..scenes.event_pairs import EventQuery
from ..types import Aoi, format_time

REPORT_NAME = "report.html"


def make_folder(folder: Path) -> None:
    """Make it, with those above.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {folder}",
            error.strerror or str(error),
            "Choose another folder.",
        ) from error


def check_is_its_own(folder: Path, query: EventQuery) -> None:
    """Refuse to write one event's maps over those of another; the same one may be mapped again.

    Raises
    ------
    InputError
        If the folder holds another event, or files of somebody else.
    """
    if not any(folder.iterdir()):
        return  # known before what reads all that is loaded: that takes as long as many a search
    from ..products.stac_catalogue import catalogue_facts

    report, there = folder / REPORT_NAME, catalogue_facts(folder)
    facts = event_facts(query)
    if there and there.keys() <= facts.keys():
        facts = {key: facts[key] for key in there}  # older ones do not tell the shape
    if there == facts or (there is None and not report.exists()):
        _check_outlines(folder, query)
        return
    other = there or {}
    named = " ".join(str(other[key]) for key in ("event", "date") if key in other)
    raise InputError(
        f"{query.event.title} {query.day} cannot be mapped into {folder}",
        f"it holds the maps of another event ({named})" if named else f"it holds a {report.name}",
        "Choose another folder; nothing was changed there.",
    )


def _check_outlines(folder: Path, query: EventQuery) -> None:
    from ..products.outline_files import foreign_outline

    foreign = foreign_outline(folder)
    if foreign is not None:
        raise InputError(
            f"{query.event.title} {query.day} cannot be mapped into {folder}",
            f"it holds a {foreign.name} that FirstLight has not made",
            "Choose another folder, or give that file another name; nothing was changed there.",
        )


def event_facts(query: EventQuery) -> dict[str, Any]:
    """What makes an event this one: kind, time, place."""
    from ..shapes.area_pixels import area_digest

    return {
        "event": query.event.name,
        "date": format_time(query.time),
        "bounds": [round(edge, 6) for edge in query.aoi.bounds],
        "area_sha256": area_digest(query.aoi),
    }


def event_folder(event: EventType, date: Moment, area: Aoi) -> str:
    """Name of a folder for an event: ``wildfire_2024-07-20_42.070N_7.280W``, its kind, day and
    middle.
    """
    return f"{event.name.replace('.', '-')}_{date.day}_{place_words(area).replace(' ', '_')}"


def place_words(area: Aoi) -> str:
    """Tell the middle of an area: ``42.070N 7.280W``."""
    west, south, east, north = area.bounds
    lat = (south + north) / 2
    lon = (west + (east if east >= west else east + 360)) / 2
    lon = lon - 360 if lon > 180 else lon
    return f"{abs(lat):.3f}{'N' if lat >= 0 else 'S'} {abs(lon):.3f}{'E' if lon >= 0 else 'W'}"
