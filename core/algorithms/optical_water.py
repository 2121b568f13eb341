"""Open water in optical scenes: water reflects green light and hardly any infrared, so it is what a
water index puts above a cut.

NDWI = (green − nir) / (green + nir) (McFeeters 1996, doi:10.1080/01431169608948714), MNDWI = (green
− swir16) / (green + swir16) (Xu 2006, doi:10.1080/01431160600589179). At 0 both bands are equal,
which no scale or offset that both share changes. A lower cut of the scene itself, Otsu's (Otsu
1979, doi:10.1109/TSMC.1979.4310076), is taken only where the histogram has two humps that can be
land and water: forced on a scene of land alone, or of water alone, it would cut that in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..confidence.likelihood import REACH, distance_from, likelihood_percent
from ..confidence.noise import Noise, spread_of_differences
from ..enums import StrEnum
from ..raster.cloud_mask import SNOW, mask_classes
from .confidence_layer import NoiseSample, confidence_layer
from .flood import (
    DRY,
    FLOODED_LAYER,
    PERMANENT,
    PERMANENT_WATER,
    WATER,
    WATER_LAYER,
    Codes,
    FloodRules,
    new_water,
    permanent_water,
    refine_water,
    usual_state,
    with_usual_water,
)
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, Values
from .masks import BoolArray, Radius, clear_pixels, dilation_halo
from .threshold import REFERENCES as THRESHOLD_REFERENCES
from .threshold import Bins, Counts, CutOrigin, ThresholdMethod, find_cut, has_valley


class WaterIndex(StrEnum):
    """Index of water: green against another band."""

    NDWI = "ndwi"
    MNDWI = "mndwi"

    @property
    def other(self) -> str:
        """The band that is compared with green."""
        return {"ndwi": "nir", "mndwi": "swir16"}[self]


REFERENCES = {
    WaterIndex.NDWI: "McFeeters 1996, doi:10.1080/01431169608948714",
    WaterIndex.MNDWI: "Xu 2006, doi:10.1080/01431160600589179",
    ThresholdMethod.OTSU: THRESHOLD_REFERENCES[ThresholdMethod.OTSU],
}
INDEX_LAYERS: Mapping[WaterIndex, Layer] = {
    name: Layer(name, title, (-1.0, 1.0), "ndwi")
    for name, title in (
        (WaterIndex.NDWI, "Water index (NDWI)"),
        (WaterIndex.MNDWI, "Modified water index (MNDWI)"),
    )
}
CONFIDENCE_LAYER = confidence_layer("that it is water, or flooded")
FIXED = 0.0
"""Both authors' own threshold."""
INDEX = Bins(-1.0, 1.0, 0.01)
SMOOTHING = 0.03
"""Standard deviation of the Gaussian that smooths the histogram before its humps are looked for."""
LEAST_CUT = -0.1
"""Least cut of the scene's own: further below come roofs and wet soil. A judgement, by simulated
scenes. They also show that a cut above ``FIXED`` loses the mixed pixels of every shore, so that
none is taken.
"""
MOST_SHORE = 0.1
"""Pixels between ``LEAST_CUT`` and the cut, as a share of those above it, that can be shore: more
is land. A judgement.
"""
BRIGHTEST = 0.35
"""Green reflectance from which nothing is taken for open water: it is snow, cloud that the mask
missed, glint, foam or a roof. A judgement.
"""
DRY_BY = 0.1
"""A place is flooded only where its index lay so far below the threshold before (below 0, if the
threshold is lower): the mixed pixel of a shore, partly water before, is no flood. A judgement.
"""
LEAST_LOCAL = 0.1
"""Deviation that the index of a pixel has at least, where the shore runs through pixels of its own
or of the coarser band. A judgement, by simulated floods.
"""
COMMON = (FIXED - LEAST_CUT) / 2
"""Deviation of the limit itself: half of what lies between the authors' own threshold and the least
that is taken of a scene.
"""
DIFFERENCE_PX = 4
"""Pixels between those whose difference is noise: neighbours share a coarser pixel."""


