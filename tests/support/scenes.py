"""Scenes for mosaics: small tiled bands served on loopback, with items that state where they lie,
and what their pixels say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.types import SceneItem

from .masks import to_lonlat
from .range_server import FaultyServer
from .rasters import write_raster
from .stac_server import make_item

Pixels = npt.NDArray[Any]
LEFT, TOP = 600000.0, 5200020.0


def smooth(seed: int, shape: tuple[int, int]) -> npt.NDArray[np.uint16]:
    """Numbers that change by little from pixel to pixel, for what is interpolated."""
    rows, cols = np.indices(shape)
    waves = 3000 + 900 * np.sin(rows / (19 + seed)) + 800 * np.cos(cols / (23 + seed))
    return np.asarray(waves, np.uint16)


@dataclass(frozen=True)
class MadeScene:
    """One scene to be served."""

    id: str
    bands: Mapping[str, Pixels]
    origin: tuple[float, float] = (LEFT, TOP)
    epsg: int = 32632
    scale: float = 0.0001
    offset: float = 0.0
    when: str = "2024-06-01T10:00:00Z"
    states_grid: bool = True
    """Whether the item has ``proj:*`` fields."""
    resolution: Mapping[str, float] = field(default_factory=dict)
    """Band → pixel size where it is not 10 m."""

    def physical(self, band: str = "red") -> npt.NDArray[np.float64]:
        """What the pixels of a band mean; NaN = no data."""
        stored = self.bands[band].astype(float)
        return np.where(stored == 0, np.nan, stored * self.scale + self.offset)

    def corners(self, inset_m: float = 0.0) -> list[tuple[float, float]]:
        """Lon/lat of the corners, from the upper left clockwise."""
        name = next(iter(self.bands))
        rows, cols = (side * self.resolution.get(name, 10.0) for side in self.bands[name].shape)
        x, y, i = *self.origin, inset_m
        return to_lonlat(
            [
                (x + i, y - i),
                (x + cols - i, y - i),
                (x + cols - i, y - rows + i),
                (x + i, y - rows + i),
            ],
            self.epsg,
        )


def serve(server: FaultyServer, made: MadeScene, **write: Any) -> SceneItem:
    """Write a scene's bands below the server's folder, and make its item."""
    assets: dict[str, dict[str, Any]] = {}
    for name, pixels in made.bands.items():
        size = made.resolution.get(name, 10.0)
        path = f"{made.id}/{name}.tif"
        write_raster(
            Path(server.root) / path,
            pixels,
            epsg=made.epsg,
            resolution=size,
            origin=made.origin,
            **write,
        )
        assets[name] = {
            "href": server.url(path),
            "raster:bands": [
                {
                    "nodata": 0,
                    "data_type": pixels.dtype.name,
                    "scale": made.scale,
                    "offset": made.offset,
                }
            ],
        }
        if made.states_grid:
            x, y = made.origin
            assets[name] |= {
                "proj:shape": list(pixels.shape),
                "proj:transform": [size, 0, x, 0, -size, y],
            }
    ring = made.corners()
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    item = make_item(made.id, (min(xs), min(ys), max(xs), max(ys)), made.when, assets=assets)
    item["geometry"]["coordinates"] = [[list(point) for point in (*ring, ring[0])]]
    if made.states_grid:
        item["properties"]["proj:epsg"] = made.epsg
    return parse_item(item, get_sensor("sentinel2"), "file")


def area_text(*points: tuple[float, float], epsg: int = 32632) -> str:
    """WKT of the box around points in metres, its corners brought to lon/lat."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    box = [(min(xs), max(ys)), (max(xs), max(ys)), (max(xs), min(ys)), (min(xs), min(ys))]
    ring = to_lonlat(box, epsg)
    return "POLYGON((" + ",".join(f"{x:.10f} {y:.10f}" for x, y in (*ring, ring[0])) + "))"
