"""Which of the project's pictures a form about before and after begins with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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

    Scenes that were fetched one by one have a group each: of these, too, two are taken that have
    the same bands and overlap. Empty where the form does not require both, or the project has no
    such two of different days. A layer that FirstLight did not date is never taken.

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

    groups: dict[str, list[_Picture]] = defaultdict(list)
    sets: dict[tuple[str, ...], list[_Picture]] = defaultdict(list)
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        moment = "" if layer is None else str(layer.customProperty(ACQUIRED, ""))
        if moment and isinstance(layer, QgsRasterLayer) and layer.bandCount() > 1:
            picture = _Picture(datetime.fromisoformat(moment), str(layer.source()), layer)
            groups[node.parent().name() if node.parent() else ""].append(picture)
            bands = (layer.bandName(number) for number in range(1, layer.bandCount() + 1))
            alike = (layer.crs().authid(), *bands)
            sets[alike].append(picture)
    best = _best_pair(groups.values()) or _best_pair(sets.values())
    return {} if best is None else dict(zip(names, (one.source for one in best)))


@dataclass(frozen=True)
class _Picture:
    """A layer that may be one of two."""

    moment: datetime
    source: str
    layer: QgsRasterLayer


def _best_pair(groups: Iterable[Sequence[_Picture]]) -> tuple[_Picture, _Picture] | None:
    """The newest picture that has an older one in its group, after the newest of these."""
    best: tuple[_Picture, _Picture] | None = None
    for pictures in groups:
        last = max(pictures, key=lambda one: (one.moment, one.source))
        place = last.layer.extent()
        older = [
            one
            for one in pictures
            if one.moment.date() < last.moment.date() and one.layer.extent().intersects(place)
        ]
        if older and (best is None or last.moment > best[1].moment):
            best = (max(older, key=lambda one: (one.moment, one.source)), last)
    return best
