# title: NDVI of 2 scenes
# python: firstlight
from scale_run import run

run(2)
