"""Places of layers in the tree: an event's in one open group, the newest picture on top."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..core.operation import LayerOutput
from ..core.text import shown

PARENT_GROUP = "FirstLight"
"""Around results that belong to no event."""
ACQUIRED = "firstlight/acquired"
"""Property of a layer: when its newest picture was taken, ISO."""


def source_path(layer: QgsMapLayer) -> Path | None:
    """The file behind a layer; None where it is no file."""
    provider = layer.providerType()
    if provider not in ("gdal", "ogr"):
        return None
    path = QgsProviderRegistry.instance().decodeUri(provider, layer.source()).get("path")
    return Path(path) if path else None


def place_layer(layer: QgsMapLayer, output: LayerOutput, project: QgsProject) -> None:
    """Put a layer on the map: where one of the same file is already, in its place; else in its
    group, below whatever covers less of it.
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
    if output.acquired is not None:
        layer.setCustomProperty(ACQUIRED, output.acquired.isoformat())
    project.addMapLayer(layer, False)
    if node is not None:
        group = node.parent()
        new = group.insertLayer(group.children().index(node), layer)
        new.setItemVisibilityChecked(node.itemVisibilityChecked())
        new.setExpanded(node.isExpanded())
    else:
        group = _group((output.above or PARENT_GROUP, output.group), project)
        new = group.insertLayer(_row(group, layer, output), layer)
        new.setItemVisibilityChecked(output.visible)
        new.setExpanded(output.visible and not _is_picture(layer))
        _open(group)
    project.removeMapLayers([other.id() for other in old])


def _group(names: Iterable[str], project: QgsProject) -> QgsLayerTreeGroup:
    """The group of the last name, inside those of the others; what is missing is made, on top. An
    empty name is none.
    """
    group = project.layerTreeRoot()
    for name in map(shown, filter(None, names)):
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
    """Outlines on top, then maps in the order in which they come, then pictures, the newest
    first.
    """
    rank = _rank(layer)
    for row, node in enumerate(group.children()):
        other = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
        if other is None:
            continue
        older = rank == _PICTURES == _rank(other) and _is_older(other, output.acquired)
        if _rank(other) > rank or older:
            return row
    return len(group.children())


_OUTLINES, _MAPS, _PICTURES = range(3)


def _rank(layer: QgsMapLayer) -> int:
    if isinstance(layer, QgsVectorLayer):
        return _OUTLINES
    return _PICTURES if _is_picture(layer) else _MAPS


def _is_picture(layer: QgsMapLayer) -> bool:
    return isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1


def _is_older(layer: QgsMapLayer, moment: datetime | None) -> bool:
    text = str(layer.customProperty(ACQUIRED, ""))
    return bool(text) and moment is not None and datetime.fromisoformat(text) < moment


def _same_file(first: Path | None, second: Path) -> bool:
    return first is not None and first.resolve() == second.resolve()
