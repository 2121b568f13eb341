"""FirstLight from Python: five functions over the operations that the dock, Processing and
``flight`` have.

Every parameter of a command is a keyword here, under its name in Python (``--max-cloud`` is
``max_cloud``), and takes plain values: text, numbers, paths, dates. ``flight COMMAND --help`` lists
them. See docs/python.md.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..aoi import Aoi
from ..doors.operation_index import declared_operations, get_declared
from ..errors import InputError
from ..monitor import Event, Level, Monitor, Note
from ..operation import OperationResult
from ..settings import Settings, resolve_settings
from ..text import nearest_hint
from ..types import BandStack, SceneItem, ValidationReport
from ..wording import Wording

if TYPE_CHECKING:
    from ..scenes.request import SceneResult

__all__ = ["discover", "ingest", "run", "stack", "validate"]

Area = Union[Aoi, str, Sequence[float], Mapping[str, Any]]
"""An ``Aoi``, the text or file that ``--area`` takes, west, south, east, north, or GeoJSON."""
LEVELS = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
WORDING = Wording(
    declared_operations,
    lambda param: param.name,
    lambda operation, _: f"run({operation.name!r}, …)",
)


class LogMonitor:
    """Sends notes to Python's logger ``firstlight``; never asks to stop."""

    def emit(self, event: Event) -> None:
        """Log a note; progress is for monitors that show it."""
        if isinstance(event, Note):
            logging.getLogger("firstlight").log(LEVELS[event.level], "%s", event.text)

    def cancelled(self) -> bool:
        """Never."""
        return False


def run(
    name: str,
    /,
    *,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **parameters: Any,
) -> OperationResult:
    """Run any operation by its name.

    Parameters
    ----------
    name : str
        As on the command line: ``"burn-severity"``; an underscore does for the hyphen.
    settings : Settings, optional
        From :func:`firstlight.core.settings.resolve_settings`, which by default reads the user's
        file and the environment.
    monitor : Monitor, optional
        Hears progress and notes on the calling thread, and may stop the run; by default notes go to
        the logger ``firstlight``.
    **parameters
        Of the operation; ``None`` means "not given".

    Returns
    -------
    OperationResult
        ``value`` is typed (an ``AlgorithmResult`` of a map), ``layers`` are its files, ``warnings``
        the doubts about it, ``data`` what ``--json`` prints.

    Raises
    ------
    InputError
        If a name is not known, or a value is missing or unusable; nothing was started.
    FirstLightError
        If it failed; its sentence says what, why, and what to do.
    """
    return _run(name, parameters, settings, monitor)


def discover(
    area: Area,
    start: date | str | None = None,
    end: date | str | None = None,
    *,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **parameters: Any,
) -> tuple[SceneItem, ...]:
    """Search a catalogue for scenes.

    Parameters
    ----------
    area : Aoi, str, sequence of float, or mapping
        Degrees (WGS 84).
    start, end : date or str, optional
        First and last day, UTC, both included; with an ``event`` they may be left out.
    settings, monitor : optional
        See :func:`run`.
    **parameters
        Others of ``flight discover``: ``sensor``, ``catalog``, ``event``, ``max_cloud`` (percent),
        ``limit``, ``sort`` …

    Returns
    -------
    tuple of SceneItem
        The best first.

    Raises
    ------
    NoScenesError
        If the search worked and found nothing.
    DiscoveryError
        If the catalogue could not be searched.
    InputError
        See :func:`run`.
    """
    given = {"area": area, "start": start, "end": end, **parameters}
    scenes: tuple[SceneItem, ...] = _run("discover", given, settings, monitor).value.scenes
    return scenes


