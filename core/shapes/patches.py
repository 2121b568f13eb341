"""Classes of a raster as polygons: which pixels, without specks, as outlines of connected
patches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, FirstLightError, RasterError
from ..files.atomic import WriteFailure, scratch_file
from ..gdal.containers import gdal_name
from ..gdal.drivers import open_dataset
from ..gdal.environment import local_gdal, quiet_gdal
from ..gdal.errors import FAILURES, checked, checked_code, gdal_errors
from ..raster.classes import NOT_OBSERVED, OUTSIDE
from ..raster.pixel_area import ground_of, largest_pixel_m2, ring_area
from ..raster.reader import read_facts
from ..types import Grid

STRIP_ROWS = 512
MOST_CORNERS = 4_000_000
"""Of outlines that are simplified: GEOS takes about 5 s and 120 bytes a corner for a million, and
cannot be stopped meanwhile.
"""
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Patch:
    """Pixels that touch each other along their edges."""

    outline: bytes
    """WKB polygon in the raster's system, along the edges of pixels."""
    area: float
    """Square metres; where areas are not known, in units of the raster."""
    top_left: tuple[float, float]
    """Least x and greatest y."""
    code: int = 1
    """Its class, where classes were traced apart."""


@dataclass(frozen=True)
class Patches:
    """All patches of some classes of a raster."""

    grid: Grid
    found: tuple[Patch, ...]
    """The largest first; where equal, from top to bottom."""
    pixels: int
    """With one of the classes, before anything was dropped or filled."""
    not_observed: int
    """Pixels of which nothing is known."""
    outside: int = 0
    """Pixels outside of the area that was asked for."""


def trace_patches(
    classes: Path,
    codes: Collection[int],
    min_area_m2: float,
    scratch: Path,
    stop: Stop,
    every: int = 1,
) -> Patches:
    """Outline the pixels with one of ``codes``.

    Patches are connected along edges, not across corners. Those below the least area are dropped,
    and holes below it are filled where they were observed (GDAL's sieve). A pixel that was not
    observed, or lies outside of the area, never becomes part of a patch; nor does an observed one
    become part of a patch of what was not. Memory: the sieve numbers all specks of the raster
    (about 30 bytes each), the outlines are held as they are.

    Parameters
    ----------
    classes : Path
        One band of uint8; 255 = not observed, 254 = outside of the area.
    codes : collection of int
        Some of 0..253; or 255 alone.
    min_area_m2 : float
        0 keeps every pixel. Where areas are not known, as without a reference system, nothing is
        dropped.
    scratch : Path
        A file to write meanwhile, at most a byte for each pixel; removed in the end.
    stop : callable
        Asked now and then; may be called on any thread.
    every : int
        Looks at one of so many pixels in each direction, by the overviews: for a drawing.

    Raises
    ------
    RasterError
        If the raster cannot be read or is none of classes, or the disk does not take the scratch
        file.
    Cancelled
        If ``stop``.
    """
    return _trace(classes, dict.fromkeys(codes, 1), min_area_m2, scratch, stop, every)


def trace_classes(
    classes: Path, codes: Collection[int], min_area_m2: float, scratch: Path, stop: Stop
) -> Patches:
    """Outline the pixels of each of ``codes`` for itself, as :func:`trace_patches` does those of
    all together; what is too small joins its largest neighbour, of another class too.

    Raises
    ------
    ValueError
        If a code is 0, which stands for none of them.
    RasterError, Cancelled
        As :func:`trace_patches`.
    """
    if 0 in codes:
        raise ValueError("class 0 is none that is outlined for itself")
    return _trace(classes, {code: code for code in codes}, min_area_m2, scratch, stop)


def _trace(
    classes: Path,
    marks: Mapping[int, int],
    min_area_m2: float,
    scratch: Path,
    stop: Stop,
    every: int = 1,
) -> Patches:
    """Outline connected pixels of one mark (1..255) each."""
    facts = read_facts(classes)
    if [band.dtype for band in facts.bands] != ["uint8"]:
        raise RasterError(
            f"No outline can be drawn of {classes}",
            "it is not one band of classes (uint8)",
            "Choose a layer of classes.",
        )
    what = f"Drawing the outline of {classes} failed"
    least = min_area_m2 if ground_of(facts.grid) else 0.0
    with scratch_file(scratch, WriteFailure(what)):
        try:
            with _gdal_failures(what, stop):
                view = _View(checked(open_dataset(gdal_name(classes))), every)
                grid = view.grid(facts.grid)
                mask, pixels, unseen, outside = _make_mask(view, marks, scratch, stop)
                threshold = _threshold(grid, least)
                if pixels and threshold > 1:
                    _sieve(mask, view, _may_belong(marks), threshold, stop)
                traced = _polygons(mask, ring_area(grid), stop) if pixels else ()
                # The area is a sum of rounded numbers.
                found = [patch for patch in traced if patch.area >= least * (1 - 1e-9)]
        finally:
            with quiet_gdal():
                mask = None  # closed before the file is removed
    found.sort(key=lambda patch: (-patch.area, -patch.top_left[1], patch.top_left[0]))
    return Patches(grid, tuple(found), pixels, unseen, outside)