@dataclass(frozen=True)
class OpticalWater:
    """Index, codes of water and confidence on the last date; with something to compare also what is
    flooded.

    Not observed is what the scene's mask calls cloud, shadow or snow, what has no data, what is
    brighter than any water, and where neither of the two bands reflects anything.
    """

    dates: tuple[str, ...]
    """``post``, or ``pre`` and ``post``."""
    masks: tuple[str, ...] = ()
    """Names of the inputs that are masks: ``post.scl``."""
    threshold: float = FIXED
    origin: CutOrigin = CutOrigin.FIXED
    """Source of the threshold."""
    rules: FloodRules = FloodRules()
    radius_px: Radius = (0.0, 0.0)
    """Radius of the masks' dilation."""
    scaled: Mapping[str, bool] = field(default_factory=dict)
    """Date → whether its numbers are reflectance, so that ``BRIGHTEST`` means something."""
    compared: bool = False
    """True with a map of permanent water, or a date before."""
    doubt: Noise = Noise(LEAST_LOCAL, COMMON)
    """Of the index."""

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """Index (float32, NaN = not observed), water (uint8), percent of confidence that it is
        flooded, else water (uint8), and perhaps flooded (uint8).
        """
        index = {date: self.index(values, date, self.radius_px) for date in self.dates}
        codes = {date: self._classify(index[date], values) for date in self.dates}
        now = index["post"]
        distance = distance_from(now, self.threshold, self.doubt)
        if not self.compared:
            return now, codes["post"], self._likely(distance, codes["post"])
        before = codes.get("pre", usual_state(values, self.rules, now.shape))
        flooded = new_water(before, codes["post"], permanent_water(values, self.rules))
        if "pre" in index:
            with np.errstate(invalid="ignore"):
                flooded[(flooded == WATER) & (index["pre"] > np.float32(self.dry_below))] = DRY
            dry = -distance_from(index["pre"], self.dry_below, self.doubt)
            distance = np.fmin(distance, dry)
        return now, codes["post"], self._likely(distance, flooded), flooded

    @property
    def dry_below(self) -> float:
        """The index below which a place was dry before."""
        return max(self.threshold, FIXED) - DRY_BY

    def _likely(self, distance: FloatArray, codes: Codes) -> Codes:
        """Percent of likelihood; where another rule than a limit made it dry, such as its height,
        its index speaks neither for nor against it.
        """
        affected = codes == WATER
        with np.errstate(invalid="ignore"):
            distance[~affected & (distance > 0)] = 0
        distance[codes == PERMANENT_WATER] = -REACH  # by another map, which is believed
        halo = dilation_halo(self.radius_px)
        return likelihood_percent(distance, affected, codes != NOT_OBSERVED, halo)

    def with_noise(self, windows: Sequence[Values]) -> OpticalWater:
        """The same with the noise of the index that some windows show."""
        pictures = (self.index(values, "post") for values in windows)
        local = spread_of_differences(pictures, DIFFERENCE_PX) or 0.0
        return replace(self, doubt=Noise(max(LEAST_LOCAL, round(local, 6)), COMMON))

    def index(self, values: Values, date: str, radius_px: Radius = (0.0, 0.0)) -> FloatArray:
        """The index of one date, −1..1, NaN = not observed.

        Negative reflectance counts as none: atmospheric correction makes it of dark water, and the
        plain ratio would leave −1..1.
        """
        green, other = values[f"{date}.green"], values[f"{date}.other"]
        masks = [name for name in self.masks if name.partition(".")[0] == date]
        with np.errstate(all="ignore"):
            low, high = np.maximum(green, np.float32(0)), np.maximum(other, np.float32(0))
            index: FloatArray = (low - high) / (low + high)  # NaN where both are 0
            if self.scaled.get(date):
                index[green > np.float32(BRIGHTEST)] = np.nan
        if masks:
            index[~_snow_free(values, masks, radius_px)] = np.nan
        return index

    def _classify(self, index: FloatArray, values: Values) -> Codes:
        """Codes by the threshold; a value equal to it is dry."""
        with np.errstate(invalid="ignore"):
            codes = (index > np.float32(self.threshold)).astype(np.uint8)
        codes[np.isnan(index)] = NOT_OBSERVED
        return refine_water(codes, values, self.rules)


