"""A mapped event on one page as PDF, through a layout of QGIS that the user can change.

A layout's labels show the texts as ``[% @event_title %]``; its maps, by their ids, are ``map``,
``before`` and ``after``, its legend ``legend``. What a layout lacks is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsRectangle,
)
from qgis.PyQt.QtXml import QDomDocument

from ..core.doors.print_request import PrintRequest, PrintSheet
from ..core.errors import FirstLightError, InputError
from ..core.files.atomic import WriteFailure, part_of, put_in_place, scratch_file
from ..core.operation import LayerOutput
from .language import said
from .layers import dress_layer, open_layer
from .messages import WORDING
from .picture_pair import PicturePair, picture_pair

TEMPLATE = Path(__file__).resolve().parent.parent / "resources" / "layouts" / "event.qpt"
OWN_TEMPLATE = "firstlight/event.qpt"
"""In the folder of QGIS's profile: the user's own layout."""
DOTS_PER_INCH = 200.0
MARGIN = 1.02
"""Of the map's extent, around what was mapped."""
GRID_STEPS = tuple(digit * 10.0**power for power in range(-4, 2) for digit in (1, 2, 5))
LEAST_LINES = 3


def own_template() -> Path:
    """The place of the user's own layout; it need not be there."""
    return Path(QgsApplication.qgisSettingsDirPath()) / OWN_TEMPLATE


def print_event(request: PrintRequest) -> None:
    """Print a mapped event.

    Everything is made here and belongs to this thread: a project of its own, its layers, the page.
    So it may run beside QGIS's main thread.

    Raises
    ------
    InputError
        If the layout cannot be read.
    FirstLightError
        If a layer cannot be opened, or the file not be written.
    """
    what = f"{request.target} cannot be printed"
    request = _translated(request)
    project = QgsProject()
    pair = picture_pair(request.layers)
    maps = [layer for layer in request.layers if layer.visible and layer.style != "natural_color"]
    shown = [_open(output, project, what) for output in maps]
    if not shown:
        raise FirstLightError(what, "none of its maps is there", "Map the event again.")
    project.setCrs(shown[-1].crs())
    layout = _read_layout(request.template, project, what)
    _fill_texts(layout, request)
    extent = _extent(shown, project)
    pictures = _pictures(pair, project, what)
    outlines = [layer for layer, output in zip(shown, maps) if output.style == "perimeter"]
    _fill_map(layout, "map", [*shown, *pictures[-1:]], extent)
    for name, picture in zip(("before", "after"), pictures):
        _fill_map(layout, name, [*outlines, picture], extent)
    _fill_legend(layout, shown)
    _export(layout, request.target, what)


def _translated(request: PrintRequest) -> PrintRequest:
    """Its texts in the language of QGIS: the event's folder keeps them in English."""
    texts = {name: said(text) for name, text in request.sheet.to_dict().items()}
    return replace(
        request,
        sheet=PrintSheet.from_dict(texts),
        layers=tuple(WORDING.layer(layer) for layer in request.layers),
    )


def _open(output: LayerOutput, project: QgsProject, what: str) -> QgsMapLayer:
    layer = open_layer(output, project)
    if not layer.isValid():
        raise FirstLightError(what, f"QGIS cannot open {output.path}", "Map the event again.")
    dress_layer(layer, output)
    project.addMapLayer(layer, False)
    return layer


def _pictures(pair: PicturePair | None, project: QgsProject, what: str) -> list[QgsMapLayer]:
    if pair is None:
        return []
    return [_open(output, project, what) for output in (pair.before, pair.after)]


def _read_layout(template: Path | None, project: QgsProject, what: str) -> QgsPrintLayout:
    """The layout that was asked for, else the user's own, else FirstLight's."""
    path = template or (own_template() if own_template().is_file() else TEMPLATE)
    layout, document = QgsPrintLayout(project), QDomDocument()
    try:
        readable = document.setContent(path.read_text(encoding="utf-8"))
        reason = "it is no layout template"
    except (OSError, UnicodeDecodeError) as error:
        readable, reason = (False,), getattr(error, "strerror", None) or "it is no text"
    items: Sequence[object] = ()
    if readable and (readable[0] if isinstance(readable, tuple) else readable):
        items, loaded = layout.loadFromTemplate(document, QgsReadWriteContext())
        items = items if loaded else ()
    if not items:
        hint = "Save one from QGIS's layout window (Layout, Save as Template)."
        raise InputError(f"{what} by {path.name}", f"{path}: {reason}", hint)
    return layout


def _fill_texts(layout: QgsPrintLayout, request: PrintRequest) -> None:
    for name, text in request.sheet.to_dict().items():
        QgsExpressionContextUtils.setLayoutVariable(layout, f"event_{name}", text)
    for item in layout.items():
        if isinstance(item, QgsLayoutItemLabel):  # headings; what is an expression stays one
            item.setText(said(item.text()))


def _extent(layers: Sequence[QgsMapLayer], project: QgsProject) -> QgsRectangle:
    whole = QgsRectangle()
    for layer in layers:
        move = QgsCoordinateTransform(layer.crs(), project.crs(), project)
        box = layer.extent()
        if not box.isEmpty():
            whole.combineExtentWith(move.transformBoundingBox(box))
    return whole.scaled(MARGIN)


def _fill_map(
    layout: QgsPrintLayout, name: str, layers: Sequence[QgsMapLayer], extent: QgsRectangle
) -> None:
    item = layout.itemById(name)
    if not isinstance(item, QgsLayoutItemMap):
        return
    item.setCrs(layout.project().crs())
    item.setLayers(list(layers))
    item.setKeepLayerSet(True)
    item.zoomToExtent(extent)
    lonlat = QgsCoordinateReferenceSystem("EPSG:4326")
    move = QgsCoordinateTransform(item.crs(), lonlat, layout.project())
    degrees = move.transformBoundingBox(item.extent())
    for grid in item.grids().asList():
        grid.setCrs(lonlat)
        grid.setIntervalX(_step(degrees.width()))
        grid.setIntervalY(_step(degrees.height()))
        grid.setAnnotationPrecision(max(0, -math.floor(math.log10(_step(degrees.width())))))


def _step(span: float) -> float:
    """The largest round distance by which at least so many lines cross the map."""
    fitting = [step for step in GRID_STEPS if span / step >= LEAST_LINES]
    return fitting[-1] if fitting else GRID_STEPS[0]


def _fill_legend(layout: QgsPrintLayout, layers: Sequence[QgsMapLayer]) -> None:
    """The maps alone: a picture has no legend."""
    legend = layout.itemById("legend")
    if not isinstance(legend, QgsLayoutItemLegend):
        return
    legend.setAutoUpdateModel(False)
    group = legend.model().rootGroup()
    group.removeAllChildren()
    for layer in layers:
        node = group.addLayer(layer)
        if isinstance(layer, QgsRasterLayer):
            # The first line names the band and the renderer: nothing for readers.
            lines = len(legend.model().layerLegendNodes(node))
            QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(range(1, lines)))
            legend.model().refreshLayerLegend(node)
    legend.adjustBoxSize()


def _export(layout: QgsPrintLayout, target: Path, what: str) -> None:
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = DOTS_PER_INCH
    settings.exportMetadata = True
    failure = WriteFailure(what)
    with scratch_file(part_of(target), failure) as part:
        done = QgsLayoutExporter(layout).exportToPdf(str(part), settings)
        if done != QgsLayoutExporter.ExportResult.Success:
            raise FirstLightError(what, f"QGIS says {done}", "Choose another folder.")
        put_in_place(part, target, failure)
