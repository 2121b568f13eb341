"""Change of NBR over unburned ground: season, drought, haze and view between the two dates.

Key & Benson 2006 (FIREMON, chapter LA) take the mean dNBR of unburned vegetation off every pixel,
Miller & Thode 2007 (doi:10.1016/j.rse.2006.12.006) do the same, Parks et al. 2018
(doi:10.3390/rs10060879) take the mean over a ring around a known perimeter. Here no perimeter is
known. The unburned pixels are those of the histogram's peak near zero: from its mode, the mean of
what lies within the width of Key & Benson's class "unburned" is taken again and again until it
rests (mean shift, Comaniciu & Meer 2002, doi:10.1109/34.1000236). It needs whole numbers only, so
it is the same for any tiles and engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .burn import compare_nbr
from .kernel import Compute, Values

STEP = 0.001
"""Width of the histogram's bins, in dNBR."""
WIDEST = 0.5
"""Largest dNBR of the histogram; pixels beyond are counted at its ends."""
BINS = 2 * round(WIDEST / STEP) + 1
HALF_WIDTH = 0.1
"""Half width of the class "unburned" (Key & Benson 2006, table LA-2)."""
VEGETATED_NBR = 0.1
"""NBR before of what can burn, a judgement: bare soil, rock and water are no measure of the season.
"""
LEAST_PIXELS = 1000
LEAST_SHARE = 0.1
"""Least share of the vegetated pixels in the peak: with fewer, it may be the fire's."""
_SMOOTHING = 21
"""Bins, for the mode only."""
_ROUNDS = 100


class TakesOffset(Protocol):
    """A function of two dates that takes an offset off dNBR."""

    @property
    def masks(self) -> tuple[str, ...]:
        """Names of its inputs that are masks."""

    def with_offset(self, offset: float, unburned_pixels: int) -> Compute:
        """The same with an offset, and how many unburned pixels it comes from."""

    def __call__(self, values: Values) -> npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]:
        """Layers of one tile."""


@dataclass(frozen=True)
class OffsetSurvey:
    """The histogram of dNBR over vegetation, and the offset that it gives."""

    function: TakesOffset
    """The function without an offset."""

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Pixels in each of ``BINS`` steps of dNBR: clear on both dates, and vegetated before.

        Masks are taken as they are, without their dilation, for which a part of the scene would
        have to know its neighbours.
        """
        before, change, missing = compare_nbr(values, self.function.masks)
        with np.errstate(invalid="ignore"):
            wanted = ~missing & (before >= np.float32(VEGETATED_NBR))
        bins = np.rint(change[wanted].astype(np.float64) / STEP).astype(np.int64) + BINS // 2
        return np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS).astype(np.int64)

    def settle(self, total: npt.NDArray[np.int64]) -> Compute:
        """The function with the offset; with none where there are too few unburned pixels
        to tell.
        """
        offset = find_offset(total)
        return self.function if offset is None else self.function.with_offset(*offset)


def find_offset(histogram: npt.NDArray[np.int64]) -> tuple[float, int] | None:
    """Mean dNBR of the unburned pixels, and how many they are; None where they are too few to tell.

    Parameters
    ----------
    histogram : ndarray of int64, (BINS,)
        Of dNBR in steps of ``STEP``, zero in the middle.
    """
    reach, middle = round(HALF_WIDTH / STEP), BINS // 2
    smooth = np.convolve(histogram, np.ones(_SMOOTHING), mode="same")
    near = smooth[middle - reach : middle + reach + 1]
    center = float(np.median(np.flatnonzero(near == near.max()))) - reach
    steps = np.arange(BINS) - middle
    pixels = 0
    for _ in range(_ROUNDS):
        within = np.abs(steps - round(center)) <= reach
        within[[0, -1]] = False  # not what they seem: everything beyond is counted there
        pixels = int(histogram[within].sum())
        if not pixels:
            return None
        mean = float((histogram[within] * steps[within]).sum()) / pixels
        if round(mean) == round(center):
            center = mean
            break
        center = mean
    if pixels < LEAST_PIXELS or pixels < LEAST_SHARE * histogram.sum():
        return None
    return round(center * STEP, 4), pixels
