# title: Spark, 2 workers, a store
# python: firstlight
from scale_run import run
from spark_run import spark_cluster

with spark_cluster() as settings:
    run(2, settings, engine="spark")
