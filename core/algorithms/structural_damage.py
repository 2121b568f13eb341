"""Changes of the pattern of a built-up place: brightness and local correlation of two pictures in a
moving window.

Collapsed and uncovered buildings scatter radar otherwise: the window's mean backscatter changes and
its pattern no longer resembles the one before. The two together mark damaged districts (Matsuoka &
Yamazaki 2004, Earthquake Spectra 20(3), 975-994, doi:10.1193/1.1774182; other bands: Matsuoka &
Nojima 2010, doi:10.3390/rs2092111). Their weights hold for one sensor and kind of town; here each
is measured by its own spread in the unchanged part of the picture instead, so that it works for any
sensor, optical ones as well. It finds districts, never single buildings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..confidence.noise import GAUSSIAN_MAD
from ..errors import known
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Values
from .masks import Radius, clear_pixels, dilation_halo
from .population import histogram_median, histogram_spread

WINDOW_PX = 13
"""Side of the moving window, odd."""
RADAR_LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRD at 10 m (ESA, Sentinel-1 product definition,
GRD).
"""
RADAR_STRUCTURE = round(math.sqrt(1 + 2 / RADAR_LOOKS), 3)
"""Coefficient of variation of intensity above which a window holds strong scatterers and no mere
speckle: √(1 + 2/looks) (Lopes, Touzi & Nezry 1990, doi:10.1109/36.62623).
"""
OPTICAL_STRUCTURE = 0.15
"""The same for reflectance: a judgement."""
FLAT = 1e-6
"""Square of the coefficient of variation below which there is nothing in a window to correlate."""
LEAST_SHARE = 0.5
"""Least share of the window's pixels that both dates must have."""
CHANGED, STRONG = 4.0, 6.0
"""Limits of the combined deviation: a judgement. An unchanged Gaussian pixel passes the first one
time in about 5000.
"""
LEAST_BRIGHTNESS_SPREAD_DB = 0.1
"""Two pictures of the same differ by no less: a judgement on radiometric stability."""
PLAIN, UNCHANGED, CHANGE, STRONG_CHANGE = 0, 1, 2, 3
CLASSES = (
    MapClass(PLAIN, "No structure before (no statement)", (205, 200, 190)),
    MapClass(UNCHANGED, "Structure without clear change", (163, 177, 204)),
    MapClass(CHANGE, "Structure changed", (253, 174, 97)),
    MapClass(STRONG_CHANGE, "Structure changed strongly", (165, 15, 90)),
)
DAMAGED = (CHANGE, STRONG_CHANGE)
CHANGE_LAYER = Layer(
    "structural_change",
    "Deviation from the usual change",
    (0.0, 100.0),
    "structural_change",
    dtype="float32",
)
INTENSITY_LAYER = Layer(
    "intensity_change",
    "Change of brightness (dB)",
    (-30.0, 30.0),
    "intensity_change",
    dtype="float32",
)
CORRELATION_LAYER = Layer(
    "correlation",
    "Correlation before and after",
    (-1.0, 1.0),
    "correlation",
    dtype="float32",
)
DAMAGE_LAYER = Layer(
    "structural_damage", "Changed structure", (0, NOT_OBSERVED), "structural_damage", CLASSES
)
NOTE = (
    "Changed pattern, not assessed damage: districts as large as the window, never single "
    "buildings. Building sites, floods, "
    "snow, ships, parked vehicles and another line of sight look alike; damage below the "
    "pixels' size does not show. Check in "
    "the field or in pictures of a metre or less."
)
REFERENCE = (
    "after Matsuoka & Yamazaki 2004, doi:10.1193/1.1774182; structure: Lopes et al. "
    "1990, doi:10.1109/36.62623"
)
BRIGHTNESS_DB, BRIGHTNESS_STEP = 30.0, 0.02
FISHER, FISHER_STEP = 7.0, 0.005
HALVES = (round(BRIGHTNESS_DB / BRIGHTNESS_STEP), round(FISHER / FISHER_STEP))
"""Bins on either side of zero, of both histograms."""
STRIP = 64
"""Rows worked on at once: their sums stay in the processor's cache."""


@dataclass(frozen=True)
class Usual:
    """Usual change in a picture."""

    brightness: tuple[float, float] = (0.0, LEAST_BRIGHTNESS_SPREAD_DB)
    """Median and standard deviation of the change of the window's mean, in dB."""
    fisher: tuple[float, float] = (0.0, 1.0)
    """The same of the correlation, as Fisher's z = artanh r, which is near Gaussian."""
    population: int = 0
    """Pixels with structure from which they come; 0: there was none."""


