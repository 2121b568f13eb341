"""Layers to lay under the simulated flood: land cover, people, buildings, roads and districts. They
are as simulated as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .files import to_lonlat, write_cog, write_json
from .ground import PIXEL_M, Cover, Place

CLASSES = {
    10: "Tree cover",
    20: "Shrubland",
    30: "Grassland",
    40: "Cropland",
    50: "Built-up",
    60: "Bare or sparse vegetation",
    80: "Permanent water bodies",
}
"""Codes of ESA WorldCover."""
CODES = {
    Cover.FOREST: 10,
    Cover.SHRUB: 20,
    Cover.GRASS: 30,
    Cover.CROP: 40,
    Cover.BARE: 60,
    Cover.SAND: 60,
    Cover.TARMAC: 50,
    Cover.BUILT: 50,
    Cover.WATER: 80,
}
PEOPLE = {Cover.BUILT: 1.1, Cover.CROP: 0.004, Cover.GRASS: 0.002}
"""In each pixel of 10 m."""
SECONDS = 3.0
"""Pixels of the grid of people: arc seconds, as WorldPop's."""
EVERY = 3
"""Of the built-up pixels every third of a row, and of rows, is a house; else the file is large."""
FARMS = (24, 7, 11)
"""A farm stands on fields and meadows every so many rows and columns, from this row and column."""
DISTRICTS = {"Northbank": (0, 0, 720, 380), "Riverside": (0, 380, 720, 520),
             "Southbank": (0, 520, 720, 720)}  # fmt: skip
"""First and last columns and rows."""
ROADS = {
    "Bridge road": [(330, 20), (330, 380), (338, 430), (330, 545), (345, 715)],
    "River road": [(10, 470), (200, 455), (420, 480), (715, 462)],
}
"""Columns and rows of their corners."""


def write_layers(folder: Path, place: Place, cover: npt.NDArray[np.uint8]) -> dict[str, Path]:
    """Write all layers below a folder.

    Parameters
    ----------
    cover : ndarray of uint8
        ``Cover`` of the scenes' square.
    """
    from rasterio.transform import from_origin

    folder.mkdir(parents=True)
    codes = np.zeros(cover.shape, np.uint8)
    people = np.zeros(cover.shape, np.float32)
    for kind, code in CODES.items():
        codes[cover == kind] = code
        people[cover == kind] = PEOPLE.get(kind, 0.0)
    paths = {name: folder / f"{name}.tif" for name in ("landcover", "population_count")}
    grid = from_origin(place.left, place.top, PIXEL_M, PIXEL_M)
    tags = {f"code_{code}": name for code, name in CLASSES.items()}
    write_cog(
        paths["landcover"], codes[np.newaxis], place.crs, grid,
        nodata=0, overview_resampling="nearest", tags=tags,
    )  # fmt: skip
    _write_people(paths["population_count"], place, people, grid)
    paths |= {name: folder / f"{name}.geojson" for name in ("buildings", "roads", "districts")}
    houses = [
        (f"house {number}", "Polygon", _ring(place, (col + 0.15, row + 0.2, col + 0.9, row + 0.85)))
        for number, (row, col) in enumerate(np.argwhere(_houses(cover)).tolist(), start=1)
    ]
    _write_shapes(paths["buildings"], houses)
    lines = [
        (name, "LineString", to_lonlat([place.corner(*at) for at in corners], place.crs))
        for name, corners in ROADS.items()
    ]
    _write_shapes(paths["roads"], lines)
    areas = [(name, "Polygon", _ring(place, box)) for name, box in DISTRICTS.items()]
    _write_shapes(paths["districts"], areas)
    return paths


def _houses(cover: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    rows, cols = np.indices(cover.shape)
    village = (cover == Cover.BUILT) & (rows % EVERY == 0) & (cols % EVERY == 0)
    step, row, col = FARMS
    farm = np.isin(cover, (Cover.CROP, Cover.GRASS)) & (rows % step == row) & (cols % step == col)
    return np.asarray(village | farm)


def _write_people(path: Path, place: Place, people: npt.NDArray[np.float32], grid: Any) -> None:
    """People in pixels of a few arc seconds, none lost."""
    from rasterio.transform import from_origin
    from rasterio.warp import Resampling, reproject

    corners = [(0, 0), (place.size, 0), (place.size, place.size), (0, place.size)]
    ring = to_lonlat([place.corner(*at) for at in corners], place.crs)
    step = SECONDS / 3600
    west = np.floor(min(lon for lon, _ in ring) / step - 1) * step
    north = np.ceil(max(lat for _, lat in ring) / step + 1) * step
    cols = int(np.ceil((max(lon for lon, _ in ring) - west) / step)) + 1
    rows = int(np.ceil((north - min(lat for _, lat in ring)) / step)) + 1
    counted = np.zeros((rows, cols), np.float32)
    transform = from_origin(west, north, step, step)
    reproject(
        people, counted, src_transform=grid, src_crs=place.crs, dst_transform=transform,
        dst_crs="EPSG:4326", resampling=Resampling.sum, num_threads=1,
    )  # fmt: skip
    write_cog(path, counted[np.newaxis], "EPSG:4326", transform, overview_resampling="nearest")


def _ring(place: Place, box: tuple[float, float, float, float]) -> list[list[list[float]]]:
    left, top, right, bottom = box
    corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    return [to_lonlat([place.corner(*at) for at in corners], place.crs)]


def _write_shapes(path: Path, shapes: list[tuple[str, str, Any]]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for name, kind, coordinates in shapes
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})
