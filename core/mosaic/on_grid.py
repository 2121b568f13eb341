"""A band's pixels on another grid: cut out where the pixels are the same, interpolated where they
are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..raster.gdal_env import quiet_gdal
from ..raster.grid import Window, common, overlap_rects
from ..raster.physical import FloatArray, to_physical
from ..types import Bounds, Grid
from .band_source import BandPlace, BandSource
from .interpolation import Fours, blend, find_fours, pick_nearest
from .lattice import MAX_ERROR_PX, Lattice, make_lattice

FINE = 1.25
"""Source pixels to one of the target up to which the four around a place are enough; beyond, some
would hardly count.
"""
MARGIN_PX = 3
"""Source pixels around a window, for the interpolation (two for ``cubic``) and the rounding."""

Known = dict[tuple[Lattice, Window], list[Fours]]


def placed_window(source: Grid, target: Grid) -> Window | None:
    """The window of ``target`` that a grid may fill; None where they do not touch."""
    bounds = moved_bounds(source, target.crs)
    left, _, _, top = target.bounds
    xres, yres = target.resolution
    col, end_col = (
        math.floor((bounds[0] - left) / xres + 1e-6),
        math.ceil((bounds[2] - left) / xres - 1e-6),
    )
    row, end_row = (
        math.floor((top - bounds[3]) / yres + 1e-6),
        math.ceil((top - bounds[1]) / yres - 1e-6),
    )
    col, row = max(0, col), max(0, row)
    end_col, end_row = min(target.shape[1], end_col), min(target.shape[0], end_row)
    return (
        Window(row, col, end_row - row, end_col - col) if row < end_row and col < end_col else None
    )


def moved_bounds(grid: Grid, crs: str) -> Bounds:
    """The bounds of a grid in another coordinate system.

    Raises
    ------
    RasterError
        If there is no way from one to the other.
    """
    import rasterio
    from rasterio.warp import transform_bounds

    if grid.crs == crs:
        return grid.bounds
    try:
        left, bottom, right, top = transform_bounds(grid.crs, crs, *grid.bounds, densify_pts=21)
    except (rasterio.errors.RasterioError, ValueError) as error:
        raise RasterError(
            f"Nothing leads from {grid.crs[:20]} to {crs[:20]}", " ".join(str(error).split())
        ) from error
    if not all(map(math.isfinite, (left, bottom, right, top))):
        raise RasterError(
            f"Nothing leads from {grid.crs[:20]} to {crs[:20]}", "the corners have no place there"
        )
    return (left, bottom, right, top)


def unit_of(crs: str) -> tuple[str, float]:
    """Name and size of a coordinate system's unit.

    Raises
    ------
    RasterError
        If there is no such system.
    """
    from rasterio.crs import CRS

    try:
        with quiet_gdal():
            known = CRS.from_user_input(crs)
            return ("degree", 1.0) if known.is_geographic else known.units_factor
    except ValueError as error:  # rasterio's CRSError is one
        what = f"The coordinate system {crs[:20]} cannot be used"
        raise RasterError(what, "it is not known", "Write it like EPSG:32632.") from error


def area_bounds(geometry: Mapping[str, Any], crs: str) -> Bounds:
    """The bounds of a lon/lat area (GeoJSON) in another coordinate system; its edges are straight
    in lon/lat, so bent there.

    Raises
    ------
    RasterError
        If there is no way from degrees to that system, or the area reaches too far from it.
    """
    import rasterio
    from rasterio.warp import transform

    polygons = (
        geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    )
    steps = np.linspace(0.0, 1.0, 21)
    lons: list[float] = []
    lats: list[float] = []
    for ring in (np.array([point[:2] for point in rings[0]], dtype=float) for rings in polygons):
        for start, edge in zip(ring[:-1], np.diff(ring, axis=0)):
            lons += list(start[0] + steps * edge[0])
            lats += list(start[1] + steps * edge[1])
    try:
        xs, ys = transform("EPSG:4326", crs, lons, lats)
    except (rasterio.errors.RasterioError, ValueError) as error:
        raise RasterError(
            f"The area cannot be laid onto {crs[:20]}", " ".join(str(error).split())
        ) from error
    if not all(map(math.isfinite, (*xs, *ys))):
        raise RasterError(
            f"The area cannot be laid onto {crs[:20]}",
            "it reaches too far from it",
            "Choose another one.",
        )
    return (min(xs), min(ys), max(xs), max(ys))


def read_values(
    source: BandSource, target: Grid, window: Window, method: str, known: Known | None = None
) -> FloatArray:
    """Physical values of a window of ``target``, NaN where the band does not reach or has no data.

    Parameters
    ----------
    method : str
        GDAL's name of the resampling method, where the pixels lie otherwise.
    known : dict, optional
        What bands of the same scene share: filled by the first of them, used by the others. 16
        bytes a pixel.

    Returns
    -------
    ndarray, (rows, cols), float32

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    radiometry = source.place.radiometry
    offset = pixel_offset(source.place.grid, target)
    if offset is not None:
        there = Window(window.row + offset[0], window.col + offset[1], window.rows, window.cols)
        return to_physical(source.read(there), radiometry)
    lattice = _lattice(source.place.grid, target)
    if lattice is None or lattice.ratio > FINE or method not in ("nearest", "bilinear"):
        return to_physical(_read_warped(source, target, window, method), radiometry)
    part = common(window, lattice.part)
    needed = _needed(source.place.grid, lattice, part) if part else None
    if part is None or needed is None:
        return np.full((window.rows, window.cols), np.nan, np.float32)
    values, corner = _with_nan(source.read(needed), needed, source.place), (needed.row, needed.col)
    if method == "nearest":
        made = pick_nearest(values, corner, lattice, part)
    else:
        known = {} if known is None else known
        if (lattice, part) not in known:
            known[lattice, part] = find_fours((needed.rows, needed.cols), corner, lattice, part)
        made = blend(values, known[lattice, part])
    made = to_physical(made, replace(radiometry, nodata=None))  # no data is NaN, and stays it
    if part == window:
        return made
    found = np.full((window.rows, window.cols), np.nan, np.float32)
    rows, cols = part.row - window.row, part.col - window.col
    found[rows : rows + part.rows, cols : cols + part.cols] = made
    return found


