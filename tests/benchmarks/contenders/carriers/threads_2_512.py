# title: threads, 2: 1722 tiles
# python: firstlight
from scale_run import run

run(4, {"workers": 2, "tile_size": 512}, engine="threads")
