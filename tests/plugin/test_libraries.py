"""Libraries that the zip brings along: found last, and only once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.core.installation.needed import REQUIRED
from firstlight.plugin import libraries
from firstlight.plugin.dependencies import missing_libraries


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "libraries"
    made.mkdir()
    monkeypatch.setattr(libraries, "FOLDER", made)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return made


def test_they_are_looked_for_last_and_once(folder: Path) -> None:
    before = list(sys.path)
    libraries.add_libraries()
    libraries.add_libraries()
    assert sys.path == [*before, str(folder)]


def test_a_checkout_has_none(folder: Path) -> None:
    folder.rmdir()
    before = list(sys.path)
    libraries.add_libraries()
    assert sys.path == before


@pytest.mark.parametrize("name", ["json", "numpy", "yaml"])
def test_nothing_that_is_there_is_covered(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text("raise RuntimeError('of the zip')")
    (folder / "only_of_the_zip.py").write_text("WHERE = __file__")
    script = (
        "import sys\nfrom pathlib import Path\nfrom firstlight.plugin import libraries\n"
        f"libraries.FOLDER = Path({str(folder)!r})\nlibraries.add_libraries()\n"
        f"import {name}, only_of_the_zip\nprint({name}.__file__)\nprint(only_of_the_zip.WHERE)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    there, brought = done.stdout.splitlines()
    assert not there.startswith(str(folder))
    assert brought.startswith(str(folder))


def test_rasterio_is_not_among_what_is_needed() -> None:
    assert "rasterio" not in {library.module for library in REQUIRED}
    assert missing_libraries() == ()
