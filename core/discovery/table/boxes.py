"""Boxes of many footprints at once: which of them touch an area.

A box across the antimeridian has its west east of its east (RFC 7946, 5.2). No scene is wider than
half the globe: a west that lies less than that east of the east is no crossing but an error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...types import Bounds

Boxes = npt.NDArray[np.float64]
"""(n, 4): west, south, east, north."""
Mask = npt.NDArray[np.bool_]
HALF = 180.0
TOLERANCE = 1e-3
"""Degrees, 100 m: a box of 32-bit numbers is 1e-5 off."""


def usable(boxes: Boxes) -> Mask:
    """Which of them can be believed: numbers, on the globe, not upside down."""
    west, south, east, north = boxes.T
    with np.errstate(invalid="ignore"):
        crosses = west - east > HALF
        sound = np.isfinite(boxes).all(axis=1) & (south <= north) & ((west <= east) | crosses)
        on_globe = (south >= -90 - TOLERANCE) & (north <= 90 + TOLERANCE)
        near = (np.abs(west) <= 2 * HALF) & (np.abs(east) <= 2 * HALF)
    found: Mask = sound & on_globe & near
    return found


def touching(boxes: Boxes, area: Sequence[Bounds]) -> Mask:
    """Which of them touch one of the area's boxes; those that are not :func:`usable` do not.

    Parameters
    ----------
    boxes : numpy.ndarray
        (n, 4); longitudes beyond 180 go on around the globe.
    area : sequence of Bounds
        Each with its west below its east.
    """
    west, south, east, north = boxes.T
    found = np.zeros(len(boxes), bool)
    sound = usable(boxes)
    with np.errstate(invalid="ignore"):
        crosses = west > east
        for left, low, right, high in area:
            inside = crosses & ((west <= right) | (east >= left))
            for turn in (0.0, -2 * HALF, 2 * HALF):
                inside |= ~crosses & (west + turn <= right) & (east + turn >= left)
            found |= inside & (south <= high) & (north >= low)
    return found & sound


def of_geometries(envelopes: Boxes) -> Boxes:
    """Envelopes of outlines as boxes: one that is wider than half the globe may be of an outline
    across the antimeridian, and is around the globe.
    """
    wide = envelopes[:, 2] - envelopes[:, 0] > HALF
    boxes = envelopes.copy()
    boxes[wide, 0], boxes[wide, 2] = -HALF, HALF
    return boxes


def cover(boxes: Boxes, envelopes: Boxes) -> Mask:
    """Which boxes hold the envelopes of their outlines; true where that cannot be told: of outlines
    that are missing, damaged or across the antimeridian, and of boxes that nobody believes.
    """
    with np.errstate(invalid="ignore"):
        low = (boxes[:, :2] <= envelopes[:, :2] + TOLERANCE).all(axis=1)
        high = (boxes[:, 2:] >= envelopes[:, 2:] - TOLERANCE).all(axis=1)
        wide = envelopes[:, 2] - envelopes[:, 0] > HALF
        crosses = boxes[:, 0] > boxes[:, 2]
    unknown = ~np.isfinite(envelopes).all(axis=1) | ~usable(boxes)
    held: Mask = (low & high) | wide | crosses | unknown
    return held


def may_touch(least: Sequence[float], most: Sequence[float], area: Sequence[Bounds]) -> bool:
    """Whether a box of a group can touch the area.

    Parameters
    ----------
    least, most : sequence of float
        Of the group's wests, souths, easts and norths.
    area : sequence of Bounds
        Each with its west below its east.
    """
    numbers = np.array([*least, *most])
    if not np.isfinite(numbers).all():
        return True
    crosses = most[0] - least[2] > HALF
    around = crosses or bool((np.abs(numbers[[0, 2, 4, 6]]) > HALF).any())
    return any(
        (around or (least[0] <= right and most[2] >= left)) and least[1] <= high and most[3] >= low
        for left, low, right, high in area
    )
