"""How likely it is that a pixel is affected: by its distance from the limit, and by its neighbours.

The distance in standard deviations of the noise gives the share Φ(d) of a Gaussian. To its log-odds
come those of the neighbours, as in a Markov random field (Besag 1986,
doi:10.1111/j.2517-6161.1986.tb01412.x): a pixel whose neighbours are of its class is rather right,
a speck is rather wrong. On a straight edge five of eight neighbours agree; there they say nothing.
Beside a pixel that was not observed less is sure: cloud and shadow that the mask misses leak in,
and between two dates they look like a change.

Neighbours are counted within squares of ``CELL`` pixels, from the raster's corner, in which every
tile is cut: no pixel needs another tile, and the numbers are the same whatever the tiles are.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ..raster.classes import NOT_OBSERVED
from .noise import Noise

PERCENT = 100
CELL = 32
"""Side of the squares; tiles and strips are whole numbers of them."""
NEUTRAL_SHARE = 5 / 8
"""Of neighbours that are of a pixel's class, on a straight edge."""
FOR, AGAINST = 4.0, 9.6
"""Log-odds for each share of neighbours above ``NEUTRAL_SHARE`` and below it: 0.5 and 1.2 for each
of eight. A judgement: on simulated fires and floods a pixel with all eight is right three to
thirty times as often as its distance says, one with two of them wrong a hundred times as often.
"""
RIM = 2.0
"""Deviations from the limit beyond which a pixel is no surer beside one that was not observed."""
LEAK, RIM_OF_LEAK = 2.0, 1.5
"""Log-odds against an affected pixel there, and deviations beyond which it is no surer, where cloud
that the mask misses looks like what is mapped. A judgement: on simulated fires 56 % of such pixels
are right, and 98 % of those that are mapped as not burned; of floods 97 % and 98 %.
"""
REACH, STEPS = 4, 32
"""Deviations from the limit that are told apart, and how finely: beyond, a pixel is as sure as
there.
"""
Bytes = npt.NDArray[np.uint8]
_COUNTS = 9


def likelihood_percent(
    distance: npt.NDArray[np.float32],
    affected: npt.NDArray[np.bool_],
    seen: npt.NDArray[np.bool_],
    margin: int = 0,
    leaks: bool = False,
) -> Bytes:
    """Percent of likelihood that a pixel is affected, whatever its class; 255 = not observed.

    Parameters
    ----------
    distance : ndarray of float32, (rows, cols)
        Standard deviations of the noise from the limit, positive on the side of what is affected.
        Is overwritten.
    affected : ndarray of bool, (rows, cols)
        The class that the pixel was given.
    seen : ndarray of bool, (rows, cols)
        False where nothing was observed.
    margin : int
        Pixels around the tile, a kernel's halo.
    leaks : bool
        Whether cloud that a mask misses looks like what is mapped.
    """
    affected = affected & seen
    middle = np.float32(REACH * STEPS)
    with np.errstate(invalid="ignore"):
        distance *= np.float32(STEPS)
        distance += middle + np.float32(0.5)
        np.fmax(distance, np.float32(0), out=distance)  # of NaN, which is not seen, 0
        np.fmin(distance, 2 * middle, out=distance)
    place = distance.astype(np.intp)
    place *= 4 * _COUNTS**2
    place += _circumstances(affected, seen, margin)
    percent: Bytes = np.take(_table(leaks), place, mode="clip")
    percent[~seen] = NOT_OBSERVED
    return percent


def _circumstances(
    affected: npt.NDArray[np.bool_], seen: npt.NDArray[np.bool_], margin: int
) -> npt.NDArray[np.uint16]:
    """Beside what was not observed or not, class, number of neighbours that are affected, and seen:
    as one number each.
    """
    own = affected.view(np.uint8)
    near = _neighbours(seen, margin)
    if not seen.all():
        own = own + 2 * (_neighbours(~seen, margin) > 0).view(np.uint8)
    low = _neighbours(affected, margin)
    low *= _COUNTS
    low += near  # up to 80
    told = own.astype(np.uint16)
    told *= _COUNTS**2
    told += low
    return told


def distance_from(
    values: npt.NDArray[np.float32], limit: float, noise: Noise
) -> npt.NDArray[np.float32]:
    """Distance of values above a limit, in standard deviations of their noise; its shift, which is
    no change of the ground, is taken off.
    """
    result = values - np.float32(limit + noise.shift)
    result *= np.float32(1 / noise.total)
    return np.asarray(result, np.float32)


def _neighbours(chosen: npt.NDArray[np.bool_], margin: int) -> Bytes:
    """Chosen ones of the up to eight neighbours of each pixel within its square."""
    own = chosen.view(np.uint8)
    rows = _with_next(own, margin, 0)
    around = _with_next(rows, margin, 1)
    around -= own
    return around


def _with_next(values: Bytes, margin: int, axis: int) -> Bytes:
    """Sums with the ones before and after, across no line of the squares."""

    def at(start: int | None, stop: int | None, step: int = 1) -> tuple[slice, ...]:
        part = slice(start, stop, step)
        return (part, slice(None)) if axis == 0 else (slice(None), part)

    total = values.copy()
    total[at(1, None)] += values[at(None, -1)]
    total[at(None, -1)] += values[at(1, None)]
    line = margin % CELL or CELL
    total[at(line, None, CELL)] -= values[at(line - 1, -1, CELL)]
    total[at(line - 1, -1, CELL)] -= values[at(line, None, CELL)]
    return total


@lru_cache(maxsize=2)
def _table(leaks: bool) -> Bytes:
    """Percent for each distance, beside what was not observed or not, class, number of neighbours
    that are affected, and seen.
    """
    distance = np.arange(-REACH * STEPS, REACH * STEPS + 1) / STEPS
    evidence = np.array(
        [
            [
                [_evidence(affected if own else near - affected, near) for near in range(_COUNTS)]
                for affected in range(_COUNTS)
            ]
            for own in (0, 1)
        ]
    )
    sign = np.array([-1.0, 1.0])[:, np.newaxis, np.newaxis]
    inside = _log_odds(distance)[:, np.newaxis, np.newaxis, np.newaxis] + sign * evidence
    most = np.array([RIM, RIM_OF_LEAK if leaks else RIM])
    held = _log_odds(np.clip(distance[:, np.newaxis], -most, most))
    held[:, 1] -= LEAK if leaks else 0.0
    rim = held[:, :, np.newaxis, np.newaxis] + sign * np.minimum(evidence, 0)
    said = np.stack([inside, rim], axis=1)
    table: Bytes = np.rint(PERCENT / (1 + np.exp(-said))).astype(np.uint8).ravel()
    return table


def _log_odds(deviations: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of the share of a Gaussian below so many deviations."""
    normal = NormalDist()
    shares = np.array([normal.cdf(one) for one in deviations.ravel()]).reshape(deviations.shape)
    return np.asarray(np.log(shares / (1 - shares)))


def _evidence(agreeing: int, near: int) -> float:
    """Log-odds of the neighbours for the class of a pixel."""
    if not near or not 0 <= agreeing <= near:
        return 0.0
    above = agreeing / near - NEUTRAL_SHARE
    return above * (FOR if above > 0 else AGAINST)
