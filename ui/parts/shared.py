"""What the pages share: who starts operations, the map, QGIS's message bar."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices

from ...core.enums import Status
from ...core.errors import FirstLightError
from ...core.monitor import Event, LayerReady
from ...core.operation import OperationResult
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.layer_tree import withdraw_layer
from ...plugin.layers import LayerLoader, source_path
from ...plugin.map_view import zoom_to_layers
from ...plugin.messages import (
    Action,
    clear_failures,
    show_error,
    show_failure,
    show_success,
    show_warning,
)


class Shared(QObject):
    """Starts operations, and brings results onto the map and sentences into the message bar.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface
        For the map and the message bar.
    jobs : JobList
        Starts the operations.
    """

    layers_added = pyqtSignal(list)
    """Carries the ids of the new layers."""

    def __init__(self, iface: Any, jobs: JobList) -> None:
        super().__init__()
        self.iface = iface
        self.jobs = jobs
        jobs.added.connect(self._attend)

    def clear(self) -> None:
        """Take away what earlier failures and doubts said, before something new is tried."""
        clear_failures(self.iface.messageBar())

    def show_error(self, error: FirstLightError) -> None:
        """Say what failed."""
        show_error(self.iface.messageBar(), error)

    def warn(self, text: str) -> None:
        """Say what did not go as wished."""
        show_warning(self.iface.messageBar(), text)

    def show(self, result: OperationResult, text: str) -> None:
        """A sentence about a result, in the colour of its status, with buttons for its report."""
        bar = self.iface.messageBar()
        if result.status == Status.FAILED:
            show_failure(bar, text)
        elif result.status == Status.PARTIAL or result.warnings:
            show_warning(bar, text, self._actions(result))
        else:
            show_success(bar, text, self._actions(result))

    def _tell_layers(
        self, layers: Sequence[QgsMapLayer], errors: Sequence[FirstLightError] = ()
    ) -> None:
        if layers:
            zoom_to_layers(self.iface.mapCanvas(), layers)
            self.layers_added.emit([layer.id() for layer in layers])

    def bring_layers(
        self,
        result: OperationResult,
        done: Callable[[int, tuple[FirstLightError, ...]], None],
    ) -> None:
        """Put a result's layers onto the map one by one; the window lives in between.

        Parameters
        ----------
        result : OperationResult
            Whose layers.
        done : callable
            Takes how many came, and what kept the others away.
        """
        loader = LayerLoader(result.layers, QgsProject.instance(), self)

        def finish(layers: list[QgsMapLayer], errors: list[FirstLightError]) -> None:
            loader.deleteLater()
            self._tell_layers(layers)
            done(len(layers), tuple(errors))

        loader.finished.connect(finish)
        loader.start()

    def _attend(self, job: Job) -> None:
        job.happened.connect(self._take)  # no partial: Qt ends the connection with this object

    def _take(self, events: tuple[Event, ...]) -> None:
        """Put layers onto the map that are whole while the rest of their job is still coming."""
        told = [event for event in events if isinstance(event, LayerReady)]
        job = self.sender()
        if not told or not isinstance(job, Job) or job.project != str(self.jobs.project):
            return
        project = QgsProject.instance()
        for event in told:
            if event.withdrawn:
                withdraw_layer(event.layer, project)
        ready = [event.layer for event in told if not event.withdrawn]
        loader = LayerLoader(ready, project, self, early=True)
        loader.finished.connect(self._tell_layers)  # a failure is told with the whole result
        loader.finished.connect(loader.deleteLater)
        loader.start()

    def show_layers(self, paths: Container[Path]) -> None:
        """Zoom to those layers of these files that are still on the map."""
        layers = QgsProject.instance().mapLayers().values()
        wanted = [layer for layer in layers if source_path(layer) in paths]
        zoom_to_layers(self.iface.mapCanvas(), wanted, always=True)

    def _actions(self, result: OperationResult) -> tuple[Action, ...]:
        """Buttons for a result that has a page of its own."""
        report = str(result.outputs.get("report") or "")
        if not report:
            return ()
        paths = {layer.path for layer in result.layers}
        on_map = any(
            source_path(one) in paths for one in QgsProject.instance().mapLayers().values()
        )
        zoom = ((self.tr("Zoom"), lambda: self.show_layers(paths)),) if on_map else ()
        return (
            (self.tr("Open report"), lambda: open_path(Path(report))),
            *zoom,
            (self.tr("Open folder"), lambda: open_path(Path(report).parent)),
        )


def open_path(path: Path) -> None:
    """Open a file or folder with what the computer has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
