"""Are the polygons of a contender those of rasterio, wherever they begin?"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.features import shapes

Rings = list[npt.NDArray[np.int64]]
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
ALIKE = 1e-3
"""Relative difference of what is left after a sieve: one leaves out what has no large neighbour."""


def check_outline(out: Path, wrong: type[Exception]) -> str:
    """Compare what lies in ``out``: ``outline.gpkg``, ``perimeter.gpkg`` or ``count.json``."""
    classes = Path(os.environ["BENCH_CLASSES"])
    kept = out.parent / f"{classes.stem}.right.json"
    if not kept.exists():
        kept.write_text(json.dumps(_right(classes)))
    right = json.loads(kept.read_text())
    if (out / "count.json").exists():
        count = json.loads((out / "count.json").read_text())
        if count != right["count"]:
            raise wrong(f"{count} polygons, not {right['count']}")
        return f"{count} polygons"
    if (out / "outline.gpkg").exists():
        with rasterio.open(classes) as source:
            found = _digest(_written(out / "outline.gpkg", source.transform))
        if found != [right["count"], right["digest"]]:
            raise wrong(f"{found[0]} other polygons than the {right['count']} that are right")
        return f"{found[0]} polygons, corner for corner"
    area = _area(out / "perimeter.gpkg", classes)
    sieved = out.parent / f"{classes.stem}.sieved.json"
    if not sieved.exists():
        sieved.write_text(json.dumps(area))
    other = json.loads(sieved.read_text())
    if abs(area - other) > ALIKE * other:
        raise wrong(f"{area:.0f} m² after the sieve, where another one has {other:.0f}")
    return f"{area:.0f} m² after the sieve"


def _right(classes: Path) -> dict[str, int]:
    with rasterio.open(classes) as source:
        pixels, transform = source.read(1), source.transform
    polygons = (
        [_pixels(np.array(ring[:-1]), transform) for ring in shape["coordinates"]]
        for shape, _ in shapes(pixels, pixels == 1, 4, transform)
    )
    count, digest = _digest(polygons)
    return {"count": count, "digest": digest}


def _pixels(points: npt.NDArray[np.float64], transform: rasterio.Affine) -> npt.NDArray[np.int64]:
    left, top, size = transform.c, transform.f, transform.a
    return np.rint((points - (left, top)) / (size, -size)).astype(np.int64)


def _digest(polygons: Iterator[Rings]) -> list[int]:
    """How many, and a sum over them that any other corner changes."""
    count = total = 0
    for rings in polygons:
        corners = np.concatenate(rings).astype(np.uint64)
        mixed = (corners[:, 0] << np.uint64(32) | corners[:, 1]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        own = int((mixed * np.uint64(0xBF58476D1CE4E5B9)).sum()) + len(rings)
        total = (total + own * own) & ((1 << 63) - 1)
        count += 1
    return [count, total]


def _written(path: Path, transform: rasterio.Affine) -> Iterator[Rings]:
    for (blob,) in sqlite3.connect(path).execute("SELECT geom FROM patches"):
        place = 8 + _ENVELOPE_BYTES[blob[3] >> 1 & 7] + 5  # GeoPackage's header, order and kind
        (rings,) = struct.unpack_from("<I", blob, place)
        found, place = [], place + 4
        for _ in range(rings):
            (points,) = struct.unpack_from("<I", blob, place)
            ring = np.frombuffer(blob, "<f8", 2 * points, place + 4).reshape(-1, 2)
            found.append(_pixels(ring[:-1], transform))
            place += 4 + 16 * points
        yield found


def _area(path: Path, classes: Path) -> float:
    """Square metres of all patches: as written, else of the polygons."""
    database = sqlite3.connect(path)
    names = [row[1] for row in database.execute("PRAGMA table_info(patches)")]
    if "area_ha" in names:
        return float(database.execute("SELECT sum(area_ha) FROM patches").fetchone()[0]) * 1e4
    with rasterio.open(classes) as source:
        transform = source.transform
    pixels = sum(
        _surface(rings[0]) - sum(map(_surface, rings[1:])) for rings in _written(path, transform)
    )
    return float(pixels) * transform.a**2


def _surface(ring: npt.NDArray[np.int64]) -> float:
    x, y = ring.T
    return abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))) / 2
