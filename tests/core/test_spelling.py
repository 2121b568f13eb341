"""Parameters of a run → plain values and commands that make the same run again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.cli import build_parser
from firstlight.core.doors.spelling import (
    SPELLINGS,
    extra_values,
    flight_command,
    has_secret,
    output_places,
    python_code,
    spell,
)
from firstlight.core.operations.registry import get_operation
from firstlight.core.params import Kind
from firstlight.core.raster.reader import RasterReader
from firstlight.core.types import Aoi
from support.operations import EVERY
from support.rasters import noise
from support.stacks import write_stack
from support.waiting import PATIENCE_S

BOX = Aoi.from_bounds(10.1, 45.30000000000001, 11.123456789012345, 46)
TRIANGLE = Aoi.from_geometry(
    {"type": "Polygon", "coordinates": [[[10, 45], [11.1, 45.2], [10.5, 46.000001], [10, 45]]]}
)
ACROSS = Aoi.from_bounds(179, -18, -179, -17)
GIVEN: dict[str, Any] = {
    "area": BOX,
    "catalog": "https://stac.example.com/v1",
    "sensor": "sentinel2",
    "event": "wildfire",
    "day": "2024-07-20T14:00:00Z",
    "word": "c",
    "words": "x,z",
    "text": "it's “so”",
    "whole": 7,
    "part": 0.1,
    "sure": True,
    "bands": ["red", "nir"],
    "files": ["red=/data/B04 new.tif", "nir=/data/all.tif#4"],
    "note": "/data/note.txt",
    "places": ["/data/a", "/data/b"],
    "picture": "/data/p.tif",
    "pictures": ["/data/p.tif", "/data/q.tif"],
    "stack": "/out/s.vrt",
    "outlines": "/out/o.geojson",
    "folder": "/out",
}


def test_every_kind_has_a_spelling() -> None:
    assert set(SPELLINGS) == set(Kind)


@pytest.mark.parametrize("area", [BOX, TRIANGLE, ACROSS], ids=["box", "triangle", "across"])
def test_values_make_the_same_parameters_again(area: Aoi) -> None:
    params = EVERY.make_params({**GIVEN, "area": area})
    values = spell(EVERY, params)
    assert EVERY.make_params(json.loads(json.dumps(values))) == params


def test_a_day_stays_a_day_and_what_is_as_usual_is_left_out() -> None:
    needed = ("area", "files", "picture", "stack", "folder")
    params = EVERY.make_params({**{name: GIVEN[name] for name in needed}, "day": "2024-07-20"})
    values = spell(EVERY, params)
    assert set(values) == {*needed, "day"}
    assert values["day"] == "2024-07-20"
    assert output_places(EVERY, values) == (Path("/out/s.vrt"), Path("/out"))


def test_the_command_line_reads_them_as_they_were() -> None:
    for name, given in (
        ("ingest", {"area": TRIANGLE, "start": "2024-06-01", "output": "/o u/t", "bands": "red"}),
        ("stack", {"band": ["red=/a b/B04.tif", "nir=/a/B08.tif"], "output": "/out/s.vrt"}),
        ("burn-severity", {"pre": "/a/pre.vrt", "post": "/a/post.vrt", "output": "/out"}),
        ("index", {"stack": "/a/s.vrt", "name": "NDVI", "output": "/out/n.tif"}),
        ("fuse", {"inputs": ["/a/1.tif", "/a/2.tif"], "output": "/out"}),
    ):
        operation = get_operation(name)
        known = {param.name for param in operation.parameters()}
        params = operation.make_params({k: v for k, v in given.items() if k in known})
        command = flight_command(operation, spell(operation, params))
        words = shlex.split(command)
        assert words[:2] == ["flight", name]
        read = vars(build_parser().parse_args(words[1:]))
        values = {k: v for k, v in read.items() if k in known and v not in (None, False)}
        assert operation.make_params(values) == params, command


def test_a_secret_is_seen_wherever_it_stands() -> None:
    assert has_secret({"catalog": "https://stac.example.com/v1?token=abcdef0123456789"})
    assert has_secret([["a", "https://me:word@example.com/"]])
    assert not has_secret({"catalog": "https://stac.example.com/v1", "whole": 3, "sure": True})


def test_scenes_that_were_handed_over_are_no_parameter() -> None:
    ingest = get_operation("ingest")
    params = ingest.make_params({"output": "/out"})
    assert extra_values(ingest, params) == {}


def test_copied_commands_run(tmp_path: Path) -> None:
    stack = write_stack(
        tmp_path / "a stack's", {name: noise((80, 80), n) for n, name in enumerate(("red", "nir"))}
    )
    index = get_operation("index")
    made = []
    for number in (1, 2):
        output = tmp_path / f"out {number}.tif"
        values = {"stack": str(stack), "name": "NDVI", "output": str(output)}
        plain = spell(index, index.make_params(values))
        if number == 1:
            words = shlex.split(flight_command(index, plain))
            command = [sys.executable, "-m", "firstlight.core.cli", *words[1:]]
        else:
            command = [sys.executable, "-c", python_code(index, plain)]
        folder = Path(__file__).resolve().parents[2] / "build" / "package"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert str(output) in done.stdout
        made.append(output)
    with RasterReader(made[0]) as first, RasterReader(made[1]) as second:
        assert first.grid == second.grid
