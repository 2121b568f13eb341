"""What the contenders on Spark share: a cluster of two workers on this computer. They are passed by
unless ``FIRSTLIGHT_SPARK_TEST_PYTHON`` names a Python with pyspark (``scripts/test_spark.sh``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from task import OUT

from firstlight.core.execution.spark_cluster.session import end_session
from firstlight.core.installation.java import find_java

NOT_HERE = 77


@contextmanager
def spark_cluster() -> Iterator[dict[str, str]]:
    """Settings for the cluster, which lives as long as the block."""
    python = os.environ.get("FIRSTLIGHT_SPARK_TEST_PYTHON", "")
    java, _ = find_java()
    if not python or java is None:
        print("Spark (scripts/test_spark.sh)")
        sys.exit(NOT_HERE)
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from support.spark_cluster import SparkCluster

    with SparkCluster(python, java, OUT / "spark") as cluster:
        yield {"spark": cluster.master, "spark_python": python, "spark_driver_python": python}
        end_session()
