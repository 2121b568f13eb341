"""Look at the installation: what is there, what is missing, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import PRODUCT
from ...download.cache import cache_folder
from ...errors import Cancelled, SettingsError
from ...gdal.reading_choice import VARIABLE, reading
from ...installation.interpreter import candidates
from ...installation.needed import REQUIRED, USED, Library
from ...installation.shared_gdal import LIMIT_S, probe_libraries, shares_gdal
from ...monitor import Monitor, Progress
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...settings import Settings
from ...text import joined, redact, size_text

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
MODULES = {"osgeo": "osgeo.gdal"}
"""Modules to be imported in place of a package that is empty by itself."""
ONLY_FOR_CLUSTERS = ("dask", "dask[distributed]")
TOGETHER = "osgeo.gdal", "rasterio"
"""Imported one after the other in one process: two of GDAL or PROJ are seen only then."""


@dataclass(frozen=True, kw_only=True)
class DoctorParams:
    """A folder to be tried."""

    output: Path | None = param(
        None,
        kind=Kind.FOLDER_OUT,
        title="Folder to try",
        help="Whether results can be written there; nothing stays in it.",
    )


def run_doctor(params: DoctorParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Import each library in a process of its own, and try the folders."""
    libraries = {}
    known = (*REQUIRED, *USED)
    wait = _Wait(monitor, len(known) + 1)
    for library in known:
        wait.begin(library.package)
        libraries[library.package] = _look((MODULES.get(library.module, library.module),), wait)
    both = None
    if not libraries["rasterio"]["fault"]:
        wait.begin("rasterio beside GDAL")
        both = _look(TOGETHER, wait)
    folders = {"cache": _kept_bands(settings), "output": params.output}
    data = {
        "product": PRODUCT,
        "Python": {"version": platform.python_version(), "program": sys.executable},
        "system": platform.platform(),
        "libraries": libraries,
        "reader": {**_reader(), "rasterio": _rasterio(both)},
        "folders": {name: _try_folder(path) for name, path in folders.items() if path is not None},
        "proxy": dict(_proxies(settings)),
    }
    problems = [redact(line) for line in _problems(data)]
    text = joined(redact(line) for line in _lines(data, problems))
    return OperationResult(
        {**data, "problems": problems},
        text,
        outputs={"text": text, "count": len(problems)},
        warnings=tuple(problems),
    )


class _Wait:
    """Tells what is waited for, how long and for how long at most; ends when it is stopped."""

    def __init__(self, monitor: Monitor, steps: int) -> None:
        self._monitor = monitor
        self._steps = steps
        self._number = -1
        self._what = ""
        self._told_s = 0

    def begin(self, what: str) -> None:
        """Go on to the next process."""
        self._number += 1
        self._what, self._told_s = what, 0
        self._tell(0)

    def __call__(self, seconds: float) -> None:
        """Tell each second."""
        if int(seconds) > self._told_s or self._monitor.cancelled():
            self._told_s = int(seconds)
            self._tell(seconds)

    def _tell(self, seconds: float) -> None:
        if self._monitor.cancelled():
            raise Cancelled()
        detail = f"{seconds:.0f} of at most {LIMIT_S:.0f} s" if seconds >= 1 else ""
        self._monitor.emit(Progress(self._number / self._steps, f"Looking at {self._what}", detail))


def _look(names: Sequence[str], wait: _Wait) -> dict[str, Any]:
    """What a process of its own says of libraries, the last of which counts; or its ``fault``."""
    why, slow = "there is no Python program to try it with", False
    for python in candidates():
        try:
            found = probe_libraries(python, names, wait)
        except subprocess.TimeoutExpired as error:
            why, slow = f"it is not imported after {error.timeout:.0f} s", True
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or "").strip().splitlines()
            why = lines[-1] if lines else f"its process ends with {error.returncode}"
        except (OSError, ValueError) as error:
            why = str(error)
        else:
            return {**found["libraries"][names[-1]], **found, "fault": "", "slow": False}
        if why != "another version of Python":
            break
    return {"fault": why, "slow": slow, "loaded": []}


def _reader() -> dict[str, Any]:
    """Which library reads rasters, and why."""
    try:
        name = str(reading().name)
    except SettingsError as error:
        return {"name": "", "why": str(error)}
    why = f"as {VARIABLE} says" if os.environ.get(VARIABLE) else "it is in every QGIS"
    return {"name": name, "why": why}


