"""What the runs of different size share: NDVI of the first scenes of the grid, put together over
the box around them.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from task import ITEMS, OUT, SOURCE

from firstlight.core.discovery.area import parse_area
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.settings import resolve_settings

SCENE_PIXELS = 10_980**2
CHOSEN = {1: [0], 2: [0, 1], 4: [0, 1, 3, 4], 9: list(range(9))}
STEP = 10


def run(count: int, settings: dict[str, Any] | None = None, **more: str) -> None:
    """Compute, and say how many seconds it took for each 10980 × 10980 pixels of the result, after
    the imports.
    """
    from rasterio.warp import transform

    base = f"{SOURCE.rpartition('/')[0]}/grid"
    grid = Path(os.environ["BENCH_LOCAL"]).parent / "grid"
    features = json.loads((grid / "items.json").read_text(encoding="utf-8"))["features"]
    scenes = [features[number] for number in CHOSEN[count]]
    for scene in scenes:
        for asset in scene["assets"].values():
            asset["href"] = f"{base}/{asset['href']}"
    items = Path(OUT) / ITEMS.name
    items.write_text(
        json.dumps({"type": "FeatureCollection", "features": scenes}), encoding="utf-8"
    )
    boxes = [
        (one["assets"]["red"]["proj:transform"], one["assets"]["red"]["proj:shape"])
        for one in features
    ]
    side, rows, cols = (
        10 * boxes[0][1][0],
        max(n // 3 for n in CHOSEN[count]),
        max(n % 3 for n in CHOSEN[count]),
    )
    step = abs(boxes[3][0][5] - boxes[0][0][5])
    west, north = boxes[0][0][2] + STEP, boxes[0][0][5] - STEP
    east, south = west + cols * step + side - 2 * STEP, north - rows * step - side + 2 * STEP
    lons, lats = transform(
        "EPSG:32632",
        "EPSG:4326",
        [west, east, east, west, west],
        [north, north, south, south, north],
    )
    area = {"type": "Polygon", "coordinates": [list(zip(lons, lats))]}
    path = Path(OUT) / "area.geojson"
    path.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": area}), encoding="utf-8"
    )
    began = time.perf_counter()
    params = MosaicParams(
        items=items,
        area=parse_area(str(path)),
        index="NDVI",
        rule="first",
        crs="EPSG:32632",
        output=OUT / "ndvi.tif",
        **more,
    )
    chosen = {name: value for name, value in (settings or {}).items() if value is not None}
    here = time.process_time()
    result = run_mosaic(params, replace(resolve_settings(), **chosen), RecordingMonitor())
    spent = time.perf_counter() - began
    print(f"CPU of this process after its imports: {time.process_time() - here:.2f} s")
    pixels = result.value.statistics["NDVI"]
    import rasterio

    with rasterio.open(result.value.outputs["mosaic"]) as made:
        share = made.height * made.width / SCENE_PIXELS
    print(result.text.replace("\n", " | "), round(spent, 2), pixels)
    print(json.dumps({"work_s": spent / share}))
