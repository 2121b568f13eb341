"""The values that flow through FirstLight: one frozen dataclass for each noun, and nothing else.

The way of the data (docs/architecture.md)::

    Aoi -> SearchQuery -> SceneItem -> DownloadPlan -> BandFile | BandFailure -> BandStack
        -> ValidationReport -> AlgorithmResult

Longitudes and latitudes are WGS84 degrees, shapes are (rows, cols), times are aware and in UTC.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .aoi import Aoi as Aoi
from .aoi import Bounds as Bounds
from .enums import OrbitDirection as OrbitDirection
from .enums import Priority as Priority
from .enums import Unit as Unit
from .errors import InputError
from .report import Finding as Finding
from .report import Severity as Severity
from .report import ValidationReport as ValidationReport
from .report import Verdict as Verdict

Geometry = Mapping[str, Any]
"""A GeoJSON geometry in degrees of WGS84."""


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC with a ``Z``, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str, end_of_day: bool = False) -> datetime:
    """ISO 8601 → aware UTC; a bare day is its first second, or its last one with ``end_of_day``.

    Raises
    ------
    ValueError
        If it is no time.
    """
    text = text.strip()
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)  # more digits than datetime takes
    text = re.sub(
        r"\.(\d{1,5})(?=$|[Z+-])", lambda m: f".{m[1]:0<6}", text
    )  # Python 3.10 wants 3 or 6 of them
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    if end_of_day and len(text) == 10:
        moment = moment.replace(hour=23, minute=59, second=59)
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{text} lies off the calendar in UTC") from None


@dataclass(frozen=True)
class SearchQuery:
    """What to look for, and where."""

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
    """Which of the catalogue's collections for the sensor; None: the first."""

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
            raise InputError(f"The limit {self.limit} cannot be used", "it must be at least 1")


@dataclass(frozen=True)
class Radiometry:
    """How stored numbers become physical ones: ``value = stored * scale + offset``."""

    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    """The stored number that means "nothing here"."""
    unit: Unit = Unit.NONE
    reason: str = ""
    """Where scale and offset come from, for a person."""

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
    """As the catalogue states it; None where it does not."""
    estimated_bytes: int = 0
    """What such a band usually takes, for plans and estimates."""
    checksum: str | None = None
    """``file:checksum``, a multihash, where offered."""
    grid: Grid | None = None
    """Where its pixels lie, as the catalogue states it; None where only the file's header tells."""
    dtype: str = ""
    """numpy's name of the stored numbers' type; empty where the catalogue does not state it."""


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
    """Of the whole scene, as the provider says; None for radar or where unknown."""
    epsg: int | None
    resolution_m: float
    """Of the finest band."""
    bands: Mapping[str, BandAsset]
    """In wavelength order."""
    size_bytes: int = 0
    """Of the sensor's default bands; estimated where the catalogue states no size."""
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
    coverage_percent: float | None = None
    """Share of the area of interest that the footprint covers; None where there is no footprint."""
    clear_percent: float | None = None
    """Share of the area of interest that is seen and free of cloud and shadow; None until it was
    looked at.
    """
    priority: Priority = Priority.PRIMARY
    assets_json: str = "{}"
    """The item's assets as the catalogue gave them, as text: thousands of scenes of nested
    dictionaries make the garbage collector hold up every thread, QGIS's window among them.
    """
    notes: tuple[str, ...] = ()
    """What a person should know about this item."""

    def to_dict(self) -> dict[str, Any]:
        """The specification's discovery item, with ``radiometry`` and a few facts added."""
        return {
            "id": self.id,
            "source": self.sensor,
            "datetime": format_time(self.datetime),
            "cloud_cover": self.cloud_percent,
            "resolution_m": self.resolution_m,
            "size_bytes": self.size_bytes,
            "bbox": list(self.bbox),
            "priority": self.priority,
            "url": self.single_href or _primary_href(self.bands),
            "band_urls": {name: asset.href for name, asset in self.bands.items()},
            "visualization_url": self.visual_href,
            "missing_bands": list(self.missing_bands),
            "assets": json.loads(self.assets_json),
            "catalog": self.catalog,
            "collection": self.collection,
            "epsg": self.epsg,
            "platform": self.platform,
            "relative_orbit": self.relative_orbit,
            "orbit_direction": self.orbit_direction,
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
                }
                for name, asset in self.bands.items()
            },
            "notes": list(self.notes),
        }


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)


