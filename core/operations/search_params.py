"""Parameters that every searching operation shares, declared once."""

from __future__ import annotations

from typing import Any

from ..discovery.band_config import searched_names, sensor_titles
from ..discovery.catalogs import AUTO, catalog_choices, get_catalog
from ..discovery.events import event_names, event_titles
from ..params import AREA_HELP as AREA_HELP
from ..params import Kind, param


def area_param(help: str = AREA_HELP) -> Any:
    """Area of interest, required."""
    return param(kind=Kind.AREA, title="Area", help=help)


def event_date_param() -> Any:
    """Day or moment of the event, required."""
    text = "UTC: 2024-05-01, or with a time: 2024-05-01T14:00Z."
    return param(kind=Kind.DATE, title="Date of the event", help=text)


def sensor_param(
    text: str = "The satellite; if not given, the event's sensors, else Sentinel-2.",
) -> Any:
    """Satellite."""
    return param(
        None,
        kind=Kind.SENSOR,
        title="Sensor",
        choices=searched_names,
        labels=sensor_titles,
        help=text,
    )


CATALOG_HELP = (
    "A known catalogue, the URL of any STAC API, or a table of scenes (STAC-GeoParquet: a file, a "
    "folder, an URL, s3://…); several with commas are asked together; auto: for each sensor all "
    "whose files need no account."
)


def catalog_param(help: str = CATALOG_HELP) -> Any:
    """Catalogue that is searched."""
    return param(
        AUTO,
        kind=Kind.CATALOG,
        title="Catalogue",
        choices=catalog_choices,
        help=help,
        make_default=lambda: get_catalog(AUTO),
    )


def event_param() -> Any:
    """Kind of event."""
    text = "Picks sensors, bands and days around it: flood.coastal."
    return param(
        None,
        kind=Kind.EVENT,
        title="Event",
        choices=event_names,
        labels=event_titles,
        help=text,
        advanced=True,
    )


def max_cloud_param() -> Any:
    """Most cloud, by the catalogue's figure."""
    return param(
        None,
        kind=Kind.NUMBER,
        title="Most cloud (%)",
        help="Of the whole scene.",
        minimum=0,
        maximum=100,
    )


def collection_param() -> Any:
    """Collection of the catalogue."""
    text = "If not given, the catalogue's first for the sensor."
    return param(None, kind=Kind.TEXT, title="Collection", help=text, advanced=True)


def limit_param() -> Any:
    """Most scenes of each sensor."""
    return param(
        50, kind=Kind.INTEGER, title="Most scenes", help="Per sensor.", minimum=1, maximum=10000
    )


def days_param(title: str, otherwise: str) -> Any:
    """Days around the event that are searched; None: the event's own."""
    return param(
        None,
        kind=Kind.INTEGER,
        title=title,
        help=f"If not given, {otherwise}.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
