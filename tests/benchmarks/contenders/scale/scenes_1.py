# title: NDVI of 1 scene
# python: firstlight
from scale_run import run

run(1)
