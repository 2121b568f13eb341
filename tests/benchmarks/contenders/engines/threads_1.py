# title: threads, 1
# python: firstlight
from engine_run import run

run("threads", 1)
