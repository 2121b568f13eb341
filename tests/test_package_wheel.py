"""A wheel holds all that ``flight`` reads: who installs it with pip has no repository beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.waiting import PATIENCE_S

ROOT = Path(__file__).parent.parent
LEFT = (".git", ".venv", "build", "tests", "*.egg-info", "__pycache__")
READ = ("config", "resources", "docs/schemas")


@pytest.mark.thorough
def test_the_command_runs_from_a_wheel(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    pytest.importorskip("wheel")
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT))
    words = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    run = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", *words]
    subprocess.run(run, check=True, capture_output=True, timeout=PATIENCE_S)
    [wheel] = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    wanted = [path for folder in READ for path in (source / folder).rglob("*") if path.is_file()]
    there = installed / "firstlight"
    assert wanted
    assert not [one for one in wanted if not (there / one.relative_to(source)).is_file()]
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import firstlight.core.cli as cli\n"
        f"assert cli.__file__.startswith({str(installed)!r}), cli.__file__\n"
        "sys.exit(cli.main(['info', '--bands', 'sentinel2']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert "swir22" in done.stdout
