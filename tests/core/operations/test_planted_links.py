"""Links that somebody has planted in a shared folder, under every name that is written there:
nothing is written through them.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.cli import main
from support.rasters import ramp, write_raster
from support.scene import AREA, small_world

ROOT = Path(__file__).resolve().parents[3]
MINE = b"a file of somebody's own\n"
ENDS = (
    *("", ".part", ".tiles.part", ".part.vrt", ".part.aux.xml", ".part.ovr", ".part.msk"),
    *(".part-journal", ".part-wal", ".part-shm", ".part.jsonl", ".cut.part", ".cut.part.aux.xml"),
    *(".mirror.part", ".mirror.part.jsonl", ".sieve.part", ".aux.xml", "-journal", "-wal"),
)
"""What stands beside a file while it is written, or is made of it."""
Run = Callable[[Path], int]


def stacked(folder: Path) -> int:
    bands = folder.parent / "bands"
    bands.mkdir(exist_ok=True)
    words = ["stack", "--sensor", "sentinel2", "--output", str(folder / "s.vrt")]
    for number, name in enumerate(("green", "red", "nir", "swir16", "swir22")):
        values = (ramp((96, 96)) + np.uint16(300 * number)).astype(np.uint16)
        path = write_raster(bands / f"{name}.tif", values, resolution=10.0 if number < 3 else 20.0)
        words += ["--band", f"{name}={path}"]
    return main([*words, "--product", "reflectance-10000"])


def computed(folder: Path) -> int:
    outside = folder.parent / "stack"
    outside.mkdir(exist_ok=True)
    assert stacked(outside) == 0
    stack = outside / "s.vrt"
    first = main(["index", "NDVI", "--stack", str(stack), "--output", str(folder / "ndvi.tif")])
    return first or main(["water", "--stack", str(stack), "--output", str(folder)])


def looked_at(folder: Path) -> int:
    path = folder / "red.tif"
    if not path.exists() or path.is_symlink():
        path.unlink(missing_ok=True)
        write_raster(path, ramp((96, 96)))
    return 0 if main(["validate", str(path), "--screenshot", "always"]) in (0, 1) else 9


def ingested(window: str, *more: str) -> Run:
    def run(folder: Path) -> int:
        served = folder.parent / "served"
        with small_world(served, size=96) as world:
            words = ["ingest", "--catalog", world.url, "--area", AREA, "--bands", "red,nir"]
            words += ["--start", "2024-06-01", "--end", "2024-06-30", "--index", "NDVI"]
            return main([*words, "--window", window, "--output", str(folder), *more])

    return run


RUNS: dict[str, Run] = {
    "stack": stacked,
    "maps": computed,
    "picture": looked_at,
    "windows": ingested("aoi"),
    "bands": ingested("full"),
    "geotiff": ingested("full", "--output-format", "geotiff"),
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIRSTLIGHT_CACHE_FOLDER", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTLIGHT_CACHE_DAYS", "0")


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling"])
@pytest.mark.parametrize("what", RUNS)
def test_nothing_is_written_through_a_link(what: str, kind: str, tmp_path: Path) -> None:
    first, second, others = tmp_path / "a" / "out", tmp_path / "b" / "out", tmp_path / "others"
    for folder in (first, second, others):
        folder.mkdir(parents=True)
    assert RUNS[what](first) == 0
    names = {path.relative_to(first) for path in first.rglob("*") if path.is_file()}
    assert names
    planted: dict[Path, Path] = {}
    for name in sorted(names):
        for end in ENDS:
            link = second / f"{name}{end}"
            if link in planted or (what == "picture" and link.name == "red.tif"):
                continue
            link.parent.mkdir(parents=True, exist_ok=True)
            target = others / f"{len(planted)}"
            if kind == "dangling":
                link.symlink_to(target)
            else:
                target.write_bytes(MINE)
                (link.symlink_to if kind == "symbolic" else link.hardlink_to)(target)
            planted[link] = target
    RUNS[what](second)  # it may refuse to go on; what counts is what it leaves alone
    if kind == "dangling":
        assert not list(others.iterdir())
    else:
        assert {path.read_bytes() for path in others.iterdir()} == {MINE}


WRITERS = {"write_bytes", "write_text", "touch", "symlink_to", "hardlink_to"}
ALLOWED = {
    "core/files/atomic.py",  # the one writer
    # in a folder of this user alone that was made for the run
    "core/execution/dask_cluster/local_cluster.py",
    "core/execution/spark_cluster/driver.py",  # a pipe to its starter
    "core/execution/spark_cluster/session.py",
    "core/execution/credentials.py",
    "core/cli.py",  # streams, no files
}


def writes(tree: ast.AST) -> Iterator[int]:
    """Lines that write a file by themselves."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        modes = [
            word.value
            for word in (*node.args, *(key.value for key in node.keywords))
            if isinstance(word, ast.Constant) and isinstance(word.value, str)
        ]
        opened = name in ("open", "fdopen") and any(
            set("wax+") & set(mode) for mode in modes if len(mode) <= 3
        )
        flags = name == "open" and "O_CREAT" in ast.unparse(node)
        if name in WRITERS or opened or flags:
            yield node.lineno


def test_every_file_goes_through_the_one_writer() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in ("core", "plugin", "ui")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in ALLOWED
        for line in writes(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found
    planted = "path.write_text('x')\nopen(path, 'w')\nos.open(path, os.O_WRONLY | os.O_CREAT)\n"
    assert list(writes(ast.parse(planted))) == [1, 2, 3]
