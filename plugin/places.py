"""Places by name: QGIS's own look-up at OpenStreetMap's Nominatim, only where the user allows it
and asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from qgis.core import QgsCoordinateTransformContext, QgsFeedback, QgsSettings

from ..core.errors import DiscoveryError
from ..core.monitor import EventQueue, Monitor
from ..core.operation import Operation, OperationResult
from ..core.params import Kind, param
from ..core.settings import Settings
from ..core.text import shortened, shown
from ..core.types import Aoi
from ..core.workers import run_in_background
from .aoi import area_of_rectangle, lonlat_crs

ALLOWED = "firstlight/place_names"
"""Key of QGIS's settings: whether names may be sent to the service."""
ENDPOINT = "firstlight/place_names_url"
"""Another address of the service; QGIS's own where it is not set."""
MOST_PLACES = 8
LEAST_DEGREES = 0.01
"""Side of the area around a place that has no size."""


@dataclass(frozen=True)
class Place:
    """A place that was found."""

    name: str
    aoi: Aoi


def places_offered() -> bool:
    """True where this QGIS has a look-up of names."""
    return _geocoder_class() is not None


def places_allowed() -> bool:
    """True where the user allows names to be sent."""
    return bool(QgsSettings().value(ALLOWED, False, type=bool))


def allow_places(allowed: bool) -> None:
    """Keep whether names may be sent."""
    QgsSettings().setValue(ALLOWED, allowed)


def service_host() -> str:
    """The host that a name is sent to."""
    return urlsplit(_endpoint()).hostname or ""


@dataclass(frozen=True, kw_only=True)
class PlaceParams:
    """What to look up."""

    name: str = param(kind=Kind.TEXT, title="Place")


def find_places(params: PlaceParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Look a name up; a stop leaves the question behind.

    Raises
    ------
    DiscoveryError
        If the service does not answer, or knows no such place.
    """
    feedback = QgsFeedback()
    monitored = EventQueue(monitor)
    try:
        places = run_in_background(lambda: _ask(params.name, feedback), monitored)
    finally:
        feedback.cancel()
    return OperationResult(data=None, text="\n".join(one.name for one in places), value=places)


FIND_PLACES = Operation(
    name="find-places",
    title="Find a place",
    group="",
    summary="Looks a place up by its name.",
    params=PlaceParams,
    run=find_places,
)
"""Of the dock alone: it needs QGIS."""


def _ask(name: str, feedback: QgsFeedback) -> tuple[Place, ...]:
    from qgis.core import QgsGeocoderContext

    geocoder = _geocoder_class()(endpoint=_endpoint())
    context = QgsGeocoderContext(QgsCoordinateTransformContext())
    places = []
    for result in geocoder.geocodeString(name, context, feedback)[:MOST_PLACES]:
        if not result.isValid():
            raise DiscoveryError(
                f"The place '{shortened(name)}' cannot be looked up",
                result.error() or f"{service_host()} does not answer",
                "Check the network, or draw the area.",
            )
        box = result.viewport()
        if box.isEmpty() or not box.isFinite():
            box = result.geometry().boundingBox().buffered(LEAST_DEGREES / 2)
        places.append(Place(shown(result.identifier()), area_of_rectangle(box, lonlat_crs())))
    if not places:
        raise DiscoveryError(
            f"No place found for '{shortened(name)}'",
            f"{service_host()} knows none of that name",
            "Write it otherwise, or draw the area.",
        )
    return tuple(places)


def _geocoder_class() -> Any:
    from qgis import core

    return getattr(core, "QgsNominatimGeocoder", None)


def _endpoint() -> str:
    kept = str(QgsSettings().value(ENDPOINT, "") or "")
    return kept or str(_geocoder_class()().endpoint())
