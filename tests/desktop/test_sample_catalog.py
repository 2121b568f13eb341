"""The sample catalogue as the demo uses it: a process that says where it is, answers, and ends with
all its parts.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.processes import has_ended
from support.waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "sample_catalog.py"
SCENE = ROOT / "build" / "sample"


def wait_until_ended(pids: list[int]) -> None:
    wait_until(lambda: all(map(has_ended, pids)))


def start() -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "serve", str(SCENE)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.fixture(scope="module")
def catalog() -> Iterator[dict[str, Any]]:
    subprocess.run([sys.executable, str(SCRIPT), "make", str(SCENE)], check=True, timeout=300)
    process, ready = start()
    yield ready
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    wait_until_ended(ready["pids"])


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
    try:
        # As given: urllib would tidy up a path with dots.
        connection.request(
            method,
            url.partition(parts.netloc)[2],
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


HERE = "bbox=-67.65,-47.86,-67.63,-47.85"
"""Around the real scene."""


def search(
    catalog: dict[str, Any], words: str, collection: str = "sentinel-2-sample"
) -> list[dict[str, Any]]:
    status, _, body = ask(f"{catalog['catalog_url']}/search?collections={collection}&{words}")
    assert status == 200
    found: list[dict[str, Any]] = json.loads(body)["features"]
    return found


def test_search_finds_the_scene_where_and_when_it_is(catalog: dict[str, Any]) -> None:
    now = "datetime=2019-12-01T00:00:00Z/2020-01-31T00:00:00Z"
    (item,) = search(catalog, f"{HERE}&{now}")
    assert item["id"] == "S2-sample-patagonia"
    assert search(catalog, f"bbox=0,0,1,1&{now}") == []
    assert search(catalog, f"{HERE}&datetime=2021-01-01T00:00:00Z/2021-02-01T00:00:00Z") == []


def test_the_item_says_what_the_source_does_not_record(catalog: dict[str, Any]) -> None:
    (item,) = search(catalog, HERE)
    assert "placeholder" in item["properties"]["description"]
    assert "eo:cloud_cover" not in item["properties"]


def test_bands_are_as_the_item_says(catalog: dict[str, Any]) -> None:
    (item,) = search(catalog, HERE)
    assert set(item["assets"]) == {"blue", "green", "red", "nir", "swir16", "swir22", "visual"}
    for asset in item["assets"].values():
        status, _, body = ask(asset["href"])
        assert status == 200
        assert len(body) == asset["file:size"]
        assert asset["file:checksum"] == "1220" + hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("collection", "number"),
    [("sentinel-2-sample", 7), ("sentinel-1-rtc-sample", 6), ("cop-dem-glo-30-sample", 2)],
)
def test_all_simulated_scenes_are_served_and_say_so(
    catalog: dict[str, Any], collection: str, number: int
) -> None:
    items = [
        one for one in search(catalog, "limit=50", collection) if one["id"] != "S2-sample-patagonia"
    ]
    assert len(items) == number
    for item in items:
        assert item["id"].startswith("SIMULATED_")
        assert item["properties"]["title"].startswith("SIMULATED ")
        assert "SIMULATED" in item["properties"]["description"]
        for asset in item["assets"].values():
            assert ask(asset["href"], "HEAD")[1]["content-length"] == str(asset["file:size"])
            assert "truth" not in asset["href"]


def test_files_come_in_parts(catalog: dict[str, Any]) -> None:
    url = f"{catalog['data_url']}/data/nir.tif"
    _, headers, whole = ask(url)
    size, etag = len(whole), headers["etag"]
    assert ask(url, "HEAD")[1]["content-length"] == str(size)
    assert ask(url, Range="bytes=10-19")[::2] == (206, whole[10:20])
    assert ask(url, Range="bytes=-5")[::2] == (206, whole[-5:])
    assert ask(url, Range=f"bytes={size - 3}-{size + 99}")[::2] == (206, whole[-3:])
    assert ask(url, Range="bytes=10-19", If_Range=etag)[0] == 206
    assert ask(url, Range="bytes=10-19", If_Range='"another"')[::2] == (200, whole)
    status, headers, _ = ask(url, Range=f"bytes={size}-")
    assert (status, headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    "path", ["/../../pyproject.toml", "/%2e%2e/%2e%2e/pyproject.toml", "/data", "/", "/nothing.tif"]
)
def test_nothing_else_is_served(catalog: dict[str, Any], path: str) -> None:
    assert ask(catalog["data_url"] + path)[0] == 404


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_all_parts_end_together(catalog: dict[str, Any], number: signal.Signals) -> None:
    process, ready = start()
    os.kill(process.pid, number)
    process.wait(PATIENCE_S)
    wait_until_ended(ready["pids"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "serve", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The sample catalogue cannot be served: there is no scene in ")