def simplify_together(outlines: Sequence[bytes], tolerance: float) -> tuple[bytes, ...] | None:
    """Draw outlines with fewer corners, so that they neither cross themselves nor each other.

    Douglas & Peucker 1973 (doi:10.3138/FM57-6770-U75U-7727) with the topology kept (GEOS): all
    rings at once, so that a patch cannot slide over its neighbour.

    Parameters
    ----------
    outlines : sequence of bytes
        WKB polygons that do not overlap.
    tolerance : float
        The farthest that a corner may lie from the new line, in the unit of the coordinates.

    Returns
    -------
    tuple of bytes or None
        WKB in the same order; None where the result would be invalid, or there are more than
        ``MOST_CORNERS``.
    """
    from osgeo import ogr

    if sum(map(len, outlines)) > 16 * MOST_CORNERS:  # two numbers of eight bytes for each
        return None
    with quiet_gdal():
        try:
            simple = _together(outlines).SimplifyPreserveTopology(tolerance)
            if simple is None or not simple.IsValid():
                return None
        except RuntimeError:  # another plugin may have switched OGR's exceptions on
            return None
        parts = (
            [simple]
            if ogr.GT_Flatten(simple.GetGeometryType()) == ogr.wkbPolygon
            else list(_parts(simple))
        )
        if len(parts) != len(outlines) or any(part.IsEmpty() for part in parts):
            return None
        return tuple(bytes(part.ExportToWkb(ogr.wkbNDR)) for part in parts)


def outline_length(outlines: Sequence[bytes]) -> float:
    """Length of all rings, those of holes among them, in units of their coordinate system."""
    from osgeo import ogr

    return float(
        sum(ogr.CreateGeometryFromWkb(outline).Boundary().Length() for outline in outlines)
    )


def join_outlines(outlines: Sequence[bytes]) -> bytes:
    """WKB polygons as one WKB multipolygon."""
    from osgeo import ogr

    return bytes(_together(outlines).ExportToWkb(ogr.wkbNDR))


def _together(outlines: Sequence[bytes]) -> Any:
    from osgeo import ogr

    whole = ogr.Geometry(ogr.wkbMultiPolygon)
    for outline in outlines:
        whole.AddGeometryDirectly(ogr.CreateGeometryFromWkb(outline))
    return whole


def _parts(geometry: Any) -> Iterator[Any]:
    for index in range(geometry.GetGeometryCount()):
        yield geometry.GetGeometryRef(index)


@contextmanager
def _gdal_failures(what: str, stop: Stop) -> Iterator[None]:
    """GDAL's failures as ours, whether its exceptions are on or off."""

    def failure(why: str) -> FirstLightError:
        if stop():
            return Cancelled(what.removesuffix(" failed"))
        return RasterError(what, why, "Is there room on the disk, and the raster whole?")

    with local_gdal(), gdal_errors(failure, least=FAILURES, first=True):
        yield


def _watch(stop: Stop) -> Callable[[float, str, Any], int]:
    return lambda _fraction, _message, _data: 0 if stop() else 1


@dataclass
class _View:
    """A raster of classes, of which every so many pixels are looked at."""

    dataset: Any
    every: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are looked at."""
        return -(-self.dataset.RasterYSize // self.every), -(
            -self.dataset.RasterXSize // self.every
        )

    def grid(self, own: Grid) -> Grid:
        """Where these lie, given the raster's own grid."""
        if self.every == 1:
            return own
        a, b, c, d, e, f = own.transform
        wide = self.dataset.RasterXSize / self.shape[1]
        return Grid(own.crs, (a * wide, b * self.every, c, d * wide, e * self.every, f), self.shape)

    def strip(self, row: int) -> npt.NDArray[np.uint8]:
        """Some rows from that one on."""
        count = min(STRIP_ROWS, self.shape[0] - row)
        top, cols = row * self.every, self.dataset.RasterXSize
        rows = min(count * self.every, self.dataset.RasterYSize - top)
        data = checked(
            self.dataset.GetRasterBand(1).ReadRaster(
                0, top, cols, rows, buf_xsize=self.shape[1], buf_ysize=count
            )
        )
        return np.frombuffer(data, np.uint8).reshape(count, self.shape[1])


