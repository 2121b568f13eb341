"""An area in words."""

from __future__ import annotations

from ...core.types import Aoi


def area_text(aoi: Aoi) -> str:
    """``west,south,east,north`` of a box; of a polygon its corners are counted, too."""
    edges = ",".join(f"{edge:.7f}".rstrip("0").rstrip(".") for edge in aoi.bounds)
    corners = sum(len(ring) - 1 for polygon in polygons(aoi) for ring in polygon)
    return edges if is_box(aoi) else f"polygon of {corners} corners within {edges}"


def polygons(aoi: Aoi) -> list[list[list[list[float]]]]:
    """Rings of each polygon of an area: lists of lon, lat."""
    parts: list[list[list[list[float]]]] = aoi.geometry["coordinates"]
    return [parts] if aoi.geometry["type"] == "Polygon" else parts  # type: ignore[list-item]


def is_box(aoi: Aoi) -> bool:
    """Tell whether an area is the whole box around it."""
    return aoi.geometry == Aoi.from_bounds(*aoi.bounds).geometry
