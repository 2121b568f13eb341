"""Writes a STAC-GeoParquet table of made footprints: 110 km squares as Sentinel-2's, turned a
little, over the land between 60° S and 75° N, by time, with the assets of an item.

``.venv/bin/python tests/benchmarks/make_footprints.py FOLDER 10000000``: ten files of a million
rows, in groups of 100 000. About 150 bytes a row.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

GROUP = 100_000
FILE = 1_000_000
BANDS = ("blue", "green", "red", "nir", "swir16", "swir22", "scl")
FIRST_S, SPAN_S = 1_483_228_800, 8 * 365 * 86_400
"""2017 to 2024."""


def footprints(rng: np.random.Generator, count: int) -> tuple[Any, Any]:
    """Corners (n, 5, 2) in degrees, and boxes (n, 4)."""
    lat = rng.uniform(-60, 75, count)
    lon = rng.uniform(-175, 175, count)
    turn = np.radians(rng.uniform(-15, 15, count))
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * 0.5
    x = square[:, 0] * np.cos(turn)[:, None] - square[:, 1] * np.sin(turn)[:, None]
    y = square[:, 0] * np.sin(turn)[:, None] + square[:, 1] * np.cos(turn)[:, None]
    corners = np.stack([lon[:, None] + x / np.cos(np.radians(lat))[:, None], lat[:, None] + y], 2)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return corners, boxes


def table(rng: np.random.Generator, begin: int, total: int, count: int) -> Any:
    """Some rows as the specification has them (1.1.0)."""
    import pyarrow as pa
    from pyarrow import compute

    corners, boxes = footprints(rng, count)
    head = np.frombuffer(
        b"\x01" + (3).to_bytes(4, "little") + (1).to_bytes(4, "little") + (5).to_bytes(4, "little"),
        np.uint8,
    )
    shapes = np.empty((count, 13 + 80), np.uint8)
    shapes[:, :13] = head
    shapes[:, 13:] = np.ascontiguousarray(corners.reshape(count, 10)).view(np.uint8)
    offsets = np.arange(count + 1, dtype=np.int32) * shapes.shape[1]
    geometry = pa.Array.from_buffers(
        pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(shapes)]
    )
    number = np.arange(begin, begin + count)
    ids = compute.binary_join_element_wise("S2A", pa.array(number).cast(pa.string()), "L2A", "_")
    times = FIRST_S * 10**6 + (number * (SPAN_S * 10**6 // total))
    word = pa.scalar("https://example.org/sentinel-2-l2a")
    assets = {
        band: pa.StructArray.from_arrays(
            [
                compute.binary_join_element_wise(word, ids, f"{band}.tif", "/"),
                pa.array(np.full(count, "image/tiff; application=geotiff")),
            ],
            ["href", "type"],
        )
        for band in BANDS
    }
    return pa.table(
        {
            "stac_version": pa.array(np.full(count, "1.0.0")),
            "id": ids,
            "collection": pa.array(np.full(count, "sentinel-2-l2a")),
            "datetime": pa.array(times, pa.timestamp("us", "UTC")),
            "platform": pa.array(np.where(number % 2, "sentinel-2a", "sentinel-2b")),
            "eo:cloud_cover": pa.array(np.round(rng.uniform(0, 100, count), 2)),
            "proj:epsg": pa.array(32601 + number % 60),
            "bbox": pa.StructArray.from_arrays(
                [pa.array(np.ascontiguousarray(one)) for one in boxes.T],
                ["xmin", "ymin", "xmax", "ymax"],
            ),
            "geometry": geometry,
            "assets": pa.StructArray.from_arrays(list(assets.values()), list(assets)),
        }
    )


def make(folder: Path, total: int) -> None:
    """Write them; the same for the same number."""
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    for number, begin in enumerate(range(0, total, FILE)):
        rng = np.random.default_rng(number)
        path = folder / f"part-{number:04d}.parquet"
        part = path.with_suffix(".part")
        writer = None
        for first in range(begin, min(begin + FILE, total), GROUP):
            rows = table(rng, first, total, min(GROUP, total - first))
            if writer is None:
                writer = parquet.ParquetWriter(part, rows.schema, compression="zstd")
            writer.write_table(rows, row_group_size=GROUP)
        if writer is not None:
            writer.close()
            part.rename(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
