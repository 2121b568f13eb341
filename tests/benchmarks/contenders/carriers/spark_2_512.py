# title: Spark, 2 workers, a store: 1722 tiles
# python: firstlight
from scale_run import run
from spark_run import spark_cluster

with spark_cluster() as settings:
    run(4, {**settings, "tile_size": 512}, engine="spark")
