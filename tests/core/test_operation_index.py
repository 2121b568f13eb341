"""What the doors know of operations before they import one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from firstlight.core.doors.operation_index import (
    INDEX_PATH,
    DeclaredOperation,
    declared_operations,
    get_declared,
)
from firstlight.core.operation import Operation
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.params import Door, Param

PAIRS = list(zip(declared_operations(), OPERATIONS, strict=True))


def plain(param: Param) -> dict[str, object]:
    """A parameter as a door shows it: members of enums are their words."""
    values = {name: getattr(param, name) for name in Param.__dataclass_fields__}
    values["choices"] = tuple(str(choice) for choice in param.choices)
    return values


@pytest.mark.parametrize(("declared", "operation"), PAIRS, ids=lambda each: each.name)
def test_the_index_says_what_the_operation_declares(
    declared: DeclaredOperation, operation: Operation
) -> None:
    """Write it anew with scripts/write_operation_index.py."""
    for name in ("name", "title", "group", "summary", "outputs", "algorithm"):
        assert getattr(declared, name) == getattr(operation, name)
    assert declared.about() == tuple(operation.about())
    for door in (None, *Door):
        shown, real = declared.parameters(door), operation.parameters(door)
        assert list(map(plain, shown)) == list(map(plain, real))
    assert declared.load() is operation
    assert operation.load() is operation
    assert get_declared(operation.name) == declared


def test_the_file_is_as_the_script_writes_it(tmp_path) -> None:
    script = INDEX_PATH.parents[1] / "scripts" / "write_operation_index.py"
    subprocess.run([sys.executable, script, tmp_path / "index.json"], check=True)
    assert (tmp_path / "index.json").read_bytes() == INDEX_PATH.read_bytes()


def test_the_command_line_starts_without_an_operation() -> None:
    """``flight --help`` and a wrong word need no library and no operation."""
    script = """if True:
        import sys
        from firstlight.core.cli import build_parser
        build_parser().format_help()
        bad = {"numpy", "yaml", "requests", "osgeo", "rasterio", "dask", "pystac_client"}
        assert not bad & set(sys.modules), bad & set(sys.modules)
        rooms = ("operations", "maps", "discovery", "recipes", "casts")
        ours = [m for m in sys.modules if m.startswith("firstlight.core.")]
        assert not [m for m in ours if m.split(".")[2] in rooms], ours
    """
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_known_is_told_without_the_libraries_that_read_rasters() -> None:
    """``flight info`` takes the time of its own answer."""
    script = """if True:
        import sys
        from firstlight.core.cli import main
        assert main(["info"]) == 0
        bad = {"numpy", "requests", "osgeo", "rasterio", "dask", "pystac_client"}
        assert not bad & set(sys.modules), bad & set(sys.modules)
        assert "firstlight.core.raster.facts" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_command_makes_its_own_options_alone_and_a_wrong_one_hears_of_all(capsys) -> None:
    from firstlight.core.cli import build_parser, main

    every, alone = build_parser().format_help(), build_parser("info").format_help()
    assert "burn-severity" in every
    assert "burn-severity" not in alone
    assert build_parser("inof").format_help() == every
    with pytest.raises(SystemExit, match="2"):
        main(["inof"])
    assert "burn-severity" in capsys.readouterr().err
