"""Arrays of points in another coordinate system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..types import Bounds
from .area_outline import move_points
from .crs import full_turn

Coordinates = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


def project_points(
    source: str, target: str, xs: Sequence[float] | Floats, ys: Sequence[float] | Floats
) -> tuple[Coordinates, Coordinates]:
    """Coordinates in another coordinate system.

    Returns
    -------
    xs, ys : ndarray of float64, (points,)
        Infinite where a point has no place in the target.

    Raises
    ------
    RasterError
        If there is no way from one system to the other.
    """
    points: Any = np.column_stack([np.ravel(xs), np.ravel(ys)]).tolist()
    placed = np.array(move_points(source, target, points), dtype=np.float64).reshape(-1, 2)
    return placed[:, 0], placed[:, 1]


def rings_of(geometry: Mapping[str, Any]) -> list[list[Coordinates]]:
    """The rings of a GeoJSON Polygon or MultiPolygon, polygon by polygon: (points, 2) each."""
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [
        [np.array([point[:2] for point in ring], dtype=np.float64) for ring in polygon]
        for polygon in polygons
    ]


def turned_near(xs: Coordinates, crs: str, near: Bounds) -> Coordinates:
    """Longitudes whole turns from where they were, so that they lie nearest to a raster, which may
    run from 0 to 360; in a projected system as they are.
    """
    turn = full_turn(crs)
    if not turn:
        return xs
    return np.asarray(xs + turn * np.round(((near[0] + near[2]) / 2 - xs) / turn))