@dataclass(frozen=True)
class StructuralDamage:
    """Deviation, change of brightness, correlation and class of each pixel.

    Looks ``window // 2`` pixels around itself; what is missing on either date is counted out on
    both.
    """

    decibel: bool
    """The inputs are dB; else numbers proportional to intensity, such as reflectance."""
    structure: float
    """Least coefficient of variation of intensity before."""
    window: int = WINDOW_PX
    masks: tuple[str, ...] = ()
    """Names of the inputs that are masks: ``pre.scl``."""
    radius_px: Radius = (0.0, 0.0)
    """Radius of the masks' dilation."""
    usual: Usual = Usual()

    @property
    def reach(self) -> int:
        """Pixels around itself that a pixel's window has."""
        return self.window // 2

    @property
    def halo(self) -> int:
        """Pixels around itself that a pixel depends on: its window's, and the masks'
        around those.
        """
        return self.reach + dilation_halo(self.radius_px)

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """Deviation, brightness (dB), correlation (float32, NaN = nothing said) and class
        (uint8).
        """
        brightness, correlation, variation = self.measure(values)
        with np.errstate(all="ignore"):
            fisher = to_fisher(correlation)
            moved = (brightness - np.float32(self.usual.brightness[0])) / np.float32(
                self.usual.brightness[1]
            )
            lost = np.maximum(
                (np.float32(self.usual.fisher[0]) - fisher) / np.float32(self.usual.fisher[1]), 0
            )
            deviation = np.sqrt(moved * moved + lost * lost)
            plain = variation < np.float32(self.structure)
        codes = np.where(plain, np.uint8(PLAIN), np.uint8(UNCHANGED))
        with np.errstate(invalid="ignore"):
            for limit in (CHANGED, STRONG):
                codes += ~plain & (deviation >= np.float32(limit))
        codes[np.isnan(variation)] = NOT_OBSERVED
        deviation[plain] = np.nan
        return deviation, brightness, correlation, codes

    def measure(self, values: Values) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Change of the mean (dB), correlation, coefficient of variation before; (rows, cols), NaN
        = not observed.
        """
        before, after = values["pre.band"], values["post.band"]
        seen = (
            np.isfinite(before)
            & np.isfinite(after)
            & clear_pixels(values, self.masks, self.radius_px)
        )
        if not self.decibel:
            with np.errstate(invalid="ignore"):
                seen &= (before > 0) & (after > 0)
        rows, cols = before.shape
        brightness, correlation, variation = (
            np.full((rows, cols), np.nan, np.float32) for _ in range(3)
        )
        measures = (brightness, correlation, variation)
        reach = self.reach
        if rows <= 2 * reach or cols <= 2 * reach:
            return measures
        for top in range(reach, rows - reach, STRIP):
            bottom = min(top + STRIP, rows - reach)
            around = slice(top - reach, bottom + reach)
            strips = self._windows(before[around], after[around], seen[around])
            for whole, part in zip(measures, strips):
                whole[top:bottom, reach:-reach] = part
        return measures

    def _windows(
        self, before: FloatArray, after: FloatArray, seen: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float64], ...]:
        """The three measures of the pixels whose window lies inside."""
        first, second = (self._intensity(date, seen) for date in (before, after))

        def total(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
            return window_sum(numbers.astype(np.float64, copy=False), self.window)

        count = total(seen)
        sums = (total(first), total(second))
        with np.errstate(all="ignore"):
            # n² × variance; what rounding leaves of a flat window is none
            spreads = tuple(
                total(one * one) * count - sum_ * sum_ for one, sum_ in zip((first, second), sums)
            )
            flat = (spreads[0] <= FLAT * sums[0] ** 2) | (spreads[1] <= FLAT * sums[1] ** 2)
            brightness = 10 * np.log10(sums[1] / sums[0])
            correlation = (total(first * second) * count - sums[0] * sums[1]) / np.sqrt(
                spreads[0] * spreads[1]
            )
            correlation[flat] = 0.0
            np.clip(correlation, -1, 1, out=correlation)
            variation = np.sqrt(np.maximum(spreads[0], 0)) / sums[0]
        reach = self.reach
        unknown = (count < LEAST_SHARE * self.window**2) | ~seen[reach:-reach, reach:-reach]
        for one in (brightness, correlation, variation):
            one[unknown] = np.nan
        return brightness, correlation, variation

    def _intensity(self, date: FloatArray, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Numbers proportional to intensity, 0 where nothing was seen."""
        filled = np.where(seen, date, np.float32(0)).astype(np.float64)
        return np.where(seen, 10 ** (filled / 10), 0.0) if self.decibel else filled


