"""Places of layers in the tree: an event's in one open group, the newest picture on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..core.operation import LayerOutput
from ..core.raster.open_file import VECTOR_SUFFIXES
from ..core.text import shown

PARENT_GROUP = "FirstLight"
"""Around results that belong to no event."""
RESULT = "firstlight/result"
"""Property of a layer that Processing puts on the map: the group that it would have had."""
EARLY = "firstlight/early"
"""Property of a layer that came while the rest of its result was still coming."""
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
        # What came early was switched on to be seen; now others may lie above it.
        left = node.itemVisibilityChecked()
        early = any(other.customProperty(EARLY) for other in old)
        new.setItemVisibilityChecked(left and output.visible if early else left)
        if node.isExpanded() and (output.visible or not early):
            _unfold(new)
        else:
            new.setExpanded(False)
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


def mark_early(layer: QgsMapLayer, project: QgsProject) -> None:
    """Note that a layer has come while the rest of its result is still coming, which takes its
    place then.
    """
    layer.setCustomProperty(EARLY, True)
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is not None and node.parent().parent() is not None:
        node.parent().parent().setCustomProperty(EARLY, True)


def withdraw_layer(output: LayerOutput, project: QgsProject) -> None:
    """Take away a layer that came early and does not stand."""
    gone = [
        layer.id()
        for layer in project.mapLayers().values()
        if layer.customProperty(EARLY) and _same_file(source_path(layer), output.path)
    ]
    project.removeMapLayers(gone)


def order_groups(outputs: Sequence[LayerOutput], project: QgsProject) -> None:
    """Put the groups of a result into its order, where layers that came early have made some of
    them before the others: each above the one before.
    """
    for above in dict.fromkeys(output.above for output in outputs if output.above):
        names = [shown(one.group) for one in outputs if one.above == above]
        parent = _group((above,), project)
        if not parent.customProperty(EARLY):
            continue
        parent.removeCustomProperty(EARLY)
        nodes = {node.name(): node for node in parent.children()}
        wanted = [name for name in dict.fromkeys(reversed(names)) if name in nodes]
        if [name for name in nodes if name in wanted] == wanted:
            continue
        for name in reversed(wanted):
            parent.insertChildNode(0, nodes[name].clone())
            parent.removeChildNode(nodes[name])
            _open(parent.children()[0])


def _open(group: QgsLayerTreeGroup | None) -> None:
    """Unfold a group and those above it."""
    while group is not None:
        _unfold(group)
        group = group.parent()


def _unfold(node: QgsLayerTreeNode) -> None:
    """Unfold a group, or the legend of a layer. QGIS's tree keeps one shut that was empty when it
    came, and does not look again unless its state changes.
    """
    node.setExpanded(False)
    node.setExpanded(True)


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


def sort_into_result(layer: QgsMapLayer, output: LayerOutput) -> None:
    """Move a layer that Processing has put on the map below the outlines of the same result, or
    above its pictures: it puts them there in the order of their files' names. Outlines right below
    it come above it whatever they are of: a model shows maps of several algorithms.
    """
    layer.setCustomProperty(RESULT, output.group)
    project = layer.project()
    node = None if project is None else project.layerTreeRoot().findLayer(layer.id())
    if node is None:
        return
    parent, rank = node.parent(), _rank(layer)
    nodes = parent.children()
    row = nodes.index(node)
    others = [
        (place, _rank(other.layer()))
        for place, other in enumerate(nodes)
        if isinstance(other, QgsLayerTreeLayer)
        and other.layer() is not None
        and other.layer().customProperty(RESULT) == output.group
    ]
    above = [place + 1 for place, theirs in others if theirs < rank and place > row]
    end = row + 1
    while rank > _OUTLINES and end < len(nodes) and _is_result_outline(nodes[end]):
        end += 1
        above.append(end)
    below = [place for place, theirs in others if theirs > rank and place < row]
    target = max(above, default=min(below, default=None))
    if target is not None:
        parent.insertChildNode(target, node.clone())
        parent.removeChildNode(node)


def sort_key(output: LayerOutput) -> int:
    """Place of a result among those that Processing loads: the greater, the higher (QGIS 3.32)."""
    if output.path.suffix.lower() == ".vrt":
        return -_PICTURES
    return -_OUTLINES if output.path.suffix.lower() in VECTOR_SUFFIXES else -_MAPS


_OUTLINES, _MAPS, _PICTURES = range(3)


def _rank(layer: QgsMapLayer) -> int:
    if isinstance(layer, QgsVectorLayer):
        return _OUTLINES
    return _PICTURES if _is_picture(layer) else _MAPS


def _is_result_outline(node: QgsLayerTreeNode) -> bool:
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return layer is not None and _rank(layer) == _OUTLINES and bool(layer.customProperty(RESULT))


def _is_picture(layer: QgsMapLayer) -> bool:
    return isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1


def _is_older(layer: QgsMapLayer, moment: datetime | None) -> bool:
    text = str(layer.customProperty(ACQUIRED, ""))
    return bool(text) and moment is not None and datetime.fromisoformat(text) < moment


def _same_file(first: Path | None, second: Path) -> bool:
    """Whether two paths lead to one file. Links are followed where the names are the same: of any
    other layer, which may lie on a disk that is away, nothing is asked.
    """
    if first is None or first.name != second.name:
        return False
    return first == second or first.resolve() == second.resolve()
