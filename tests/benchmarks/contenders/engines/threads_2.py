# title: threads, 2
# python: firstlight
from engine_run import run

run("threads", 2)
