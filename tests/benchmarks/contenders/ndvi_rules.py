"""What the NDVI contenders in Python share: the formula on stored numbers, and the second pass of
GDAL's COG driver.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from task import WORKERS

NODATA = -9999.0
SIDE = 2048
DEFLATE_6 = {"compress": "DEFLATE", "level": "6"}
ZSTD_1 = {"compress": "ZSTD", "level": "1"}


def ndvi(nir: npt.NDArray[np.uint16], red: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """(nir - red) / (nir + red); nodata where either band is 0."""
    a, b = nir.astype(np.float32), red.astype(np.float32)
    empty = (a == 0) | (b == 0)
    total = a + b
    total[empty] = 1
    values = (a - b) / total
    values[empty] = NODATA
    return values


def to_cog(draft: Path, target: Path, codec: dict[str, str]) -> None:
    """Lay a finished raster out as a COG with overviews, and remove it; the codec may bring another
    predictor and resampling than those for float32.
    """
    import rasterio
    from rasterio.shutil import copy as copy_raster

    options = {
        "predictor": "3",
        "blocksize": "512",
        "num_threads": str(WORKERS),
        "overview_resampling": "AVERAGE",
    }
    with rasterio.Env(GDAL_NUM_THREADS=WORKERS):
        copy_raster(draft, target, driver="COG", **{**options, **codec})
    draft.unlink()


def windowed_ndvi(source: str, out: Path, codec: dict[str, str]) -> None:
    """Window by window with rasterio and numpy into a tiled GeoTIFF, then the COG driver: what a
    careful analyst writes.
    """
    import rasterio
    from rasterio.windows import Window

    draft = out / "draft.tif"
    with rasterio.open(f"{source}/nir.tif") as nir, rasterio.open(f"{source}/red.tif") as red:
        profile = {
            "driver": "GTiff",
            "dtype": "float32",
            "count": 1,
            "nodata": NODATA,
            "crs": nir.crs,
            "transform": nir.transform,
        }
        profile |= {
            "width": nir.width,
            "height": nir.height,
            "tiled": True,
            "blockxsize": 512,
            "blockysize": 512,
        }
        with rasterio.open(draft, "w", **profile) as target:
            for top in range(0, nir.height, SIDE):
                for left in range(0, nir.width, SIDE):
                    window = Window(
                        left, top, min(SIDE, nir.width - left), min(SIDE, nir.height - top)
                    )
                    target.write(
                        ndvi(nir.read(1, window=window), red.read(1, window=window)),
                        1,
                        window=window,
                    )
    to_cog(draft, out / "ndvi.tif", codec)
