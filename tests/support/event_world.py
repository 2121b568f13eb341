"""A place where something burned or was flooded: passes before and after it, behind a catalogue and
a file server on loopback.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from .masks import ORIGIN, to_lonlat
from .range_server import FaultyServer
from .rasters import write_picture, write_raster
from .stac_server import StacServer, make_item

SIDE = 240
"""Pixels of 10 m a side, of one tile."""
BOX = (slice(60, 150), slice(80, 180))
"""What burned or was flooded: 90 × 100 pixels, 0.9 km²; of the left one of two tiles."""
GRASS = {"blue": 0.04, "green": 0.07, "red": 0.05, "nir": 0.38, "swir16": 0.20, "swir22": 0.10}
BURNED = {"blue": 0.05, "green": 0.06, "red": 0.08, "nir": 0.12, "swir16": 0.24, "swir22": 0.26}
WATER = {"blue": 0.06, "green": 0.08, "red": 0.05, "nir": 0.03, "swir16": 0.015, "swir22": 0.01}
"""Reflectance, rounded from the ECOSTRESS spectral library (doi:10.1016/j.rse.2019.05.015) and
Sentinel-2 scenes.
"""
LOOKS = 4.4
"""Of Sentinel-1's IW products (ESA, Sentinel-1 Product Definition, equivalent number of looks)."""
LAND_POWER = {"vv": 10**-0.9, "vh": 10**-1.5}
WATER_POWER = {"vv": 10**-2.1, "vh": 10**-2.8}


@dataclass(frozen=True)
class Pass:
    """One scene of one pass."""

    day: str
    sensor: str = "sentinel2"
    changed: str = ""
    """``burned`` or ``water`` in ``BOX``; empty: nothing happened."""
    cloud: float = 0.0
    """Share of the rows that cloud covers, from above."""
    tile: int = 0
    """0 or 1: the neighbour to the east."""
    orbit: int = 65
    picture: tuple[int, int, int] | None = None
    """Colour of its thumbnail; None: the catalogue offers none."""

    @property
    def item_id(self) -> str:
        """Like an agency's."""
        platform = "S1A" if self.sensor == "sentinel1" else "S2A"
        return f"{platform}_{self.day.replace('-', '')}_T{self.tile}"


@dataclass(frozen=True)
class EventWorld:
    """The servers."""

    api: StacServer
    files: FaultyServer
    folder: Path

    @property
    def url(self) -> str:
        """Of the STAC API."""
        return self.api.base_url


def area_text(tiles: int = 1, inset: float = 300.0) -> str:
    """West, south, east, north in degrees, that far inside the tiles."""
    left, top = ORIGIN
    right, bottom = left + tiles * SIDE * 10, top - SIDE * 10
    corners = to_lonlat([(left + inset, bottom + inset), (right - inset, top - inset)])
    return ",".join(f"{value:.6f}" for corner in corners for value in corner)


@contextmanager
def event_world(
    folder: Path, passes: Sequence[Pass], collections: Sequence[str] = ()
) -> Iterator[EventWorld]:
    """Serve these passes; Sentinel-2 with its scene classification, Sentinel-1 as terrain-corrected
    power.
    """
    with FaultyServer(folder) as files:
        items = [_item(one, folder, files) for one in passes]
        with StacServer(items, collections) as api:
            yield EventWorld(api, files, folder)


@dataclass(frozen=True)
class _Band:
    """A file of a pass, and what the catalogue says of its numbers."""

    content: bytes
    storage: Mapping[str, Any]


@lru_cache(maxsize=64)
def _bands(one: Pass) -> Mapping[str, _Band]:
    """The files of a pass; most tests have the same ones."""
    origin = (ORIGIN[0] + one.tile * SIDE * 10, ORIGIN[1])
    pixels = _radar(one) if one.sensor == "sentinel1" else _optical(one)
    made = {}
    with TemporaryDirectory() as folder:
        for name, data in pixels.items():
            resolution = 10.0 * SIDE / data.shape[0]
            nodata = None if name == "scl" else -32768 if one.sensor == "sentinel1" else 0
            path = write_raster(
                Path(folder) / f"{name}.tif",
                data,
                resolution=resolution,
                origin=origin,
                nodata=nodata,
                cog=True,
            )
            storage: dict[str, Any] = {"nodata": nodata, "data_type": data.dtype.name}
            if one.sensor == "sentinel2" and name != "scl":
                storage.update(scale=0.0001, offset=-0.1)
            made[name] = _Band(path.read_bytes(), storage)
    return made


