"""Scenes of the grid that ``make_grid.py`` lays out, as those who run on several of them take
them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from task import SOURCE

SCENE_PIXELS = 10_980**2
CHOSEN = {1: (0,), 2: (0, 1), 4: (0, 1, 3, 4), 9: tuple(range(9))}
"""How many → the places, row by row: as square as can be."""


def read_grid(folder: str = "grid") -> list[dict[str, Any]]:
    """All STAC items of a grid, with whole addresses."""
    local = Path(os.environ["BENCH_LOCAL"]).parent / folder
    features: list[dict[str, Any]] = json.loads((local / "items.json").read_text(encoding="utf-8"))[
        "features"
    ]
    for item in features:
        for asset in item["assets"].values():
            asset["href"] = f"{SOURCE.rpartition('/')[0]}/{folder}/{asset['href']}"
    return features


def write_items(path: Path, scenes: Sequence[dict[str, Any]]) -> Path:
    """An item collection of these scenes."""
    tree = {"type": "FeatureCollection", "features": list(scenes)}
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def write_area(path: Path, crs: str, bounds: tuple[float, float, float, float]) -> Path:
    """A box (west, south, east, north) as a GeoJSON polygon in degrees."""
    from rasterio.warp import transform_geom

    west, south, east, north = bounds
    ring = [[west, north], [east, north], [east, south], [west, south], [west, north]]
    area = transform_geom(crs, "EPSG:4326", {"type": "Polygon", "coordinates": [ring]})
    path.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": area}), encoding="utf-8"
    )
    return path
