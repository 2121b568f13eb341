"""The outline of some classes of a map as a GeoPackage: all of it as one, and each patch with its
area.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..algorithms.kernel import OUTSIDE
from ..errors import InputError
from ..raster.grid import Window
from ..raster.pixel_area import ground_of, pixel_size_m
from ..shapes.geopackage import Value, VectorLayer, write_geopackage
from ..shapes.outlines import join_outlines, outline_length, simplify_together
from ..shapes.patches import MOST_THREADS, Patches, trace_patches
from ..types import Grid

PERIMETER_NAME = "perimeter.gpkg"
WHOLE, PATCHES = "perimeter", "patches"
"""The layers: one multipolygon, and one polygon for each patch."""
_ABOUT = {"date": date, "sensor": str, "method": str, "event": str}
_WHOLE = {
    **_ABOUT,
    "area_ha": float,
    "area_km2": float,
    "patches": int,
    "min_area_ha": float,
    "not_observed_percent": float,
    "note": str,
}
_PATCH = {"patch": int, "area_ha": float, "area_km2": float, **_ABOUT}


@dataclass(frozen=True)
class PerimeterRule:
    """Classes that are outlined, and how finely."""

    codes: Collection[int]
    """The classes that are inside; 0..253."""
    min_area_ha: float = 0.5
    """Patches below are dropped, holes below are filled where they were observed. Half a hectare is
    50 pixels of 10 m and 6 of 30 m: a judgement, between the single pixels of noise and the
    smallest fire or pond that matters on a map.
    """
    simplify_px: float = 0.75
    """The farthest that the outline may be moved, in pixels; 0 leaves the edges of the pixels.
    Above 0.71, the diagonal's share of a step, slanting lines lose their stairs.
    """


@dataclass(frozen=True)
class PerimeterFacts:
    """Attributes that each feature has."""

    event: str
    """``Burned``, ``Flooded``: what lies inside."""
    method: str
    """``dNBR, USGS classes``."""
    acquired: datetime | None = None
    """Of the picture after the event, UTC; None where unknown."""
    sensor: str = ""
    note: str = ""


@dataclass(frozen=True)
class Perimeter:
    """An outline that was written."""

    path: Path
    patches: int
    area_m2: float | None
    """Of all patches, counted in pixels; None where areas are not known."""
    rule: PerimeterRule
    notes: tuple[str, ...] = ()
    """Sentences that a person should know of it."""
    edge_m2: float | None = None
    """Area of half a pixel along the outlines: so much more or less is inside where the edge lies
    half a pixel farther out or in.
    """

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, units in the names."""
        return {
            "path": str(self.path),
            "patches": self.patches,
            "area_km2": None if self.area_m2 is None else self.area_m2 / 1e6,
            "area_ha": None if self.area_m2 is None else self.area_m2 / 1e4,
            "min_area_ha": self.rule.min_area_ha,
            "simplify_px": self.rule.simplify_px,
            "edge_km2": None if self.edge_m2 is None else self.edge_m2 / 1e6,
            "notes": list(self.notes),
        }


