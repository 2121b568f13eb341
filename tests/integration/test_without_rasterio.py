"""Without rasterio, as QGIS for Windows and macOS is: the whole way, and the bytes that rasterio
gives where it is asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.scene import AREA, ITEM_ID, World
from support.waiting import PATIENCE_S

Words = tuple[object, ...]

HIDDEN = """if True:
    import sys

    class Hide:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("rasterio", "affine"):
                raise ModuleNotFoundError(f"No module named {name!r}")

    sys.meta_path.insert(0, Hide())
    from firstlight.core.cli import entry

    code = entry()
    loaded = {name.partition(".")[0] for name in sys.modules}
    assert not loaded & {"rasterio", "affine"}, loaded
    sys.exit(code)
"""
SHOWN = HIDDEN.replace('("rasterio", "affine")', '("no such library",)').replace(
    'assert not loaded & {"rasterio", "affine"}', 'assert "rasterio" in loaded'
)


def run(code: str, words: Words) -> None:
    environ = {**os.environ, "FIRSTLIGHT_READER": "rasterio" if code == SHOWN else ""}
    command = [sys.executable, "-c", code, *map(str, words)]
    answer = subprocess.run(
        command, capture_output=True, text=True, env=environ, timeout=PATIENCE_S
    )
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def brought(world: World, tmp_path: Path) -> Callable[[str, str], tuple[Path, Path]]:
    """Fetch the scene with one of the programs, and compute an index of the area."""

    def bring(name: str, code: str) -> tuple[Path, Path]:
        out = tmp_path / name
        question = ("--catalog", world.url, "--area", AREA)
        days = ("--start", "2024-06-01", "--end", "2024-06-30")
        run(code, ("ingest", *question, *days, "--output", out))
        stack = out / ITEM_ID / f"{ITEM_ID}_stack.vrt"
        index = out / "ndvi.tif"
        run(code, ("index", "NDVI", "--stack", stack, "--output", index))
        return stack, index

    return bring


@pytest.mark.thorough
def test_a_scene_and_an_index_without_rasterio_are_the_same(
    brought: Callable[[str, str], tuple[Path, Path]],
) -> None:
    stack, index = brought("without", HIDDEN)
    same_stack, same_index = brought("with", SHOWN)
    assert stack.read_bytes() == same_stack.read_bytes()
    assert index.read_bytes() == same_index.read_bytes()
