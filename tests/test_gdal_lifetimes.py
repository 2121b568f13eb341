"""What GDAL hands out belongs to something that must still be there when it is used.

A band, a layer or a geometry of ``osgeo`` is a pointer into its dataset or feature and does not
keep that alive (https://gdal.org/en/stable/api/python/python_gotchas.html). Taken from one that
nobody holds, it reads and writes freed memory: Python may die of that much later, as when it next
collects garbage.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "plugin", "ui", "scripts", "tests")
PARTS = {"GetRasterBand", "GetLayer", "GetLayerByName", "CreateLayer", "GetGeometryRef"}
"""Calls that hand out a part of what they are called on."""
HANDLERS = {"quiet_gdal", "gdal_errors", "local_gdal", "read_options", "remote_gdal"}
HANDLERS |= {"object_options", "masks_inside"}
"""What is put onto this thread's stacks in GDAL, and taken off them."""


def faults(text: str) -> list[tuple[int, str]]:
    """Line and reason."""
    if not any(word in text for word in PARTS | HANDLERS):
        return []
    tree = ast.parse(text)
    found = [(line, "a part of what nobody holds") for line in _orphans(tree)]
    return found + [(line, "a handler is held over a yield") for line in _held_handlers(tree)]


def _orphans(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if _name(node) in PARTS and not _is_held(node.func.value):  # type: ignore[attr-defined]
            yield node.lineno  # type: ignore[attr-defined]


def _name(node: ast.AST) -> str:
    """Of what is called."""
    called = node.func if isinstance(node, ast.Call) else None
    return getattr(called, "attr", getattr(called, "id", ""))


def _is_held(owner: ast.expr) -> bool:
    """Whether it has a name, or is itself a part of what has one."""
    while isinstance(owner, ast.Call):
        if _name(owner) == "checked":
            owner = owner.args[0]
        elif _name(owner) in PARTS:
            owner = owner.func.value  # type: ignore[attr-defined]
        else:
            return False
    return True


def _held_handlers(tree: ast.AST) -> Iterator[int]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        if any("contextmanager" in ast.unparse(one) for one in function.decorator_list):
            continue
        for block in ast.walk(function):
            if isinstance(block, ast.With) and any(map(_waits, block.body)):
                calls = {_name(one) for item in block.items for one in ast.walk(item)}
                if calls & HANDLERS:
                    yield block.lineno


def _waits(statement: ast.stmt) -> bool:
    return any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in ast.walk(statement))


def test_nothing_of_gdal_outlives_its_owner() -> None:
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 500
    lost = [
        f"{file.relative_to(ROOT)}:{line}: {why}"
        for file in files
        for line, why in faults(file.read_text(encoding="utf-8"))
    ]
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize(
    "text",
    [
        "a = gdal.Open(p).GetRasterBand(1).ReadAsArray()",
        "layer = checked(open_area(p)).GetLayer(0)",
        "ring = ogr.CreateGeometryFromWkb(b).GetGeometryRef(0)",
        "ring = ogr.CreateGeometryFromWkb(b).GetGeometryRef(0).GetGeometryRef(0)",
        "def f():\n    with gdal_errors(failed):\n        yield 1",
        "def f():\n    with local_gdal(), quiet_gdal():\n        for a in b:\n            yield a",
    ],
)
def test_a_planted_fault_is_found(text: str) -> None:
    assert len(faults(text)) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "dataset = gdal.Open(p)\na = dataset.GetRasterBand(1).ReadAsArray()",
        "a = self._mine().dataset.GetRasterBand(1)",
        "ring = polygon.GetGeometryRef(0).GetGeometryRef(0)",
        "layer = checked(checked(dataset).GetLayer(0))",
        "@contextmanager\ndef f():\n    with quiet_gdal():\n        yield",
        "def f():\n    with open(p) as file:\n        yield file",
    ],
)
def test_what_is_held_is_no_fault(text: str) -> None:
    assert faults(text) == []
