"""Which of the project's pictures a form about before and after begins with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from qgis.core import QgsProject, QgsRasterLayer

from ..core.params import InputRole, Param


def pair_names(params: Sequence[Param]) -> tuple[str, str] | None:
    """Names of the parameters for the stack before and the one after; None where a form does not
    require both.
    """
    roles = {param.role: param.name for param in params if param.required}
    if not {InputRole.BEFORE, InputRole.AFTER} <= set(roles):
        return None
    return roles[InputRole.BEFORE], roles[InputRole.AFTER]


def stack_pair(params: Sequence[Param], project: QgsProject) -> dict[str, str]:
    """The newest picture of the project for the stack after, the next older one of the same group
    for the stack before: a proposal, which stands in the form to be seen.

    Empty where the form does not require both, or the project has no two of different days in one
    group. A layer that FirstLight did not date is never taken.

    Parameters
    ----------
    params : sequence of Param
        Those of the form.
    project : QgsProject
        Where the pictures are.

    Returns
    -------
    dict of str to str
        Name of the parameter → source of the layer.
    """
    names = pair_names(params)
    if names is None or not project.count():  # as at QGIS's start, which imports no more for this
        return {}
    from .layer_tree import ACQUIRED

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
    return {} if best is None else dict(zip(names, best[1:]))
