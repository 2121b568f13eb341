"""A Python program for what is done in a process of its own.

Inside QGIS ``sys.executable`` may be QGIS itself, or whatever ``python3`` comes first on the path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def candidates() -> list[str]:
    """Paths of a Python like this one, the likeliest first; QGIS's own program is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    windows = sys.platform == "win32"
    names = ["python.exe", "python3.exe"] if windows else [f"python{version}", "python3"]
    program = Path(sys.executable or "")
    folders = [
        Path(prefix) / sub
        for prefix in (sys.exec_prefix, sys.base_exec_prefix)
        for sub in ("", "bin")
    ]
    if sys.platform == "darwin" and sys.executable:
        folders.append(program.parent / "bin")
    own = [program] if program.name.lower().startswith("python") else []
    paths = [*own, *(folder / name for folder in folders for name in names)]
    return list(dict.fromkeys(str(path) for path in paths if path.is_file()))


def child_environment() -> dict[str, str]:
    """Environment of this process, with the folders of its libraries: QGIS adds some that its
    Python does not know by itself.
    """
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys([*own, *libraries]))}
