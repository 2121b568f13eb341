"""Scenes as catalogues list them: the query, the scene, its bands, and their radiometry."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .aoi import Aoi, Bounds
from .enums import AccessKind, Evidence, OrbitDirection, Priority, Unit
from .errors import InputError
from .pixel_grid import Grid
from .text import unsigned_url
from .times import format_time

Geometry = Mapping[str, Any]
"""A GeoJSON geometry in degrees of WGS84."""

Time = datetime
"""Beside a field of that name."""


@dataclass(frozen=True)
class SearchQuery:
    """A search for scenes: area, dates, sensor, catalogue."""

    aoi: Aoi
    start: datetime
    end: datetime
    """Inclusive."""
    sensor: str
    catalog: str
    """A name from ``config/catalogs.yaml`` or the URL of a STAC API."""
    max_cloud_percent: float | None = None
    limit: int = 50
    """The most scenes to return at a time."""
    collection: str | None = None
    """One of the catalogue's collections for the sensor; None: the first."""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InputError(
                "The dates cannot be used", "they carry no time zone", "Give UTC times."
            )
        if self.start > self.end:
            raise InputError(
                f"The dates {format_time(self.start)[:10]} to {format_time(self.end)[:10]} "
                "cannot be used",
                "the end lies before the start",
                "Swap the two dates.",
            )
        if self.limit < 1:
            raise InputError(
                f"The limit {self.limit} cannot be used",
                "it must be at least 1",
                "Give a greater one.",
            )


@dataclass(frozen=True)
class Radiometry:
    """Rule by which stored numbers become physical ones: ``value = stored * scale + offset``."""

    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    """The stored number that means "nothing here"."""
    unit: Unit = Unit.NONE
    reason: str = ""
    """Source of scale and offset, for a person."""
    evidence: Evidence = field(default=Evidence.ITEM, compare=False, repr=False)
    """Source of scale and offset, for the program: what a file's own header is weighed against."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "scale": self.scale,
            "offset": self.offset,
            "nodata": "nan"
            if self.nodata is not None and math.isnan(self.nodata)
            else self.nodata,  # JSON has no NaN
            "unit": self.unit,
            "reason": self.reason,
            **({} if self.evidence == Evidence.ITEM else {"evidence": self.evidence}),
        }


@dataclass(frozen=True)
class BandAsset:
    """One band of one scene: where it is and how to read it."""

    band: str
    """Canonical lower-case name, never a catalogue's asset key."""
    href: str
    resolution_m: float
    radiometry: Radiometry
    size_bytes: int | None = None
    """Size that the catalogue states; None where it does not."""
    estimated_bytes: int = 0
    """Usual size of such a band, for plans and estimates."""
    checksum: str | None = None
    """``file:checksum``, a multihash, where offered."""
    grid: Grid | None = None
    """Grid that the catalogue states; None where only the file's header tells."""
    dtype: str = ""
    """numpy's name of the stored numbers' type; empty where the catalogue does not state it."""
    alternates: tuple[str, ...] = ()
    """Other addresses of the same file, the likeliest to open first."""
    account: str = ""
    """The account that ``href`` needs by its catalogue's account; empty where it names none."""
    index: int | None = None
    """Band of the file, from 1; None where the file holds this band alone."""


