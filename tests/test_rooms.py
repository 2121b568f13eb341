"""The picture of the rooms in docs/architecture.md shows the folders and imports that there are."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_rooms", ROOT / "scripts" / "draw_rooms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shown(svg: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Rooms and arrows of a picture."""
    nodes = list(ElementTree.fromstring(svg).iter())
    rooms = {node.get("id", "") for node in nodes if node.tag.endswith("}g")}
    pairs = {(node.get("data-from", ""), node.get("data-to", "")) for node in nodes}
    return rooms, pairs - {("", "")}


def test_the_picture_shows_the_rooms_and_arrows_of_the_sources(script: ModuleType) -> None:
    picture = shown(script.PICTURE.read_text(encoding="utf-8"))
    assert picture == shown(script.draw(script.read_rooms())), "run scripts/draw_rooms.py"
    assert ("stack", "cog") in picture[1]


def test_every_room_has_its_few_words(script: ModuleType) -> None:
    assert set(script.read_rooms()) == {*script.STORIES, script.VOCABULARY}


def test_rooms_and_arrows_are_read_from_sources(script: ModuleType, tmp_path: Path) -> None:
    sources = {
        "core/types.py": "X = 1",
        "core/cli.py": "from .maps.water import W",
        "core/maps/water.py": "def f():\n    from ..raster import reader\nfrom .. import types",
        "core/raster/reader.py": "import os\nfrom ..types import X",
        "plugin/main.py": "def g():\n    from ..ui import dock",
        "ui/dock.py": "from ..plugin.main import g",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    rooms = script.read_rooms(tmp_path)
    assert {name: room.lines for name, room in rooms.items()} == {
        **{"vocabulary": 1, "cli": 1, "maps": 3, "raster": 2, "plugin": 2, "ui": 1}
    }
    assert script.arrows(rooms) == {
        ("cli", "maps"),
        ("maps", "raster"),
        ("plugin", "ui"),
        ("ui", "plugin"),
    }


def test_only_shortest_ways_are_bold(script: ModuleType) -> None:
    pairs = {("maps", "stack"), ("stack", "raster"), ("maps", "raster")}
    assert script.shortest(pairs) == pairs - {("maps", "raster")}
    assert script.levels(pairs) == {"raster": 0, "stack": 1, "maps": 2}
