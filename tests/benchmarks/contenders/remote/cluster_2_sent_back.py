# title: Dask distributed, 2 worker processes, tiles sent back
# python: firstlight
from scale_run import run

run(2, {"workers": 2, "store": "not/seen/by/workers"}, engine="cluster")
