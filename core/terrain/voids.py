"""Numbers in a height model that stand for no height although the file does not say so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import Cancelled, InputError, RasterError
from ..gdal.bounds import moved_bounds
from ..raster.grid import Window, intersect_bounds, overlap_rects, split_windows
from ..raster.reader import RasterReader
from ..types import Grid, Radiometry

LOWEST_M, HIGHEST_M = -11_100.0, 9_000.0
"""Heights of ground and sea floor lie between: from the Challenger Deep to Mount Everest."""
SENTINELS = (-9999.0, -32767.0, -32768.0, -99999.0)
"""Stored numbers that programs write where there is no height."""
APART = 100.0
"""A sentinel is none if other numbers lie as near: then it is the depth of a sea."""
CLIFF_M, LEAST_CLIFF_M = 100.0, 20.0
"""Ground at 0 m is a hole if the heights around it are, in the middle and nearly everywhere, as far
above: the sea's shores are lower. A judgement.
"""
DOUBTFUL_M = 50.0
"""From here on it is warned of."""
READ_PIXELS = 1024
MOST_NAMED = 3


@dataclass
class _Survey:
    """What is seen of a height model."""

    known: int = 0
    zeros: int = 0
    odd: dict[float, int] = field(default_factory=dict)
    """Stored number that cannot be a height → how often."""
    near: set[float] = field(default_factory=set)
    """Sentinels that have other numbers nearby."""
    rims: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Heights beside zeros, metres."""


def declare_voids(
    path: Path, rule: Radiometry, grid: Grid, subject: str, stop: Callable[[], bool]
) -> tuple[Radiometry, list[str]]:
    """Find undeclared voids under a grid.

    Parameters
    ----------
    rule : Radiometry
        Of the file's heights, in metres.
    grid : Grid
        Only the part of the file under it is read.
    subject : str
        For the sentence: ``x.tif cannot be used as a height model``.

    Returns
    -------
    Radiometry, list of str
        With the void as its nodata, and warnings.

    Raises
    ------
    InputError
        If there are several such numbers, or heights that the earth has not.
    RasterError, Cancelled
    """
    survey = _look(path, rule, grid, stop)
    odd = {value: count for value, count in survey.odd.items() if value not in survey.near}
    if not odd:
        return _holes(path, rule, survey)
    if len(odd) > 1 or (_declared(path) is not None and set(odd) != {rule.nodata}):
        named = ", ".join(f"{value:.7g}" for value in sorted(odd)[:MOST_NAMED])
        more = " and others" if len(odd) > MOST_NAMED else ""
        raise InputError(
            subject,
            f"it holds {named}{more}, which cannot be heights in metres and are not declared as "
            "nodata",
            "Give its unit with ‘terrain.dem_unit’, or declare one number for no height.",
        )
    [(value, count)] = odd.items()
    warning = (
        f"{path.name} holds {value:.7g} in {_percent(count, survey)} of its pixels without "
        "declaring it as nodata: it was taken for no height"
    )
    return _with_nodata(rule, value), [warning]


def _holes(path: Path, rule: Radiometry, survey: _Survey) -> tuple[Radiometry, list[str]]:
    """Zeros between heights far above: voids, if it is sure, and nothing else is declared."""
    rims = np.abs(np.concatenate(survey.rims)) if survey.rims else np.zeros(0)
    if not rims.size or np.median(rims) < DOUBTFUL_M:
        return rule, []
    share, median = _percent(survey.zeros, survey), float(np.median(rims))
    seen = f"{share} of {path.name} is 0 m high, beside ground of {median:.0f} m"
    sure = median >= CLIFF_M and float(np.percentile(rims, 5)) >= LEAST_CLIFF_M
    if sure and _declared(path) is None:
        return _with_nodata(rule, 0.0), [f"{seen}: it was taken for no height"]
    return rule, [f"{seen}: if that is no height, declare 0 as its nodata"]


def _look(path: Path, rule: Radiometry, grid: Grid, stop: Callable[[], bool]) -> _Survey:
    survey = _Survey()
    declared = _declared(path)
    with RasterReader(path) as reader:
        part = _part(reader.facts.grid, grid)
        for tile in split_windows((part.rows, part.cols), READ_PIXELS):
            if stop():
                raise Cancelled("Looking for voids")
            window = Window(part.row + tile.row, part.col + tile.col, tile.rows, tile.cols)
            stored = reader.read_stored(1, window).astype(np.float64)
            if declared is not None:
                stored[stored == declared] = np.nan
            _count(stored, rule, survey)
    return survey


def _count(stored: npt.NDArray[np.float64], rule: Radiometry, survey: _Survey) -> None:
    known = np.isfinite(stored)
    metres = stored * rule.scale + rule.offset
    survey.known += int(known.sum())
    odd = known & ((metres < LOWEST_M) | (metres > HIGHEST_M))
    sentinel = np.isin(stored, SENTINELS)
    for value in SENTINELS:
        if (known & ~odd & ~sentinel & (np.abs(stored - value) < APART)).any():
            survey.near.add(value)
    odd |= sentinel
    values, counts = np.unique(stored[odd], return_counts=True)
    for value, count in zip(map(float, values), map(int, counts)):
        survey.odd[value] = survey.odd.get(value, 0) + count
    _count_zeros(stored, metres, known & ~odd, survey)


def _count_zeros(
    stored: npt.NDArray[np.float64],
    metres: npt.NDArray[np.float64],
    sound: npt.NDArray[np.bool_],
    survey: _Survey,
) -> None:
    zero = sound & (stored == 0)
    if not zero.any():
        return
    survey.zeros += int(zero.sum())
    beside = np.zeros_like(zero)
    beside[1:] |= zero[:-1]
    beside[:-1] |= zero[1:]
    beside[:, 1:] |= zero[:, :-1]
    beside[:, :-1] |= zero[:, 1:]
    survey.rims.append(metres[beside & sound & ~zero])


def _part(own: Grid, grid: Grid) -> Window:
    """The window of a file under a grid; all of it where that cannot be told."""
    whole = Window(0, 0, *own.shape)
    _, b, _, d, e, _ = own.transform
    if b or d or e > 0:
        return whole
    try:
        common = intersect_bounds([moved_bounds(grid, own.crs, own.bounds), own.bounds])
    except RasterError:
        return whole
    if common is None:
        return whole
    left, bottom, right, top = common
    rects = overlap_rects(own, Grid(own.crs, (right - left, 0, left, 0, bottom - top, top), (1, 1)))
    if rects is None:
        return whole
    rect = rects[0]
    row, col = math.floor(rect.y), math.floor(rect.x)
    rows = min(own.shape[0], math.ceil(rect.y + rect.height)) - row
    cols = min(own.shape[1], math.ceil(rect.x + rect.width)) - col
    return Window(row, col, max(1, rows), max(1, cols))


def _declared(path: Path) -> float | None:
    with RasterReader(path) as reader:
        return reader.facts.bands[0].radiometry.nodata


def _with_nodata(rule: Radiometry, value: float) -> Radiometry:
    return Radiometry(rule.scale, rule.offset, value, rule.unit, rule.reason)


def _percent(count: int, survey: _Survey) -> str:
    return f"{100 * count / max(1, survey.known):.2g} %"
