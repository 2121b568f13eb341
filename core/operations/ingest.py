"""Bring scenes to the disk: bands → files → stack → validation → (if wanted) indices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms.indices import index_names
from ..discovery.band_config import sensor_names
from ..discovery.catalogs import catalog_names
from ..discovery.events import event_names
from ..types import SceneItem
from .base import param


@dataclass(frozen=True, kw_only=True)
class IngestParams:
    """Which scenes, which bands, and where to put them."""

    items: Path | None = param(
        None,
        kind="file_in",
        title="Scenes",
        help="What discover wrote (JSON or GeoJSON); then area and dates are not needed.",
    )
    area: str | None = param(None, kind="area", title="Area", help="A vector file, WKT, or west,south,east,north in degrees.")
    start: str | None = param(None, kind="date", title="From", help="First day, UTC: 2024-05-01.")
    end: str | None = param(None, kind="date", title="To", help="Last day, UTC, included.")
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
    bands: tuple[str, ...] = param(
        (), kind="bands", title="Bands", help="Comma-separated: blue,nir; empty: the sensor's default bands."
    )
    index: tuple[str, ...] = param(
        (), kind="choices", title="Indices", choices=index_names, help="Computed from each stack that is valid: NDVI,NBR."
    )
    parallel_downloads: int | None = param(
        None, kind="integer", title="Bands at once", help="4 if not given.", minimum=1, maximum=32, advanced=True
    )
    output_format: str | None = param(
        None,
        kind="choice",
        title="Stack format",
        choices=("vrt", "geotiff"),
        help="vrt points at the band files; geotiff copies them into one file.",
        advanced=True,
    )
    output: Path = param(kind="folder_out", title="Folder", help="A sub-folder is made for each scene.")
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items`` or a search."""
