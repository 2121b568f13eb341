"""A small scene on loopback: bands served over HTTP, an item in a STAC API that names them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .range_server import FaultyServer
from .rasters import write_raster
from .stac_server import Behaviour, StacServer, make_item

BBOX = (10.2, 46.9, 10.35, 46.98)
"""Around the pixels below, in degrees."""
AREA = ",".join(str(v) for v in BBOX)
TEN_METRE = ("blue", "green", "red", "nir")
TWENTY_METRE = ("swir16", "swir22")
ITEM_ID = "S2A_32TPT_20240601_0_L2A"


def band_pixels(name: str, shape: tuple[int, int]) -> npt.NDArray[np.uint16]:
    """Reproducible numbers with texture, 300..4500, different for each band; their features lie at
    the same places.
    """
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    noise = np.random.default_rng(seed).normal(0, 60, shape)
    rows, cols = np.indices(shape)
    brightness = 0.8 + seed % 7 / 20
    ground = np.random.default_rng(1).normal(
        0, 300, shape
    )  # fields and roads: the same in all bands
    texture = brightness * (1500 + 600 * np.sin(rows / 17) + 500 * np.cos(cols / 23) + ground)
    return np.asarray(np.clip(texture + noise, 300, 4500), np.uint16)


@dataclass(frozen=True)
class World:
    """The servers and the files behind them."""

    api: StacServer
    files: FaultyServer
    folder: Path
    pixels: Mapping[str, npt.NDArray[np.uint16]]

    @property
    def url(self) -> str:
        """Of the STAC API: usable as ``--catalog``."""
        return self.api.base_url


@contextmanager
def small_world(
    folder: Path, size: int = 128, behaviour: Behaviour | None = None, **properties: Any
) -> Iterator[World]:
    """Serve one Sentinel-2 scene: four 10 m bands of ``size``² pixels, two 20 m bands of half of
    that.
    """
    pixels, assets = {}, {}
    with FaultyServer(folder) as files:
        for name in (*TEN_METRE, *TWENTY_METRE):
            coarse = name in TWENTY_METRE
            side = size // 2 if coarse else size
            pixels[name] = band_pixels(name, (side, side))
            path = write_raster(
                folder / f"{name}.tif", pixels[name], resolution=20.0 if coarse else 10.0
            )
            assets[name] = {
                "href": files.url(f"{name}.tif"),
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "eo:bands": [{"name": name, "common_name": name}],
                "raster:bands": [
                    {"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}
                ],
                "file:size": path.stat().st_size,
                "file:checksum": "1220" + hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        item = make_item(
            ITEM_ID,
            BBOX,
            "2024-06-01T10:20:30Z",
            assets=assets,
            **{"eo:cloud_cover": 12.5, "proj:epsg": 32632, "platform": "sentinel-2a", **properties},
        )
        with StacServer([item], behaviour=behaviour) as api:
            yield World(api, files, folder, pixels)
