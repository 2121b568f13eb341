"""How far dNBR strays where nothing burned: what tells how sure its limit is.

The spread is that of the vegetation whose dNBR lies around its usual change (its median absolute
deviation), which holds noise, haze, shadow and uneven seasons alike. The usual change itself, where
it was not taken off, is an error that all pixels share and that is known: distances are measured
without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from ..confidence.noise import GAUSSIAN_MAD, Noise
from .burn import BurnIndex, BurnSeverity, compare_nbr, relative_divisor
from .burn_offset import BINS, HALF_WIDTH, STEP, VEGETATED_NBR, OffsetSurvey, find_offset
from .burned_area import LEAST_LOSS_LOCAL, LEAST_RISE_LOCAL, BurnSigns, rise_and_loss
from .kernel import Compute, FloatArray, Values
from .population import histogram_spread

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
