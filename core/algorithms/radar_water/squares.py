"""Water told by parts of the picture that hold both, water and land.

Forced on a picture of land alone, or of water alone, a threshold would cut that in two; so squares
are asked for that have two parts, as Martinis et al. 2009 (doi:10.5194/nhess-9-303-2009) do. They
are of two sizes, in the manner of Chini et al. 2017 (doi:10.1109/TGRS.2017.2737664): a river fills
enough of a small one only.

Dark fields make two parts as well. So what water is was asked of both polarisations: calm water is
darker in each than dry soil; where wind has roughened it, the ratio of the two is greater. Where no
water is so dark, less is asked for. Squares that say neither are doubted: they count only where the
whole picture's histogram has a valley between dark and bright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...enums import Polarisation
from ..kernel import FloatArray
from ..threshold import (
    LEAST_DISTANCE,
    LEAST_SHARE,
    Counts,
    CutOrigin,
    ThresholdMethod,
    TwoParts,
    find_cut,
    fit_two,
    valley_above,
)
from .growth import SUPPORT_RADIUS, Growth, box_sums, surveyed_growth
from .levels import (
    BRIGHTEST_EXCESS_DB,
    CALM_DB,
    CALM_LIKE_DB,
    DARKEST_LAND_DB,
    DARKEST_WATER_DB,
    DB,
    LIKE_BANDS,
    MURKY_DB,
    MURKY_LIKE_DB,
    ROUGH_RATIO_DB,
    mean_db,
)

CELL = 64
"""Pixels on each side of the larger squares."""
SQUARES = ((CELL, 0.98), (CELL // 2, 0.96))
"""Sides of squares, and how well two normal distributions must describe their histogram
(Bhattacharyya coefficient): that of fewer pixels is noisier.
"""
LEAST_CELLS = 3
"""Squares with water and land from which their threshold is taken."""
SMOOTHING_DB = 0.5
"""Standard deviation of the Gaussian that smooths the whole picture's histogram before its humps
are looked for.
"""
SURE, LIKELY, DOUBTED, PICTURE = range(4)
"""Rows of what is counted: squares with water, by strict and by lenient limits, doubted squares,
everything.
"""
MANY_DOUBTED = 3
"""So many times as many doubted squares as such with water ask for a doubt about those."""
NEAR_DB = 1.0
"""Speckle and texture that a filter leaves: so near to a threshold either class may lie."""
DOUBTFUL_PERCENT, DOUBTFUL_SHARE = 6.0, 0.4
"""Percent of the picture so near to the threshold from which the map is doubted, and the same for
each percent below it. A judgement: 12 % and 0.6 in labelled flooded crops, 1 to 6 % and 0.1 to 0.4
in simulated scenes that are mapped well.
"""
LEFT_PERCENT, LEFT_SHARE = 2.0, 0.25
"""Percent of the picture below the threshold from which a map is doubted that calls less than this
share of it water. A judgement.
"""
OTHER_CLASS_DB = 2.5
"""Between the means of calm and of murky water from which these are two classes."""
CROSS_SHARE = 0.75
"""Least number of squares with water for each doubted one, where only the cross-polarised band is
looked at: steppe and dry soil make some.
"""
APART_DB = 1.5
"""Between the mean of water and that of the dark part of doubted squares."""
_COARSE = 5
"""Bins of a square's histogram that are taken together: 4096 pixels do not fill more."""


@dataclass(frozen=True)
class Cut:
    """Threshold of water on one date, and growth around it."""

    threshold_db: float
    origin: CutOrigin
    growth: Growth | None = None
    """Growth from cores on either side of the threshold; None: there is none, and what is
    darker than the threshold is water.
    """
    near_percent: float = 0.0
    """0..100: share of the picture within ``NEAR_DB`` of the threshold."""
    below_percent: float = 0.0
    """0..100: share of the picture below it."""

    def leaves_dark(self, water_percent: float) -> bool:
        """True if little of what is darker than the threshold was taken for water.

        Parameters
        ----------
        water_percent : float
            0..100: share of water in the map.
        """
        return self.below_percent >= LEFT_PERCENT and (
            water_percent < LEFT_SHARE * self.below_percent
        )

    @property
    def is_doubtful(self) -> bool:
        """True if much of the picture lies at the threshold, where water and land are confused."""
        return self.near_percent >= max(DOUBTFUL_PERCENT, DOUBTFUL_SHARE * self.below_percent)


@dataclass(frozen=True)
class Part:
    """A part of the picture from a square's corner on, each square of ``CELL`` pixels filtered by
    itself.
    """

    level: FloatArray
    """Level that is compared with thresholds, dB."""
    like: FloatArray | None
    """The like-polarised band, and the cross-polarised one, where they are known."""
    cross: FloatArray | None

    def square(self, row: int, col: int, side: int) -> Part:
        """One of the squares of a size, counted in squares."""
        where = np.s_[row * side : (row + 1) * side, col * side : (col + 1) * side]
        bands = (None if band is None else band[where] for band in (self.like, self.cross))
        return Part(self.level[where], *bands)


