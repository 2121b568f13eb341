"""Outlines of patches against GDAL's sieve and polygons, ring for ring, wherever the seams lie."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.shapes import patches as module
from firstlight.core.shapes.patches import trace_classes, trace_patches
from support.rasters import write_raster

UNSEEN, OUTSIDE = 255, 254
PLACE = (600_000.0, 10.0, 0.0, 5_100_000.0, 0.0, -10.0)
"""In the middle of a UTM zone, where pixels are as large as they are drawn."""
Ring = tuple[tuple[int, int], ...]
Polygon = tuple[int, Ring, frozenset[Ring]]


def turned(ring: list[tuple[int, int]]) -> Ring:
    """A ring from its least corner on, in the direction of the lesser neighbour."""
    first = ring.index(min(ring))
    ahead = ring[first:] + ring[:first]
    return min(tuple(ahead), (ahead[0], *ahead[:0:-1]))


def polygon_of(geometry: Any, code: int) -> Polygon:
    rings = []
    for number in range(geometry.GetGeometryCount()):
        points = geometry.GetGeometryRef(number).GetPoints(2)
        assert points[0] == points[-1]
        pixels = [(round((x - PLACE[0]) / 10), round((y - PLACE[3]) / 10)) for x, y in points]
        rings.append(turned(pixels[:-1]))
    return code, rings[0], frozenset(rings[1:])


def by_gdal(classes: Any, marks: dict[int, int], threshold: int) -> Counter[Polygon]:
    """Sieved and outlined as a whole by GDAL; in pixels from the upper left, y upwards."""
    from osgeo import gdal, ogr

    wanted = np.zeros(256, np.uint8)
    for code, mark in marks.items():
        wanted[code] = mark
    made = gdal.GetDriverByName("MEM").Create("", *classes.shape[::-1], 1, gdal.GDT_Byte)
    made.SetGeoTransform(PLACE)
    band = made.GetRasterBand(1)
    band.WriteArray(wanted[classes])
    if threshold > 1:
        gdal.SieveFilter(band, None, band, threshold, 4)
        able = np.full(256, UNSEEN not in marks)
        able[[OUTSIDE, UNSEEN]] = False
        able[list(marks)] = True
        band.WriteArray(band.ReadAsArray() * able[classes])
    driver = ogr.GetDriverByName("Memory") or ogr.GetDriverByName("MEM")
    holder = driver.CreateDataSource("polygons")
    layer = holder.CreateLayer("polygons", None, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("code", ogr.OFTInteger))
    gdal.Polygonize(band, band, layer, 0, [])
    return Counter(polygon_of(one.GetGeometryRef(), one.GetField(0)) for one in layer)


def by_us(found: Any) -> Counter[Polygon]:
    from osgeo import ogr

    shapes = [(ogr.CreateGeometryFromWkb(one.outline), one) for one in found.found]
    assert all(shape.IsValid() for shape, _ in shapes)
    for shape, one in shapes:
        assert one.area == pytest.approx(shape.Area())
    return Counter(polygon_of(shape, one.code) for shape, one in shapes)


@st.composite
def pictures(draw: Any) -> Any:
    """Noise of some density, in pixels or in blocks, some of it not observed."""
    rows, cols, seed = (draw(st.integers(1, most)) for most in (30, 40, 10_000))
    random = np.random.default_rng(seed)
    share, kinds = draw(st.floats(0, 1)), draw(st.sampled_from([1, 1, 2, 4]))
    marked = random.random((rows, cols)) < share
    picture = np.where(marked, random.integers(1, kinds + 1, (rows, cols)), 0)
    picture[random.random((rows, cols)) < draw(st.sampled_from([0, 0, 0.05]))] = UNSEEN
    picture[random.random((rows, cols)) < draw(st.sampled_from([0, 0, 0.05]))] = OUTSIDE
    return np.kron(picture, np.ones(draw(st.sampled_from([(1, 1), (2, 3)])))).astype(np.uint8)


def write(folder: Path, picture: Any) -> Path:
    left, wide, _, top, _, tall = PLACE
    return write_raster(
        folder / "classes.tif", picture, nodata=UNSEEN, transform=(wide, 0.0, left, 0.0, tall, top)
    )


@rules(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures(), st.integers(0, 30), st.sampled_from([1, 60, 200, 10**6]), st.booleans())
def test_patches_are_those_of_gdal(
    tmp_path: Path, picture: Any, least: int, strip: int, apart: bool
) -> None:
    """Together, and each class for itself."""
    raster = write(tmp_path, picture)
    codes = sorted({1, 2, *picture.ravel().tolist()} - {0, UNSEEN, OUTSIDE})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STRIP_PIXELS", strip)  # rows of a strip: 1 or more
        if apart:
            found = trace_classes(raster, codes, least * 100.0, lambda: False)
        else:
            found = trace_patches(raster, codes, least * 100.0, lambda: False)
    marks = {code: code if apart else 1 for code in codes}
    right = by_gdal(picture, marks, least)
    large = {one: n for one, n in right.items() if area_of(one) >= least}
    assert by_us(found) == large
    assert found.pixels == np.isin(picture, codes).sum()
    assert found.not_observed == (picture == UNSEEN).sum()
    assert found.outside == (picture == OUTSIDE).sum()


def area_of(polygon: Polygon) -> float:
    _, outer, holes = polygon

    def area(ring: Ring) -> float:
        ahead = [*ring[1:], ring[0]]
        return abs(sum(x * v - u * y for (x, y), (u, v) in zip(ring, ahead))) / 2

    return area(outer) - sum(map(area, holes))


@rules(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures(), st.integers(0, 12))
def test_what_was_not_observed_takes_in_nothing(tmp_path: Path, picture: Any, least: int) -> None:
    raster = write(tmp_path, picture)
    found = trace_patches(raster, (UNSEEN,), least * 100.0, lambda: False)
    right = by_gdal(picture, {UNSEEN: 1}, least)
    assert by_us(found) == {one: n for one, n in right.items() if area_of(one) >= least}


def test_rings_in_rings_over_many_seams(tmp_path: Path) -> None:
    """Squares in squares, whose edges all cross every seam; a comb; and a spiral."""
    size = 121
    row, col = np.indices((size, size))
    nested = (np.maximum(abs(row - 60), abs(col - 60)) % 2 == 0).astype(np.uint8)
    comb = np.zeros((size, size), np.uint8)
    comb[:, ::2] = 1
    comb[-1] = 1
    spiral = np.zeros((size, size), np.uint8)
    top, bottom, left, right = 0, size - 1, 0, size - 1
    while top <= bottom and left <= right:
        spiral[top, left : right + 1] = 1
        spiral[top : bottom + 1, right] = 1
        spiral[bottom, left + 2 : right + 1] = 1
        spiral[top + 2 : bottom + 1, left + 2] = 1
        top, bottom, left, right = top + 2, bottom - 2, left + 2, right - 2
    for picture in (nested, comb, spiral):
        raster = write(tmp_path, picture)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "STRIP_PIXELS", size)
            found = trace_patches(raster, (1,), 0.0, lambda: False)
        assert by_us(found) == by_gdal(picture, {1: 1}, 0)


def test_a_speck_waits_for_a_neighbour_that_grows_in_the_next_strip(tmp_path: Path) -> None:
    """In its own strip class 2 is the larger one, in the whole picture class 3."""
    picture = np.full((4, 8), 3, np.uint8)
    picture[0:2, 2:] = 2
    picture[0, :2] = 1
    raster = write(tmp_path, picture)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STRIP_PIXELS", 16)
        found = trace_classes(raster, (1, 2, 3), 500.0, lambda: False)
    assert by_us(found) == by_gdal(picture, {1: 1, 2: 2, 3: 3}, 5)
    assert [(one.code, one.area) for one in found.found] == [(3, 2000.0), (2, 1200.0)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("apart", [True, False], ids=["apart", "together"])
def test_no_more_threads_compute_than_are_allowed(
    tmp_path: Path, threads: int, apart: bool
) -> None:
    picture = np.random.default_rng(1).integers(1, 4, (200, 64), dtype=np.uint8)
    asked = set[int]()

    def stop() -> bool:
        asked.add(threading.get_ident())
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STRIP_PIXELS", 64)
        patch.setattr(module, "_core_count", lambda: 16)
        if apart:
            found = trace_classes(write(tmp_path, picture), (1, 2), 0.0, stop, threads)
        else:
            found = trace_patches(write(tmp_path, picture), (1,), 0.0, stop, threads=threads)
    assert found.found
    assert 1 <= len(asked - {threading.get_ident()}) <= threads
