"""Which of the project's pictures a form about before and after begins with."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from qgis.core import QgsProject, QgsRasterLayer

from ...core.operation import Declared
from ...core.params import Door, InputRole
from ...plugin.layer_tree import ACQUIRED


def stack_pair(operation: Declared, project: QgsProject) -> dict[str, str]:
    """The newest picture of the project for the stack after, the next older one of the same group
    for the stack before: a proposal, which stands in the form to be seen.

    Empty where the form does not require both, or the project has no two of different days in one
    group. A layer that FirstLight did not date is never taken.
    """
    roles = {param.role: param.name for param in operation.parameters(Door.DOCK) if param.required}
    if not {InputRole.BEFORE, InputRole.AFTER} <= set(roles):
        return {}
    groups: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        moment = "" if layer is None else str(layer.customProperty(ACQUIRED, ""))
        if moment and isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1:
            key = node.parent().name() if node.parent() else ""
            groups[key].append((datetime.fromisoformat(moment), str(layer.source())))
    best: tuple[datetime, str, str] | None = None
    for pictures in groups.values():
        last = max(pictures)
        older = [one for one in pictures if one[0].date() < last[0].date()]
        if older and (best is None or last[0] > best[0]):
            best = (last[0], max(older)[1], last[1])
    if best is None:
        return {}
    return {roles[InputRole.BEFORE]: best[1], roles[InputRole.AFTER]: best[2]}
