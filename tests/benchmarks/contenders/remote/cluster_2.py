# title: Dask distributed, 2 worker processes, a store
# python: firstlight
from scale_run import run

run(2, {"workers": 2}, engine="cluster")
