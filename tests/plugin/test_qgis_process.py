"""``qgis_process`` in a clean profile: the algorithms are there, and a failing run says why on
stderr.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Debian 12's wrapper passes an option that the program does not know.
PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="this QGIS has no qgis_process")


@pytest.fixture(scope="module")
def qgis_process(tmp_path_factory):
    """Runs the program with FirstLight enabled."""
    home = tmp_path_factory.mktemp("qgis-process")
    plugins = home / "profiles" / "default" / "python" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "firstlight").symlink_to(ROOT)
    run_dir = home / "run"
    run_dir.mkdir(mode=0o700)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith("FIRSTLIGHT_")
    } | {
        "QGIS_CUSTOM_CONFIG_PATH": str(home),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(run_dir),
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        # The Python inside looks for its home along the PATH, and dies where another Python stands
        # first (pyenv).
        "PATH": os.pathsep.join((str(Path(PROGRAM).parent), "/usr/bin", "/bin")),
        "PYTHONPATH": os.pathsep.join(libraries),
    }

    def run(*words):
        return subprocess.run(
            [PROGRAM, *words], env=surroundings, capture_output=True, text=True, timeout=120
        )

    assert run("plugins", "enable", "firstlight").returncode == 0
    return run


def test_a_good_run(qgis_process, stack_file, tmp_path):
    target = tmp_path / "ndvi.tif"
    done = qgis_process(
        "--json",
        "run",
        "firstlight:index",
        "--NAME=NDVI",
        f"--STACK={stack_file}",
        f"--OUTPUT={target}",
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert results["OUTPUT"] == str(target)
    assert -1 <= results["MEAN"] <= 1
    assert target.is_file()


@pytest.mark.thorough
def test_a_failing_run(qgis_process, stack_file, tmp_path):
    target = tmp_path / "x.tif"
    done = qgis_process(
        "run", "firstlight:index", "--NAME=NBR", f"--STACK={stack_file}", f"--OUTPUT={target}"
    )
    assert done.returncode != 0
    assert "swir22" in done.stderr
    assert "Traceback" not in done.stderr
    assert not target.exists()
