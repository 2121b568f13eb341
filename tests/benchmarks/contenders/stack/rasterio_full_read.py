# title: rasterio, every pixel of every band, a thread per core
# python: peers
# Sees a tile that cannot be decoded, as no look at overviews does; then writes the same VRT with
# GDAL's program.
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import rasterio
from rasterio.windows import Window
from task import BANDS, OUT, SOURCE, WORKERS, report

began = time.perf_counter()


def measure(band: str) -> float:
    count = total = squares = 0.0
    with rasterio.open(f"{SOURCE}/{band}.tif") as source:
        for top in range(0, source.height, 1024):
            pixels = source.read(
                1, window=Window(0, top, source.width, min(1024, source.height - top))
            ).astype(np.float64)
            pixels = pixels[pixels != 0]
            count, total, squares = (
                count + pixels.size,
                total + float(pixels.sum()),
                squares + float((pixels * pixels).sum()),
            )
    return (squares / count - (total / count) ** 2) ** 0.5


with ThreadPoolExecutor(WORKERS) as pool:
    found = dict(zip(BANDS, pool.map(measure, BANDS)))
(OUT / "report.json").write_text(json.dumps(found), encoding="utf-8")
files = [f"{SOURCE}/{band}.tif" for band in BANDS]
subprocess.run(
    ["gdalbuildvrt", "-q", "-separate", "-resolution", "highest", str(OUT / "stack.vrt"), *files],
    check=True,
)
report(began)
