"""Vegetation that a storm took: how far an index fell, measured against how much it changed where
nothing happened.

After a hurricane the fall of NDII, which is NDMI here, goes with the damage that foresters count on
the ground (Wang et al. 2010, Agricultural and Forest Meteorology 150(1), 122-132); NDVI shows the
tracks of tornadoes (doi:10.3390/atmos11060613). Season, haze and another sun change an index as
well: the median change of all vegetation is taken off, and damage is what lies far outside the
spread of the rest (median absolute deviation: Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..confidence.likelihood import distance_from, likelihood_percent
from ..confidence.noise import GAUSSIAN_MAD, Noise
from ..enums import StrEnum
from .confidence_layer import confidence_layer
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Values
from .masks import Radius, clear_pixels, dilation_halo
from .population import histogram_median


class VegetationIndex(StrEnum):
    """Index of vegetation: near infrared against another band."""

    NDMI = "ndmi"
    NDVI = "ndvi"
    NBR = "nbr"

    @property
    def partner(self) -> str:
        """The band that is set against near infrared."""
        return {"ndmi": "swir16", "ndvi": "red", "nbr": "swir22"}[self]


VEGETATED_NDVI = 0.5
"""From here a pixel counts as covered with plants (Sobrino, Jiménez-Muñoz & Paolini 2004,
doi:10.1016/j.rse.2004.02.003).
"""
DAMAGE_DEVIATIONS = 3.0
"""Standard deviations of unchanged vegetation from which a loss counts: "very conservative" in Leys
et al. 2013.
"""
SEVERE_LOSS = 0.2
"""Loss of the index from which damage is called severe: a judgement, to be calibrated for the
vegetation of the place.
"""
LEAST_NOISE = 0.01
"""Standard deviation that two pictures of unchanged vegetation have at least: a judgement on the
noise of surface reflectance.
"""
BARE, UNHARMED, MODERATE, SEVERE = 0, 1, 2, 3
CLASSES = (
    MapClass(BARE, "Not vegetated before (no statement)", (220, 216, 208)),
    MapClass(UNHARMED, "No loss above the noise", (143, 207, 156)),
    MapClass(MODERATE, "Moderate loss of vegetation", (253, 174, 97)),
    MapClass(SEVERE, "Severe loss of vegetation", (178, 24, 43)),
)
DAMAGED = (MODERATE, SEVERE)
LOSS_LAYER = Layer(
    "vegetation_loss",
    "Loss of the vegetation index",
    (-2.0, 2.0),
    "vegetation_loss",
    dtype="float32",
)
DAMAGE_LAYER = Layer(
    "wind_damage", "Wind damage to vegetation", (0, NOT_OBSERVED), "wind_damage", CLASSES
)
CONFIDENCE_LAYER = confidence_layer("that it is damaged")
COMMON_SHARE = 0.5
"""Deviation of the limit itself, of the noise: a judgement. The median change of all vegetation is
not quite that of what was hit.
"""
NOTE = (
    "Loss of green, not a count of fallen trees: harvest, mowing, drought, flooding and fire "
    "look alike, trees that fell and "
    "stayed green do not show. The limit between moderate and severe is a judgement. Bare and "
    "built-up land is left out."
)
REFERENCE = (
    "Wang et al. 2010, Agricultural and Forest Meteorology 150(1), 122-132; "
    "spread: Leys et al. 2013, doi:10.1016/j.jesp.2013.03.013"
)
STEP = 0.001
"""Width of the bins of losses, which run from -2 to 2."""
BINS = round(4 / STEP) + 1


@dataclass(frozen=True)
class WindDamage:
    """Loss, class and confidence of each pixel, once offset and noise are known.

    Not observed is what is no data or not clear on either date, and where reflectance is negative.
    """

    index: VegetationIndex
    masks: tuple[str, ...] = ()
    """Names of the inputs that are masks: ``pre.scl``."""
    radius_px: Radius = (0.0, 0.0)
    """Radius of the masks' dilation."""
    vegetated: float = VEGETATED_NDVI
    """NDVI before, from which a pixel is looked at."""
    severe: float = SEVERE_LOSS
    offset: float = 0.0
    """Change (before − after) of vegetation that was not hit: season, haze, sun."""
    noise: float = LEAST_NOISE
    """Standard deviation of that change."""
    population: int = 0
    """Vegetated pixels from which a survey took the noise."""

    @property
    def limit(self) -> float:
        """The least loss, offset taken off, that counts as damage."""
        return DAMAGE_DEVIATIONS * self.noise

    @property
    def doubt(self) -> Noise:
        """Of a loss."""
        return Noise(self.noise, COMMON_SHARE * self.noise)

    def __call__(
        self, values: Values
    ) -> tuple[FloatArray, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Loss (float32, offset taken off; NaN where nothing is said), class, percent of confidence
        that it is damaged (uint8).
        """
        with np.errstate(all="ignore"):
            loss, ndvi = self.measure(values)
            loss -= np.float32(self.offset)
            bare = ndvi < np.float32(self.vegetated)
            codes = np.where(bare, np.uint8(BARE), np.uint8(UNHARMED))
            rounding = 1e-6  # float32 cannot tell 0.2 from 0.1999999
            for limit in (self.limit, max(self.limit, self.severe)):
                codes += ~bare & (loss >= np.float32(limit - rounding))
            codes[np.isnan(loss)] = NOT_OBSERVED
            loss[bare] = np.nan
        distance = distance_from(loss, self.limit, self.doubt)
        stated = (codes != NOT_OBSERVED) & ~bare
        halo = dilation_halo(self.radius_px)
        likely = likelihood_percent(distance, codes >= MODERATE, stated, halo, leaks=True)
        return loss, codes, likely

    def measure(self, values: Values) -> tuple[FloatArray, FloatArray]:
        """Index before − after, and NDVI before; the loss is NaN where either date is not
        observed.
        """
        partner = self.index.partner
        before, after = (
            normalized(values[f"{date}.nir"], values[f"{date}.{partner}"])
            for date in ("pre", "post")
        )
        ndvi = before if partner == "red" else normalized(values["pre.nir"], values["pre.red"])
        loss: FloatArray = before - after
        loss[np.isnan(ndvi) | ~clear_pixels(values, self.masks, self.radius_px)] = np.nan
        return loss, ndvi


@dataclass(frozen=True)
class WindSurvey:
    """The histogram of losses of all vegetation; median and spread of it say what "unchanged" is.

    The spread is taken on the side where plants grew greener, which damage does not touch. Both
    hold as long as less than half of the vegetation was hit.
    """

    function: WindDamage
    given_offset: float | None = None
    """Known change of vegetation that was not hit; None: the median."""

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Vegetated pixels in each step of loss."""
        with np.errstate(all="ignore"):
            loss, ndvi = self.function.measure(values)
            counted = (ndvi >= np.float32(self.function.vegetated)) & ~np.isnan(loss)
        halo = dilation_halo(self.function.radius_px)
        inside = tuple(slice(halo, side - halo) for side in loss.shape)
        loss = loss[inside][counted[inside]]
        bins = np.rint((loss.astype(np.float64) + 2) / STEP).astype(np.int64)
        return np.bincount(bins, minlength=BINS).astype(np.int64)

    def settle(self, total: npt.NDArray[np.int64]) -> WindDamage:
        """The function with offset and noise; without any vegetation, as it was."""
        pixels = int(total.sum())
        middle = histogram_median(total)
        if middle is None:
            return replace(self.function, offset=self.given_offset or 0.0)
        if self.given_offset is not None:
            middle = int(np.clip(round((self.given_offset + 2) / STEP), 0, BINS - 1))
        greener = histogram_median(total[middle::-1]) or 0
        noise = max(LEAST_NOISE, round(GAUSSIAN_MAD * greener * STEP, 6))
        offset = round(middle * STEP - 2, 6) if self.given_offset is None else self.given_offset
        return replace(self.function, offset=offset, noise=noise, population=pixels)


def normalized(nir: FloatArray, other: FloatArray) -> FloatArray:
    """(nir − other) / (nir + other); NaN where one of them is negative, or both are zero."""
    total: FloatArray = nir + other
    result: FloatArray = (nir - other) / total
    result[~((total > 0) & (np.abs(result) <= 1))] = np.nan
    return result


def wind_kernel(
    function: WindDamage,
    bands: Mapping[str, str],
    masks: tuple[str, ...],
    offset: float | None = None,
) -> Kernel:
    """The kernel for two dates.

    Parameters
    ----------
    function : WindDamage
        Index and limits, and how far masks are dilated.
    bands : mapping
        Name in the function (``pre.nir``, ``post.red``, ``post.scl``) → the band of the joined
        stack.
    masks : tuple of str
        Those of the names that are cloud masks.
    offset : float, optional
        Known change of vegetation that was not hit; by default the survey finds it.
    """
    ready = replace(function, masks=masks)
    loss = replace(LOSS_LAYER, title=f"Loss of {function.index.upper()}")
    title = f"Wind damage ({function.index})"
    halo = dilation_halo(ready.radius_px)
    return Kernel(
        title,
        bands,
        ready,
        (loss, DAMAGE_LAYER, CONFIDENCE_LAYER),
        REFERENCE,
        halo=halo,
        survey=WindSurvey(ready, offset),
        survey_halo=halo,
    )
