"""Results of operations → styled layers on the map; everything here runs on the main thread."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsDateTimeRange,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from ..core.errors import FirstLightError
from ..core.operation import LayerOutput
from ..core.raster.open_file import VECTOR_SUFFIXES, check_map_file
from ..core.text import shown
from .layer_metadata import describe_layer
from .layer_style import apply_style

PARENT_GROUP = "FirstLight"


def add_layers(
    outputs: Iterable[LayerOutput], project: QgsProject
) -> tuple[list[QgsMapLayer], list[FirstLightError]]:
    """Put results on the map, each in the group of its scene; a layer that shows the same file
    already is replaced.

    Parameters
    ----------
    outputs : iterable of LayerOutput
        What to show.
    project : QgsProject
        Where.

    Returns
    -------
    layers, errors
        The new layers, and a sentence for each file that QGIS cannot open.
    """
    layers: list[QgsMapLayer] = []
    errors: list[FirstLightError] = []
    for output in outputs:
        try:
            layer = open_layer(output, project)
        except FirstLightError as error:
            what = f"Layer '{shown(output.title)}' cannot be shown"
            errors.append(FirstLightError(what, f"{output.path}: {error.why}", error.hint))
            continue
        if not layer.isValid():
            errors.append(
                FirstLightError(
                    f"Layer '{shown(output.title)}' cannot be shown",
                    f"QGIS cannot open {output.path}",
                )
            )
            continue
        dress_layer(layer, output)
        _place(layer, output, project)
        layers.append(layer)
    return layers, errors


def open_layer(output: LayerOutput, project: QgsProject) -> QgsMapLayer:
    """The layer of a file, not yet styled.

    QGIS looks at about 250 000 pixels of a raster when it opens one, whatever is asked: 10 to 30 ms
    where there are overviews, as in everything that FirstLight makes. QGIS lets GDAL choose the
    driver; the gate has made sure that it is that of the file's name, and that the file names no
    others. A VRT was looked into by the operation that made it.

    Raises
    ------
    RasterError, ValidationError
        If the file is not what its name says, or names other files.
    """
    if output.path.suffix.lower() != ".vrt":
        check_map_file(output.path)
    if output.path.suffix.lower() in VECTOR_SUFFIXES:
        vector_options = QgsVectorLayer.LayerOptions(project.transformContext())
        vector_options.loadDefaultStyle = False
        return QgsVectorLayer(str(output.path), shown(output.title), "ogr", vector_options)
    options = QgsRasterLayer.LayerOptions(False, project.transformContext())
    return QgsRasterLayer(str(output.path), shown(output.title), "gdal", options)


def dress_layer(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Give a layer its name, style, day and metadata."""
    layer.setName(shown(output.title))
    apply_style(layer, output.style, output.classes)
    set_acquired_day(layer, output)
    describe_layer(layer, output)


def set_acquired_day(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Tell QGIS's temporal controller the day (UTC) on which a raster was taken."""
    if output.acquired is None or not isinstance(layer, QgsRasterLayer):
        return
    day = QDate(output.acquired.year, output.acquired.month, output.acquired.day)
    start = QDateTime(day, QTime(0, 0), Qt.TimeSpec.UTC)
    end = QDateTime(day, QTime(23, 59, 59), Qt.TimeSpec.UTC)
    temporal = layer.temporalProperties()
    temporal.setMode(Qgis.RasterTemporalMode.FixedTemporalRange)
    temporal.setFixedTemporalRange(QgsDateTimeRange(start, end))
    temporal.setIsActive(True)


def source_path(layer: QgsMapLayer) -> Path | None:
    """The file behind a layer; None where it is no file."""
    provider = layer.providerType()
    if provider not in ("gdal", "ogr"):
        return None
    path = QgsProviderRegistry.instance().decodeUri(provider, layer.source()).get("path")
    return Path(path) if path else None


def _place(layer: QgsMapLayer, output: LayerOutput, project: QgsProject) -> None:
    """Position of a layer of the same file, else in the group of the scene, below whatever covers
    less of it.
    """
    root = project.layerTreeRoot()
    old = [
        other
        for other in project.mapLayers().values()
        if _same_file(source_path(other), output.path)
    ]
    node = next(
        (node for node in (root.findLayer(other.id()) for other in old) if node is not None),
        None,
    )
    project.addMapLayer(layer, False)
    if node is not None:
        group = node.parent()
        new = group.insertLayer(group.children().index(node), layer)
        new.setItemVisibilityChecked(node.itemVisibilityChecked())
        new.setExpanded(node.isExpanded())
    else:
        group = _group((shown(output.above), shown(output.group)), project)
        new = group.insertLayer(_row(group, layer, output), layer)
        new.setItemVisibilityChecked(output.visible)
        new.setExpanded(output.visible)
        _open(group)
    project.removeMapLayers([other.id() for other in old])


def _group(names: Iterable[str], project: QgsProject) -> QgsLayerTreeGroup:
    """The group of the last name, inside those of the others, inside FirstLight's own; what is
    missing is made, on top. An empty name is none.
    """
    root = project.layerTreeRoot()
    group = root.findGroup(PARENT_GROUP) or root.insertGroup(0, PARENT_GROUP)
    for name in filter(None, names):
        # findGroup would also find those of another event.
        own = [
            node
            for node in group.children()
            if isinstance(node, QgsLayerTreeGroup) and node.name() == name
        ]
        group = own[0] if own else group.insertGroup(0, name)
    return group


def _open(group: QgsLayerTreeGroup | None) -> None:
    """Unfold a group and those above it. QGIS's tree keeps one shut that was empty when it came,
    and does not look again unless its state changes.
    """
    while group is not None:
        group.setExpanded(False)
        group.setExpanded(True)
        group = group.parent()


def _row(group: QgsLayerTreeGroup, layer: QgsMapLayer, output: LayerOutput) -> int:
    """Outlines on top, then indices (the newest last), then pictures."""
    rank = _rank(layer, output.style == "natural_color")
    for row, node in enumerate(group.children()):
        if isinstance(node, QgsLayerTreeGroup):
            continue
        if isinstance(node, QgsLayerTreeLayer) and node.layer() is not None:
            other = node.layer()
            picture = isinstance(other, QgsRasterLayer) and other.bandCount() > 1
            if _rank(other, picture) > rank:
                return row
    return len(group.children())


def _rank(layer: QgsMapLayer, picture: bool) -> int:
    if isinstance(layer, QgsVectorLayer):
        return 0
    return 2 if picture else 1


def _same_file(first: Path | None, second: Path) -> bool:
    return first is not None and first.resolve() == second.resolve()
