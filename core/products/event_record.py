"""What an event's catalogue keeps of it for products that are made later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import InputError, odd_value
from ..types import Aoi, format_time, parse_time
from .stac_catalogue import EVENT, catalogue_told


@dataclass(frozen=True)
class EventSource:
    """One scene that maps of the event were made from."""

    id: str
    sensor: str
    """For people: ``Sentinel-2``."""
    platform: str
    time: datetime
    before: bool
    """True for the state before the event."""
    gsd_m: float
    """Pixel size of its finest band."""
    collection: str
    footprint: Mapping[str, Any] | None
    """GeoJSON; None where its catalogue gives none."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "sensor": self.sensor,
            "platform": self.platform,
            "datetime": format_time(self.time),
            "side": "before" if self.before else "after",
            "gsd_m": self.gsd_m,
            "collection": self.collection,
            "geometry": self.footprint,
        }

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> EventSource:
        """What :meth:`to_dict` made."""
        geometry = tree["geometry"]
        return cls(
            id=str(tree["id"]),
            sensor=str(tree["sensor"]),
            platform=str(tree["platform"]),
            time=parse_time(str(tree["datetime"])),
            before=tree["side"] == "before",
            gsd_m=float(tree["gsd_m"]),
            collection=str(tree["collection"]),
            footprint=None if geometry is None else dict(geometry),
        )


@dataclass(frozen=True)
class EventClass:
    """One class of a map with its area."""

    code: int
    name: str
    area_ha: float | None
    inside: bool
    """True for the classes that the map is about."""


@dataclass(frozen=True)
class EventMap:
    """One map of the event."""

    operation: str
    title: str
    heading: str
    """``Burned``: what lies inside of its outline."""
    layer: str
    """Name of its raster of classes."""
    method: str
    """``dNBR, USGS classes``, with its source."""
    scenes: tuple[str, ...]
    """Ids of the scenes after the event that it is made from; none where it is made from maps."""
    classes: tuple[EventClass, ...]
    not_observed_ha: float | None
    total_ha: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "operation": self.operation,
            "title": self.title,
            "heading": self.heading,
            "layer": self.layer,
            "method": self.method,
            "scenes": list(self.scenes),
            "classes": [
                {"code": row.code, "name": row.name, "area_ha": row.area_ha, "inside": row.inside}
                for row in self.classes
            ],
            "not_observed_ha": self.not_observed_ha,
            "total_ha": self.total_ha,
        }

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> EventMap:
        """What :meth:`to_dict` made."""
        return cls(
            operation=str(tree["operation"]),
            title=str(tree["title"]),
            heading=str(tree["heading"]),
            layer=str(tree["layer"]),
            method=str(tree["method"]),
            scenes=tuple(map(str, tree["scenes"])),
            classes=tuple(
                EventClass(
                    int(row["code"]), str(row["name"]), _number(row["area_ha"]), bool(row["inside"])
                )
                for row in tree["classes"]
            ),
            not_observed_ha=_number(tree["not_observed_ha"]),
            total_ha=_number(tree["total_ha"]),
        )


@dataclass(frozen=True)
class EventRecord:
    """A mapped event."""

    event: str
    """``flood.riverine``"""
    title: str
    time: datetime
    place: str
    """``42.011N 27.319W``"""
    area: Aoi
    ems: Mapping[str, str]
    """As ``config/events.yaml`` has it."""
    quoted: str
    """Name of the operation whose map is the event's extent."""
    maps: tuple[EventMap, ...]
    sources: tuple[EventSource, ...]

    @property
    def day(self) -> str:
        """ISO date."""
        return format_time(self.time)[:10]

    @property
    def extent(self) -> EventMap:
        """The map that is quoted.

        Raises
        ------
        LookupError
            If there is none; :meth:`from_dict` makes no such record.
        """
        return next(one for one in self.maps if one.operation == self.quoted)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "event": self.event,
            "title": self.title,
            "date": format_time(self.time),
            "place": self.place,
            "area": dict(self.area.geometry),
            "ems": dict(self.ems),
            "quoted": self.quoted,
            "maps": [one.to_dict() for one in self.maps],
            "sources": [source.to_dict() for source in self.sources],
        }

    @classmethod
    def from_dict(cls, tree: Mapping[str, Any]) -> EventRecord:
        """What :meth:`to_dict` made.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError, LookupError, AreaError
            If it is something else.
        """
        record = cls(
            event=str(tree["event"]),
            title=str(tree["title"]),
            time=parse_time(str(tree["date"])),
            place=str(tree["place"]),
            area=Aoi.from_geometry(tree["area"]),
            ems={str(name): str(word) for name, word in tree["ems"].items()},
            quoted=str(tree["quoted"]),
            maps=tuple(map(EventMap.from_dict, tree["maps"])),
            sources=tuple(map(EventSource.from_dict, tree["sources"])),
        )
        if record.quoted not in [one.operation for one in record.maps]:
            raise LookupError(f"no map {record.quoted}")
        return record


def read_event(folder: Path, what: str) -> EventRecord:
    """The event of a folder.

    Parameters
    ----------
    what : str
        What fails without one, for the sentence.

    Raises
    ------
    InputError
        If the folder's catalogue tells of none, or of one that cannot be read.
    """
    tree = catalogue_told(folder, EVENT)
    hint = "Choose the catalog.json of an event; one of an older version has to be mapped again."
    if not isinstance(tree, dict):
        raise InputError(what, "it holds no mapped event", hint)
    try:
        return EventRecord.from_dict(tree)
    except (KeyError, TypeError, ValueError, AttributeError, LookupError, InputError) as error:
        reason = f"its catalogue tells of no event ({odd_value(error)})"
        raise InputError(what, reason, hint) from error


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
