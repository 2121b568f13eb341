"""The area that a map was asked for: what the provenance tells of it, and what must be known."""

from __future__ import annotations

from typing import Any

from ..shapes.area_file import area_wkt
from ..shapes.area_pixels import area_digest
from .params import MapParams
from .recipe import MapJob

LONGEST_WKT = 2000
"""Characters that the provenance tells; of a longer one the sum is enough to know it again."""
MOSTLY = 0.995
"""Share of the area from which on nobody needs to be told that a part is missing."""


def describe_area(job: MapJob[Any]) -> dict[str, Any]:
    """Describe the area for the provenance, JSON-ready; empty where none was given."""
    told, pixels = describe_asked_area(job.params), job.area
    if not told or pixels is None:
        return told
    counted = {"pixels": pixels.count, "covered_percent": 100 * pixels.covered}
    return {"area": {**told["area"], **counted}}


def describe_asked_area(params: MapParams) -> dict[str, Any]:
    """Describe the area as it was asked for, JSON-ready; empty where none was given."""
    if params.area is None:
        return {}
    wkt = area_wkt(params.area)
    return {
        "area": {
            "mask": str(params.area_mask),
            "rule": "pixels whose centre lies in it",
            **({"file": params.area.source} if params.area.source else {}),
            "sha256": area_digest(params.area),
            **({"wkt": wkt} if len(wkt) <= LONGEST_WKT else {}),
            "area_km2": params.area.area_km2,
        }
    }


def area_warnings(job: MapJob[Any]) -> tuple[str, ...]:
    """Warn where the map reaches only a part of the area."""
    if job.area is None or job.area.covered >= MOSTLY:
        return ()
    return (
        f"The map reaches {100 * job.area.covered:.1f} % of the area: what lies beyond it is in no "
        "number, not even among what was not observed",
    )
