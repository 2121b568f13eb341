"""A real Spark cluster for all tests here: a master and two workers. ``scripts/test_spark.sh``
installs what it needs and names it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.core.execution.spark_cluster.place import SparkPlace
from firstlight.core.execution.spark_cluster.session import end_session
from firstlight.core.installation.java import find_java
from support.spark_cluster import SparkCluster

PYTHON = os.environ.get("FIRSTLIGHT_SPARK_TEST_PYTHON", "")
"""A Python with pyspark."""
OTHER = os.environ.get("FIRSTLIGHT_SPARK_TEST_OTHER_PYTHON", "")
"""One with another version of it."""
SEDONA = os.environ.get("FIRSTLIGHT_SPARK_TEST_SEDONA_JAR", "")
"""Sedona's jar."""
OBJECT_STORE = os.environ.get("FIRSTLIGHT_SPARK_TEST_S3_JARS", "")
"""Those by which Spark reads object storage, with commas."""
SECRET = "of-this-test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not PYTHON:
        for item in items:
            if "spark" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="needs Spark: scripts/test_spark.sh"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    """A master and two workers of one core each, with a secret."""
    java, others = find_java()
    assert java is not None, others
    folder = tmp_path_factory.mktemp("spark") / "cluster"
    with SparkCluster(PYTHON, java, folder, SECRET) as made:
        yield made
        end_session()


@pytest.fixture(scope="session")
def place(cluster: SparkCluster) -> SparkPlace:
    """How FirstLight reaches it."""
    secret = cluster.folder / "secret"
    secret.write_text(f"{SECRET}\n")
    return SparkPlace(cluster.master, python=PYTHON, driver=PYTHON, secret_file=str(secret))


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def shared_folder(tmp_path: Path) -> Path:
    """Where workers put finished tiles."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder
