"""What the runner tells a contender, for those in Python."""

from __future__ import annotations

import gc
import json
import math
import os
import time
from pathlib import Path
from typing import Any

SOURCE = os.environ["BENCH_SOURCE"]
"""Where the band files are, ``{SOURCE}/red.tif``: a folder, or an address."""
LATER = os.environ.get("BENCH_LATER", "")
"""The same of the second date."""
CATALOG = f"{SOURCE.rpartition('/')[0]}/event/catalog.json"
"""A STAC API with two tiles on two dates; only of an event."""
ITEMS = Path(os.environ["BENCH_ITEMS"])
"""A STAC item collection of one item, with those bands as assets."""
AREA = Path(os.environ["BENCH_AREA"])
"""The bounds as a GeoJSON polygon in longitude and latitude."""
RADAR = Path(os.environ["BENCH_LOCAL"]).parent / "radar" / "vv.tif"
"""Backscatter of make_radar.py in power; only of radar."""
OUT = Path(os.environ["BENCH_OUT"])
BANDS = os.environ["BENCH_BANDS"].split(",")
BOUNDS = tuple(float(word) for word in os.environ["BENCH_BOUNDS"].split(","))
"""west, south, east, north in metres of the scene's CRS, EPSG:32632."""
CRS = "EPSG:32632"
if os.environ.get("BENCH_AS_COMMAND"):  # FirstLight, below the command: its process is like that
    from firstlight.core.doors.own_process import settle_in

    settle_in()
    gc.enable()
WORKERS = int(os.environ["BENCH_WORKERS"])


def item() -> Any:
    """The item for pystac."""
    import pystac

    return pystac.Item.from_dict(json.loads(ITEMS.read_text(encoding="utf-8"))["features"][0])


def outward(transform: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """(first row, row after the last), the same for columns: all pixels that touch the bounds.

    rasterio's own rounding of a window keeps its length, and loses a row where the bounds lie
    between pixels.
    """
    west, south, east, north = BOUNDS
    rows = (
        math.floor((transform.f - north) / transform.a),
        math.ceil((transform.f - south) / transform.a),
    )
    return rows, (
        math.floor((west - transform.c) / transform.a),
        math.ceil((east - transform.c) / transform.a),
    )


def report(began: float) -> None:
    """Tell the runner how long the work took since ``began`` (perf_counter), after the imports."""
    print(json.dumps({"work_s": time.perf_counter() - began}))
