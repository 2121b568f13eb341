# title: Spark, 2 workers, a store: 441 tiles
# python: firstlight
from scale_run import run
from spark_run import spark_cluster

with spark_cluster() as settings:
    run(4, {**settings, "tile_size": 1024}, engine="spark")