def _snow_free(values: Values, masks: list[str], radius_px: Radius) -> BoolArray:
    """Clear of cloud, shadow and snow: snow and ice have a water index of water, and hide what lies
    below.
    """
    seen = clear_pixels(values, masks, radius_px)
    for name in masks:
        seen &= mask_classes(name.rpartition(".")[2], values[name]) != SNOW
    return seen


@dataclass(frozen=True)
class OpticalWaterSurvey:
    """The histogram of the index, of all dates together: one threshold for both, so that it makes
    no change of its own.

    Masks are taken as they are, without their dilation, for which a part of the scene would have to
    know its neighbours.
    """

    water: OpticalWater
    """With the threshold for want of a better one."""

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Pixels in each bin of ``INDEX``, int64."""
        return np.asarray(
            sum(INDEX.tally(self.water.index(values, date)) for date in self.water.dates)
        )

    def settle(self, total: npt.NDArray[np.int64]) -> OpticalWater:
        """The map with the threshold of the scene, or with the one it had."""
        threshold = find_water_cut(total)
        return (
            self.water
            if threshold is None
            else replace(self.water, threshold=threshold, origin=CutOrigin.SCENE)
        )


def find_water_cut(histogram: Counts) -> float | None:
    """The threshold of a scene that shows land and water apart, ``LEAST_CUT`` to 0; None of any
    other.

    It shows them where Otsu's cut has a hump on either side, the lower one's mean below 0 and the
    upper one's above, and is no less than ``LEAST_CUT``: fields and forest make two humps too, and
    so do clear and muddy water. Where hardly anything lies between ``LEAST_CUT`` and that cut (or
    0, if it is above), that is shore and becomes water.

    Parameters
    ----------
    histogram : ndarray of int64, (INDEX.count,)
    """
    cut = find_cut(histogram, ThresholdMethod.OTSU)
    if (
        cut is None
        or INDEX.above(cut) < LEAST_CUT
        or not has_valley(histogram, cut, SMOOTHING / INDEX.step)
    ):
        return None
    middle = INDEX.low + (np.arange(INDEX.count) + 0.5) * INDEX.step
    land, water = (
        np.average(middle[part], weights=histogram[part])
        for part in (slice(cut + 1), slice(cut + 1, None))
    )
    if not land < 0 < water:
        return None
    threshold = min(INDEX.above(cut), FIXED)
    above, shore = (
        histogram[middle > threshold].sum(),
        histogram[(middle > LEAST_CUT) & (middle < threshold)].sum(),
    )
    return LEAST_CUT if shore <= MOST_SHORE * above else threshold


def optical_water_kernel(
    method: WaterIndex, bands: Mapping[str, str], water: OpticalWater, survey: bool
) -> Kernel:
    """The kernel.

    Parameters
    ----------
    method : WaterIndex
    bands : mapping
        Name in the function (``post.green``, ``post.other``, ``post.scl``, ``terrain.hand``) → band
        of the joined stack.
    water : OpticalWater
        With the threshold that is given, or the one for want of a better one.
    survey : bool
        Whether a better one is looked for.
    """
    layers = [INDEX_LAYERS[method], WATER_LAYER, CONFIDENCE_LAYER]
    if water.compared:
        layers.append(with_usual_water(FLOODED_LAYER, PERMANENT in bands, "pre" in water.dates))
    sources = (method, ThresholdMethod.OTSU) if survey else (method,)
    return Kernel(
        f"Water ({method})",
        dict(bands),
        water,
        tuple(layers),
        "; ".join(REFERENCES[source] for source in sources),
        halo=dilation_halo(water.radius_px),
        survey=OpticalWaterSurvey(water) if survey else None,
        sample=NoiseSample(),
    )
