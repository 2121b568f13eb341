"""GDAL's warper, told how much coarser the target is.

Left to itself GDAL guesses that from the bounding box of each chunk it works on. Between zones the
chunk is tilted, its box too large, and the result blended too wide: 13 % of the contrast of fine
texture is lost, differently in each chunk and from version to version (OSGeo/gdal issues 7750 and
13806). ``XSCALE`` and ``YSCALE``, pixels of the target to one of the source, are read by GDAL 3.1
and later at least, so every warp is made here and sets both.

Where a source's coordinate system has a vertical part, GDAL takes pixels for heights and moves them
by the geoid. They are none, or have been read in their own unit: ``-novshift`` (GDAL 2.2 and later)
keeps the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..files.xml_text import Element, parse_xml
from ..types import Grid
from .crs import grid_of, set_grid, spatial_reference
from .errors import checked

MAX_ERROR_PX = 0.005
"""GDAL warps along straight lines as long as they are this near, in pixels of the source; its own
default is an eighth of one. In noise of standard deviation 600, 0.01 is 2.4 on average.
"""
SAME_SCALE = 0.95
"""GDAL takes the pixels around a place, and no wider kernel, from this scale on. From 3.13 on it
does so for ``bilinear`` and ``cubic`` where both scales are above a half.
"""
NEARLY_TWICE = 1.98
"""So many pixels and more count as two, for a scale of a half has the wider kernel in every
version: between zones pixels twice as large are 1.996 to 2.004 of the source's to one.
"""
PLACES = 11
"""Places along each side of the target at which the scale is measured."""
RADIUS = {"bilinear": 1, "cubic": 2, "cubicspline": 2, "lanczos": 3}
"""Method → radius of its kernel, in pixels of the source, where the scale is 1."""


@dataclass(frozen=True)
class WarpOptions:
    """Options of a warp."""

    method: str
    """GDAL's name of the resampling method; ``near`` or ``nearest`` for classes."""
    nodata: float | None = None
    """Of source and target."""
    thin_plate: bool = False
    """Ground control points are followed one by one, not as a plane through them all."""
    overviews: bool = False
    """Read a coarse target from the source's overviews, which may be means."""


def pixel_steps(source: Any, target: Grid, thin_plate: bool = False) -> tuple[float, float]:
    """Pixels of the source, along its columns and its rows, to one of the target.

    Parameters
    ----------
    source : gdal.Dataset or Grid
        With a geotransform or ground control points.

    Returns
    -------
    (float, float)
        The medians over the part of the target that the source covers: one pair for the whole of
        it, whatever window is read later. (1, 1) where nothing leads from one to the other.
    """
    from osgeo import gdal

    dataset = stand_in(source) if isinstance(source, Grid) else source
    goal = stand_in(target)
    try:
        transformer = gdal.Transformer(dataset, goal, ["METHOD=GCP_TPS"] if thin_plate else [])
    except RuntimeError:  # with GDAL's exceptions on: the reason comes with the warp itself
        return 1.0, 1.0
    rows, cols = target.shape
    shares = [(index + 0.5) / PLACES for index in range(PLACES)]
    measured = [_step_at(transformer, cols * x, rows * y) for y in shares for x in shares]
    steps = [step for step in measured if step is not None]
    covered = [step for step in steps if step.lies_in(dataset)] or steps
    if not covered:
        return 1.0, 1.0
    from statistics import median  # fractions and decimals with it

    return (
        round(median(step.across for step in covered), 3),
        round(median(step.along for step in covered), 3),
    )


@dataclass(frozen=True)
class _Step:
    """One pixel of the target in the source."""

    col: float
    row: float
    """Where its middle lies."""
    across: float
    """Columns of the source that it spans."""
    along: float
    """Rows."""

    def lies_in(self, source: Any) -> bool:
        cols, rows = int(source.RasterXSize), int(source.RasterYSize)
        return 0 <= self.col <= cols and 0 <= self.row <= rows


def _step_at(transformer: Any, col: float, row: float) -> _Step | None:
    """The step at a place of the target; None where that lies nowhere in the source's system."""
    ends = [(col - 0.5, row), (col + 0.5, row), (col, row - 0.5), (col, row + 0.5)]
    try:
        points, good = transformer.TransformPoints(1, [(x, y, 0.0) for x, y in ends])
    except RuntimeError:  # with GDAL's exceptions on
        return None
    if not all(good) or not all(math.isfinite(value) for point in points for value in point[:2]):
        return None
    left, right, top, bottom = points
    return _Step(
        (left[0] + right[0]) / 2,
        (left[1] + right[1]) / 2,
        math.hypot(right[0] - left[0], bottom[0] - top[0]),
        math.hypot(right[1] - left[1], bottom[1] - top[1]),
    )


@lru_cache(maxsize=64)
def grid_steps(source: Grid, target: Grid) -> tuple[float, float]:
    """Measure :func:`pixel_steps` between two grids."""
    return pixel_steps(source, target)


