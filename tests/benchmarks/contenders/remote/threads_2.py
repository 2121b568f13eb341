# title: threads, 2
# python: firstlight
from scale_run import run

run(2, {"workers": 2}, engine="threads")
