# title: rasterio, a thread per band, GDAL's defaults
# python: peers
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import rasterio
from rasterio.windows import from_bounds
from task import BANDS, BOUNDS, OUT, SOURCE, report

began = time.perf_counter()


def fetch(band: str) -> None:
    with rasterio.open(f"{SOURCE}/{band}.tif") as source:
        window = from_bounds(*BOUNDS, source.transform).toranges()  # rounds outwards
        np.save(OUT / f"{band}.npy", source.read(1, window=window))


with ThreadPoolExecutor(len(BANDS)) as pool:
    list(pool.map(fetch, BANDS))
report(began)
