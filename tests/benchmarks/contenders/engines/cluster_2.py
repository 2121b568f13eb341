# title: Dask distributed, 2 worker processes
# python: firstlight
from engine_run import run

run("cluster", 2)
