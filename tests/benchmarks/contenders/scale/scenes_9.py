# title: NDVI of 9 scenes
# python: firstlight
from scale_run import run

run(9)