@dataclass(frozen=True)
class SceneItem:
    """One scene of one sensor, with its bands under canonical names."""

    id: str
    sensor: str
    catalog: str
    collection: str
    datetime: datetime
    bbox: Bounds
    footprint: Geometry | None
    """None where the catalogue gives none."""
    cloud_percent: float | None
    """Cloud of the whole scene, as the provider states it; None for radar or where unknown."""
    epsg: int | None
    resolution_m: float
    """Pixel size of the finest band."""
    bands: Mapping[str, BandAsset]
    """In wavelength order."""
    size_bytes: int = 0
    """Size of the sensor's default bands; estimated where the catalogue states no size."""
    missing_bands: tuple[str, ...] = ()
    """Bands the sensor should have and this item does not offer."""
    visual_href: str | None = None
    """A true-colour picture: for the eye, never for analysis."""
    single_href: str | None = None
    """The one file of an item that names no single bands (``url``)."""
    platform: str = ""
    """``sentinel-2a``, lower case; empty where unknown."""
    relative_orbit: int | None = None
    orbit_direction: OrbitDirection = OrbitDirection.UNKNOWN
    tile: str = ""
    """Tile of the agency's grid: ``32TLS`` (MGRS), ``195028`` (Landsat's path and row); empty where
    there is none, or nothing tells it.
    """
    product: str = ""
    """Name in ``config/products.yaml``; empty where it is not known."""
    baseline: str = ""
    """Processing baseline of Sentinel-2: ``05.10``; empty where nothing tells it."""
    access: AccessKind = AccessKind.UNKNOWN
    """What its files need: the most demanding one counts."""
    coverage_percent: float | None = None
    """Share of the area of interest that the footprint covers; None where there is no footprint."""
    clear_percent: float | None = None
    """Share of the area of interest that is seen and free of cloud and shadow; None until it was
    looked at.
    """
    listed: Time | None = None
    """When it came into the catalogue, as its record says; None where that does not."""
    priority: Priority = Priority.PRIMARY
    assets_json: str = "{}"
    """The item's assets as the catalogue gave them, as text: thousands of scenes of nested
    dictionaries make the garbage collector hold up every thread, QGIS's window among them.
    """
    notes: tuple[str, ...] = ()
    """Facts that a person should know about this item."""
    alternatives: tuple[SceneItem, ...] = ()
    """The same acquisition as other catalogues have it, the best one first."""

    @property
    def primary_href(self) -> str | None:
        """Its one file, else the blue band (or the first one): for consumers that know only
        ``url``.
        """
        asset = self.bands.get("blue") or next(iter(self.bands.values()), None)
        return self.single_href or (asset.href if asset else None)

    def to_dict(self) -> dict[str, Any]:
        """The specification's discovery item, with ``radiometry`` and a few facts added.

        Without signatures and tokens in its addresses: it is written to files.
        """
        return {
            "id": self.id,
            "source": self.sensor,
            "datetime": format_time(self.datetime),
            "cloud_cover": self.cloud_percent,
            "resolution_m": self.resolution_m,
            "size_bytes": self.size_bytes,
            "bbox": list(self.bbox),
            "priority": self.priority,
            "url": unsigned_url(self.primary_href) if self.primary_href else None,
            "band_urls": {name: unsigned_url(asset.href) for name, asset in self.bands.items()},
            "visualization_url": self.visual_href and unsigned_url(self.visual_href),
            "missing_bands": list(self.missing_bands),
            "assets": _unsigned(json.loads(self.assets_json)),
            "catalog": self.catalog,
            "collection": self.collection,
            "epsg": self.epsg,
            "platform": self.platform,
            "relative_orbit": self.relative_orbit,
            "orbit_direction": self.orbit_direction,
            "tile": self.tile,
            "product": self.product,
            "baseline": self.baseline,
            "access": self.access,
            "coverage_percent": _rounded(self.coverage_percent),
            "clear_percent": _rounded(self.clear_percent),
            "geometry": self.footprint,
            "radiometry": {name: asset.radiometry.to_dict() for name, asset in self.bands.items()},
            "band_info": {
                name: {
                    "resolution_m": asset.resolution_m,
                    "size_bytes": asset.size_bytes,
                    "estimated_bytes": asset.estimated_bytes,
                    "checksum": asset.checksum,
                    "data_type": asset.dtype,
                    "grid": asset.grid.to_dict() if asset.grid else None,
                    "alternates": [unsigned_url(href) for href in asset.alternates],
                    "account": asset.account,
                    **({} if asset.index is None else {"index": asset.index}),
                }
                for name, asset in self.bands.items()
            },
            "notes": list(self.notes),
            "alternatives": [_without_assets(other.to_dict()) for other in self.alternatives],
        }


def _without_assets(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "assets"}


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)


def _unsigned(tree: Any) -> Any:
    """A JSON tree whose addresses hold no signature and no token."""
    if isinstance(tree, str):
        return unsigned_url(tree) if "://" in tree else tree
    if isinstance(tree, dict):
        return {name: _unsigned(value) for name, value in tree.items()}
    return [_unsigned(value) for value in tree] if isinstance(tree, list) else tree
