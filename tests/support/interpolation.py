"""Interpolation as a textbook has it, in numpy alone: what stacks are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Axis:
    """Where the pixels of a target lie among those of a source, along rows or columns."""

    count: int
    """Pixels of the target."""
    first: float
    """Middle of the first one, in the source's pixels from its edge."""
    step: float
    """From one to the next, in the source's pixels."""

    def middles(self) -> Floats:
        """Middle of each target pixel, in the source's pixels from its edge."""
        return self.first + np.arange(self.count, dtype=np.float64) * self.step


@dataclass(frozen=True)
class Interpolated:
    """What bilinear interpolation makes of a band."""

    values: Floats
    """Weighted over the valid neighbours only."""
    all_valid: Mask
    """Every neighbour that has a weight is valid."""
    none_valid: Mask
    """No neighbour is valid, those at exactly one pixel's distance among them."""
    low: Floats
    """Least of the valid neighbours."""
    high: Floats
    rim: Mask
    """The middle of the pixel lies within half a pixel of the source's edge, or beyond it."""
    outside: Mask
    """No part of the pixel lies in the source."""


def bilinear(source: npt.NDArray[Any], valid: Mask, rows: Axis, cols: Axis) -> Interpolated:
    """Bilinear interpolation along columns, then along rows; where pixels grow, the triangle grows
    with them.

    Weights of what is not valid are left out, and the others made up to 1, along each axis in its
    turn: as GDAL does.
    """
    wy, wx = _weights(rows, source.shape[0]), _weights(cols, source.shape[1])
    across, any_across = _blend(np.where(valid, source, 0).astype(np.float64), valid, wx)
    values = _blend(across.T, any_across.T, wy)[0].T
    # A neighbour exactly one pixel away has no weight, or by rounding the least one; alone it may
    # then be all there is.
    near_y, near_x = (
        _weights(axis, length, 1e-6) > 0 for axis, length in zip((rows, cols), source.shape)
    )
    touched = (wy > 0).astype(float) @ valid.astype(float) @ (wx > 0).T.astype(float)
    wanted = (wy > 0).sum(1)[:, None] * (wx > 0).sum(1)[None, :]
    low, high = np.full(values.shape, np.inf), np.full(values.shape, -np.inf)
    for row in range(rows.count):
        for col in range(cols.count):
            box = np.ix_(near_y[row], near_x[col])
            found = source[box][valid[box]]
            if found.size:
                low[row, col], high[row, col] = found.min(), found.max()
    rim_y, out_y = _edges(rows, source.shape[0])
    rim_x, out_x = _edges(cols, source.shape[1])
    return Interpolated(
        values,
        (touched == wanted) & (wanted > 0),
        low > high,
        low,
        high,
        rim_y[:, None] | rim_x[None, :],
        out_y[:, None] | out_x[None, :],
    )


def _weights(axis: Axis, length: int, more: float = 0.0) -> Floats:
    """(target, source): 1 in the middle of a source pixel, falling to 0 in the middle of
    the next.
    """
    away = np.abs(np.arange(length) + 0.5 - axis.middles()[:, None]) / max(1.0, axis.step)
    weights = np.clip(1 + more - away, 0, None)
    weights[weights < 1e-9] = 0
    return weights


def _blend(values: Floats, valid: Mask, weights: Floats) -> tuple[Floats, Mask]:
    """Along the last axis of ``values``."""
    share = valid.astype(float) @ weights.T
    some = share > 1e-9
    return np.where(some, (values * valid) @ weights.T / np.where(some, share, 1), 0), some


def _edges(axis: Axis, length: int) -> tuple[Mask, Mask]:
    middle, half = axis.middles(), axis.step / 2 + 1e-9
    return (middle < half) | (middle > length - half), (middle < -half) | (middle > length + half)
