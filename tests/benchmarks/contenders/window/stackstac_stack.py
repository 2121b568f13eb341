# title: stackstac, all bands on the 10 m grid
# python: peers
import time

import dask
import numpy as np
import stackstac
from task import BANDS, BOUNDS, CRS, OUT, item, report

began = time.perf_counter()
stack = stackstac.stack(
    [item()],
    assets=BANDS,
    epsg=int(CRS.split(":")[1]),
    resolution=10,
    bounds=BOUNDS,
    dtype="uint16",
    fill_value=np.uint16(0),
    rescale=False,
    chunksize=1024,
)
with dask.config.set(scheduler="threads", num_workers=len(BANDS)):
    pixels = stack.isel(time=0).values
for band, values in zip(BANDS, pixels):
    np.save(OUT / f"{band}.npy", values)
report(began)
