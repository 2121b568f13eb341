# title: NDVI of 9 scenes in chunks, Dask distributed, 2
# python: firstlight
from scale_run import run

run(9, {"workers": 2}, engine="cluster", layout="chunks")
