# title: rasterio + scipy in strips, refined Lee, Otsu's threshold, one thread: water alone
# python: peers
import numpy as np
import rasterio
from lee_rules import MARGIN, refined_lee
from ndvi_rules import DEFLATE_6, to_cog
from rasterio.windows import Window
from task import OUT, RADAR

ROWS = 1000
BINS = np.linspace(-50, 20, 1401)


def smooth_rows(source, start, stop):
    """Some rows in dB without speckle."""
    top, bottom = max(0, start - MARGIN), min(source.height, stop + MARGIN)
    power = source.read(1, window=Window(0, top, source.width, bottom - top))
    smooth = refined_lee(power.astype(np.float64))[start - top : stop - top]
    return (10 * np.log10(smooth)).astype(np.float32)


def otsu(counts):
    """The bin's upper edge that parts the histogram best."""
    middle = (BINS[:-1] + BINS[1:]) / 2
    below, total = np.cumsum(counts), counts.sum()
    sums = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below - total * sums) ** 2 / (below * (total - below))
    return BINS[1:][np.nanargmax(between)]


with rasterio.open(RADAR) as source:
    level = np.empty(source.shape, np.float32)
    counts = np.zeros(len(BINS) - 1)
    for start in range(0, source.height, ROWS):
        stop = min(source.height, start + ROWS)
        level[start:stop] = smooth_rows(source, start, stop)
        counts += np.histogram(level[start:stop], BINS)[0]
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 1,
        "nodata": 255,
        "crs": source.crs,
        "transform": source.transform,
        "width": source.width,
        "height": source.height,
    }
threshold = otsu(counts)
with rasterio.open(OUT / "draft.tif", "w", **profile) as draft:
    draft.write((level < threshold).astype(np.uint8), 1)
print(f"water below {threshold:.2f} dB")
classes = {"predictor": "2", "overview_resampling": "MODE"}
to_cog(OUT / "draft.tif", OUT / "water.tif", {**DEFLATE_6, **classes})
