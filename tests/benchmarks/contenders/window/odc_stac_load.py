# title: odc-stac, all bands on the 10 m grid
# python: peers
import time

import numpy as np
import odc.stac
from odc.geo.geobox import GeoBox
from task import BANDS, BOUNDS, CRS, OUT, item, report

began = time.perf_counter()
grid = GeoBox.from_bbox(BOUNDS, crs=CRS, resolution=10)
loaded = odc.stac.load([item()], bands=BANDS, geobox=grid, pool=len(BANDS))
for band in BANDS:
    np.save(OUT / f"{band}.npy", loaded[band].isel(time=0).values)
report(began)
