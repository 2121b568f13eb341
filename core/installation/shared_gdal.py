"""What libraries are, and whether rasterio uses the GDAL of ``osgeo``: looked at in a process of
its own, since a second GDAL that is loaded once stays.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .interpreter import child_environment

if TYPE_CHECKING:
    import subprocess

PROGRAM = Path(__file__).with_name("library_probe.py")
LIMIT_S = 30.0
LOOK_S = 0.1
"""How often whoever waits is told so."""


def probe_libraries(
    python: str, names: Sequence[str], waiting: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """Import libraries in a process of their own, in this order.

    Parameters
    ----------
    waiting : callable
        Called again and again with the seconds that have passed. What it raises ends the process.

    Returns
    -------
    dict
        As ``library_probe.py`` prints it.

    Raises
    ------
    OSError, subprocess.SubprocessError, ValueError
        If the process does not start, does not answer in ``LIMIT_S``, or ends before it has.
    """
    import subprocess

    asked = json.dumps({"names": names, "python": list(sys.version_info[:2]), "path": sys.path})
    process = subprocess.Popen(  # nosec B603 # an argument list, our own script, this Python
        [python, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(),
        text=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        told, complaint = _wait_for(process, asked, waiting)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, python, told, complaint)
    return dict(json.loads(told))


def _wait_for(
    process: subprocess.Popen[str], asked: str, waiting: Callable[[float], None]
) -> tuple[str, str]:
    """What the process prints."""
    import subprocess

    begun = time.monotonic()
    given: str | None = asked
    while True:
        passed = time.monotonic() - begun
        if passed >= LIMIT_S:
            raise subprocess.TimeoutExpired(process.args, LIMIT_S)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(given, timeout=min(LOOK_S, LIMIT_S - passed))
        given = None  # taken over with the first call
        waiting(time.monotonic() - begun)


def shares_gdal(found: Mapping[str, Any]) -> bool:
    """Tell it from what :func:`probe_libraries` has found."""
    ours, theirs = (found["libraries"].get(name, {}) for name in ("osgeo.gdal", "rasterio"))
    if not ours.get("gdal") or ours.get("gdal") != theirs.get("gdal"):
        return False
    loaded = [Path(file).name for file in found["loaded"]]
    twice = any(
        sum(name.startswith(mark) for name in loaded) > 1 for mark in ("libgdal", "libproj")
    )
    return not found["brought_along"] and not twice