def ingest(
    scenes: Iterable[SceneItem],
    output: str | os.PathLike[str],
    *,
    area: Area | None = None,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **parameters: Any,
) -> tuple[SceneResult, ...]:
    """Download scenes' bands, stack and validate them.

    Parameters
    ----------
    scenes : iterable of SceneItem
        Of :func:`discover`.
    output : path
        A sub-folder is made for each scene.
    area : optional
        Only its part of each band is fetched.
    settings, monitor : optional
        See :func:`run`.
    **parameters
        Others of ``flight ingest``: ``bands``, ``index``, ``window``, ``mode`` …

    Returns
    -------
    tuple of SceneResult
        One for each scene, in their order; a scene that failed has ``status`` ``failed`` and an
        ``error``, and does not stop the others.

    Raises
    ------
    DiskFullError
        If there is not enough room; what has come stays.
    InputError
        See :func:`run`; also for no scene at all.
    """
    wanted = tuple(scenes)
    if not wanted:
        raise InputError("Ingest cannot start", "there is no scene", "Give one at least.")
    given = {"area": area, "output": output, **parameters}
    results: tuple[SceneResult, ...] = _run("ingest", given, settings, monitor, wanted).value
    return results


def stack(
    bands: Mapping[str, str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **parameters: Any,
) -> BandStack:
    """Stack local band files into one VRT.

    Parameters
    ----------
    bands : mapping of str to path
        Name of the band → its file; ``file.tif#2`` takes its second band. Empty where ``scene`` is
        given.
    output : path
        The VRT to write; its folder must exist.
    settings, monitor : optional
        See :func:`run`.
    **parameters
        Others of ``flight stack``: ``sensor``, ``scene``, ``product``, ``scale``, ``offset``,
        ``nodata``, ``mode``, ``resolution`` (in the unit of the coordinate system) …

    Returns
    -------
    BandStack
        With ``mode="preserve"`` that of the finest bands; the others are its ``companions``.

    Raises
    ------
    BandStackError
        If the bands do not fit together.
    RasterError
        If one cannot be read.
    InputError
        See :func:`run`.
    """
    files = tuple(f"{name}={os.fspath(path)}" for name, path in bands.items())
    given = {"band": files, "output": output, **parameters}
    made: BandStack = _run("stack", given, settings, monitor).value
    return made


def validate(
    path: str | os.PathLike[str],
    *,
    area: Area | None = None,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **parameters: Any,
) -> ValidationReport:
    """Check a stack, or any raster.

    Parameters
    ----------
    path : path
        A VRT or any raster.
    area : optional
        Where data are needed; the whole raster if not given.
    settings, monitor : optional
        See :func:`run`.
    **parameters
        Others of ``flight validate``: ``sensor``, ``deep``, ``checks``, ``screenshot``.

    Returns
    -------
    ValidationReport
        ``ok`` is False where a finding is an error; that is no exception.

    Raises
    ------
    InputError
        See :func:`run`.
    """
    given = {"path": path, "area": area, **parameters}
    report: ValidationReport = _run("validate", given, settings, monitor).value
    return report


def _run(
    name: str,
    given: Mapping[str, Any],
    settings: Settings | None,
    monitor: Monitor | None,
    scenes: tuple[SceneItem, ...] = (),
) -> OperationResult:
    known = {operation.name for operation in declared_operations()}
    wanted = name.strip().lower().replace("_", "-")
    if wanted not in known:
        hint = nearest_hint(wanted, known, f"Known: {', '.join(sorted(known))}.")
        raise InputError(f"The operation '{name}' cannot be run", "it is not known", hint)
    operation = get_declared(wanted).load()
    values = {key: _plain(key, value) for key, value in given.items()}
    params = WORDING.make_params(operation, values)
    if scenes:
        params = replace(params, scenes=scenes)
    return WORDING.run(operation, params, settings or resolve_settings(), monitor or LogMonitor())


def _plain(name: str, value: Any) -> Any:
    """A value as the doors have it: paths as text, an area from its corners or GeoJSON."""
    if isinstance(value, Path):
        return str(value)
    if name == "area" and isinstance(value, Mapping):
        return Aoi.from_geometry(value)
    if name == "area" and isinstance(value, (list, tuple)):
        return ",".join(str(corner) for corner in value)
    return value
