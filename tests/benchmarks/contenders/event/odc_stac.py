# title: pystac-client + odc-stac + xarray-spatial + rasterio: two maps, one outline, areas
# python: peers
# What an analyst's script does: the clearest pass on either side by its classification, dNBR and
# its classes, burnt patches by seeds and growth, the outline, square kilometres. Only the bands
# that the maps need; nothing is checked, resumed or described.
import datetime as dt
import json

import numpy as np
import odc.stac
import rasterio
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry
from pystac_client import Client
from rasterio.features import shapes
from scipy.ndimage import label
from task import AREA, BOUNDS, CATALOG, CRS, OUT
from xrspatial.multispectral import nbr

DAY = dt.datetime(2024, 7, 20, tzinfo=dt.timezone.utc)
SPAN = dt.timedelta(days=60)
EDGES = (-0.25, -0.10, 0.10, 0.27, 0.44, 0.66)
HIDDEN = (0, 1, 3, 8, 9, 10)
SCALE = np.float32(0.0001)
geometry = json.loads(AREA.read_text(encoding="utf-8"))["geometry"]
odc.stac.configure_rio(cloud_defaults=True)
search = Client.open(CATALOG).search(
    method="GET",
    collections=["sentinel-2-l2a"],
    intersects=geometry,
    datetime=[DAY - SPAN, DAY + SPAN],
)
passes: dict = {}
for item in search.items():
    passes.setdefault(item.datetime.date(), []).append(item)
area = Geometry(geometry, "EPSG:4326")


def clear_share(items):
    found = odc.stac.load(
        items, bands=["scl"], geopolygon=area, crs=CRS, resolution=160, groupby="solar_day", pool=8
    )
    return float((~np.isin(found.scl.isel(time=0).values, HIDDEN)).mean())


share = {day: clear_share(items) for day, items in passes.items()}
before = max((day for day in passes if day < DAY.date()), key=lambda day: share[day])
after = max((day for day in passes if day >= DAY.date()), key=lambda day: share[day])
grid = GeoBox.from_bbox(BOUNDS, crs=CRS, resolution=10)


def load(items):
    words = {"geobox": grid, "groupby": "solar_day", "pool": 8}
    bands = {"nir": "nearest", "swir16": "bilinear", "swir22": "bilinear", "scl": "nearest"}
    found = odc.stac.load(items, bands=list(bands), resampling=bands, **words).isel(time=0)
    hidden = np.isin(found.scl.values, HIDDEN)
    values = {
        name: found[name].where((found[name] != 0) & ~hidden).astype("float32") * SCALE
        for name in ("nir", "swir16", "swir22")
    }
    return values, nbr(values["nir"], values["swir22"]).values


(pre, nbr_before), (post, nbr_after) = load(passes[before]), load(passes[after])
change = nbr_before - nbr_after
seen = ~np.isnan(change)
severity = np.where(seen, 1 + np.searchsorted(EDGES, change, side="right"), 255).astype("uint8")


def mirbi(values):
    return 10 * values["swir22"].values - 9.8 * values["swir16"].values + 2


with np.errstate(all="ignore"):
    rise = mirbi(post) - mirbi(pre)
    nir, loss = post["nir"].values, 1 - post["nir"].values / pre["nir"].values
    growth = (change >= 0.10) & (loss >= 0.10) & (rise > 0) & (post["swir22"].values >= 0.05)
    seeds = growth & (change >= 0.27) & (nir <= 0.20) & (mirbi(post) >= 1.75) & (rise >= 0.25)
patches, count = label(growth, np.ones((3, 3)))
sizes = np.bincount(patches.ravel(), minlength=count + 1)
share_of_seeds = np.bincount(patches.ravel(), seeds.ravel(), minlength=count + 1) / sizes
kept = (share_of_seeds >= 0.05) & (sizes * 0.01 >= 0.5)
kept[0] = False
burned = np.where(seen, kept[patches], 255).astype("uint8")
profile = {"width": grid.width, "height": grid.height, "count": 1, "dtype": "uint8", "crs": CRS}
profile |= {"transform": grid.transform, "nodata": 255, "driver": "COG", "compress": "DEFLATE"}
for name, layer in (("severity", severity), ("burned", burned)):
    with rasterio.open(OUT / f"{name}.tif", "w", **profile) as target:
        target.write(layer, 1)
outline = [
    {"type": "Feature", "properties": {}, "geometry": shape}
    for shape, _ in shapes(burned, burned == 1, 8, grid.transform)
]
(OUT / "perimeter.geojson").write_text(
    json.dumps({"type": "FeatureCollection", "features": outline}), encoding="utf-8"
)
areas = {int(code): round(float((severity == code).sum()) / 1e4, 2) for code in range(1, 8)}
print(json.dumps({"severity_km2": areas, "burned_km2": float((burned == 1).sum()) / 1e4}))
