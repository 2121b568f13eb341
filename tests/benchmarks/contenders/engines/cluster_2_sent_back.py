# title: Dask distributed, 2 worker processes, tiles sent back
# python: firstlight
from engine_run import run

run("cluster", 2, store=False)
