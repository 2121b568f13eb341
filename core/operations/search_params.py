"""The parameters that every searching operation shares, declared once."""

from __future__ import annotations

from typing import Any

from ..discovery.band_config import sensor_names
from ..discovery.catalogs import catalog_names
from ..discovery.events import event_names
from ..params import param

AREA_HELP = "A vector file, WKT, or west,south,east,north in degrees."


def sensor_param() -> Any:
    """Which satellite."""
    text = "The satellite; if not given, the event's sensors, else Sentinel-2."
    return param(None, kind="choice", title="Sensor", choices=sensor_names, help=text)


def catalog_param() -> Any:
    """Which catalogue."""
    text = "A known catalogue, or the URL of any STAC API."
    return param(
        "earth-search", kind="catalog", title="Catalogue", choices=catalog_names, help=text
    )


def event_param() -> Any:
    """What happened."""
    text = "Picks sensors, bands and days around it: flood.coastal."
    return param(None, kind="choice", title="Event", choices=event_names, help=text, advanced=True)


def max_cloud_param() -> Any:
    """How much cloud, by the catalogue's figure."""
    return param(
        None,
        kind="number",
        title="Most cloud (%)",
        help="Of the whole scene.",
        minimum=0,
        maximum=100,
    )


def collection_param() -> Any:
    """Which collection of the catalogue."""
    text = "If not given, the catalogue's first for the sensor."
    return param(None, kind="text", title="Collection", help=text, advanced=True)


def limit_param() -> Any:
    """How many scenes."""
    return param(
        50, kind="integer", title="Most scenes", help="Per sensor.", minimum=1, maximum=10000
    )
