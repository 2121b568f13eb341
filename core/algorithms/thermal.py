"""Ground that is hotter than its surroundings: fires, hot ash, industry, in one picture of surface
temperature.

A contextual test, as all detectors of fires from space have it since Flasse & Ceccato 1996
(doi:10.1080/01431169608949018): a pixel is compared with the mean and the standard deviation of its
background, clear land in a window around it that does not look hot itself. So a hot summer's day is
no fire. Giglio, Schroeder & Justice 2016 (doi:10.1016/j.rse.2016.02.054) give the sequence that is
followed here: first what may be hot is set aside, then the background is measured without it, and a
test in absolute terms needs no background. They have a band of 4 micrometres, in which fire shines;
Landsat has not. At 11 micrometres a fire that fills a hundredth of a pixel raises it by a few
kelvin only, so the margins are a judgement for this band alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..raster.cloud_mask import is_water
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Values
from .masks import Radius, clear_pixels, dilation_halo

REFERENCES = (
    "Giglio, Schroeder & Justice 2016, doi:10.1016/j.rse.2016.02.054",
    "Flasse & Ceccato 1996, doi:10.1080/01431169608949018",
    "Schroeder et al. 2016, doi:10.1016/j.rse.2015.08.032",
)
TEMPERATURE = "post.thermal"
"""Name of its input."""
NORMAL, ANOMALY, WATER = 0, 1, 2
CLASSES = (
    MapClass(NORMAL, "No anomaly", (240, 238, 228)),
    MapClass(ANOMALY, "Hotter than its surroundings", (255, 45, 0)),
    MapClass(WATER, "Water (not searched)", (156, 196, 232)),
)
EXCESS_LAYER = Layer(
    "excess", "Kelvin above the background", (-100.0, 200.0), "excess", dtype="float32"
)
ANOMALY_LAYER = Layer("anomaly", "Thermal anomaly", (0, NOT_OBSERVED), "anomaly", CLASSES)
CERTAIN_K = 360.0
"""Threshold of Giglio et al. 2016 by day. No ground is as hot in the sun: the hottest that
satellites saw was 353.9 K (Zhao et al. 2021, doi:10.1175/BAMS-D-20-0325.1).
"""
LEAST_SHARE = 0.1
"""Least share of background in the window; beyond the raster's edge there is none. Giglio et al.
2016 ask for a quarter, of windows of some tens of pixels; a tenth of this one, 168 pixels, is more
than they mostly have.
"""
SPREAD = 4
"""Least standard deviations above the background. Giglio et al. 2016 take 3 to 3.5; what is set
aside first narrows it.
"""
FIRST_MARGIN_K, FIRST_SPREAD = 5.0, 1.5
"""Kelvin, and standard deviations, above the mean of all land in the window: set aside, so that a
fire does not hide itself in its background. With 1.5 it may fill three tenths of the window.
"""
KELVIN = (150.0, 500.0)
"""Range of temperatures: Landsat's product ends at 373 K."""
_PER_KELVIN = 1000
_ZERO_K = 273.15


@dataclass(frozen=True)
class HotterThanAround:
    """Kelvin above the background, and whether that is an anomaly.

    Not observed is what has no temperature or is not clear, and where too little land is in the
    window to compare with, unless the pixel is hotter than any ground. Water is a class of its own:
    at night it is warmer than land. All sums are of whole thousandths of a kelvin, so that tiles do
    not change a bit of the result.
    """

    masks: tuple[str, ...] = ()
    """Names of the inputs that are masks: ``post.qa_pixel``."""
    radius: int = 20
    """Radius of the window, in pixels."""
    margin_k: float = 10.0
    """Least kelvin above the background."""
    least_k: float = 300.0
    """Least temperature."""
    radius_px: Radius = (0.0, 0.0)
    """Radius of the masks' dilation."""

    @property
    def halo(self) -> int:
        """Pixels around it that a pixel depends on: its background's members depend on theirs, and
        these on clouds around.
        """
        return 2 * self.radius + dilation_halo(self.radius_px)

    def __call__(self, values: Values) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
        """Excess in kelvin (float32, NaN = no background) and class (uint8)."""
        kelvin = values[TEMPERATURE]
        with np.errstate(invalid="ignore"):
            seen = (kelvin >= np.float32(KELVIN[0])) & (
                kelvin <= np.float32(KELVIN[1])
            )  # NaN is neither
        water = np.zeros(kelvin.shape, np.bool_)
        seen &= clear_pixels(values, self.masks, self.radius_px)
        for name in self.masks:
            water |= is_water(name.partition(".")[2], values[name])
        land = seen & ~water
        heat = np.rint(
            (np.where(land, kelvin, np.float32(_ZERO_K)).astype(np.float64) - _ZERO_K) * _PER_KELVIN
        ).astype(np.int64)
        mean, spread, _ = self._background(heat, land)
        with np.errstate(invalid="ignore"):
            suspect = (
                heat - mean > np.maximum(FIRST_MARGIN_K * _PER_KELVIN, FIRST_SPREAD * spread)
            ) | (heat >= _stored(CERTAIN_K))
        calm = land & ~suspect
        mean, spread, count = self._background(heat, calm)
        known = count >= LEAST_SHARE * (2 * self.radius + 1) ** 2
        with np.errstate(invalid="ignore"):
            hot = (heat - mean >= np.maximum(self.margin_k * _PER_KELVIN, SPREAD * spread)) & (
                heat >= _stored(self.least_k)
            )
        certain = land & (heat >= _stored(CERTAIN_K))
        classes = np.where(land & known & hot | certain, ANOMALY, NORMAL).astype(np.uint8)
        classes[water & seen] = WATER
        classes[~seen | land & ~known & ~certain] = NOT_OBSERVED
        excess = np.where(land & known, (heat - mean) / _PER_KELVIN, np.nan).astype(np.float32)
        return excess, classes

    def _background(
        self, heat: npt.NDArray[np.int64], chosen: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float64], ...]:
        """Mean and standard deviation of the chosen pixels around each (thousandths of a kelvin),
        and how many they are.
        """
        kept = np.where(chosen, heat, 0)
        count = _box(chosen, self.radius).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = _box(kept, self.radius) / count
            variance = _box(kept * kept, self.radius) / count - mean * mean
        return mean, np.sqrt(np.maximum(variance, 0)), count


def _stored(kelvin: float) -> int:
    return round((kelvin - _ZERO_K) * _PER_KELVIN)


def _box(values: npt.NDArray[np.generic], radius: int) -> npt.NDArray[np.int64]:
    """Sum over the square of ``2 radius + 1`` pixels around each; beyond the array is nothing.
    Whole numbers, so exact.
    """
    total = np.asarray(values).astype(np.int64)
    for axis in (0, 1):
        size = total.shape[axis]
        sums = np.concatenate(
            [np.zeros_like(np.take(total, [0], axis)), np.cumsum(total, axis=axis)], axis=axis
        )
        index = np.arange(size)
        total = np.take(sums, np.minimum(index + radius + 1, size), axis) - np.take(
            sums, np.maximum(index - radius, 0), axis
        )
    return total


def thermal_kernel(bands: Mapping[str, str], function: HotterThanAround) -> Kernel:
    """The kernel.

    Parameters
    ----------
    bands : mapping
        Name in the function (``post.thermal``, ``post.qa_pixel``) → band of the stack.
    function : HotterThanAround
    """
    return Kernel(
        "Thermal anomaly",
        bands,
        function,
        (EXCESS_LAYER, ANOMALY_LAYER),
        "; ".join(REFERENCES),
        halo=function.halo,
    )