def write_perimeter(
    classes: Path,
    output: Path,
    rule: PerimeterRule,
    about: PerimeterFacts,
    stop: Callable[[], bool] = lambda: False,
    threads: int = MOST_THREADS,
) -> Perimeter:
    """Outline some classes of a map: layer ``perimeter`` (one multipolygon) and layer ``patches``
    (one polygon each).

    Areas are those of the pixels, before outlines are simplified. A pixel that was not observed is
    never inside, however small the hole it makes. Where nothing is found, the layers are there
    without a feature.

    Parameters
    ----------
    classes : Path
        One band of uint8; 255 = not observed, 254 = outside of the area. The outline gets its
        coordinate system.
    output : Path
        ``….gpkg``; its folder must exist. An older one is replaced when the new one is whole.
    stop : callable
        Asked now and then, on the calling thread.
    threads : int
        The most that compute.

    Raises
    ------
    InputError
        If a code is none of 0..253.
    RasterError
        If the classes cannot be read, or the file not be written.
    Cancelled
        If ``stop``.
    """
    _check_codes(classes, rule)
    patches = trace_patches(classes, rule.codes, rule.min_area_ha * 1e4, stop, threads=threads)
    outlines, kept_edges = outlines_of(patches, rule.simplify_px)
    notes = [*_notes(patches, rule), *kept_edges]
    known = ground_of(patches.grid) is not None
    total = sum(patch.area for patch in patches.found) if known else None
    shared = _shared(about)
    whole = {
        **shared,
        **_areas(total),
        "patches": len(outlines),
        "min_area_ha": rule.min_area_ha if known else None,
        "not_observed_percent": _percent(patches.not_observed, _asked(patches)),
        "note": ". ".join(filter(None, [*notes, about.note])),
    }
    features = [
        (outline, {"patch": number, **_areas(patch.area if known else None), **shared})
        for number, (outline, patch) in enumerate(zip(outlines, patches.found), start=1)
    ]
    joined = [(join_outlines(outlines), whole)] if outlines else []
    layers = (
        VectorLayer(WHOLE, f"{about.event}: outline", _WHOLE, joined, multi=True),
        VectorLayer(PATCHES, f"{about.event}: patches", _PATCH, features),
    )
    write_geopackage(output, patches.grid.crs, layers, stop)
    edge = _edge_m2(outlines, patches.grid) if known else None
    return Perimeter(output, len(outlines), total, rule, tuple(notes), edge)


def _edge_m2(outlines: Sequence[bytes], grid: Grid) -> float | None:
    size = pixel_size_m(grid)
    if size is None:
        return None
    side = math.sqrt(size[0] * size[1])
    drawn = math.sqrt(grid.resolution[0] * grid.resolution[1])
    return outline_length(outlines) / drawn * side * side / 2


def _check_codes(classes: Path, rule: PerimeterRule) -> None:
    strange = [code for code in rule.codes if not 0 <= code < OUTSIDE]
    if strange or not rule.codes:
        reason = f"{strange[0]} is no class" if strange else "no class is to be inside"
        raise InputError(
            f"No outline can be drawn of {classes}", reason, f"Classes are 0..{OUTSIDE - 1}."
        )


def _asked(patches: Patches) -> int:
    """Pixels of the map that lie in the area that was asked for."""
    rows, cols = patches.grid.shape
    return rows * cols - patches.outside


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def outlines_of(patches: Patches, simplify_px: float) -> tuple[list[bytes], list[str]]:
    """Outlines with fewer corners, WKB, and a note where they had to keep all."""
    outlines = [patch.outline for patch in patches.found]
    if not outlines or simplify_px <= 0:
        return outlines, []
    simple = simplify_together(outlines, simplify_px * min(patches.grid.resolution))
    if simple is not None:
        return list(simple), []
    return outlines, [
        "The outline follows the edges of the pixels: simplified it would cross itself, or it has "
        "too many corners"
    ]


def _shared(about: PerimeterFacts) -> dict[str, Value]:
    """Attributes of every feature."""
    return {
        "date": about.acquired.date() if about.acquired else None,
        "sensor": about.sensor,
        "method": about.method,
        "event": about.event,
    }


def _areas(square_metres: float | None) -> dict[str, Value]:
    if square_metres is None:
        return {"area_ha": None, "area_km2": None}
    return {"area_ha": square_metres / 1e4, "area_km2": square_metres / 1e6}


def _notes(patches: Patches, rule: PerimeterRule) -> list[str]:
    notes = []
    ground, whole = ground_of(patches.grid), Window(0, 0, *patches.grid.shape)
    if not patches.grid.crs:
        notes.append(
            "The map has no coordinate system, so areas are not known and no patch was dropped"
        )
    elif ground is None:
        notes.append(
            "A part of the map has no place on earth, so areas are not known and no patch was "
            "dropped"
        )
    if not patches.pixels:
        notes.append("No pixel has one of the classes: there is nothing to outline")
    elif not patches.found:
        pixel = ground.mean(whole) if ground else 0.0
        notes.append(
            f"All patches ({patches.pixels * pixel / 1e4:.2g} ha together) are smaller than "
            f"{rule.min_area_ha:g} ha: none is outlined"
        )
    if patches.not_observed == _asked(patches):
        notes.append(
            "Nothing was observed: that there is no outline does not mean that nothing happened"
        )
    return notes