def _make_mask(
    view: _View, marks: Mapping[int, int], scratch: Path, stop: Stop
) -> tuple[Any, int, int, int]:
    """A raster of its mark where a pixel has one of the classes, else 0; with how many have, how
    many are unknown, and how many lie outside.
    """
    from osgeo import gdal

    rows, cols = view.shape
    # Not with NBITS=1: GDAL 3.6 and 3.10 take a strip of few pixels for empty and lose it.
    driver = gdal.GetDriverByName("GTiff")
    mask = checked(
        driver.Create(
            str(scratch), cols, rows, 1, gdal.GDT_Byte, ["SPARSE_OK=TRUE", "BIGTIFF=IF_SAFER"]
        )
    )
    left, a, b, top, d, e = view.dataset.GetGeoTransform()
    wide = view.dataset.RasterXSize / cols
    mask.SetGeoTransform((left, a * wide, b * view.every, top, d * wide, e * view.every))
    wanted = np.zeros(256, np.uint8)
    for code, mark in marks.items():
        wanted[code] = mark
    pixels = unseen = outside = 0
    for row in range(0, rows, STRIP_ROWS):
        if stop():
            raise Cancelled("Drawing an outline")
        strip = view.strip(row)
        chosen = wanted[strip]
        pixels += int(np.count_nonzero(chosen))
        unseen += int((strip == NOT_OBSERVED).sum())
        outside += int((strip == OUTSIDE).sum())
        checked_code(mask.GetRasterBand(1).WriteRaster(0, row, cols, len(strip), chosen.tobytes()))
        for dataset in (view.dataset, mask):
            dataset.FlushCache()  # else GDAL keeps the blocks of a whole scene
    return mask, pixels, unseen, outside


def _threshold(grid: Grid, least: float) -> int:
    """The least number of pixels that can have this area: where pixels differ, the largest
    count.
    """
    if least <= 0:
        return 0
    largest = largest_pixel_m2(grid)
    return min(math.ceil(least / largest - 1e-9), 2**31 - 1) if largest else 0


def _may_belong(codes: Collection[int]) -> Any:
    """Which codes a patch may take in where it fills a hole."""
    able = np.full(256, NOT_OBSERVED not in codes)
    able[[OUTSIDE, NOT_OBSERVED]] = False
    able[list(codes)] = True
    return able


def _sieve(mask: Any, view: _View, able: Any, threshold: int, stop: Stop) -> None:
    """Drop specks and fill small holes with what is able to belong there."""
    from osgeo import gdal

    band = mask.GetRasterBand(1)
    checked_code(gdal.SieveFilter(band, None, band, threshold, 4, callback=_watch(stop)))
    made = _View(mask, 1)
    for row in range(0, mask.RasterYSize, STRIP_ROWS):
        fit = able[view.strip(row)]
        if not fit.all():
            kept = made.strip(row) * fit
            checked_code(band.WriteRaster(0, row, mask.RasterXSize, len(kept), kept.tobytes()))


def _polygons(mask: Any, measure: Callable[[Any], float], stop: Stop) -> Iterator[Patch]:
    from osgeo import gdal, ogr

    driver = ogr.GetDriverByName("Memory") or ogr.GetDriverByName(
        "MEM"
    )  # GDAL 3.11 gave it the other name
    holder = checked(driver.CreateDataSource("patches"))
    layer = holder.CreateLayer("patches", None, ogr.wkbPolygon)
    checked_code(layer.CreateField(ogr.FieldDefn("code", ogr.OFTInteger)))
    band = mask.GetRasterBand(1)
    checked_code(gdal.Polygonize(band, band, layer, 0, [], callback=_watch(stop)))
    for feature in layer:
        if stop():
            raise Cancelled("Drawing an outline")
        polygon = feature.GetGeometryRef()  # valid: edges that meet in a corner are those of a hole
        rings = [np.array(ring.GetPoints(2)) for ring in _parts(polygon)]
        area = measure(rings[0]) - sum(measure(ring) for ring in rings[1:])
        top_left = (float(rings[0][:, 0].min()), float(rings[0][:, 1].max()))
        wkb = bytes(polygon.ExportToWkb(ogr.wkbNDR))
        yield Patch(wkb, area, top_left, feature.GetField(0))
