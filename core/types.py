"""The values that flow through FirstLight: one frozen dataclass for each noun, and nothing else.

The way of the data (docs/architecture.md)::

    Aoi -> SearchQuery -> SceneItem -> DownloadPlan -> BandFile | BandFailure -> BandStack
        -> ValidationReport -> AlgorithmResult

Longitudes and latitudes are WGS84 degrees, shapes are (rows, cols), times are aware and in UTC.
All nouns can be had from here, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .aoi import Aoi as Aoi
from .aoi import Bounds as Bounds
from .enums import OrbitDirection as OrbitDirection
from .enums import Priority as Priority
from .enums import Unit as Unit
from .pixel_grid import Grid as Grid
from .report import Finding as Finding
from .report import Severity as Severity
from .report import ValidationReport as ValidationReport
from .report import Verdict as Verdict
from .scene_item import BandAsset as BandAsset
from .scene_item import Geometry as Geometry
from .scene_item import Radiometry as Radiometry
from .scene_item import SceneItem as SceneItem
from .scene_item import SearchQuery as SearchQuery
from .times import format_time as format_time
from .times import parse_time as parse_time


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
    catalog: str = ""
    item_id: str = ""
    """Whose file it is: bands of one scene may come from several providers."""


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
            "companions": [stack.to_dict() for stack in self.companions],
        }


@dataclass(frozen=True)
class MapClass:
    """One class of a class layer."""

    code: int
    """Stored number, 0..254."""
    name: str
    color: tuple[int, int, int]
    """Red, green, blue, 0..255."""


@dataclass(frozen=True)
class AlgorithmResult:
    """Result of an algorithm."""

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
