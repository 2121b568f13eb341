# title: Dask distributed, 2, chunks: 1722 tiles
# python: firstlight
from scale_run import run

settings = {"workers": 2, "tile_size": 512, "chunk_pixels": 4096 * 4096}
run(4, settings, engine="cluster", layout="chunks")
