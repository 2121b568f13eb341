"""``qt6_names.py PACKAGE STUBS PYTHON``: names that plugin and ui use of Qt and QGIS and that Qt 6
or QGIS's library does not have, found by mypy with the names of PyQt6.

Of mypy's many answers only those about names count: its other ones are about PyQt6's stubs, which
know no properties as keywords and take every function to give None.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = """
[mypy]
python_version = 3.11
ignore_missing_imports = True
check_untyped_defs = True
show_error_codes = True
[mypy-qgis.*,PyQt6.*,firstlight.core.*]
ignore_errors = True
"""
KINDS = ("[attr-defined]", "[union-attr]", "[name-defined]")
KNOWN = (
    # The stubs take every function to give None.
    r'Item "None" of',
    # Values whose own class has more than the one that a function says it gives.
    r'Item "(QObject|QgsRasterRenderer|QgsLayerTreeNode)" of',
    r'Item "(QgsMapLayerTemporalProperties|QgsProcessingProvider|QAbstractItemModel)" of',
    # Attributes of ours that have the name of a function of Qt.
    r'(overloaded function|"Callable\[.*") has no attribute',
    # Exceptions are not in the stubs.
    r'Module "qgis\.core" has no attribute "Qgs\w*Exception"',
    # compat.py tries both places.
    r'compat\.py.*Module "qgis\.PyQt\.QtWidgets" has no attribute "QAction(Group)?"',
    # A filter of events gets all of them as the plainest kind.
    r'"QEvent" has no attribute',
)
PLANTED = """
from qgis.core import QgsProject, QgsNoSuchThing
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog

Qt.RightDockWidgetArea
QDialog().exec_()
QgsProject.instance().noSuchFunction()
"""


def look(package: Path, stubs: Path, python: str, *modules: str) -> list[str]:
    """Names that are not there, as sentences of mypy."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "mypy.ini").write_text(CONFIG, encoding="utf-8")
        (folder / "planted.py").write_text(PLANTED, encoding="utf-8")
        order = [sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini")]
        order += ["--python-executable", python, "--cache-dir", str(stubs.parent / "mypy")]
        done = subprocess.run(
            [*order, *modules],
            cwd=folder,
            env={**os.environ, "MYPYPATH": f"{stubs}{os.pathsep}{package}"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"Names of Qt 6 cannot be checked: mypy failed. {done.stdout}{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.endswith(KINDS)]
    return [line for line in lines if not any(re.search(known, line) for known in KNOWN)]


def main() -> int:
    """Tell the names that are missing; first that missing ones are found."""
    package, stubs, python = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    planted = look(package, stubs, python, "planted.py")
    if len(planted) != 4:
        sys.exit(f"Names of Qt 6 cannot be checked: 4 are planted, found are {planted}.")
    found = look(package, stubs, python, "-p", "firstlight.plugin", "-p", "firstlight.ui")
    for line in found:
        print(line.replace(f"{package}/firstlight/", ""))
    print(f"Names of Qt 6 and QGIS: {len(found)} are not there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
