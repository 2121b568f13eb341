# title: Spark, 2 workers, chunks: 1722 tiles
# python: firstlight
from scale_run import run
from spark_run import spark_cluster

with spark_cluster() as settings:
    more = {"tile_size": 512, "chunk_pixels": 4096 * 4096}
    run(4, {**settings, **more}, engine="spark", layout="chunks")
