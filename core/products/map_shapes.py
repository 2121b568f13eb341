"""Shapes beside a map: what was not observed, and the area that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from ..algorithms.kernel import NOT_OBSERVED
from ..raster.facts import read_facts
from ..raster.pixel_area import ground_of
from ..shapes.area_file import area_outline
from ..shapes.geopackage import Value, VectorLayer, write_geopackage
from ..shapes.patches import MOST_THREADS, trace_patches
from ..types import Aoi, Grid
from .perimeter import PerimeterRule, outlines_of
from .result_record import ShapesRecord

UNSEEN_NAME, AREA_NAME = "not_observed.gpkg", "area.gpkg"
UNSEEN_STYLE, AREA_STYLE = "not_observed", "area"
MOST_PIXELS = 2048
"""A side, in which what was not observed is drawn: hatching needs no more."""
_FINENESS = PerimeterRule((NOT_OBSERVED,))
"""As fine as the outline of what the map is about."""


def unseen_shapes(folder: Path) -> ShapesRecord:
    """Return the file of what was not observed, as a map shows it."""
    return ShapesRecord("not_observed", folder / UNSEEN_NAME, "Not observed", UNSEEN_STYLE)


def area_shapes(folder: Path) -> ShapesRecord:
    """Return the file of the area, as a map shows it."""
    return ShapesRecord("area", folder / AREA_NAME, "Area", AREA_STYLE)


def write_unseen(
    classes: Path,
    output: Path,
    stop: Callable[[], bool] = lambda: False,
    threads: int = MOST_THREADS,
) -> None:
    """Outline what a map has not observed, one polygon for each patch, to be hatched on the map.

    It is a drawing: patches below half a hectare are left out, as in the perimeter, and of a raster
    of more than ``MOST_PIXELS`` a side one of two, three or more pixels is looked at. The raster
    itself has them all. Where all was observed the layer is there without a feature.

    Parameters
    ----------
    classes : Path
        One band of uint8; 255 = not observed.
    threads : int
        The most that compute.

    Raises
    ------
    RasterError
        If the classes cannot be read, or the file not be written.
    Cancelled
        If ``stop``.
    """
    least = _FINENESS.min_area_ha * 1e4
    every = max(1, math.ceil(max(read_facts(classes).grid.shape) / MOST_PIXELS))
    patches = trace_patches(classes, (NOT_OBSERVED,), least, stop, every, threads)
    known = ground_of(patches.grid) is not None
    outlines, _ = outlines_of(patches, _FINENESS.simplify_px)
    rows = [
        (outline, {"area_km2": patch.area / 1e6 if known else None})
        for outline, patch in zip(outlines, patches.found)
    ]
    layer = VectorLayer("not_observed", "Not observed", {"area_km2": float}, rows)
    write_geopackage(output, patches.grid.crs, (layer,), stop)


def write_area(
    aoi: Aoi, grid: Grid, output: Path, stop: Callable[[], bool] = lambda: False
) -> None:
    """Write the area that was asked for in the map's coordinate system, its edges straight in
    degrees.

    Raises
    ------
    RasterError
        If the area reaches too far from it, or the file cannot be written.
    Cancelled
        If ``stop``.
    """
    facts: dict[str, Value] = {"area_km2": aoi.area_km2, "source": aoi.source}
    fields = {"area_km2": float, "source": str}
    layer = VectorLayer("area", "Area", fields, [(area_outline(aoi, grid), facts)], multi=True)
    write_geopackage(output, grid.crs, (layer,), stop)
