# title: Spark, 2 workers, a store
# python: firstlight
from engine_run import run

run("spark", 2)
