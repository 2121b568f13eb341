"""Change of NBR over unburned ground and its noise: season, drought, haze and view between the two
dates.

Key & Benson 2006 (FIREMON, chapter LA) take the mean dNBR of unburned vegetation off every pixel,
Miller & Thode 2007 (doi:10.1016/j.rse.2006.12.006) do the same, Parks et al. 2018
(doi:10.3390/rs10060879) take the mean over a ring around a known perimeter. Here no perimeter is
known. The unburned pixels are those of the histogram's peak near zero: from its mode, the mean of
what lies within the width of Key & Benson's class "unburned" is taken again and again until it
rests (mean shift, Comaniciu & Meer 2002, doi:10.1109/34.1000236). It needs whole numbers only, so
it is the same for any tiles and engine.

The same ground tells how far dNBR strays where nothing burned, and so how sure its limit is. The
spread is that of the vegetation whose dNBR lies around its usual change (its median absolute
deviation), which holds noise, haze, shadow and uneven seasons alike. The usual change itself, where
it was not taken off, is an error that all pixels share and that is known: distances are measured
without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ..confidence.noise import GAUSSIAN_MAD, Noise
from .burn import BurnIndex, BurnSeverity, compare_nbr, relative_divisor
from .burned_area import LEAST_LOSS_LOCAL, LEAST_RISE_LOCAL, BurnSigns, rise_and_loss
from .kernel import Compute, FloatArray, Values
from .population import histogram_spread

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
LEAST_LOCAL = 0.01
"""Deviation of dNBR that two pictures of unchanged ground have at least: a judgement on the noise
of surface reflectance. The sensor's own makes 0.005 of it (Sentinel-2: Drusch et al. 2012,
doi:10.1016/j.rse.2011.11.026, table 1, at reflectances of plants).
"""
COMMON = 0.015
"""Deviation of dNBR that all pixels share: by how much its change over burned ground may differ
from that of unburned ground around it. A judgement, by simulated fires.
"""
UNKNOWN = Noise(0.05, 0.05)
"""Where no unchanged ground is found: half of the class "unburned"."""
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


@dataclass(frozen=True)
class BurnNoise:
    """A look at the noise of the index that a severity map compares with its limits."""

    def learn(self, compute: Compute, windows: Sequence[Values]) -> Compute:
        """The function with the noise of some windows."""
        function = cast("BurnSeverity", compute)
        noise = dnbr_noise(function, windows)
        scale = _index_scale(function, windows)
        scaled = Noise(noise.local * scale, noise.common * scale, noise.shift * scale)
        return replace(function, doubt=scaled)


@dataclass(frozen=True)
class SignsNoise:
    """A look at the noise of the signs of fire."""

    def learn(self, compute: Compute, windows: Sequence[Values]) -> Compute:
        """The function with the noise of some windows."""
        function = cast("BurnSigns", compute)
        noise = dnbr_noise(function, windows)
        rises, losses = [], []
        for values in windows:
            before, change, missing = compare_nbr(values, function.masks)
            with np.errstate(invalid="ignore"):
                same = ~missing & (before >= np.float32(VEGETATED_NBR))
                usual = np.float32(function.offset + noise.shift)
                same &= np.abs(change - usual) <= np.float32(HALF_WIDTH)
            rise, loss = rise_and_loss(values)
            rises.append(rise[same])
            losses.append(loss[same])
        return replace(
            function,
            doubt=noise,
            rise_deviation=max(LEAST_RISE_LOCAL, _deviation(rises)),
            loss_deviation=max(LEAST_LOSS_LOCAL, _deviation(losses)),
        )


def _deviation(parts: Sequence[FloatArray]) -> float:
    """Standard deviation of unchanged values, by their median absolute deviation; 0 of none."""
    every = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    every = every[np.isfinite(every)]
    if not every.size:
        return 0.0
    return round(GAUSSIAN_MAD * float(np.median(np.abs(every - np.median(every)))), 6)


def dnbr_noise(function: Any, windows: Sequence[Values]) -> Noise:
    """Noise of dNBR, the function's offset taken off.

    Parameters
    ----------
    function : BurnSeverity or BurnSigns
    windows : sequence of mapping
        A kernel's values.
    """
    survey = OffsetSurvey(function)
    counts = sum((survey.tally(values) for values in windows), np.zeros(BINS, np.int64))
    found = find_offset(counts)
    if found is None:
        return UNKNOWN
    middle, reach = BINS // 2 + round(found[0] / STEP), round(HALF_WIDTH / STEP)
    spread = histogram_spread(counts[middle - reach : middle + reach + 1], reach)
    local = max(LEAST_LOCAL, round(GAUSSIAN_MAD * spread * STEP, 6))
    return Noise(local, COMMON, round(found[0] - function.offset, 6))


def _index_scale(function: BurnSeverity, windows: Sequence[Values]) -> float:
    """How much a relative index is of dNBR, over vegetation: the median."""
    if function.index == BurnIndex.DNBR:
        return 1.0
    found = []
    for values in windows:
        before, _, missing = compare_nbr(values, function.masks)
        with np.errstate(invalid="ignore"):
            found.append(before[~missing & (before >= np.float32(VEGETATED_NBR))])
    vegetated = np.concatenate(found) if found else np.zeros(0, np.float32)
    if not vegetated.size:
        return 1.0
    return 1 / float(np.median(relative_divisor(function.index, vegetated)))
