"""Is a contender's median that of numpy, wherever its grid begins?"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

sys.path.insert(0, str(Path(__file__).parent / "contenders"))
from median_rules import BAND, CLOUDY, MASK

SIDE, PLACES = 512, 5
LIMIT = 1.0
"""Digital numbers: half of one is what a layer of whole numbers rounds, and as much an even number
of dates.
"""


def check_median(out: Path, wrong: type[Exception]) -> str:
    """Compare squares along the diagonal."""
    folder = Path(os.environ["BENCH_LOCAL"]).parent / "dates"
    items = json.loads((folder / "items.json").read_text(encoding="utf-8"))["features"]
    worst = 0.0
    with rasterio.open(out / "median.tif") as made:
        if not made.overviews(1):
            raise wrong("no overviews")
        with rasterio.open(folder / items[0]["id"] / f"{BAND}.tif") as one:
            corner, size = one.transform, one.width
        for place in range(PLACES):
            start = place * (size - SIDE) // (PLACES - 1)
            right = _right(folder, items, Window(start, start, SIDE, SIDE))
            col, row = ~made.transform * (corner * (start, start))
            square = Window(round(col), round(row), SIDE, SIDE)
            got = made.read(1, window=square, boundless=True, masked=True).astype(np.float64)
            got = got.filled(np.nan) * made.scales[0] + made.offsets[0]
            got = got / 1e-4 if np.nanmax(got, initial=0.0) < 10 else got
            if not np.array_equal(np.isnan(got), np.isnan(right)):
                raise wrong(f"square {place}: pixels are empty or full, wrongly")
            worst = max(worst, float(np.nanmax(np.abs(got - right), initial=0.0)))
    if worst > LIMIT:
        raise wrong(f"off by up to {worst:.3g} digital numbers")
    return f"within {worst:.2g} digital numbers"


def _right(folder: Path, items: list[dict[str, object]], window: Window) -> npt.NDArray[np.float64]:
    layers = []
    for item in items:
        place = folder / str(item["id"])
        with (
            rasterio.open(place / f"{BAND}.tif") as band,
            rasterio.open(place / f"{MASK}.tif") as mask,
        ):
            values = band.read(1, window=window).astype(np.float64)
            values[np.isin(mask.read(1, window=window), CLOUDY) | (values == 0)] = np.nan
        layers.append(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing is seen at some pixels
        median: npt.NDArray[np.float64] = np.nanmedian(layers, axis=0)
    return median