def read_classes(source: BandSource, target: Grid, window: Window) -> npt.NDArray[Any]:
    """Stored numbers of a window of ``target``, never interpolated; nodata where the band does not
    reach.

    Returns
    -------
    ndarray, (rows, cols)
        Of the band's own type.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    offset = pixel_offset(source.place.grid, target)
    if offset is not None:
        return source.read(
            Window(window.row + offset[0], window.col + offset[1], window.rows, window.cols)
        )
    lattice = _lattice(source.place.grid, target)
    if lattice is None:
        return _read_warped(source, target, window, "near")
    part = common(window, lattice.part)
    needed = _needed(source.place.grid, lattice, part) if part else None
    if part is None or needed is None:
        return source.read(Window(-window.rows - 1, -window.cols - 1, window.rows, window.cols))
    picked = pick_nearest(source.read(needed), (needed.row, needed.col), lattice, part)
    if part == window:
        return picked
    found = source.read(Window(-window.rows - 1, -window.cols - 1, window.rows, window.cols))
    rows, cols = part.row - window.row, part.col - window.col
    found[rows : rows + part.rows, cols : cols + part.cols] = picked
    return found


@lru_cache(maxsize=64)
def _lattice(source: Grid, target: Grid) -> Lattice | None:
    """Half a megabyte for a scene of 10980 x 10980 pixels."""
    part = placed_window(source, target)
    return None if part is None else make_lattice(source, target, part)


def _needed(grid: Grid, lattice: Lattice, part: Window) -> Window | None:
    """The source's pixels around a window, up to one beyond the source's edges; None where it has
    none there.
    """
    top, left, bottom, right = (math.floor(place) for place in lattice.bounds(part))
    row, col = max(-1, top), max(-1, left)
    end_row, end_col = min(grid.shape[0] + 1, bottom + 2), min(grid.shape[1] + 1, right + 2)
    return (
        Window(row, col, end_row - row, end_col - col)
        if end_row - row > 1 and end_col - col > 1
        else None
    )


def _with_nan(stored: npt.NDArray[Any], window: Window, place: BandPlace) -> FloatArray:
    """Stored numbers as float32; NaN for nodata, and beyond the band, where it may have no number
    for that.
    """
    nodata = place.radiometry.nodata
    values: FloatArray = stored.astype(np.float32)
    if nodata is not None and not math.isnan(nodata):
        missing = stored == nodata
        if missing.any():
            values[missing] = np.nan
    rows, cols = place.grid.shape
    values[: max(0, -window.row)] = np.nan
    values[:, : max(0, -window.col)] = np.nan
    values[max(0, rows - window.row) :] = np.nan
    values[:, max(0, cols - window.col) :] = np.nan
    return values


def _read_warped(source: BandSource, target: Grid, window: Window, method: str) -> npt.NDArray[Any]:
    """By GDAL's warper: onto coarser pixels, which need more than four, and methods that are its
    own.
    """
    grid = source.place.grid
    piece = _piece(target, window)
    bounds = moved_bounds(piece, grid.crs)
    level, coarse = _level(source, bounds, piece)
    xres, yres = coarse.resolution
    margin = math.ceil(MARGIN_PX * max(1.0, _ratio(bounds, piece, coarse)))
    left, _, _, top = coarse.bounds
    rows, cols = coarse.shape
    col = max(-1, math.floor((bounds[0] - left) / xres) - margin)
    row = max(-1, math.floor((top - bounds[3]) / yres) - margin)
    end_col = min(cols + 1, math.ceil((bounds[2] - left) / xres) + margin)
    end_row = min(rows + 1, math.ceil((top - bounds[1]) / yres) + margin)
    if row >= end_row or col >= end_col:
        return source.read(Window(-window.rows - 1, -window.cols - 1, window.rows, window.cols))
    needed = Window(row, col, end_row - row, end_col - col)
    stored = source.read(needed, level)
    return _warp(
        stored,
        _piece(coarse, needed),
        piece,
        "near" if source.place.is_class else method,
        source.nodata,
    )


def pixel_offset(grid: Grid, target: Grid) -> tuple[int, int] | None:
    """(rows, cols) from a pixel of the target to the same one of the band; None where they are not
    the same pixels.
    """
    if grid.crs != target.crs or any(
        abs(a - b) > 1e-9 * b for a, b in zip(grid.resolution, target.resolution)
    ):
        return None
    rects = overlap_rects(grid, target)
    if rects is None:
        return None
    rows, cols = rects[0].y - rects[1].y, rects[0].x - rects[1].x
    return (round(rows), round(cols)) if rows == round(rows) and cols == round(cols) else None


def _piece(grid: Grid, window: Window) -> Grid:
    a, b, c, d, e, f = grid.transform
    transform = (a, b, c + a * window.col, d, e, f + e * window.row)
    return Grid(grid.crs, transform, (window.rows, window.cols))


def _ratio(bounds: Bounds, piece: Grid, source: Grid) -> float:
    """How many source pixels there are to a pixel of the target."""
    return (bounds[2] - bounds[0]) / source.resolution[0] / piece.shape[1]


def _level(source: BandSource, bounds: Bounds, piece: Grid) -> tuple[int, Grid]:
    """The coarsest overview that is as fine as what is asked; classes always from the full size:
    overviews may be means.
    """
    grid = source.place.grid
    ratio = _ratio(bounds, piece, grid)
    if source.place.is_class or ratio < 2:
        return 0, grid
    best = (0, grid)
    for number, (rows, cols) in enumerate(source.levels()):
        factor = grid.shape[1] / cols
        if factor <= ratio * 1.001:
            a, b, c, d, e, f = grid.transform
            best = (
                number,
                Grid(grid.crs, (a * factor, b, c, d, e * grid.shape[0] / rows, f), (rows, cols)),
            )
    return best


def _warp(
    stored: npt.NDArray[Any], source: Grid, target: Grid, method: str, nodata: float
) -> npt.NDArray[Any]:
    from osgeo import gdal

    out = np.full(
        target.shape, 0 if stored.dtype.kind != "f" and math.isnan(nodata) else nodata, stored.dtype
    )
    with quiet_gdal() as messages:
        try:
            pixels, made = _memory(stored, source, nodata), _memory(out, target, nodata)
            done = gdal.Warp(
                made,
                pixels,
                resampleAlg=method,
                srcNodata=nodata,
                dstNodata=nodata,
                errorThreshold=MAX_ERROR_PX,
            )
            if (
                done
                and made.GetRasterBand(1).ReadRaster(
                    0, 0, target.shape[1], target.shape[0], buf_obj=out
                )
                is not None
            ):
                return out
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            messages.append(str(error))
    raise RasterError(
        f"Warping to {target.crs[:20]} failed", (messages or ["GDAL gave no reason"])[-1]
    )


def _memory(values: npt.NDArray[Any], grid: Grid, nodata: float) -> Any:
    from osgeo import gdal, osr

    kinds = {
        "uint8": gdal.GDT_Byte,
        "uint16": gdal.GDT_UInt16,
        "int16": gdal.GDT_Int16,
        "uint32": gdal.GDT_UInt32,
    }
    kinds |= {"int32": gdal.GDT_Int32, "float32": gdal.GDT_Float32, "float64": gdal.GDT_Float64}
    rows, cols = values.shape
    dataset = gdal.GetDriverByName("MEM").Create("", cols, rows, 1, kinds[values.dtype.name])
    a, b, c, d, e, f = grid.transform
    dataset.SetGeoTransform((c, a, b, f, d, e))
    reference = osr.SpatialReference()
    reference.SetFromUserInput(grid.crs)
    dataset.SetProjection(reference.ExportToWkt())
    band = dataset.GetRasterBand(1)
    band.SetNoDataValue(nodata)
    band.WriteRaster(0, 0, cols, rows, np.ascontiguousarray(values))
    return dataset
