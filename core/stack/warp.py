"""Bands that do not lie on a north-up grid of the stack's coordinate system: described as warped
rasters.

GDAL makes the description (a ``VRTWarpedDataset``); no pixel is warped before somebody reads it.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from ..errors import BandStackError, CRSMismatchError
from ..raster.gdal_env import quiet_gdal
from ..types import Grid
from .source import GCPS_ONLY, OpenedBand, crs_name

MAX_ERROR_PX = 0.01
"""GDAL warps along straight lines as long as they are this near, in pixels; its own default is an
eighth of one.
"""
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
    made = _warp(band, crs, {}, what)
    c, a, b, f, d, e = made.GetGeoTransform()
    grid = Grid(crs, (a, b, c, d, e, f), (made.RasterYSize, made.RasterXSize))
    if not all(math.isfinite(v) for v in grid.transform):
        raise _impossible(band, crs, what, "its corners have no place there")
    return grid


def warped_xml(band: OpenedBand, grid: Grid, method: str, what: str) -> ET.Element:
    """The band on ``grid``, as a VRT of one band whose source is still to be named
    (``SourceDataset``).

    Parameters
    ----------
    method : str
        GDAL's name of the resampling method.
    """
    left, bottom, right, top = grid.bounds
    options: dict[str, Any] = {
        "outputBounds": (left, bottom, right, top),
        "width": grid.shape[1],
        "height": grid.shape[0],
        "resampleAlg": "near" if method == "nearest" else method,
    }
    if band.radiometry.nodata is not None:
        options["srcNodata"] = options["dstNodata"] = f"{band.radiometry.nodata:.17g}"
    made = _warp(band, grid.crs, options, what)
    root = ET.fromstring(made.GetMetadata("xml:VRT")[0])
    for number, node in enumerate(root.findall("VRTRasterBand"), start=1):
        if number > 1:
            root.remove(node)
    for node in root.findall("Metadata"):
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
    """Where places (col, row) of the stack lie in the band's own file; None where they lie nowhere
    in it.
    """
    from osgeo import gdal, osr

    rows, cols = band.facts.grid.shape
    with quiet_gdal():
        source = gdal.Open(str(band.source.path))
        target = gdal.GetDriverByName("VRT").Create("", grid.shape[1], grid.shape[0], 0)
        a, b, c, d, e, f = grid.transform
        target.SetGeoTransform((c, a, b, f, d, e))
        reference = osr.SpatialReference()
        reference.SetFromUserInput(grid.crs)
        target.SetProjection(reference.ExportToWkt())
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


def _warp(band: OpenedBand, crs: str, options: dict[str, Any], what: str) -> Any:
    from osgeo import gdal

    made = None
    with quiet_gdal() as messages:
        try:
            made = gdal.Warp(
                "",
                str(band.source.path),
                format="VRT",
                dstSRS=crs,
                errorThreshold=MAX_ERROR_PX,
                overviewLevel="NONE",
                tps=_by_splines(band),
                options=["-nosrcalpha"],
                **options,
            )
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            messages.append(" ".join(str(error).split()))
    if made is None:
        raise _impossible(band, crs, what, (messages or ["GDAL gave no reason"])[-1])
    return made


def _by_splines(band: OpenedBand) -> bool:
    from osgeo import gdal

    if band.crooked != GCPS_ONLY:
        return False
    with quiet_gdal():
        dataset = gdal.Open(str(band.source.path))
        return dataset is not None and dataset.GetGCPCount() >= THIN_PLATE_POINTS


def _impossible(band: OpenedBand, crs: str, what: str, why: str) -> CRSMismatchError:
    return CRSMismatchError(
        what,
        f"band '{band.name}' ({crs_name(band.crs)}) cannot be warped to {crs_name(crs)}: {why}",
        "Stack it apart from the others.",
    )
