"""The layer of a map that tells how likely each pixel is affected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

import numpy.typing as npt

from ..confidence.noise import Noise
from .kernel import Compute, Kernel, Layer, Values

NAME = "confidence"
"""Of the layer; its values are those of :mod:`..confidence.likelihood`."""
STYLE = "likelihood"


def confidence_layer(what: str) -> Layer:
    """The layer; ``what``: ``that it burned``."""
    return Layer(NAME, f"Confidence {what} (%)", (0.0, 100.0), STYLE, dtype="uint8", unit="%")


class TakesNoise(Protocol):
    """A function that can tell the noise of its own values."""

    def with_noise(self, windows: Sequence[Values]) -> Compute:
        """The same with the noise of some windows."""


@dataclass(frozen=True)
class NoiseSample:
    """A look at the noise of a few windows."""

    def learn(self, compute: Compute, windows: Sequence[Values]) -> Compute:
        """The function with the noise that they show."""
        return cast("TakesNoise", compute).with_noise(windows)


@runtime_checkable
class Doubted(Protocol):
    """A function that knows how noisy the values are that it compares with its limit."""

    @property
    def doubt(self) -> Noise:
        """Their noise, in their unit."""

    def __call__(self, values: Values) -> npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]:
        """The layers."""


def noise_of(kernel: Kernel) -> Noise | None:
    """The noise that a kernel's confidence rests on; None where it makes no such layer."""
    makes = any(layer.style == STYLE for layer in kernel.layers)
    return kernel.compute.doubt if makes and isinstance(kernel.compute, Doubted) else None
