"""Twelve Sentinel-2 scenes of June 2024, for catalogues that are only searched."""

from __future__ import annotations

from typing import Any

from .stac_server import make_item

S2_BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
NEWEST_FIRST = [f"day{n:02d}" for n in reversed(range(12))]


def band_links(*names: str) -> dict[str, Any]:
    """Assets that lead nowhere; all default bands unless some are named."""
    return {name: {"href": f"http://x/{name}.tif"} for name in names or S2_BANDS}


def cloud(percent: float) -> dict[str, Any]:
    """The property that tells the cloud over the whole scene."""
    return {"eo:cloud_cover": percent}


def june_items() -> list[dict[str, Any]]:
    """Items of twelve days, 0 % to 88 % of cloud, the oldest first."""
    return [
        make_item(
            f"day{n:02d}",
            when=f"2024-06-{n + 1:02d}T10:00:00Z",
            assets=band_links(),
            **cloud(n * 8),
        )
        for n in range(12)
    ]
