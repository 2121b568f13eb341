# title: Spark, 2 workers, chunks: 441 tiles
# python: firstlight
from scale_run import run
from spark_run import spark_cluster

with spark_cluster() as settings:
    more = {"tile_size": 1024, "chunk_pixels": 4096 * 4096}
    run(4, {**settings, **more}, engine="spark", layout="chunks")
