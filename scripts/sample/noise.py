"""Random fields: textures, speckle, and the blur that sensors and transitions need."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[Any]

SPECKLE_LOOKS = 4.4
"""Equivalent number of looks that Sentinel-1's ground range products state
(``sar:looks_equivalent_number``).
"""
_FIFTH_LOOK = 0.2207
"""Weight of the fifth of five looks, the others weighing 1: (4 + w)² / (4 + w²) = 4.4."""
_NEIGHBOUR = 0.35
"""Amplitude that a pixel shares with its neighbour: a resolution of 20 × 22 m sampled every 10 m
makes them alike.
"""


def fractal(
    shape: tuple[int, ...], slope: float, rng: np.random.Generator, longest: float = np.inf
) -> Field:
    """A random surface whose amplitude falls with frequency to the power of ``slope``: mean 0,
    deviation 1, float64.

    Without waves longer than ``longest`` pixels.
    """
    fy, fx = np.fft.fftfreq(shape[0])[:, np.newaxis], np.fft.rfftfreq(shape[1])[np.newaxis, :]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**slope
    spectrum[frequency < 1 / longest] = 0.0
    spectrum[0, 0] = 0.0
    surface: Field = np.fft.irfft2(spectrum, s=shape)
    return surface / surface.std()


def blur(field: Field, sigma: float) -> Field:
    """A Gaussian of ``sigma`` pixels; beyond the edges the field goes on as at the edge."""
    reach = max(1, int(np.ceil(3 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return _convolve(field, weights / weights.sum(), "edge")


def speckle(shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """Multiplicative speckle of intensity: mean 1, equivalent looks 4.4, neighbours correlated by
    about 0.3.

    Each look is the intensity of a complex circular Gaussian field (Goodman 1976,
    doi:10.1364/JOSA.66.001145).
    """
    kernel = np.array([_NEIGHBOUR, 1.0, _NEIGHBOUR])
    kernel /= np.sqrt((kernel**2).sum())  # keeps the variance
    total = np.zeros(shape)
    weights = (1.0, 1.0, 1.0, 1.0, _FIFTH_LOOK)
    for weight in weights:
        for _ in range(2):  # the real and the imaginary part
            total += weight * _convolve(rng.standard_normal(shape), kernel, "wrap") ** 2
    return total / (2 * sum(weights))


def halve(field: Field) -> Field:
    """The means of 2 × 2 pixels: 10 m → 20 m."""
    rows, cols = field.shape
    return field.reshape(rows // 2, 2, cols // 2, 2).mean(axis=(1, 3))


def fill_from(seed: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """All of ``inside`` that touches ``seed``, by an edge, over any distance."""
    reached = seed & inside
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= inside
        if (grown == reached).all():
            return reached
        reached = grown


def _convolve(field: Field, weights: Field, mode: Any) -> Field:
    reach = len(weights) // 2
    for axis in (0, 1):
        pad = [(reach, reach) if one == axis else (0, 0) for one in (0, 1)]
        padded = np.pad(field, pad, mode=mode)
        size = field.shape[axis]
        parts = (
            w * (padded[i : i + size] if axis == 0 else padded[:, i : i + size])
            for i, w in enumerate(weights)
        )
        field = sum(parts, np.zeros_like(field))
    return field