def _primary_href(bands: Mapping[str, BandAsset]) -> str | None:
    """The blue band (or the first one): kept for consumers that know only ``url``."""
    asset = bands.get("blue") or next(iter(bands.values()), None)
    return asset.href if asset else None


@dataclass(frozen=True)
class BandFile:
    """A band that is on the disk, complete and readable."""

    band: str
    path: Path
    url: str
    size_bytes: int
    seconds: float
    attempts: int
    """0 where the file was there already."""
    sha256: str


@dataclass(frozen=True)
class BandFailure:
    """A band that could not be had."""

    band: str
    url: str
    error: str
    """The whole sentence."""
    reason: str
    """Short, for a table: ``HTTP 404``."""
    attempts: int
    status: int | None = None
    """HTTP status, where there was one."""


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a raster lie."""

    crs: str
    """``EPSG:n`` where there is a code, else WKT; empty where the raster has none."""
    transform: tuple[float, float, float, float, float, float]
    """a, b, c, d, e, f of ``x = a*col + b*row + c``, ``y = d*col + e*row + f``; unit of the CRS."""
    shape: tuple[int, int]
    """(rows, cols)"""

    @property
    def bounds(self) -> Bounds:
        """left, bottom, right, top in the unit of the CRS (north-up grids)."""
        a, _, c, _, e, f = self.transform
        rows, cols = self.shape
        return (c, f + e * rows, c + a * cols, f)

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel size (x, y), both positive, in the unit of the CRS."""
        return (abs(self.transform[0]), abs(self.transform[4]))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"crs": self.crs, "transform": list(self.transform), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, words: Mapping[str, Any]) -> Grid:
        """The inverse of :meth:`to_dict`."""
        a, b, c, d, e, f = (float(value) for value in words["transform"])
        rows, cols = (int(value) for value in words["shape"])
        return cls(str(words["crs"]), (a, b, c, d, e, f), (rows, cols))


@dataclass(frozen=True)
class StackBand:
    """One band of a stack."""

    name: str
    index: int
    """From 1."""
    source: Path
    radiometry: Radiometry
    wavelength_nm: float | None = None
    resampled_from_m: float | None = None
    """The source's own pixel size where it differs from the stack's."""


@dataclass(frozen=True)
class BandStack:
    """Bands of one scene as one raster."""

    path: Path
    grid: Grid
    bands: tuple[StackBand, ...]
    warnings: tuple[str, ...] = ()
    companions: tuple[BandStack, ...] = ()
    """Stacks of the scene's coarser bands, where each keeps its own pixel size."""

    def to_dict(self) -> dict[str, Any]:
        """The specification's stack result."""
        return {
            "path": str(self.path),
            "band_count": len(self.bands),
            "band_mapping": {band.name: band.index for band in self.bands},
            "crs": self.grid.crs,
            "bounds": list(self.grid.bounds),
            "resolution": list(self.grid.resolution),
            "source_files": {band.name: str(band.source) for band in self.bands},
            "radiometry": {band.name: band.radiometry.to_dict() for band in self.bands},
            "warnings": list(self.warnings),
            "companions": [one.to_dict() for one in self.companions],
        }


@dataclass(frozen=True)
class MapClass:
    """One class of a class layer."""

    code: int
    """As it is stored; 0..254."""
    name: str
    color: tuple[int, int, int]
    """Red, green, blue, 0..255."""


@dataclass(frozen=True)
class AlgorithmResult:
    """What an algorithm made."""

    outputs: Mapping[str, Path]
    """Name → file."""
    statistics: Mapping[str, Any]
    """Units in the names: ``mean``, ``observed_percent``, ``area_km2``."""
    style: str
    """Key of a style in ``resources/styles``."""
    provenance: Mapping[str, Any]
    """Operation, version, parameters, inputs."""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "outputs": {name: str(path) for name, path in self.outputs.items()},
            "statistics": dict(self.statistics),
            "warnings": list(self.warnings),
            "provenance": dict(self.provenance),
        }
