"""Bands that do not lie on a north-up grid of the stack's coordinate system: described as warped
rasters.

GDAL makes the description (a ``VRTWarpedDataset``); no pixel is warped before somebody reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..errors import BandStackError, CRSMismatchError
from ..files.xml_text import Element
from ..gdal.crs import crs_name
from ..gdal.environment import quiet_gdal
from ..gdal.errors import gdal_errors
from ..gdal.warp import WarpOptions, stand_in, suggested_grid, warped_xml
from ..raster.open_file import open_checked
from ..types import Grid
from .source import GCPS_ONLY, OpenedBand

THIN_PLATE_POINTS = 10
"""With as many ground control points, a thin plate spline goes through each of them; with fewer, a
plane.
"""


def suggest_grid(band: OpenedBand, crs: str, what: str) -> Grid:
    """The north-up grid that a band fills when it is warped to ``crs``, with pixels about as large
    as its own.

    Raises
    ------
    CRSMismatchError
        If there is no way from the band's coordinate system to the other.
    """
    failure = _failure(band, crs, what)
    with gdal_errors(failure):
        dataset = open_checked(band.source.path)
        grid = suggested_grid(dataset, crs, _by_splines(band))
    if not all(math.isfinite(v) for v in grid.transform):
        raise failure("its corners have no place there")
    return grid


def describe_warped(band: OpenedBand, grid: Grid, method: str, what: str) -> Element:
    """The band on ``grid``, as a VRT of one band whose source is still to be named
    (``SourceDataset``).

    Parameters
    ----------
    method : str
        GDAL's name of the resampling method.
    """
    options = WarpOptions(method, band.radiometry.nodata, thin_plate=_by_splines(band))
    with gdal_errors(_failure(band, grid.crs, what)):
        dataset = open_checked(band.source.path)
        root = warped_xml(dataset, grid, options)
    for node in (*root.findall("VRTRasterBand")[1:], *root.findall("Metadata")):
        root.remove(node)
    mapping = root.find("GDALWarpOptions/BandList")
    if mapping is None:
        raise BandStackError(
            what,
            f"GDAL describes the warped band '{band.name}' in an unknown way",
            "Please report this.",
        )
    for node in list(mapping):
        if node.get("src") != str(band.source.index):
            mapping.remove(node)
        else:
            node.set("dst", "1")
    return root


def source_positions(
    band: OpenedBand, grid: Grid, places: Sequence[tuple[float, float]]
) -> list[tuple[float, float] | None]:
    """Positions in the band's own file of places (col, row) of the stack; None where they lie
    nowhere in it.
    """
    from osgeo import gdal

    rows, cols = band.facts.grid.shape
    with quiet_gdal():
        source, target = open_checked(band.source.path), stand_in(grid)
        method = ["METHOD=GCP_TPS"] if _by_splines(band) else []
        try:
            points, good = gdal.Transformer(source, target, method).TransformPoints(
                1, [(x, y, 0.0) for x, y in places]
            )
        except RuntimeError:  # with GDAL's exceptions on: not one of them has a place
            return [None] * len(places)
    return [
        (p[0], p[1]) if ok and 0 <= p[0] <= cols and 0 <= p[1] <= rows else None
        for p, ok in zip(points, good)
    ]


def _by_splines(band: OpenedBand) -> bool:
    if band.crooked != GCPS_ONLY:
        return False
    with quiet_gdal():
        return bool(open_checked(band.source.path).GetGCPCount() >= THIN_PLATE_POINTS)


def _failure(band: OpenedBand, crs: str, what: str) -> Callable[[str], CRSMismatchError]:
    return lambda why: CRSMismatchError(
        what,
        f"band '{band.name}' ({crs_name(band.crs)}) cannot be warped to {crs_name(crs)}: {why}",
        "Stack it apart from the others.",
    )
