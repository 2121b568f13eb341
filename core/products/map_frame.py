"""Coordinates and north along the edges of a drawn map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..gdal.crs import LONLAT
from ..gdal.projection import project_points
from ..types import Grid

STEPS_DEG = tuple(digit * 10.0**power for power in range(-4, 2) for digit in (1, 2, 5))
"""Distances of ticks, the smallest first."""
WANTED_TICKS = 3
_SAMPLES = 65


@dataclass(frozen=True)
class Tick:
    """A mark on an edge."""

    share: float
    """Of the edge, from the left or from above."""
    text: str
    """``27.32° W``"""


@dataclass(frozen=True)
class MapFrame:
    """What stands around a map."""

    bottom: tuple[Tick, ...] = ()
    left: tuple[Tick, ...] = ()
    north_deg: float | None = None
    """Direction of true north in its middle, clockwise from above; None where it is not known."""


def map_frame(grid: Grid) -> MapFrame:
    """Coordinates on the lower and left edge, and where north is; empty where the raster has no
    place on earth.
    """
    if not grid.crs:
        return MapFrame()
    rows, cols = grid.shape
    along = np.linspace(0, 1, _SAMPLES)
    try:
        lon, _ = _lonlat(grid, along * cols, np.full(_SAMPLES, float(rows)))
        _, lat = _lonlat(grid, np.zeros(_SAMPLES), along * rows)
        middle = _lonlat(
            grid, np.full(2, cols / 2), np.array([rows / 2, rows / 2 - max(1.0, rows / 100)])
        )
    except RasterError:
        return MapFrame()
    if not all(np.isfinite(values).all() for values in (lon, lat, *middle)):
        return MapFrame()
    return MapFrame(
        _ticks(np.rad2deg(np.unwrap(np.deg2rad(lon))), along, "E", "W"),
        _ticks(lat, along, "N", "S"),
        _north(*middle),
    )


def degrees(value: float, positive: str, negative: str, digits: int = 4) -> str:
    """``27.3418° W``."""
    return f"{abs(value):.{digits}f}° {positive if value >= 0 else negative}"


Values = npt.NDArray[np.floating[Any]]


def _lonlat(grid: Grid, cols: Values, rows: Values) -> tuple[Values, Values]:
    a, b, c, d, e, f = grid.transform
    return project_points(grid.crs, LONLAT, a * cols + b * rows + c, d * cols + e * rows + f)


def _ticks(values: Values, along: Values, positive: str, negative: str) -> tuple[Tick, ...]:
    low, high = float(values.min()), float(values.max())
    fitting = [step for step in STEPS_DEG if (high - low) / step >= WANTED_TICKS]
    if not fitting:
        return ()
    step = fitting[-1]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    order = np.argsort(values)
    marks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    shares = np.interp(marks, values[order], along[order])
    turned = (marks + 180) % 360 - 180 if positive == "E" else marks
    return tuple(
        Tick(float(share), degrees(float(mark), positive, negative, digits))
        for share, mark in zip(shares, turned)
    )


def _north(lon: Values, lat: Values) -> float:
    """The way up the picture is so far from north; north lies as far the other way."""
    east = ((lon[1] - lon[0] + 180) % 360 - 180) * math.cos(math.radians(float(lat[0])))
    return -math.degrees(math.atan2(east, float(lat[1] - lat[0])))