def _item(one: Pass, folder: Path, files: FaultyServer) -> dict[str, Any]:
    origin = (ORIGIN[0] + one.tile * SIDE * 10, ORIGIN[1])
    assets: dict[str, dict[str, Any]] = {}
    for name, band in _bands(replace(one, picture=None)).items():
        file = f"{one.item_id}/{name}.tif"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(band.content)
        assets[name] = {
            "href": files.url(file),
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "raster:bands": [dict(band.storage)],
            "file:size": len(band.content),
        }
    if one.picture is not None:
        file = f"{one.item_id}/thumbnail.png"
        write_picture(folder / file, one.picture)
        assets["thumbnail"] = {
            "href": files.url(file),
            "type": "image/png",
            "roles": ["thumbnail"],
        }
    left, top = origin
    points = to_lonlat(
        [
            (left, top - SIDE * 10),
            (left + SIDE * 10, top - SIDE * 10),
            (left + SIDE * 10, top),
            (left, top),
        ]
    )
    box = (
        min(x for x, _ in points),
        min(y for _, y in points),
        max(x for x, _ in points),
        max(y for _, y in points),
    )
    if one.sensor == "sentinel1":
        facts: dict[str, Any] = {
            "platform": "sentinel-1a",
            "sat:relative_orbit": one.orbit,
            "sat:orbit_state": "ascending",
            "proj:epsg": 32632,
        }
        return make_item(
            one.item_id, box, f"{one.day}T05:30:00Z", "sentinel-1-rtc", assets, **facts
        )
    facts = {
        "platform": "sentinel-2a",
        "sat:relative_orbit": one.orbit,
        "eo:cloud_cover": 100 * one.cloud,
        "proj:epsg": 32632,
    }
    return make_item(
        one.item_id, box, f"{one.day}T10:00:0{one.tile}Z", "sentinel-2-l2a", assets, **facts
    )


def _optical(one: Pass) -> dict[str, npt.NDArray[Any]]:
    ground = np.random.default_rng(one.tile).normal(
        1, 0.08, (SIDE, SIDE)
    )  # the same fields on every day
    cloudy = np.zeros((SIDE, SIDE), bool)
    cloudy[: round(one.cloud * SIDE)] = True
    made: dict[str, npt.NDArray[Any]] = {}
    for place, (name, level) in enumerate(GRASS.items()):
        values = level * ground
        if one.changed and one.tile == 0:
            values[BOX] = (BURNED if one.changed == "burned" else WATER)[name] * ground[BOX]
        values = np.where(cloudy, 0.8 * ground, values)
        noise = np.random.default_rng(1000 * one.tile + place + sum(map(ord, one.day))).normal(
            0, 0.002, values.shape
        )
        stored = np.clip(np.rint((values + noise + 0.1) * 10000), 1, 65535)
        if name.startswith("swir"):
            stored = stored.reshape(SIDE // 2, 2, SIDE // 2, 2).mean(axis=(1, 3)).round()
        made[name] = stored.astype(np.uint16)
    scl = np.where(cloudy, 9, 4)
    if one.changed and one.tile == 0:
        clear = np.zeros_like(cloudy)
        clear[BOX] = True
        scl[clear & ~cloudy] = 5 if one.changed == "burned" else 6
    made["scl"] = scl[::2, ::2].astype(np.uint8)
    return made


def _radar(one: Pass) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng(one.tile + sum(map(ord, one.day)))
    made = {}
    for name, land in LAND_POWER.items():
        power = np.full((SIDE, SIDE), land)
        if one.changed == "water" and one.tile == 0:
            power[BOX] = WATER_POWER[name]
        made[name] = (power * random.gamma(LOOKS, 1 / LOOKS, power.shape)).astype(np.float32)
    return made
