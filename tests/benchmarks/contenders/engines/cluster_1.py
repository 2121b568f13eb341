# title: Dask distributed, 1 worker process
# python: firstlight
from engine_run import run

run("cluster", 1)
