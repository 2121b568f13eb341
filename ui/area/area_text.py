"""An area in words."""

from __future__ import annotations

from ...core.types import Aoi
from ...plugin.map_shapes import polygons


def area_text(aoi: Aoi) -> str:
    """``west,south,east,north`` of a box; of a polygon its corners are counted, too."""
    edges = ",".join(f"{edge:.7f}".rstrip("0").rstrip(".") for edge in aoi.bounds)
    return edges if is_box(aoi) else f"polygon of {corner_count(aoi)} corners within {edges}"


def corner_count(aoi: Aoi) -> int:
    """Corners of all its rings."""
    return sum(len(ring) - 1 for polygon in polygons(aoi.geometry) for ring in polygon)


def is_box(aoi: Aoi) -> bool:
    """Tell whether an area is the whole box around it."""
    return aoi.geometry == Aoi.from_bounds(*aoi.bounds).geometry


def size_km2(aoi: Aoi) -> str:
    """``8,686 km²``, ``6.66 km²``."""
    size = aoi.area_km2
    return f"{size:,.0f} km²" if size >= 100 else f"{size:.3g} km²"


def describe_area(aoi: Aoi) -> str:
    """Surface and edges of an area, for people: three short lines, which a narrow dock need not
    break.
    """
    west, south, east, north = aoi.bounds
    lines = (
        size_km2(aoi),
        _span(west, east, "E", "W"),
        _span(south, north, "N", "S"),
    )
    return "\n".join(lines)


def _span(first: float, last: float, positive: str, negative: str) -> str:
    """Two edges; the letter of both stands once."""
    one, other = (positive if value >= 0 else negative for value in (first, last))
    # With a space that does not break: a number and its letter stay on one line.
    start = f"{abs(first):.4f}" + ("" if one == other else f"°\u00a0{one}")
    return f"{start} – {abs(last):.4f}°\u00a0{other}"
