"""Find scenes: area + dates + sensor → the scenes a catalogue offers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import sensor_names
from ..discovery.catalogs import catalog_names
from ..discovery.events import event_names
from .base import param


@dataclass(frozen=True, kw_only=True)
class DiscoverParams:
    """What to look for, and where."""

    area: str = param(kind="area", title="Area", help="A vector file, WKT, or west,south,east,north in degrees.")
    start: str = param(kind="date", title="From", help="First day, UTC: 2024-05-01.")
    end: str = param(kind="date", title="To", help="Last day, UTC, included.")
    sensor: str | None = param(
        None,
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="Which satellite; if not given, the event's sensors, else Sentinel-2.",
    )
    catalog: str = param(
        "earth-search",
        kind="catalog",
        title="Catalogue",
        choices=catalog_names,
        help="A known catalogue, or the URL of any STAC API.",
    )
    event: str | None = param(
        None, kind="choice", title="Event", choices=event_names, help="Picks sensors for it: flood.coastal.", advanced=True
    )
    max_cloud: float | None = param(
        None, kind="number", title="Most cloud (%)", help="Of the whole scene.", minimum=0, maximum=100
    )
    limit: int = param(50, kind="integer", title="Most scenes", help="Per sensor.", minimum=1, maximum=10000)
    scenes: Path | None = param(
        None,
        kind="vector_out",
        title="Scenes",
        help="Write the footprints, with all that ingest needs, to this GeoJSON file.",
        suffix=".geojson",
    )
