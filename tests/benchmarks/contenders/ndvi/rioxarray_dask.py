# title: rioxarray + dask threads + COG driver, DEFLATE 6
# python: peers
import threading

import dask
import numpy as np
import rioxarray
import xarray
from ndvi_rules import DEFLATE_6, NODATA, SIDE, to_cog
from task import OUT, SOURCE, WORKERS

dask.config.set(scheduler="threads", num_workers=WORKERS)
nir, red = (
    rioxarray.open_rasterio(f"{SOURCE}/{band}.tif", chunks={"x": SIDE, "y": SIDE}, lock=False)[
        0
    ].astype("float32")
    for band in ("nir", "red")
)
values = xarray.where(
    (nir == 0) | (red == 0), np.float32(NODATA), (nir - red) / (nir + red)
).astype("float32")
layer = values.rio.write_crs(nir.rio.crs).rio.write_nodata(NODATA)
layer.rio.to_raster(
    OUT / "draft.tif", tiled=True, blockxsize=512, blockysize=512, lock=threading.Lock()
)
to_cog(OUT / "draft.tif", OUT / "ndvi.tif", DEFLATE_6)
