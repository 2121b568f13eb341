# title: serial, the calling thread
# python: firstlight
from engine_run import run

run("serial")
