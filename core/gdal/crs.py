"""Coordinate systems: their texts, comparison and units; geotransforms in GDAL's order and ours."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from ..errors import RasterError
from ..types import Grid
from .environment import quiet_gdal

LONLAT = "EPSG:4326"
SHORT = 30
"""Characters; a longer text of a coordinate system is WKT and stands in no sentence."""


def spatial_reference(crs: str) -> Any:
    """An ``osr.SpatialReference`` with x (longitude) first, as rasters have it.

    Parameters
    ----------
    crs : str
        ``EPSG:n``, WKT or whatever else GDAL reads.

    Raises
    ------
    RasterError
        If it is not known.
    """
    from osgeo import osr

    reference = osr.SpatialReference()
    with quiet_gdal():
        try:
            known = reference.SetFromUserInput(crs) == 0
        except RuntimeError:  # with GDAL's exceptions on
            known = False
    if not known:
        raise RasterError(
            f"The coordinate system {crs[:20]} cannot be used",
            "it is not known",
            "Write it like EPSG:32632.",
        )
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def reference_text(reference: Any) -> str:
    """``EPSG:n`` where the horizontal part of a spatial reference has a code, else its WKT; empty
    for None.
    """
    if reference is None:
        return ""
    flat = _flat(reference)
    code = flat.GetAuthorityCode(None) if flat.GetAuthorityName(None) == "EPSG" else None
    return f"EPSG:{code}" if code else str(flat.ExportToWkt())


def _flat(reference: Any) -> Any:
    """A spatial reference without heights: they say nothing of where a pixel lies."""
    if not (reference.IsCompound() or reference.GetAxesCount() > 2):
        return reference
    flat = reference.Clone()
    with quiet_gdal():
        flat.DemoteTo2D(None)
    return flat


@lru_cache(maxsize=256)
def horizontal(crs: str) -> str:
    """The horizontal part of a coordinate system; the same text where it has no vertical one.

    ``EPSG:32633+5773`` and ``EPSG:32633`` are one grid: the vertical part tells what heights in the
    pixels mean, and reflectance or decibels are no heights.
    """
    try:
        reference = spatial_reference(crs)
    except RasterError:
        return crs
    flat = _flat(reference)
    return crs if flat is reference else reference_text(flat)


def short_text(crs: str) -> str:
    """The same coordinate system as ``EPSG:n`` where it has a code, else the text as it is.

    Raises
    ------
    RasterError
        If it is not known.
    """
    text = reference_text(spatial_reference(crs))
    return text if text.startswith("EPSG:") else crs


def wkt(crs: str) -> str:
    """Well-known text."""
    return str(spatial_reference(crs).ExportToWkt())


def crs_name(crs: str) -> str:
    """Short, for a sentence: ``EPSG:32632``, or the name of the system."""
    if len(crs) < SHORT:
        return crs
    try:
        name = str(spatial_reference(crs).GetName() or "")
    except RasterError:
        name = ""
    return name or f"{crs[: SHORT - 3]}…"


def same_crs(crs: str, other: str) -> bool:
    """Tell whether two coordinate systems are horizontally the same, however they are written."""
    if crs == other:
        return True
    try:
        references = [spatial_reference(horizontal(text)) for text in (crs, other)]
        return bool(references[0].IsSame(references[1]))
    except RasterError:
        return False


def axis_mapping(crs: str) -> str:
    """GDAL's order of axes for a VRT: x is the first in the data, in some coordinate systems it is
    the second.
    """
    return ",".join(str(axis) for axis in spatial_reference(crs).GetDataAxisToSRSAxisMapping())


def is_geographic(crs: str) -> bool:
    """Tell whether its unit is an angle."""
    return bool(spatial_reference(crs).IsGeographic())


@lru_cache(maxsize=256)
def full_turn(crs: str) -> float:
    """Once around the globe in the unit of a geographic system: 360, or 400 in grads; 0 in any
    other.
    """
    if not crs or not is_geographic(crs):
        return 0.0
    return round(2 * math.pi / float(spatial_reference(crs).GetAngularUnits()), 9)


def unit_of(crs: str) -> tuple[str, float]:
    """Name of the unit, and its size in metres; ``degree`` has size 1.

    Raises
    ------
    RasterError
        If the system is not known.
    """
    reference = spatial_reference(crs)
    if reference.IsGeographic():
        return "degree", 1.0
    return str(reference.GetLinearUnitsName()), float(reference.GetLinearUnits())


def geotransform(grid: Grid) -> tuple[float, float, float, float, float, float]:
    """The transform of a grid in GDAL's order: x of the corner first."""
    a, b, c, d, e, f = grid.transform
    return (c, a, b, f, d, e)


def geotransform_text(grid: Grid) -> str:
    """The same as a VRT writes it."""
    return ", ".join(repr(float(value)) for value in geotransform(grid))


def grid_of(crs: str, numbers: Any, shape: tuple[int, int]) -> Grid:
    """A grid from numbers in GDAL's order.

    Raises
    ------
    RasterError
        If they are none on which anything can lie.
    """
    c, a, b, f, d, e = numbers
    return sound_grid(Grid(crs, (a, b, c, d, e, f), shape), "The raster cannot be placed")


def sound_grid(grid: Grid, what: str) -> Grid:
    """The grid itself.

    Raises
    ------
    RasterError
        If nothing can lie on it; ``what`` says what fails then.
    """
    if grid.fault:
        raise RasterError(what, grid.fault, "Is its header damaged? Get it again.")
    return grid


def dataset_grid(dataset: Any) -> Grid:
    """The grid of a dataset opened with ``osgeo``."""
    return grid_of(
        reference_text(dataset.GetSpatialRef()),
        dataset.GetGeoTransform(),
        (dataset.RasterYSize, dataset.RasterXSize),
    )


def set_grid(dataset: Any, grid: Grid) -> None:
    """Place a dataset opened with ``osgeo`` on a grid."""
    dataset.SetGeoTransform(geotransform(grid))
    if grid.crs:
        dataset.SetSpatialRef(spatial_reference(grid.crs))