def count_squares(part: Part, bands: Sequence[str]) -> npt.NDArray[np.int64]:
    """Count what squares and the whole picture hold.

    Parameters
    ----------
    part : Part
    bands : sequence of str
        Polarisations whose mean is their level.

    Returns
    -------
    ndarray of int64, (4, bins + 1)
        Histograms of ``SURE``, ``LIKELY``, ``DOUBTED``, ``PICTURE``, each with the number of its
        squares last.
    """
    result = np.zeros((PICTURE + 1, DB.count + 1), np.int64)
    finest = min(side for side, _ in SQUARES)
    fine = DB.tally_squares(part.level, finest)
    for side, least_fit in SQUARES:
        counts = _merge(fine, side // finest)
        if side == CELL:
            result[PICTURE] = [*counts.sum(axis=(0, 1)), counts[..., 0].size]
        for kind, square in _sort_squares(part, counts, side, least_fit, bands):
            result[kind, :-1] += counts[square]
            result[kind, -1] += 1
    return result


def _merge(counts: Counts, number: int) -> Counts:
    """Histograms of squares so many times as long."""
    for _ in range(2):
        merged = counts[::number].copy()
        for place in range(1, number):
            others = counts[place::number]
            merged[: len(others)] += others
        counts = merged.swapaxes(0, 1)
    return np.ascontiguousarray(counts)


def _sort_squares(
    part: Part, counts: Counts, side: int, least_fit: float, bands: Sequence[str]
) -> list[tuple[int, tuple[int, int]]]:
    """The kind and the place of each square that has two parts, the lower one dark."""
    across, counts = counts.shape[1], counts.reshape(-1, counts.shape[2])
    dark_bins = round((mean_db(DARKEST_LAND_DB, bands) - DB.low) / DB.step)
    known = counts.sum(axis=1)
    enough = known >= part.square(0, 0, side).level.size // 2
    enough &= counts[:, :dark_bins].sum(axis=1) >= LEAST_SHARE / 2 * known
    numbers = np.flatnonzero(enough)
    if not numbers.size:
        return []
    fitted = fit_two(_coarsen(counts[numbers]))
    two = (fitted.distance >= LEAST_DISTANCE) & (fitted.fit >= least_fit) & _is_dark(fitted, bands)
    two &= np.minimum(fitted.share, 1 - fitted.share) >= LEAST_SHARE
    means = [_to_db(mean) for mean in fitted.means]
    places = [divmod(int(number), across) for number in numbers[two]]
    return [
        (_kind(part.square(*place, side), low, (low + high) / 2, bands), place)
        for place, low, high in zip(places, means[0][two], means[1][two])
    ]


def _kind(square: Part, low_db: float, middle_db: float, bands: Sequence[str]) -> int:
    """Ask both polarisations whether the darker part is water."""
    dark = square.level < np.float32(middle_db)
    inner = dark & (box_sums(dark, SUPPORT_RADIUS) > (2 * SUPPORT_RADIUS + 1) ** 2 // 2)
    dark = inner if inner.any() else dark  # single dark pixels are speckle, and would bend the mean
    like, cross = (
        None if band is None else float(band[dark].mean(dtype=np.float64))
        for band in (square.like, square.cross)
    )
    below = mean_db(DARKEST_LAND_DB, bands) - low_db
    below_like = np.inf if like is None else DARKEST_LAND_DB[LIKE_BANDS[bands[0]]] - like
    if below >= CALM_DB and below_like >= CALM_LIKE_DB:
        return SURE
    if like is not None and cross is not None and like - cross >= ROUGH_RATIO_DB:
        return SURE if cross <= DARKEST_LAND_DB[Polarisation.VH] else DOUBTED
    return LIKELY if below >= MURKY_DB and below_like >= MURKY_LIKE_DB else DOUBTED


def _weigh(cut: Cut, picture: Counts) -> Cut:
    """Tell how much of the picture lies at the threshold and below it."""
    number, reach = round((cut.threshold_db - DB.low) / DB.step), round(NEAR_DB / DB.step)
    total = max(int(picture.sum()), 1)
    near, below = (
        100 * float(part.sum()) / total
        for part in (picture[number - reach : number + reach], picture[:number])
    )
    return replace(cut, near_percent=near, below_percent=below)


def find_water(
    counted: npt.NDArray[np.int64], bands: Sequence[str], method: ThresholdMethod
) -> Cut | None:
    """Find the threshold of one date and how water grows around it; None without water and land
    that can be told apart.

    Parameters
    ----------
    counted : ndarray of int64, (4, bins + 1)
        The sum of :func:`count_squares` over the picture.
    bands, method
        ``ThresholdMethod.KI`` or ``OTSU``.
    """
    for squares in _choose_squares(counted):
        if squares[-1] >= LEAST_CELLS and _is_apart(squares, counted[DOUBTED], bands):
            cut = _cut(squares[:-1], bands, method)
            if cut is not None:
                return _weigh(cut, counted[PICTURE, :-1])
    brightest = mean_db(DARKEST_LAND_DB, bands) + BRIGHTEST_EXCESS_DB
    valley = valley_above(
        counted[PICTURE, :-1],
        round((mean_db(DARKEST_LAND_DB, bands) - DB.low) / DB.step),
        SMOOTHING_DB / DB.step,
    )
    if counted[DOUBTED, -1] < LEAST_CELLS or valley is None or DB.above(valley) > brightest:
        return None
    cut = _cut(counted[DOUBTED, :-1], bands, method, DB.above(valley))
    return None if cut is None else _weigh(cut, counted[PICTURE, :-1])


def _choose_squares(counted: Counts) -> list[Counts]:
    """List the sums of squares that may tell how dark water is, the first by preference.

    Sure squares alone where they are most of those with water, or where the others are of another,
    brighter class: the flats of a salt lake. Else the water is rather murky, and doubted squares
    may well be of it, unless they are more than the others.
    """
    sure, likely, doubted = counted[SURE], counted[LIKELY], counted[DOUBTED]
    both = sure + likely
    if sure[-1] >= LEAST_CELLS:
        calm, murky = _dark_means(sure, likely)
        if sure[-1] >= likely[-1] or murky - calm >= OTHER_CLASS_DB:
            return [sure, both]
    return [both + doubted, both] if doubted[-1] <= both[-1] else [both]


def _dark_means(*squares: Counts) -> npt.NDArray[np.float64]:
    """Mean level of the darker part of each sum of squares, dB; NaN of none."""
    return _to_db(fit_two(_coarsen(np.stack([one[:-1] for one in squares]))).means[0])


def _is_apart(squares: Counts, doubted: Counts, bands: Sequence[str]) -> bool:
    """True if the dark part of squares with water is a class of its own: not the dark end of the
    many that are doubted.
    """
    if set(bands) <= {Polarisation.VH, Polarisation.HV}:
        return bool(squares[-1] >= CROSS_SHARE * doubted[-1])
    if doubted[-1] < MANY_DOUBTED * squares[-1]:
        return True
    water, dry = _dark_means(squares, doubted)
    return bool(water <= dry - APART_DB)


def _cut(
    histogram: Counts, bands: Sequence[str], method: ThresholdMethod, valley_db: float | None = None
) -> Cut | None:
    """The cut of squares with water and land, at a valley if one is given; None where they have no
    dark part that is far enough from the other.
    """
    fitted = fit_two(_coarsen(histogram[np.newaxis]))
    if not (fitted.distance[0] >= LEAST_DISTANCE and _is_dark(fitted, bands)[0]):
        return None
    low, high = (float(_to_db(mean)[0]) for mean in fitted.means)
    spread = float(fitted.deviations[0][0]) * _COARSE * DB.step
    threshold, origin = valley_db, CutOrigin.PICTURE
    if threshold is None:
        between = (round((low - DB.low) / DB.step), round((high - DB.low) / DB.step))
        number = find_cut(histogram, method, between)
        if number is None:
            return None
        threshold, origin = DB.above(number), CutOrigin.SQUARES
    growth = surveyed_growth(bands, threshold, (low, spread), high, calm=valley_db is None)
    return Cut(threshold, origin, growth)


def other_date(cut: Cut, counted: npt.NDArray[np.int64]) -> Cut:
    """Return the cut for a date that has none of its own, from the same sensor.

    Parameters
    ----------
    counted : ndarray of int64, (4, bins + 1)
        That date's, as of :func:`find_water`.
    """
    return borrowed(replace(cut, origin=CutOrigin.OTHER_DATE), counted)


def borrowed(cut: Cut, counted: npt.NDArray[np.int64]) -> Cut:
    """A cut that a picture does not give, with the share of the picture below it. How much lies
    near to it says nothing.
    """
    return replace(_weigh(cut, counted[PICTURE, :-1]), near_percent=0.0)


def _is_dark(fitted: TwoParts, bands: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Lower parts that can be water: neither as bright as land nor darker than any echo."""
    with np.errstate(invalid="ignore"):
        level = _to_db(fitted.means[0])
        return np.asarray(
            (level <= mean_db(DARKEST_LAND_DB, bands)) & (level >= mean_db(DARKEST_WATER_DB, bands))
        )


def _to_db(mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The level of a place among the coarse bins."""
    return np.asarray(DB.low + (mean + 0.5) * _COARSE * DB.step)


def _coarsen(histograms: Counts) -> Counts:
    return np.asarray(histograms.reshape(len(histograms), -1, _COARSE).sum(axis=2))