def _rasterio(both: Mapping[str, Any] | None) -> str:
    """How the other library stands to GDAL here."""
    if both is None:
        return "rasterio is not there, and not needed"
    if both["fault"]:
        return f"rasterio does not go with GDAL here: {both['fault']}"
    if shares_gdal(both):
        return "rasterio works with the same GDAL as QGIS"
    own = ", ".join(both["brought_along"]) or both["gdal"]
    return f"rasterio has a GDAL of its own ({own}) and is left alone"


def _kept_bands(settings: Settings) -> Path | None:
    with suppress(SettingsError):
        return cache_folder(settings)
    return None


def _try_folder(path: Path) -> dict[str, Any]:
    """Write a file into a folder, or where it will be made, and remove it."""
    there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix="firstlight-") as file:
            file.write(b"\0" * 4096)
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        return {"path": str(path), "fault": error.strerror or str(error), "free": 0}
    return {"path": str(path), "fault": "", "free": free}


def _proxies(settings: Settings) -> Iterator[tuple[str, str]]:
    """Where each comes from → its address without a login."""
    for scheme, url in settings.proxies.items():
        yield f"QGIS, {scheme}", redact(url) or "none"
    for name in PROXIES:
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            yield f"environment, {name}", redact(value)


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    """Sentences: what is wrong, and how to mend it."""
    for library in REQUIRED:
        found = data["libraries"][library.package]
        fault = found["fault"]
        if fault and found["slow"]:
            busy = "The computer may be busy: check again, and do not install anything yet."
            yield f"{library.package} may not be usable: {fault}. {busy}"
        elif fault:
            yield f"{library.package} cannot be used: {fault}. {_mend(library)}"
    if not data["reader"]["name"]:
        yield data["reader"]["why"]
    for name, folder in data["folders"].items():
        if folder["fault"]:
            yield f"The folder for {name} {folder['path']} cannot be written: {folder['fault']}."


def _mend(library: Library) -> str:
    if library.module in ("osgeo", "numpy"):
        return "It comes with QGIS: repair or install QGIS again."
    return (
        f'Install it with QGIS\'s own Python: "python3 -m pip install {library.package}" (on '
        "Windows in the OSGeo4W shell)."
    )


def _lines(data: Mapping[str, Any], problems: list[str]) -> Iterator[str]:
    python = data["Python"]
    yield f"{data['product']}, Python {python['version']} ({python['program']})"
    yield str(data["system"])
    for package, found in data["libraries"].items():
        yield f"  {_library_line(package, found)}"
    loaded = {file for found in data["libraries"].values() for file in found["loaded"]}
    yield from (f"  loaded: {file}" for file in sorted(loaded))
    yield f"Rasters are read by {data['reader']['name'] or 'nothing'}: {data['reader']['why']}"
    yield str(data["reader"]["rasterio"])
    for name, folder in data["folders"].items():
        state = folder["fault"] or f"can be written, {size_text(folder['free'])} free"
        yield f"Folder for {name}: {folder['path']}: {state}"
    yield from (f"Proxy ({name}): {address}" for name, address in data["proxy"].items())
    yield "Nothing is missing." if not problems else "To be mended:"
    yield from (f"  {problem}" for problem in problems)


def _is_absent(package: str, fault: str) -> bool:
    """Whether a library is simply not installed, and may be so."""
    module = next((one.module for one in USED if one.package == package), "")
    kind, _, why = fault.partition(":")
    return kind == ModuleNotFoundError.__name__ and bool(module) and why.endswith(repr(module))


def _library_line(package: str, found: Mapping[str, Any]) -> str:
    if _is_absent(package, found["fault"]):
        if package in ONLY_FOR_CLUSTERS:
            return f"{package}: not there; only a Dask cluster needs it"
        return f"{package}: not there, and not needed"
    if found["fault"]:
        return f"{package}: {found['fault']}"
    gdal = f", with GDAL {found['gdal']}" if found["gdal"] and package != "GDAL" else ""
    proj = f", with PROJ {found['proj']}" if package == "GDAL" else ""
    where = Path(found["file"]).parent
    return f"{package} {found['version']}{gdal}{proj}, {found['seconds']:.2f} s, {where}"


DOCTOR = Operation(
    name="doctor",
    title="Check the installation",
    group="Help",
    summary="Shows the versions of QGIS, Python and the libraries, each tried in a process of its "
    "own, which GDAL and PROJ are loaded, and what is missing. Also whether folders can be "
    "written. The text belongs into a report of an error; it holds no secrets.",
    params=DoctorParams,
    run=run_doctor,
    outputs=(
        Output("text", "Text"),
        Output("count", "Number of problems", OutputKind.NUMBER),
    ),
)
