"""The bands that go into a stack: opened once, with all that is known of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BandStackError, CRSMismatchError, RasterError, ResolutionError
from ..gdal.crs import reference_text
from ..gdal.environment import quiet_gdal
from ..gdal.types import GDAL_NAMES, holds, is_floating, type_range
from ..raster.facts import BandFacts, RasterFacts, read_facts
from ..raster.open_file import open_checked
from ..types import Grid, Radiometry

GCPS_ONLY = "placed by ground control points only"


@dataclass(frozen=True)
class BandSource:
    """One band to be stacked, and how to read it."""

    path: Path
    index: int = 1
    """Band of the file, from 1."""
    radiometry: Radiometry | None = None
    """None: as the file says."""
    wavelength_nm: float | None = None
    is_class: bool = False
    """Holds categories: resampled by nearest neighbour, whatever was asked."""


@dataclass(frozen=True)
class OpenedBand:
    """A band whose file was opened, and where it lies."""

    name: str
    source: BandSource
    facts: RasterFacts
    band: BandFacts
    radiometry: Radiometry
    """As it is to be read; its nodata is a number that the type can hold, or None."""
    crs: str
    """Of its grid, or of its ground control points."""
    crooked: str = ""
    """Why its pixels lie on no north-up grid: ``GCPS_ONLY``, ``rotated``, ``upside down``; else
    empty.
    """
    notes: tuple[str, ...] = ()
    """What a person should know."""


def open_band(name: str, value: Path | BandSource, what: str) -> OpenedBand:
    """Open a band's file and look where it lies.

    Parameters
    ----------
    name : str
        Of the band.
    value : Path or BandSource
        Its file.
    what : str
        What fails if this does, for the sentence.

    Raises
    ------
    BandStackError
        If the file cannot be used.
    CRSMismatchError
        If it lies nowhere on earth.
    ResolutionError
        If its pixels have no size.
    """
    source = value if isinstance(value, BandSource) else BandSource(value)
    try:
        facts = read_facts(source.path)
    except RasterError as error:
        raise BandStackError(
            what, f"band '{name}': {error.what}: {error.why}", error.hint
        ) from error
    if not 1 <= source.index <= len(facts.bands):
        raise BandStackError(
            what,
            f"band '{name}': {source.path} has {len(facts.bands)} bands, no band {source.index}",
            "Give the number of one of them.",
        )
    band = facts.bands[source.index - 1]
    if band.dtype not in GDAL_NAMES:
        raise BandStackError(
            what,
            f"band '{name}': numbers of type {band.dtype} cannot be stacked",
            "Give a band of whole or decimal numbers.",
        )
    crs, crooked = _where(name, facts, what)
    radiometry = source.radiometry or band.radiometry
    notes: tuple[str, ...] = ()
    if radiometry.nodata is not None and not holds(band.dtype, radiometry.nodata):
        notes = (
            f"Band '{name}' is said to have nodata {radiometry.nodata:g}, which no {band.dtype} "
            "can be: it is ignored",
        )
        radiometry = with_nodata(radiometry, None)
    return OpenedBand(name, source, facts, band, radiometry, crs, crooked, notes)


def _where(name: str, facts: RasterFacts, what: str) -> tuple[str, str]:
    """Coordinate system, and what is wrong with the grid (empty: nothing)."""
    place = f"band '{name}' ({facts.path})"
    hint = "Assign one, or warp it first."
    a, b, _, d, e, _ = facts.grid.transform
    if (a, b, d, e) == (1.0, 0.0, 0.0, 1.0) and facts.grid.transform[2] == facts.grid.transform[
        5
    ] == 0:
        if not facts.has_gcps:
            lacks = (
                "no coordinate system"
                if not facts.grid.crs
                else "a coordinate system but no position"
            )
            raise CRSMismatchError(what, f"{place} cannot be placed: it has {lacks}", hint)
        crs = _gcp_crs(facts.path)
        if not crs:
            raise CRSMismatchError(
                what,
                f"{place} cannot be placed: its ground control points have no coordinate system",
                hint,
            )
        return crs, GCPS_ONLY
    if not facts.grid.crs:
        raise CRSMismatchError(what, f"{place} cannot be placed: it has no coordinate system", hint)
    if not all(math.isfinite(v) for v in facts.grid.transform) or a * e - b * d == 0:
        raise ResolutionError(
            what,
            f"the pixels of {place} have no size",
            "Its geotransform is damaged: fetch it again.",
        )
    if b or d:
        return facts.grid.crs, "rotated"
    return facts.grid.crs, "upside down" if e > 0 or a < 0 else ""


def _gcp_crs(path: Path) -> str:
    """The coordinate system of ground control points, which the facts of a file only say to be
    there.
    """
    with quiet_gdal():
        return reference_text(open_checked(path).GetGCPSpatialRef())


def stand_in_nodata(band: OpenedBand) -> float:
    """A number for pixels that a band without nodata does not reach.

    Where the type has none to spare, one is taken that measurements hardly ever have: 0 for whole
    numbers without sign, the least one for those with a sign, the greatest for classes (0 is a
    class in some).
    """
    if is_floating(band.band.dtype):
        return math.nan
    low, high = type_range(band.band.dtype)
    return float(high if band.source.is_class else low)


def with_nodata(radiometry: Radiometry, nodata: float | None) -> Radiometry:
    """A copy with another nodata value."""
    return Radiometry(
        radiometry.scale, radiometry.offset, nodata, radiometry.unit, radiometry.reason
    )


def same_size(one: Grid, other: Grid) -> bool:
    """Tell whether the pixels of two grids are of one size."""
    return all(abs(a - b) < 1e-6 * b for a, b in zip(one.resolution, other.resolution))


def extents(grids: Sequence[tuple[str, Grid]]) -> str:
    """Bounds of named grids, for a sentence."""
    return "; ".join(
        f"{name}: {', '.join(f'{v:.10g}' for v in grid.bounds)}" for name, grid in grids
    )
