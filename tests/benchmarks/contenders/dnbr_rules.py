"""What the dNBR contenders in Python share: the formula on the stored numbers of two dates, 10 m
nir and 20 m swir22.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from ndvi_rules import NODATA, SIDE, to_cog


def nbr(nir: npt.NDArray[np.uint16], swir22: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """(nir - swir22) / (nir + swir22); NaN where either band is 0."""
    a, b = nir.astype(np.float32), swir22.astype(np.float32)
    empty = (a == 0) | (b == 0)
    total = a + b
    total[empty] = 1
    values = (a - b) / total
    values[empty] = np.nan
    return values


def windowed_dnbr(before: str, after: str, out: Path, codec: dict[str, str]) -> None:
    """Window by window with rasterio and numpy into a tiled GeoTIFF, then the COG driver; 20 m is
    interpolated as it is read.
    """
    from contextlib import ExitStack

    import rasterio
    from rasterio.enums import Resampling
    from rasterio.windows import Window

    draft = out / "draft.tif"
    with ExitStack() as stack:
        bands = [
            [stack.enter_context(rasterio.open(f"{date}/{name}.tif")) for name in ("nir", "swir22")]
            for date in (before, after)
        ]
        like = bands[0][0]
        profile = {
            "driver": "GTiff",
            "dtype": "float32",
            "count": 1,
            "nodata": NODATA,
            "crs": like.crs,
        }
        profile |= {"transform": like.transform, "width": like.width, "height": like.height}
        profile |= {"tiled": True, "blockxsize": 512, "blockysize": 512}
        target = stack.enter_context(rasterio.open(draft, "w", **profile))
        for top in range(0, like.height, SIDE):
            for left in range(0, like.width, SIDE):
                window = Window(
                    left, top, min(SIDE, like.width - left), min(SIDE, like.height - top)
                )
                coarse = Window(left / 2, top / 2, window.width / 2, window.height / 2)
                shape = (window.height, window.width)
                found = [
                    nbr(
                        nir.read(1, window=window),
                        swir.read(
                            1, window=coarse, out_shape=shape, resampling=Resampling.bilinear
                        ),
                    )
                    for nir, swir in bands
                ]
                values = found[0] - found[1]
                values[np.isnan(values)] = NODATA
                target.write(values, 1, window=window)
    to_cog(draft, out / "dnbr.tif", codec)
