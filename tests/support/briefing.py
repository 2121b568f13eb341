"""Layers that the guide's page *From the map to the briefing* takes as the reader's own."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from support.forecast_world import forecast_items
from support.grib import Field, gust, rain, wind
from support.range_server import FaultyServer
from support.rasters import write_raster

WEST, SOUTH, EAST, NORTH = -27.345, 41.99, -27.29, 42.031
"""Around the sample's area."""
PIXEL = 0.0005
RUN = datetime(2024, 7, 29, tzinfo=timezone.utc)
"""Of the weather model."""


def prepare(folder: Path) -> None:
    """Write land cover, people, buildings, roads, parishes and points that somebody judged."""
    cols, rows = round((EAST - WEST) / PIXEL), round((NORTH - SOUTH) / PIXEL)
    x, y = np.meshgrid(np.linspace(0, 1, cols), np.linspace(0, 1, rows))
    cover = np.where(x + y < 0.9, 10, np.where(y < 0.6, 30, 40)).astype(np.uint8)
    place: dict[str, Any] = {"epsg": 4326, "resolution": PIXEL, "origin": (WEST, NORTH)}
    write_raster(folder / "landcover.tif", cover, nodata=0, **place)
    people = (4 * np.exp(-((x - 0.6) ** 2 + (y - 0.5) ** 2) / 0.02)).astype(np.float32)
    write_raster(folder / "people.tif", people, nodata=-1, **place)
    middle = (WEST + EAST) / 2
    _write(
        folder / "parishes.geojson",
        "Polygon",
        {"West parish": _box(WEST, middle), "East parish": _box(middle, EAST)},
    )
    houses = {
        f"House {number}": [_square(WEST + 0.0006 * number, 42.0 + 0.0004 * (number % 40))]
        for number in range(2, 88)
    }
    _write(folder / "houses.geojson", "Polygon", houses)
    road = [[WEST + 0.002, 42.0], [middle, 42.008], [EAST - 0.002, 42.02]]
    _write(folder / "roads.geojson", "LineString", {"Valley road": road})


def prepare_weather(folder: Path, files: FaultyServer) -> None:
    """Write a static catalogue of a weather model's run; ``files`` serves ``folder``."""
    items = forecast_items(
        folder, files, (6, 12, 18, 24), run=RUN, fields=_weather, west=-29.0, north=43.0
    )
    links = [{"rel": "item", "href": f"./{number}.json"} for number in range(len(items))]
    for number, item in enumerate(items):
        (folder / f"{number}.json").write_text(json.dumps(item))
    catalogue = {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "weather",
        "description": "A weather model's run",
        "links": links,
    }
    (folder / "catalog.json").write_text(json.dumps(catalogue))


def _weather(step: int) -> list[Field]:
    """A wet day with a steady wind and gusts that grow."""
    same = np.ones((8, 12))
    return [
        rain(0.0004 * step * same, step),
        *wind(3 * same, 4 * same, step),
        gust((9 + step / 6) * same, step, step - 6),
    ]


def _box(west: float, east: float) -> list[list[list[float]]]:
    return [[[west, SOUTH], [east, SOUTH], [east, NORTH], [west, NORTH], [west, SOUTH]]]


def _square(x: float, y: float, side: float = 0.0002) -> list[list[float]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]


def _write(path: Path, kind: str, shapes: dict[str, Any]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for name, coordinates in shapes.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
