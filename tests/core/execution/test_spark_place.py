"""Where Spark is: what is refused before anything is started, and what stands in its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firstlight.core.errors import EngineError, SettingsError
from firstlight.core.execution.spark_cluster.log import refusal
from firstlight.core.execution.spark_cluster.place import SparkPlace
from firstlight.core.installation.java import find_java, java_version


@pytest.mark.parametrize(
    ("master", "reason"),
    [
        ("sc://host:15002", r"Spark Connect \(sc://\) cannot run FirstLight's tasks"),
        ("tcp://host:8786", "this is no address of a Spark master"),
        ("", "this is no address of a Spark master"),
        ("yarn\nspark.plugins evil", "this is no address of a Spark master"),
        ("spark://host", "'host' is not host:port"),
        ("spark://host:port", "'host:port' is not host:port"),
        ("spark://a:7077,b:99999", "'b:99999' is not host:port"),
        ("spark://far.example:7077", "its executors could not reach this computer under 127"),
        ("yarn", "its executors could not reach this computer"),
        ("k8s://https://host:6443", "its executors could not reach this computer"),
    ],
)
def test_what_cannot_work_is_refused_first(master: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        SparkPlace(master).check()


@pytest.mark.parametrize(
    "place",
    [
        SparkPlace("local[2]"),
        SparkPlace("spark://127.0.0.1:7077"),
        SparkPlace("spark://localhost:7077,[::1]:7078"),
        SparkPlace("spark://far.example:7077", host="near.example"),
        SparkPlace("yarn", host="near.example"),
    ],
)
def test_what_can_work_is_let_through(place: SparkPlace) -> None:
    place.check()


def test_each_master_of_several_is_known() -> None:
    assert SparkPlace("spark://a:1,b:2").masters == [("a", 1), ("b", 2)]
    assert SparkPlace("yarn").masters == []


def test_the_secret_stands_in_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("word-of-mouth\n")
    place = SparkPlace("spark://127.0.0.1:7077", secret_file=str(tmp_path / "secret"))
    lines = place.properties().splitlines()
    assert "spark.authenticate.secret word-of-mouth" in lines
    assert "spark.network.crypto.enabled true" in lines
    assert "word-of-mouth" not in repr(place)
    assert "spark.authenticate" not in SparkPlace("local[1]").properties()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "does not hold one word"),
        (b"two words", "does not hold one word"),
        (b"\xff\xfe", "it is no text"),
    ],
)
def test_a_secret_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    place = SparkPlace("spark://127.0.0.1:7077", secret_file=str(path))
    with pytest.raises(SettingsError, match=reason):
        place.properties()


def test_a_value_cannot_bring_a_property_along() -> None:
    place = SparkPlace("local[1]", host="127.0.0.1\nspark.jars evil.jar")
    assert not [line for line in place.properties().splitlines() if line.startswith("spark.jars")]


LINE = "00:39:00 WARN StandaloneAppClient$ClientEndpoint: Failed to connect to master"


@pytest.mark.parametrize(
    ("text", "masters", "expected"),
    [
        ("", 1, ""),
        (f"{LINE} a:7077\n", 2, ""),
        (f"{LINE} a:7077\n{LINE} a:7077\n", 2, ""),
        (f"{LINE} a:7077\n{LINE} b:7077\n", 2, "the secret"),
        (f"{LINE} a:7077\n", 1, "the secret"),
        (
            f"{LINE} a:7077\nCaused by: java.io.InvalidClassException: org.apache.spark.rpc.netty."
            "RpcEndpointVerifier$CheckExistence; local class incompatible: stream classdesc\n",
            1,
            "another version of Spark than pyspark here",
        ),
    ],
)
def test_a_refusal_is_read_from_the_log_at_the_first_try(
    tmp_path: Path, text: str, masters: int, expected: str
) -> None:
    """Lines as Spark 4.0.5 and 3.5.9 write them."""
    (tmp_path / "log.txt").write_text(text)
    found = refusal(tmp_path / "log.txt", masters)
    assert expected in found
    assert bool(found) == bool(expected)
    assert refusal(tmp_path / "none.txt", 1) == ""


def java(folder: Path, version: str) -> Path:
    """A program that calls itself a Java."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.skipif(os.name == "nt", reason="programs are shell scripts")
def test_the_first_java_that_spark_runs_on_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstlight.core.installation.java.FOLDERS", (str(tmp_path / "jvm"),))
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "own", "25.0.1")))
    monkeypatch.setenv("PATH", "")
    assert find_java() == (None, [f"25 in {tmp_path / 'own'}"])
    java(tmp_path / "jvm" / "a", "1.8.0_402")
    java(tmp_path / "jvm" / "b", "21.0.13")
    assert find_java()[0] == tmp_path / "jvm" / "b"
    assert java_version(tmp_path / "jvm" / "a") == 8
    assert java_version(tmp_path) is None


def test_object_storage_is_where_gdal_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    place = SparkPlace("local[1]", jars="/sedona.jar,/hadoop-aws.jar")
    for name in ("AWS_S3_ENDPOINT", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_HTTPS"):
        monkeypatch.delenv(name, raising=False)
    assert "spark.jars /sedona.jar,/hadoop-aws.jar\n" in place.properties()
    assert "fs.s3a" not in place.properties()
    monkeypatch.setenv("AWS_S3_ENDPOINT", "store.example:9000")
    monkeypatch.setenv("AWS_HTTPS", "no")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTING", "False")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    lines = [line for line in place.properties().splitlines() if "fs.s3a" in line]
    assert lines == [
        "spark.hadoop.fs.s3a.endpoint store.example:9000",
        "spark.hadoop.fs.s3a.endpoint.region eu-central-1",
        "spark.hadoop.fs.s3a.connection.ssl.enabled false",
        "spark.hadoop.fs.s3a.path.style.access true",
    ]
    assert "fs.s3a" not in SparkPlace("local[1]").properties()
