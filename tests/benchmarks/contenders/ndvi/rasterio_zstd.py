# title: rasterio windows + COG driver, ZSTD 1
# python: peers
from ndvi_rules import ZSTD_1, windowed_ndvi
from task import OUT, SOURCE

windowed_ndvi(SOURCE, OUT, ZSTD_1)
