# title: Dask distributed, 2, chunks: 441 tiles
# python: firstlight
from scale_run import run

settings = {"workers": 2, "tile_size": 1024, "chunk_pixels": 4096 * 4096}
run(4, settings, engine="cluster", layout="chunks")