@dataclass(frozen=True)
class StructuralSurvey:
    """Two histograms over all pixels with structure: change of brightness, and correlation."""

    function: StructuralDamage

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Both histograms, one after the other; pixels of the halo are not counted."""
        brightness, correlation, variation = self.function.measure(values)
        halo = self.function.halo
        inside = slice(halo, -halo)
        brightness, correlation, variation = (
            one[inside, inside] for one in (brightness, correlation, variation)
        )
        with np.errstate(invalid="ignore"):
            counted = variation >= np.float32(self.function.structure)
        parts = [
            (brightness[counted], BRIGHTNESS_STEP, HALVES[0]),
            (to_fisher(correlation[counted]), FISHER_STEP, HALVES[1]),
        ]
        return np.concatenate(
            [
                np.bincount(
                    np.clip(np.rint(one / step), -half, half).astype(np.int64) + half,
                    minlength=2 * half + 1,
                )
                for one, step, half in parts
            ]
        ).astype(np.int64)

    def settle(self, total: npt.NDArray[np.int64]) -> StructuralDamage:
        """The function with what is usual; where nothing has structure, as it was."""
        first = 2 * HALVES[0] + 1
        brightness, fisher = total[:first], total[first:]
        middle, centre = histogram_median(brightness), histogram_median(fisher)
        if middle is None or centre is None:
            return self.function
        spread = GAUSSIAN_MAD * histogram_spread(brightness, middle) * BRIGHTNESS_STEP
        # on the side of the better resemblance, which damage does not touch
        firmer = GAUSSIAN_MAD * (histogram_median(fisher[centre:]) or 0) * FISHER_STEP
        least = 1 / math.sqrt(
            self.function.window**2 - 3
        )  # Fisher 1921: of as many independent pixels
        usual = Usual(
            (
                round((middle - HALVES[0]) * BRIGHTNESS_STEP, 6),
                round(max(spread, LEAST_BRIGHTNESS_SPREAD_DB), 6),
            ),
            (round((centre - HALVES[1]) * FISHER_STEP, 6), round(max(firmer, least), 6)),
            int(brightness.sum()),
        )
        return replace(self.function, usual=usual)


def to_fisher(correlation: FloatArray) -> FloatArray:
    """Fisher's z = artanh r, within ±``FISHER``."""
    edge = math.tanh(FISHER - 1)
    result: FloatArray = np.arctanh(np.clip(correlation, -edge, edge)).astype(
        np.float32, copy=False
    )
    return result


def window_sum(numbers: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Sum over ``width`` × ``width`` numbers around each one that has as many; (rows − width + 1,
    cols − width + 1).

    Every sum is added up in the same order, wherever the array begins: a running sum would differ
    in the last digits from tile to tile.
    """
    for axis in (0, 1):
        moved = np.moveaxis(numbers, axis, 0)
        fitting = moved.shape[0] - width + 1
        total: npt.NDArray[np.float64] | None = None
        run, length, begin, left = moved, 1, 0, width
        while left:  # 13 = 1 + 4 + 8: sums of two, four and eight neighbours are made once
            if left & 1:
                piece = run[begin : begin + fitting]
                total = piece if total is None else total + piece
                begin += length
            left >>= 1
            if left:
                run = run[:-length] + run[length:]
                length *= 2
        numbers = np.moveaxis(known(total, "the width is at least 1"), 0, axis)
    return numbers


def structural_kernel(
    function: StructuralDamage, bands: Mapping[str, str], masks: tuple[str, ...]
) -> Kernel:
    """The kernel for two dates.

    Parameters
    ----------
    function : StructuralDamage
    bands : mapping
        Name in the function (``pre.band``, ``post.band``, ``post.scl``) → the band of the joined
        stack.
    masks : tuple of str
        Those of the names that are cloud masks.
    """
    ready = replace(function, masks=masks)
    survey = StructuralSurvey(ready)
    return Kernel(
        "Structural damage",
        bands,
        ready,
        (CHANGE_LAYER, INTENSITY_LAYER, CORRELATION_LAYER, DAMAGE_LAYER),
        REFERENCE,
        halo=ready.halo,
        survey=survey,
        survey_halo=ready.halo,
    )
