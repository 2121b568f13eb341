"""Between which numbers the bands of a layer lie: as its file states them, or by a look into it,
which never holds the main thread up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication, QgsRasterLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QThread

from ..core.errors import FirstLightError
from ..core.monitor import Monitor
from ..core.operation import Operation, OperationResult
from ..core.raster.stated_statistics import stated_statistics
from ..core.settings import Settings
from .monitors import log
from .task import OperationTask

Limits = tuple[float, float]
Spreads = Mapping[int, Limits]
"""Band, from 1 → between which numbers most of its pixels lie."""


@dataclass(frozen=True, kw_only=True)
class SpreadParams:
    """Whose spreads."""

    path: Path
    bands: tuple[int, ...]


def look(params: SpreadParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Read the spreads of a raster's bands."""
    from ..core.raster.view import read_spread

    spreads = read_spread(params.path, params.bands, lambda: not monitor.cancelled())
    return OperationResult(data=None, text="", value=spreads)


SPREADS = Operation(
    name="spreads",
    title="How bright a picture is",
    group="",
    summary="Reads between which numbers the pixels of a picture lie.",
    params=SpreadParams,
    run=look,
)
"""Of the map alone: an operation because it runs off the main thread."""
_looking: set[OperationTask] = set()
"""A task whose Python object is dropped never delivers its signal."""


def stated_spreads(layer: QgsRasterLayer, bands: Sequence[int]) -> dict[int, Limits]:
    """Those that the file itself states: then nothing is read."""
    stated = {band: stated_statistics(Path(layer.source()), band) for band in bands}
    return {band: one.most for band, one in stated.items() if one is not None}


def find_spreads(
    layer: QgsRasterLayer, bands: Sequence[int], take: Callable[[Spreads], None]
) -> None:
    """Look into a layer's file, and hand over what is found: in a task of QGIS's where the main
    thread asks, at once on any other. A file that cannot be read is left as it is.

    Parameters
    ----------
    layer : QgsRasterLayer
        If it has gone meanwhile, nothing is handed over.
    bands : sequence of int
        From 1.
    take : callable
        Takes the spreads, on the thread that asks.
    """
    params = SpreadParams(path=Path(layer.source()), bands=tuple(bands))
    if QThread.currentThread() != QCoreApplication.instance().thread():
        from ..core.raster.view import read_spread

        try:
            take(read_spread(params.path, params.bands))
        except FirstLightError as error:
            _note(error)
        return
    task = OperationTask(SPREADS, params)

    def end(result: OperationResult | None = None) -> None:
        _looking.discard(task)
        if result is not None and not sip.isdeleted(layer):
            take(result.value)

    task.succeeded.connect(end)
    task.failed.connect(_note)
    task.failed.connect(lambda _: end())
    task.stopped.connect(end)
    _looking.add(task)
    QgsApplication.taskManager().addTask(task)


def looking() -> bool:
    """Whether any file is looked into now."""
    return bool(_looking)


def stop_looking() -> None:
    """Look no further; called before the plugin goes."""
    for task in tuple(_looking):
        task.cancel()


def _note(error: FirstLightError) -> None:
    """The usual limits stay: a mosaic of a catalogue's own files is not read for its colours."""
    log(str(error))
