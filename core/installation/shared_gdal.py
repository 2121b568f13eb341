"""Whether rasterio uses the GDAL of ``osgeo``: looked at in a process of its own, since a second
GDAL that is loaded once stays.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FirstLightError
from ..files.atomic import WriteFailure, write_whole
from ..files.user_folder import own_cache
from .interpreter import candidates, child_environment

if TYPE_CHECKING:
    import subprocess

PROGRAM = Path(__file__).with_name("library_probe.py")
LIMIT_S = 30.0
LOOK_S = 0.1
"""How often whoever waits is told so."""
NOTE = "rasterio.json"
"""In the user's cache folder: what was found, and of which libraries."""


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


def rasterio_shares_gdal() -> bool:
    """Tell whether rasterio is there and works with the GDAL, and the PROJ, of ``osgeo``.

    A process is started once; what it finds is kept as long as both libraries stay what they are.
    """
    places = [_place("osgeo"), _place("rasterio")]
    if not all(places):
        return False
    state = _state(places)
    kept = _kept(state)
    return _look(state) if kept is None else kept


def _look(state: str) -> bool:
    import subprocess

    answer = False
    for python in candidates():
        try:
            answer = shares_gdal(probe_libraries(python, ["osgeo.gdal", "rasterio"]))
            break
        except subprocess.TimeoutExpired:  # a computer that is busy; another time it may not be
            return False
        except (OSError, subprocess.SubprocessError, ValueError):
            continue
    _keep(state, answer)
    return answer


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


def _place(name: str) -> Path | None:
    with suppress(ImportError, ValueError):
        spec = find_spec(name)
        if spec is not None and spec.origin:
            return Path(spec.origin)
    return None


def _state(places: Sequence[Path | None]) -> str:
    """Changes with either library, and with the Python that holds them."""
    files = [file for place in places if place for file in (place, *place.parent.glob("_gdal*"))]
    facts = [sys.version, sys.prefix]
    with suppress(OSError):
        facts += [f"{file} {file.stat().st_mtime_ns}" for file in sorted(files)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _kept(state: str) -> bool | None:
    with suppress(OSError, ValueError, FirstLightError):
        note = json.loads((own_cache() / NOTE).read_text(encoding="utf-8"))
        if isinstance(note, dict) and note.get("state") == state:
            return note.get("shares_gdal") is True
    return None


def _keep(state: str, answer: bool) -> None:
    """Without a folder to keep it in, the next process looks again."""
    failure = WriteFailure("Keeping what was found of rasterio failed")
    with suppress(OSError, FirstLightError):
        text = json.dumps({"state": state, "shares_gdal": answer})
        write_whole(own_cache() / NOTE, text, failure, make_folder=True)
