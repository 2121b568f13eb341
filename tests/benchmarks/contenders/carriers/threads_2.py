# title: threads, 2: 441 tiles
# python: firstlight
from scale_run import run

run(4, {"workers": 2, "tile_size": 1024}, engine="threads")
