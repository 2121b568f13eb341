# title: rasterio.features.shapes, nothing written
# python: peers
import json
import os

import rasterio
from rasterio.features import shapes
from task import OUT

with rasterio.open(os.environ["BENCH_CLASSES"]) as source:
    pixels = source.read(1)
    found = [shape for shape, _ in shapes(pixels, pixels == 1, 4, source.transform)]
(OUT / "count.json").write_text(json.dumps(len(found)))
