"""Cloud masks for tests: cloud-optimised, with overviews made as agencies make them, and a naive
count of what is clear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

EPSG = 32632
ORIGIN = (600000.0, 5200020.0)
"""x of the left and y of the upper edge: of tile 32TPT, near 10.3° E 46.9° N."""
SCL_CLEAR = {2, 4, 5, 6, 7, 11}
"""Written from the list of SCL's classes, not from the code: dark, vegetation, bare, water,
unclassified, snow.
"""


def write_mask(
    path: Path,
    data: npt.NDArray[Any],
    resolution: float = 20.0,
    origin: tuple[float, float] = ORIGIN,
    epsg: int = EPSG,
) -> Path:
    """Write classes as a COG whose overviews take the nearest pixel: a mean of classes would be
    another class.
    """
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy
    from rasterio.transform import from_origin

    rows, cols = data.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {
        "count": 1,
        "height": rows,
        "width": cols,
        "dtype": data.dtype.name,
        "crs": f"EPSG:{epsg}",
    }
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", transform=from_origin(*origin, resolution, resolution), **options
        ) as target:
            target.write(data, 1)
        with memory.open() as source, rasterio.Env(GDAL_NUM_THREADS="2"):
            copy(
                source,
                path,
                driver="COG",
                compress="deflate",
                blocksize=512,
                overview_resampling="nearest",
            )
    return path


def write_huge_mask(
    path: Path,
    side: int,
    resolution: float,
    value: int,
    block: tuple[slice, slice],
    other: int,
    cog: bool = True,
) -> Path:
    """A mask of ``side``² pixels with overviews, written in strips: ``value`` everywhere, ``other``
    in the block.
    """
    import rasterio
    from rasterio.shutil import copy
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    options = {
        "driver": "GTiff",
        "count": 1,
        "height": side,
        "width": side,
        "dtype": "uint8",
        "crs": f"EPSG:{EPSG}",
    }
    options |= {
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "deflate",
        "zlevel": 1,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1)
    plain = path.with_name(f"plain_{path.name}") if cog else path
    with rasterio.open(
        plain, "w", transform=from_origin(*ORIGIN, resolution, resolution), **options
    ) as target:
        for row in range(0, side, 512):
            rows = min(512, side - row)
            strip = np.full((rows, side), value, dtype=np.uint8)
            strip[noise.random((rows, side)) < 0.02] = (
                5  # real masks do not compress to nothing; bare ground is clear too
            )
            first, last = max(block[0].start - row, 0), max(min(block[0].stop - row, rows), 0)
            strip[first:last, block[1]] = other
            target.write(strip, 1, window=Window(0, row, side, rows))
    with rasterio.open(plain, "r+") as target:
        target.build_overviews([2, 4, 8, 16, 32], rasterio.enums.Resampling.nearest)
    if cog:  # its overviews are those just made
        with rasterio.Env(GDAL_NUM_THREADS="2"):
            copy(plain, path, driver="COG", compress="deflate", level=1, blocksize=512)
        plain.unlink()
    return path


def to_lonlat(points: Sequence[tuple[float, float]], epsg: int = EPSG) -> list[tuple[float, float]]:
    """Metres → degrees, by an own inverse transverse Mercator (Snyder 1987, USGS PP 1395, pp.
    63-64).
    """
    found = []
    zone, south = epsg % 100, epsg // 100 == 327
    a, e2, k0 = 6378137.0, 0.00669437999014, 0.9996
    ep2 = e2 / (1 - e2)
    e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    for easting, northing in points:
        x, y = easting - 500000.0, northing - (10_000_000.0 if south else 0.0)
        mu = y / k0 / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
        phi = (
            mu
            + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu)
            + (21 * e1**2 / 16 - 55 * e1**4 / 32) * math.sin(4 * mu)
            + 151 * e1**3 / 96 * math.sin(6 * mu)
        )
        c, t = ep2 * math.cos(phi) ** 2, math.tan(phi) ** 2
        n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        r = a * (1 - e2) / (1 - e2 * math.sin(phi) ** 2) ** 1.5
        d = x / (n * k0)
        lat = phi - n * math.tan(phi) / r * (
            d**2 / 2
            - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24
            + (61 + 90 * t + 298 * c + 45 * t**2 - 252 * ep2 - 3 * c**2) * d**6 / 720
        )
        lon = (
            d
            - (1 + 2 * t + c) * d**3 / 6
            + (5 - 2 * c + 28 * t - 3 * c**2 + 8 * ep2 + 24 * t**2) * d**5 / 120
        ) / math.cos(phi)
        found.append((zone * 6 - 183 + math.degrees(lon), math.degrees(lat)))
    return found


def counted_percent(
    clear: npt.NDArray[np.bool_],
    corners: Sequence[tuple[float, float]],
    resolution: float,
    origin: tuple[float, float] = ORIGIN,
) -> float:
    """Share of a polygon (in metres) that is clear, at full resolution; what lies outside the
    raster is not clear.
    """
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    cols = np.arange(
        math.floor((west - origin[0]) / resolution), math.ceil((east - origin[0]) / resolution)
    )
    rows = np.arange(
        math.floor((origin[1] - north) / resolution), math.ceil((origin[1] - south) / resolution)
    )
    x = origin[0] + (cols + 0.5) * resolution
    y = origin[1] - (rows + 0.5) * resolution
    gx, gy = np.meshgrid(x, y)
    within = np.zeros(gx.shape, dtype=bool)
    for place, (x1, y1) in enumerate(corners):
        x2, y2 = corners[place - 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            crosses = ((y1 > gy) != (y2 > gy)) & (gx < x1 + (gy - y1) / (y2 - y1) * (x2 - x1))
        within ^= crosses
    inside_rows, inside_cols = (
        (rows >= 0) & (rows < clear.shape[0]),
        (cols >= 0) & (cols < clear.shape[1]),
    )
    seen = np.zeros(gx.shape, dtype=bool)
    seen[np.ix_(inside_rows, inside_cols)] = clear[np.ix_(rows[inside_rows], cols[inside_cols])]
    return float(100 * (seen & within).sum() / within.sum())
