"""Outlines of patches, drawn with fewer corners, measured and put together; in GEOS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..gdal.environment import quiet_gdal

MOST_CORNERS = 4_000_000
"""Of outlines that are simplified: GEOS takes about 5 s and 120 bytes a corner for a million, and
cannot be stopped meanwhile.
"""


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
