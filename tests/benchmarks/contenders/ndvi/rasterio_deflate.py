# title: rasterio windows + COG driver, DEFLATE 6
# python: peers
from ndvi_rules import DEFLATE_6, windowed_ndvi
from task import OUT, SOURCE

windowed_ndvi(SOURCE, OUT, DEFLATE_6)
