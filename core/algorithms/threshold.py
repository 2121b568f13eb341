"""Thresholds of histograms: the cut in two parts, and a test for there being two.

A histogram is whole numbers, so that the parts of a raster add up to the same in any order. A cut
is the last bin of the lower class. Both ways of cutting split anything; whether there are two
classes is another question, and the greater one for a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..enums import StrEnum

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class ThresholdMethod(StrEnum):
    """Way to find the threshold of a histogram; ``FIXED`` looks at none."""

    KI = "ki"
    OTSU = "otsu"
    FIXED = "fixed"


class CutOrigin(StrEnum):
    """Source of a threshold."""

    GIVEN = "given"
    SQUARES = "squares"
    PICTURE = "picture"
    SCENE = "scene"
    OTHER_DATE = "other date"
    FIXED = "fixed"


REFERENCES: Mapping[str, str] = {
    ThresholdMethod.OTSU: "Otsu 1979, doi:10.1109/TSMC.1979.4310076",
    ThresholdMethod.KI: "Kittler & Illingworth 1986, doi:10.1016/0031-3203(86)90030-0",
}
DEEPEST_VALLEY = 0.7
"""There are two humps where the smoothed histogram between them falls below this share of the lower
one. A judgement.
"""
LEAST_HUMP = 0.001
"""Share of the pixels that the smaller side must have."""
LEAST_DISTANCE = 2.0
"""Ashman's D from which two normal distributions are apart (Ashman, Bird & Zepf 1994,
doi:10.1086/117248).
"""
LEAST_FIT = 0.98
"""Bhattacharyya coefficient of the histogram and the two fitted normal distributions; 1 is
equality. Chini et al. 2017 (doi:10.1109/TGRS.2017.2737664) ask for 0.99; the histogram of a small
part of a raster is noisier than that.
"""
LEAST_SHARE = 0.1
"""Least share of the smaller class in a part of the raster (Chini et al. 2017)."""
_ROUNDS = 60
"""Rounds of expectation and maximisation: the decision changes no more after fewer."""


@dataclass(frozen=True)
class Bins:
    """The axis of a histogram."""

    low: float
    high: float
    """Values outside ``low`` to ``high`` are counted in the first or last bin."""
    step: float

    @property
    def count(self) -> int:
        """Number of bins."""
        return round((self.high - self.low) / self.step)

    def tally(self, values: npt.NDArray[np.float32]) -> Counts:
        """Pixels in each bin, NaN counted out.

        Parameters
        ----------
        values : ndarray of float32, any shape

        Returns
        -------
        ndarray of int64, (count,)
        """
        bins = self._find(values[~np.isnan(values)])
        return np.bincount(bins, minlength=self.count).astype(np.int64)

    def tally_squares(self, values: npt.NDArray[np.float32], side: int) -> Counts:
        """The same in each square, counted from the corner; those at the ends may be smaller.

        Parameters
        ----------
        values : ndarray of float32, (rows, cols)
        side : int
            Of the squares, in pixels.

        Returns
        -------
        ndarray of int64, (rows of squares, columns of squares, count)
        """
        rows, cols = (np.arange(size) // side for size in values.shape)
        shape = (int(rows[-1]) + 1, int(cols[-1]) + 1, self.count)
        known = ~np.isnan(values)
        places = np.add.outer(rows * shape[1], cols)[known]
        places *= self.count
        places += self._find(values[known])
        counts = np.bincount(places, minlength=shape[0] * shape[1] * shape[2])
        return counts.reshape(shape).astype(np.int64)

    def _find(self, values: npt.NDArray[np.float32]) -> Counts:
        """The bin of each value."""
        inside = np.clip(values, self.low, self.high).astype(np.float64)
        inside -= self.low
        inside /= self.step
        bins = np.floor(inside, out=inside).astype(np.int64)
        return np.minimum(bins, self.count - 1, out=bins)

    def above(self, cut: int) -> float:
        """The value between bin ``cut`` and the next, in the unit of the values."""
        return round(self.low + (cut + 1) * self.step, 6)


def find_cut(
    histogram: Counts, method: ThresholdMethod, between: tuple[int, int] | None = None
) -> int | None:
    """The cut by :func:`otsu_bin` or :func:`kittler_illingworth_bin`."""
    cut = otsu_bin if method == ThresholdMethod.OTSU else kittler_illingworth_bin
    return cut(histogram, between)


def otsu_bin(histogram: Counts, between: tuple[int, int] | None = None) -> int | None:
    """The last bin of the lower class, of the split with the greatest variance between classes;
    None if there is but one bin.

    Otsu 1979, doi:10.1109/TSMC.1979.4310076.

    Parameters
    ----------
    histogram : ndarray of int64, (bins,)
    between : (int, int), optional
        First and last bin that the cut may be.
    """
    count = histogram.astype(np.float64)
    bins = np.arange(count.size)
    below, moment = np.cumsum(count), np.cumsum(count * bins)
    above = below[-1] - below
    with np.errstate(all="ignore"):
        variance = below * above * (moment / below - (moment[-1] - moment) / above) ** 2
    variance[~np.isfinite(variance)] = 0
    return _best(-variance, between) if variance.max(initial=0) > 0 else None


def kittler_illingworth_bin(
    histogram: Counts, between: tuple[int, int] | None = None
) -> int | None:
    """The last bin of the lower class, of the split with the least error for two normal classes;
    None if there is but one.

    J = 1 + 2 (P₁ ln σ₁ + P₂ ln σ₂) − 2 (P₁ ln P₁ + P₂ ln P₂), Kittler & Illingworth 1986,
    doi:10.1016/0031-3203(86)90030-0. To variances the 1/12 of a bin is added that counting in bins
    hides: a class of a single bin is no point.

    Parameters
    ----------
    histogram, between
        As in :func:`otsu_bin`. Where a tail of one class is long the least error can lie far out in
        it: give ``between``.
    """
    bins = np.arange(histogram.size, dtype=np.int64)
    moments = [np.cumsum(histogram * bins**power) for power in range(3)]  # whole numbers: exact
    with np.errstate(all="ignore"):
        criterion = np.ones(histogram.size)
        for number, first, second in (moments, [moment[-1] - moment for moment in moments]):
            share = number / moments[0][-1]
            variance = second / number - (first / number) ** 2 + 1 / 12
            criterion += share * np.log(variance) - 2 * share * np.log(share)
    criterion[~np.isfinite(criterion)] = np.inf
    return _best(criterion, between) if np.isfinite(criterion).any() else None


def _best(criterion: Floats, between: tuple[int, int] | None) -> int:
    """The bin of the least value; an empty stretch between two humps splits alike everywhere: its
    middle.
    """
    first, last = between or (0, criterion.size - 1)
    part = criterion[first : last + 1]
    best = np.flatnonzero(part == part.min())
    return first + int(best[best.size // 2])


def has_valley(histogram: Counts, cut: int, smoothing: float) -> bool:
    """True if the histogram has a hump on either side of the cut and falls between them.

    Parameters
    ----------
    histogram : ndarray of int64, (bins,)
    cut : int
        Last bin of the lower side.
    smoothing : float
        Standard deviation, in bins, of the Gaussian that smooths the histogram first.
    """
    below, above = histogram[: cut + 1], histogram[cut + 1 :]
    if min(below.sum(), above.sum()) < LEAST_HUMP * histogram.sum():
        return False
    smooth = _smooth(histogram, smoothing)
    left = int(np.argmax(smooth[: cut + 1]))
    right = cut + 1 + int(np.argmax(smooth[cut + 1 :]))
    return bool(smooth[left : right + 1].min() <= DEEPEST_VALLEY * min(smooth[left], smooth[right]))


def valley_above(histogram: Counts, top: int, smoothing: float) -> int | None:
    """The bottom of the valley between the last hump with its top up to a bin and the next one;
    None where there is none.

    No class needs a shape for it: two classes are confused least where they are fewest. A dip
    counts as a valley if its bottom is below ``DEEPEST_VALLEY`` of the humps on both sides.

    Parameters
    ----------
    histogram : ndarray of int64, (bins,)
    top : int
        The last bin in which the top of the lower hump may lie.
    smoothing : float
        As in :func:`has_valley`.
    """
    smooth = _smooth(histogram, smoothing)
    hump = bottom = bin_ = int(np.argmax(smooth[: top + 1]))
    while bin_ < smooth.size:
        if smooth[bottom] <= DEEPEST_VALLEY * min(smooth[hump], smooth[bin_]) > 0:
            rise = bin_ + int(np.argmax(smooth[bin_ : top + 1])) if bin_ < top else top
            if rise >= top:
                return bottom
            hump = bottom = bin_ = rise  # another hump of the lower kind
        elif smooth[bin_] > smooth[hump]:  # the same one goes on
            hump = bottom = bin_
        elif smooth[bin_] < smooth[bottom]:
            bottom = bin_
        bin_ += 1
    return None


def _smooth(histogram: Counts, smoothing: float) -> Floats:
    """The histogram after a Gaussian of so many bins."""
    reach = round(4 * smoothing)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / smoothing) ** 2)
    return np.asarray(
        np.convolve(histogram, weights / weights.sum(), mode="full")[reach : reach + histogram.size]
    )


@dataclass(frozen=True)
class TwoParts:
    """Two normal distributions fitted to each of n histograms; float64 (n,), NaN where a histogram
    has fewer than two bins.
    """

    share: Floats
    """Share of the lower one, 0..1."""
    means: tuple[Floats, Floats]
    """Means of the lower and the upper one, in bins."""
    deviations: tuple[Floats, Floats]
    """Standard deviations, in bins."""
    fit: Floats
    """Bhattacharyya coefficient of the histogram and what was fitted, 0..1 (Bhattacharyya 1943): Σ
    √(p q).
    """

    @property
    def distance(self) -> Floats:
        """Ashman's D = √2 |μ₁ − μ₂| / √(σ₁² + σ₂²)."""
        (lower, upper), (narrow, wide) = self.means, self.deviations
        return np.asarray(np.sqrt(2) * np.abs(lower - upper) / np.sqrt(narrow**2 + wide**2))

    def are_two(self) -> npt.NDArray[np.bool_]:
        """Histograms that have two parts, far enough apart, neither too small, that describe it."""
        with np.errstate(invalid="ignore"):
            large = np.minimum(self.share, 1 - self.share) >= LEAST_SHARE
            return np.asarray((self.distance >= LEAST_DISTANCE) & (self.fit >= LEAST_FIT) & large)


