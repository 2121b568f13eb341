"""Results of operations → styled layers on the map; everything here runs on the main thread."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import (
    Qgis,
    QgsDataProvider,
    QgsDateTimeRange,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsSingleBandGrayRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QObject, QTime, QTimer, pyqtSignal

from ..core.errors import FirstLightError
from ..core.operation import LayerOutput
from ..core.raster.open_file import VECTOR_SUFFIXES, check_map_file
from ..core.text import shown
from .compat import UTC
from .layer_metadata import describe_layer
from .layer_style import NATURAL_COLOR, apply_style
from .layer_tree import mark_early, order_groups, place_layer
from .layer_tree import source_path as source_path
from .legend_language import translate_legend
from .picture_style import show_picture


def add_layer(output: LayerOutput, project: QgsProject) -> QgsMapLayer:
    """Put one result on the map, in its group; a layer that shows the same file already is
    replaced.

    Raises
    ------
    FirstLightError
        If QGIS cannot open it.
    """
    what = f"Layer '{shown(output.title)}' cannot be shown"
    try:
        layer = open_layer(output, project)
    except FirstLightError as error:
        raise FirstLightError(what, f"{output.path}: {error.why}", error.hint) from error
    if not layer.isValid():
        raise FirstLightError(what, f"QGIS cannot open {output.path}")
    dress_layer(layer, output)
    place_layer(layer, output, project)
    return layer


class LayerLoader(QObject):
    """Puts results on the map one by one, and lets the window live in between.

    Parameters
    ----------
    outputs : iterable of LayerOutput
        What to show.
    project : QgsProject
        Where; what has not come when it is closed does not come into the next one.
    parent : QObject, optional
        Keeps the loader alive.
    early : bool
        The rest of the result is still coming: what comes then takes their places.
    """

    finished = pyqtSignal(list, list)
    """Carries the new layers, and a :class:`FirstLightError` for each that cannot be shown."""

    def __init__(
        self,
        outputs: Iterable[LayerOutput],
        project: QgsProject,
        parent: QObject | None = None,
        early: bool = False,
    ) -> None:
        super().__init__(parent)
        self._left = list(outputs)
        self._early = early
        self._outputs = () if early else tuple(self._left)
        self._project = project
        self._layers: list[str] = []
        self._errors: list[FirstLightError] = []
        project.cleared.connect(self.stop)

    def start(self) -> None:
        """Begin when the event loop is next idle."""
        QTimer.singleShot(0, self._next)

    def stop(self) -> None:
        """Leave out what has not come yet."""
        self._left.clear()

    def _next(self) -> None:
        if self._left:
            try:
                layer = add_layer(self._left.pop(0), self._project)
                if self._early:
                    mark_early(layer, self._project)
                self._layers.append(layer.id())
            except FirstLightError as error:
                self._errors.append(error)
            self.start()
            return
        self._project.cleared.disconnect(self.stop)
        if self._layers:
            order_groups(self._outputs, self._project)
        there = [self._project.mapLayer(layer_id) for layer_id in self._layers]
        self.finished.emit([layer for layer in there if layer is not None], self._errors)


def open_layer(output: LayerOutput, project: QgsProject) -> QgsMapLayer:
    """The layer of a file, not yet styled.

    A raster that comes without a renderer is stretched by QGIS between what it holds, which it
    reads for that, 50 to 150 ms for a stack, and may write beside the file. So it comes with one.
    QGIS lets GDAL choose the driver; the gate has made sure that it is that of the file's name, and
    that the file names no others. A VRT was looked into by the operation that made it.

    Raises
    ------
    RasterError, ValidationError
        If the file is not what its name says, or names other files.
    """
    if output.path.suffix.lower() != ".vrt":
        check_map_file(output.path)
    path, name = str(output.path), shown(output.title)
    if output.path.suffix.lower() in VECTOR_SUFFIXES:
        vector_options = QgsVectorLayer.LayerOptions(project.transformContext())
        vector_options.loadDefaultStyle = False
        return QgsVectorLayer(path, name, "ogr", vector_options)
    layer = QgsRasterLayer()
    layer.setRenderer(QgsSingleBandGrayRenderer(None, 1))
    options = QgsDataProvider.ProviderOptions()
    options.transformContext = project.transformContext()
    layer.setDataSource(path, name, "gdal", options, False)
    return layer


def dress_layer(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Give a layer its name, style, day, notes and metadata."""
    layer.setName(shown(output.title))
    picture = output.style == NATURAL_COLOR and isinstance(layer, QgsRasterLayer)
    if not picture:
        apply_style(layer, output.style, output.classes)
        translate_legend(layer)
    set_acquired_day(layer, output)
    describe_layer(layer, output)
    if picture:  # at the end: each of its styles holds day and notes as well
        show_picture(layer)


def set_acquired_day(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Tell QGIS's temporal controller the day (UTC) that a layer shows."""
    if output.acquired is None:
        return
    day = QDate(output.acquired.year, output.acquired.month, output.acquired.day)
    start = QDateTime(day, QTime(0, 0), UTC)
    end = QDateTime(day, QTime(23, 59, 59), UTC)
    temporal = layer.temporalProperties()
    raster = isinstance(layer, QgsRasterLayer)
    mode = Qgis.RasterTemporalMode if raster else Qgis.VectorTemporalMode
    temporal.setMode(mode.FixedTemporalRange)
    temporal.setFixedTemporalRange(QgsDateTimeRange(start, end))
    temporal.setIsActive(True)
