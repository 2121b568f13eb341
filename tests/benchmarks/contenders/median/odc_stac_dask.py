# title: odc-stac + dask threads + odc-geo's COG writer, DEFLATE 6
# python: peers
import dask
import numpy as np
import odc.stac
import pystac
from median_rules import BAND, CLOUDY, MASK, RESOLUTION, dates
from odc.geo.cog import save_cog_with_dask
from task import CRS, OUT, WORKERS

dask.config.set(scheduler="threads", num_workers=WORKERS)
bands = odc.stac.load(
    [pystac.Item.from_dict(item) for item in dates()["features"]],
    bands=[BAND, MASK],
    chunks={"x": 1024, "y": 1024},
    resolution=RESOLUTION,
    crs=CRS,
    resampling={MASK: "nearest"},
)
seen = (bands[BAND] != 0) & ~bands[MASK].isin(CLOUDY)
values = bands[BAND].where(seen).astype("float32").chunk({"time": -1})
layer = values.median("time").astype("float32")
layer.attrs["nodata"] = float("nan")
layer = layer.odc.assign_crs(CRS)
options = {
    "compression": "deflate",
    "level": 6,
    "predictor": 3,
    "blocksize": [512],
    "overview_resampling": "average",
}
with np.errstate(all="ignore"):
    save_cog_with_dask(layer, str(OUT / "median.tif"), stats=False, **options).compute()
