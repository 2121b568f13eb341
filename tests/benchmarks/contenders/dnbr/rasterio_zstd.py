# title: rasterio windows + COG driver, ZSTD 1: the index alone
# python: peers
from dnbr_rules import windowed_dnbr
from ndvi_rules import ZSTD_1
from task import LATER, OUT, SOURCE

windowed_dnbr(SOURCE, LATER, OUT, ZSTD_1)
