"""The pictures before and after, of the layers that a run has made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.operation import LayerOutput
from .layer_style import NATURAL_COLOR


@dataclass(frozen=True)
class PicturePair:
    """Two pictures of one sensor, and what was found between them."""

    before: LayerOutput
    after: LayerOutput
    outline: LayerOutput | None


def picture_pair(layers: Sequence[LayerOutput]) -> PicturePair | None:
    """The pair that the map is made from: the picture below it and the youngest one before that,
    of the same group; None where there are no two.
    """
    pictures = [layer for layer in layers if layer.style == NATURAL_COLOR and layer.acquired]
    shown = [layer for layer in pictures if layer.visible] or pictures
    if not shown:
        return None
    after = max(shown, key=_time)
    older = [
        layer for layer in pictures if layer.group == after.group and _time(layer) < _time(after)
    ]
    if not older:
        return None
    outlines = [layer for layer in layers if layer.style == "perimeter" and layer.visible]
    return PicturePair(max(older, key=_time), after, next(iter(outlines), None))


def _time(layer: LayerOutput) -> float:
    return layer.acquired.timestamp() if layer.acquired else 0.0
