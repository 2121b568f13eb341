"""The bands as they are: the kernel of a mosaic that computes nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .kernel import FloatArray, Kernel, Layer, Values


@dataclass(frozen=True)
class Bands:
    """Hands bands on."""

    names: tuple[str, ...]

    def __call__(self, values: Values) -> FloatArray:
        """All of them, (bands, rows, cols)."""
        return np.stack([values[name] for name in self.names])


def bands_kernel(
    title: str, names: Sequence[str], expected: tuple[float, float], unit: str, style: str
) -> Kernel:
    """The kernel that puts bands into one layer.

    Parameters
    ----------
    expected : (float, float)
        Values that are plausible: the scale of whole numbers is chosen for them.
    """
    layer = Layer(title, title, expected, style, bands=tuple(names), unit=unit)
    return Kernel(title, {name: name for name in names}, Bands(tuple(names)), (layer,), "")