def scale_options(steps: tuple[float, float], method: str) -> list[str]:
    """GDAL's warp options for so many pixels of the source to one of the target.

    The scale is 1 where the target is as fine as the source or finer. Where it is coarser, the
    kernel is as much wider, and a chunk needs as many more pixels around it.
    """
    scales = [_scale(step) for step in steps]
    options = [f"{name}={scale:.12g}" for name, scale in zip(("XSCALE", "YSCALE"), scales)]
    if min(scales) < 1:
        options.append(f"SOURCE_EXTRA={math.ceil(RADIUS.get(method, 1) / min(scales))}")
    return options


def _scale(step: float) -> float:
    if step * SAME_SCALE <= 1:
        return 1.0
    return 0.5 if NEARLY_TWICE <= step < 2 else 1 / step


def warp_into(target: Any, source: Any, steps: tuple[float, float], options: WarpOptions) -> None:
    """Warp a dataset into another one."""
    from osgeo import gdal

    checked(gdal.Warp(target, source, **_arguments(steps, options)) or None)


def warp_to_memory(source: Any, target: Grid, options: WarpOptions, data_type: int) -> Any:
    """Warp a dataset onto a grid.

    Parameters
    ----------
    data_type : int
        GDAL's (GDT), of the result.

    Returns
    -------
    gdal.Dataset
        In memory.
    """
    return _warp(source, target, options, format="MEM", outputType=data_type)


def warped_xml(source: Any, target: Grid, options: WarpOptions) -> Element:
    """A dataset on another grid as a warped VRT; no pixel is read before somebody reads that."""
    warped = _warp(source, target, options, format="VRT")
    root = parse_xml(warped.GetMetadata("xml:VRT")[0].encode(), encoding="utf-8")
    for box in root.findall("GDALWarpOptions"):  # GDAL adds an alpha band where the source has one
        for node in box.findall("DstAlphaBand"):
            box.remove(node)
    return root


def suggested_grid(source: Any, crs: str, thin_plate: bool) -> Grid:
    """The north-up grid that a dataset fills in another coordinate system, with pixels about as
    large as its own.

    Raises
    ------
    RasterError
        If there is no such system.
    """
    from osgeo import gdal

    spatial_reference(crs)  # else GDAL's own bindings stumble over it
    arguments = _arguments((1.0, 1.0), WarpOptions("near", thin_plate=thin_plate))
    warped = checked(gdal.Warp("", source, format="VRT", dstSRS=crs, **arguments))
    return grid_of(crs, warped.GetGeoTransform(), (warped.RasterYSize, warped.RasterXSize))


def stand_in(grid: Grid, data_type: str = "") -> Any:
    """A dataset that lies on a grid and holds nothing.

    Parameters
    ----------
    data_type : str
        GDAL's name of its only band's type; empty for no band.
    """
    from osgeo import gdal

    rows, cols = grid.shape
    kind = gdal.GetDataTypeByName(data_type or "Byte")
    dataset = gdal.GetDriverByName("VRT").Create("", cols, rows, 1 if data_type else 0, kind)
    set_grid(dataset, grid)
    return dataset


def _warp(source: Any, target: Grid, options: WarpOptions, **arguments: Any) -> Any:
    from osgeo import gdal

    left, bottom, right, top = target.bounds
    made = _arguments(pixel_steps(source, target, options.thin_plate), options)
    if _ends_in_alpha(source):
        made["options"] = ["-srcalpha", *made["options"][1:]]
        made["warpOptions"] = [*made["warpOptions"], "SRC_ALPHA_MAX=1"]  # shown, or not
    return checked(
        gdal.Warp(
            "",
            source,
            dstSRS=target.crs,
            outputBounds=(left, bottom, right, top),
            width=target.shape[1],
            height=target.shape[0],
            **made,
            **arguments,
        )
    )


def _ends_in_alpha(source: Any) -> bool:
    """Tell whether the last of several bands says where there is nothing. GDAL follows masks by
    itself, an alpha band only when it is told to.
    """
    from osgeo import gdal

    count = int(source.RasterCount)
    kind = source.GetRasterBand(count).GetColorInterpretation() if count > 1 else None
    return bool(kind == gdal.GCI_AlphaBand)


def _arguments(steps: tuple[float, float], options: WarpOptions) -> dict[str, Any]:
    method = "near" if options.method == "nearest" else options.method
    arguments: dict[str, Any] = {
        "resampleAlg": method,
        "errorThreshold": MAX_ERROR_PX,
        "overviewLevel": "AUTO" if options.overviews else "NONE",
        "tps": options.thin_plate,
        "warpOptions": scale_options(steps, method),
        "options": ["-nosrcalpha", "-novshift"],
    }
    if options.nodata is not None:
        arguments["srcNodata"] = arguments["dstNodata"] = f"{options.nodata:.17g}"
    return arguments
