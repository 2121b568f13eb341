# title: rasterio, a thread per band, GDAL's defaults
# python: peers
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import rasterio
from task import BANDS, OUT, SOURCE, outward, report

began = time.perf_counter()


def fetch(band: str) -> None:
    with rasterio.open(f"{SOURCE}/{band}.tif") as source:
        np.save(OUT / f"{band}.npy", source.read(1, window=outward(source.transform)))


with ThreadPoolExecutor(len(BANDS)) as pool:
    list(pool.map(fetch, BANDS))
report(began)
