"""The refined Lee filter as an analyst writes it with scipy: the edge from nine means of 3 × 3
pixels, and a correlation with each of the eight halves of 7 × 7, of the values and of their
squares, in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LOOKS = 4.4
MARGIN = 3
"""Pixels around that a pixel depends on."""


def refined_lee(power: Any) -> Any:
    """Power without much of its speckle."""
    from scipy.ndimage import correlate, uniform_filter

    means = uniform_filter(power, 3, mode="nearest")

    def at(row: int, col: int) -> Any:
        padded = np.pad(means, 2, mode="edge")
        height, width = power.shape
        return padded[2 + 2 * row : 2 + 2 * row + height, 2 + 2 * col : 2 + 2 * col + width]

    n = {(row, col): at(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)}
    west, east = n[-1, -1] + n[0, -1] + n[1, -1], n[-1, 1] + n[0, 1] + n[1, 1]
    north, south = n[-1, -1] + n[-1, 0] + n[-1, 1], n[1, -1] + n[1, 0] + n[1, 1]
    northwest, southeast = n[-1, 0] + n[-1, -1] + n[0, -1], n[1, 0] + n[1, 1] + n[0, 1]
    northeast, southwest = n[-1, 0] + n[-1, 1] + n[0, 1], n[1, 0] + n[1, -1] + n[0, -1]
    steep = np.abs(
        [west - east, north - south, northwest - southeast, northeast - southwest],
    ).argmax(axis=0)
    first = [n[0, -1], n[-1, 0], n[-1, -1], n[-1, 1]]
    second = [n[0, 1], n[1, 0], n[1, 1], n[1, -1]]
    side = 2 * steep + (
        np.abs(np.choose(steep, first) - n[0, 0]) > np.abs(np.choose(steep, second) - n[0, 0])
    )
    mean, squares = np.empty_like(power), np.empty_like(power)
    for number, half in enumerate(_halves()):
        here = side == number
        mean[here] = correlate(power, half, mode="nearest")[here]
        squares[here] = correlate(power * power, half, mode="nearest")[here]
    variance = squares - mean * mean
    signal = np.maximum((variance - mean * mean / LOOKS) / (1 + 1 / LOOKS), 0)
    weight = np.where(variance > 0, np.minimum(signal / variance, 1), 0)
    return mean + weight * (power - mean)


def _halves() -> list[Any]:
    row, col = np.indices((7, 7)) - 3
    kept = (col <= 0, col >= 0, row <= 0, row >= 0)
    corners = (row + col <= 0, row + col >= 0, row <= col, row >= col)
    return [half / half.sum() for half in (*kept, *corners)]
