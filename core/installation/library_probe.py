"""A program of its own: imports libraries, and tells their versions and what they have loaded.

It reads JSON from its input (``names``, and the ``python`` and ``path`` of the process that asks)
and prints JSON. A library that does not fit this Python may end the
process that imports it, or bring a second GDAL into it, so it is imported here first. The program
imports nothing of FirstLight.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

MARKS = ("libgdal", "libproj")
"""First letters of the files of GDAL and PROJ."""
SUFFIXES = (".so", ".dll", ".dylib")


def look(name: str) -> dict[str, Any]:
    """Import a library: its version, its file and the seconds that it took."""
    begun = time.perf_counter()
    module = importlib.import_module(name)
    seconds = time.perf_counter() - begun
    file = getattr(module, "__file__", None)
    facts = {"version": _version(module), "file": str(file or "")}
    return {**facts, "seconds": round(seconds, 3), "gdal": _gdal_of(module)}


def _version(module: Any) -> str:
    if module.__name__ == "qgis.core":
        return str(module.Qgis.QGIS_VERSION)
    own = getattr(module, "__version__", "")
    if isinstance(own, str) and own:
        return own
    try:
        return version(module.__name__.partition(".")[0].replace("_", "-"))
    except PackageNotFoundError:
        return ""


def _gdal_of(module: Any) -> str:
    """The version of GDAL that it works with; empty where it has nothing to do with it."""
    if module.__name__ == "osgeo.gdal":
        return str(module.VersionInfo("RELEASE_NAME"))
    return str(getattr(module, "__gdal_version__", ""))


def _loaded() -> list[str]:
    """Files of GDAL and PROJ that this process holds, where the system tells (Linux)."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    lines = maps.read_text(encoding="utf-8", errors="replace").splitlines()
    files = {line[line.index("/") :] for line in lines if "/" in line}
    return sorted(file for file in files if Path(file).name.startswith(MARKS))


def _brought_along(file: str) -> list[str]:
    """Files of GDAL that a package holds for itself, as a wheel does."""
    package = Path(file).parent
    folders = (package, package / ".dylibs", package.parent / f"{package.name}.libs")
    found = [path for folder in folders for path in folder.glob("*gdal*")]
    return sorted(str(path) for path in found if path.suffix in SUFFIXES or ".so." in path.name)


def _proj() -> str:
    """The version of PROJ that GDAL works with; empty where GDAL was not asked for."""
    if "osgeo.gdal" not in sys.modules:
        return ""
    osr = importlib.import_module("osgeo.osr")
    parts = (osr.GetPROJVersionMajor(), osr.GetPROJVersionMinor(), osr.GetPROJVersionMicro())
    return ".".join(map(str, parts))


def main() -> None:
    """Look at the named libraries, one after the other."""
    asked = json.load(sys.stdin)
    if asked["python"] != list(sys.version_info[:2]):
        sys.exit("another version of Python")
    # What the process that asks finds first is found first here.
    sys.path[:] = dict.fromkeys([*asked["path"], *sys.path[1:]])
    found = {name: look(name) for name in asked["names"]}
    own = _brought_along(found["rasterio"]["file"]) if "rasterio" in found else []
    answer = {"libraries": found, "loaded": _loaded(), "proj": _proj(), "brought_along": own}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
