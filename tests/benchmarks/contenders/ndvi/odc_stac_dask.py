# title: odc-stac + dask threads + odc-geo's COG writer, DEFLATE 6
# python: peers
import dask
import numpy as np
import odc.stac
import xarray
from ndvi_rules import NODATA, SIDE
from odc.geo.cog import save_cog_with_dask
from task import CRS, OUT, WORKERS, item

dask.config.set(scheduler="threads", num_workers=WORKERS)
bands = odc.stac.load(
    [item()], bands=["nir", "red"], chunks={"x": SIDE, "y": SIDE}, resolution=10, crs=CRS
).isel(time=0)
nir, red = bands.nir.astype("float32"), bands.red.astype("float32")
values = xarray.where(
    (nir == 0) | (red == 0), np.float32(NODATA), (nir - red) / (nir + red)
).astype("float32")
values.attrs["nodata"] = NODATA
layer = values.odc.assign_crs(CRS)
options = {
    "compression": "deflate",
    "level": 6,
    "predictor": 3,
    "blocksize": [512],
    "overview_resampling": "average",
}
save_cog_with_dask(layer, str(OUT / "ndvi.tif"), stats=False, **options).compute()