def fit_two(histograms: Counts) -> TwoParts:
    """Fit two normal distributions to each histogram: expectation and maximisation (Dempster, Laird
    & Rubin 1977).

    They start from Otsu's split. Moments of the halves of a cut would not do: of any single hump
    cut in two they lie apart.

    Parameters
    ----------
    histograms : ndarray of int64, (n, bins)
    """
    total = histograms.sum(axis=1, keepdims=True).astype(np.float64)
    used = np.flatnonzero(histograms.any(axis=0))
    filled = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, None)
    add = _RowSums(np.zeros(histograms.shape), filled)
    with np.errstate(all="ignore"):
        part = (histograms / total)[:, filled]
        bins = np.arange(histograms.shape[1], dtype=np.float64)[filled]
        lower = np.zeros(histograms.shape)
        for row, histogram in enumerate(histograms):
            cut = otsu_bin(histogram)
            lower[row, : 0 if cut is None else cut + 1] = 1
        lower = lower[:, filled]
        for _ in range(_ROUNDS):
            weights = (part * lower, part * (1 - lower))
            share, means, deviations = _moments(weights, bins, add)
            density = [
                number * np.exp(-0.5 * ((bins - mean) / deviation) ** 2) / deviation
                for number, mean, deviation in zip(share, means, deviations)
            ]
            both = density[0] + density[1]
            lower = np.where(both > 0, density[0] / both, lower)
        fit = add(np.sqrt(part * both / np.sqrt(2 * np.pi)))[:, 0]
    flat = [(below[:, 0], above[:, 0]) for below, above in (share, means, deviations)]
    return TwoParts(flat[0][0], flat[1], flat[2], fit)


@dataclass(frozen=True)
class _RowSums:
    """Sums over all bins where only some are not empty: in which order numbers are added depends on
    how many there are, and the sum is to be the same to the bit whatever histograms come together.
    """

    row: Floats
    """(n, bins), zeros."""
    filled: slice

    def __call__(self, values: Floats) -> Floats:
        """Sums of the filled bins, (n, 1)."""
        self.row[:, self.filled] = values
        return np.asarray(self.row.sum(axis=1, keepdims=True))


def _moments(
    weights: tuple[Floats, Floats], bins: Floats, add: _RowSums
) -> list[tuple[Floats, Floats]]:
    """Share, mean and standard deviation of both parts, (n, 1) each."""
    shares = [add(part) for part in weights]
    means = [add(part * bins) / share for part, share in zip(weights, shares)]
    spreads = [add(part * (bins - mean) ** 2) for part, mean in zip(weights, means)]
    variances = [spread / share + 1 / 12 for spread, share in zip(spreads, shares)]
    return [
        (shares[0], shares[1]),
        (means[0], means[1]),
        (np.sqrt(variances[0]), np.sqrt(variances[1])),
    ]
