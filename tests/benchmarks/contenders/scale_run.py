"""What the runs of different size share: NDVI of the first scenes of the grid, put together over
the box around them.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from grid_scenes import CHOSEN, SCENE_PIXELS, read_grid, write_area, write_items
from task import ITEMS, OUT

from firstlight.core.discovery.area import parse_area
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.mosaic import MosaicParams, run_mosaic
from firstlight.core.settings import resolve_settings

STEP = 10


def run(count: int, settings: dict[str, Any] | None = None, **more: str) -> None:
    """Compute, and say how many seconds it took for each 10980 × 10980 pixels of the result, after
    the imports.
    """
    features = read_grid()
    items = write_items(OUT / ITEMS.name, [features[number] for number in CHOSEN[count]])
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
    path = write_area(OUT / "area.geojson", "EPSG:32632", (west, south, east, north))
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
