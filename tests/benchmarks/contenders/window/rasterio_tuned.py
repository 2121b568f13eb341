# title: rasterio, a thread per band, EMPTY_DIR
# python: peers
import os
import time
from concurrent.futures import ThreadPoolExecutor

os.environ["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"

import numpy as np
import rasterio
from rasterio.windows import from_bounds
from task import BANDS, BOUNDS, OUT, SOURCE, report

began = time.perf_counter()


def fetch(band: str) -> None:
    with rasterio.open(f"{SOURCE}/{band}.tif") as source:
        exact = from_bounds(*BOUNDS, source.transform)
        (top, bottom), (left, right) = exact.toranges()  # rounds outwards
        np.save(OUT / f"{band}.npy", source.read(1, window=((top, bottom), (left, right))))


with ThreadPoolExecutor(len(BANDS)) as pool:
    list(pool.map(fetch, BANDS))
report(began)
