# title: odc-stac + dask threads + odc-geo's COG writer, DEFLATE 6: the index alone
# python: peers
import json

import dask
import numpy as np
import odc.stac
import pystac
import xarray
from ndvi_rules import NODATA, SIDE
from odc.geo.cog import save_cog_with_dask
from task import CRS, ITEMS, LATER, OUT, SOURCE, WORKERS

dask.config.set(scheduler="threads", num_workers=WORKERS)
tree = json.loads(ITEMS.read_text(encoding="utf-8"))["features"][0]


def nbr(folder):
    """Of one date: the item's own bands, found in that folder."""
    text = json.dumps(tree).replace(f"{SOURCE}/", f"{folder}/")
    chunks = {"x": SIDE, "y": SIDE}
    found = odc.stac.load(
        [pystac.Item.from_dict(json.loads(text))],
        bands=["nir", "swir22"],
        chunks=chunks,
        resolution=10,
        crs=CRS,
        resampling="bilinear",
    ).isel(time=0)
    nir, swir = found.nir.astype("float32"), found.swir22.astype("float32")
    return xarray.where((nir == 0) | (swir == 0), np.float32(np.nan), (nir - swir) / (nir + swir))


values = (nbr(SOURCE) - nbr(LATER)).fillna(np.float32(NODATA)).astype("float32")
values.attrs["nodata"] = NODATA
options = {
    "compression": "deflate",
    "level": 6,
    "predictor": 3,
    "blocksize": [512],
    "overview_resampling": "average",
}
save_cog_with_dask(
    values.odc.assign_crs(CRS), str(OUT / "dnbr.tif"), stats=False, **options
).compute()
