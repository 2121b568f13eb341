# title: rasterio windows + COG driver, DEFLATE 6: the index alone
# python: peers
from dnbr_rules import windowed_dnbr
from ndvi_rules import DEFLATE_6
from task import LATER, OUT, SOURCE

windowed_dnbr(SOURCE, LATER, OUT, DEFLATE_6)
