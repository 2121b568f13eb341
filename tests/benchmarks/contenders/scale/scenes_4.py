# title: NDVI of 4 scenes
# python: firstlight
from scale_run import run

run(4)
