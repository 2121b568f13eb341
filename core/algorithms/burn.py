"""Burn severity from two dates: the differenced normalised burn ratio, its two relative forms, and
published classes of each.

NBR = (nir − swir22) / (nir + swir22), dNBR = NBR before − NBR after − offset (Key & Benson 2006,
FIREMON, USDA RMRS-GTR-164-CD, chapter LA). RdNBR = dNBR / √|NBR before| (Miller & Thode 2007,
doi:10.1016/j.rse.2006.12.006), RBR = dNBR / (NBR before + 1.001) (Parks, Dillon & Miller 2014,
doi:10.3390/rs6031827). All unscaled: a dNBR of 0.27, where some maps write 270.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..confidence.likelihood import REACH, distance_from, likelihood_percent
from ..confidence.noise import Noise
from ..enums import StrEnum
from ..raster.cloud_mask import is_water
from .confidence_layer import confidence_layer
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Sample, Survey, Values
from .masks import Radius, clear_pixels, dilation_halo


class BurnIndex(StrEnum):
    """Index of burn severity."""

    DNBR = "dnbr"
    RDNBR = "rdnbr"
    RBR = "rbr"


LEAST_NBR = 0.001
"""RdNBR divides by no less than the root of this."""
EDGES = (-0.25, -0.10, 0.10, 0.27, 0.44, 0.66)
"""Limits of dNBR between the classes; an edge belongs to the class above it (Key & Benson 2006,
table LA-2: +100 to +269 is low).
"""
ROUNDING = 1e-6
"""So near below an edge a value counts as on it: float32 cannot tell 0.27 from 0.2699999."""
SEVERITY = (
    MapClass(1, "High regrowth (under -0.25)", (15, 90, 60)),
    MapClass(2, "Low regrowth (-0.25 to -0.10)", (77, 179, 126)),
    MapClass(3, "Unburned (-0.10 to 0.10)", (198, 238, 192)),
    MapClass(4, "Low severity (0.10 to 0.27)", (255, 252, 133)),
    MapClass(5, "Moderate-low (0.27 to 0.44)", (247, 166, 45)),
    MapClass(6, "Moderate-high (0.44 to 0.66)", (226, 80, 28)),
    MapClass(7, "High severity (0.66 on)", (106, 15, 116)),
)
CBI_SEVERITY = (
    MapClass(3, "Unchanged", (198, 238, 192)),
    MapClass(4, "Low severity", (255, 252, 133)),
    MapClass(5, "Moderate severity", (247, 166, 45)),
    MapClass(7, "High severity", (106, 15, 116)),
)
"""Classes of the composite burn index, by which the limits of the relative forms were found in the
field. Codes mean the same as those of ``SEVERITY``: there, its moderate class is in two.
"""
UNBURNED = 3
BURNED = (4, 5, 6, 7)
"""Codes of the classes that burned, of either list."""
THRESHOLD_NOTE = (
    "The class limits are generic: made for conifer forest of the western United States a year "
    "after the fire. Elsewhere "
    "calibrate them in the field before severity is read from them."
)
REFERENCES: Mapping[BurnIndex, str] = {
    BurnIndex.DNBR: "Key & Benson 2006, FIREMON, USDA RMRS-GTR-164-CD",
    BurnIndex.RDNBR: "Miller & Thode 2007, doi:10.1016/j.rse.2006.12.006",
    BurnIndex.RBR: "Parks, Dillon & Miller 2014, doi:10.3390/rs6031827",
}
_WIDEST = 2 / LEAST_NBR**0.5
"""Largest RdNBR, either way."""
INDEX_LAYERS: Mapping[BurnIndex, Layer] = {
    name: Layer(name, title, (-widest, widest), name, dtype="float32")
    for name, title, widest in (
        (BurnIndex.DNBR, "Burn ratio change (dNBR)", 2.0),
        (BurnIndex.RDNBR, "Relative burn ratio change (RdNBR)", _WIDEST),
        (BurnIndex.RBR, "Relativised burn ratio (RBR)", 2000.0),
    )
}
CONFIDENCE_LAYER = confidence_layer("that it burned")
SEVERITY_LAYER = Layer("severity", "Burn severity", (0, NOT_OBSERVED), "severity", SEVERITY)


@dataclass(frozen=True)
class SeverityScale:
    """The classes of one index."""

    edges: tuple[float, ...]
    """Between them; an edge belongs to the class above it."""
    classes: tuple[MapClass, ...]
    """From the least severe."""
    style: str
    """Key of the class layer's style."""

    @property
    def burned_from(self) -> float:
        """Least index of what burned."""
        return next(
            edge for edge, above in zip(self.edges, self.classes[1:]) if above.code == BURNED[0]
        )


SCALES: Mapping[BurnIndex, SeverityScale] = {
    BurnIndex.DNBR: SeverityScale(EDGES, SEVERITY, "severity"),
    # Miller & Thode 2007, table 4 (69, 316, 641 in thousandths): composite burn index 0.1, 1.25 and
    # 2.25.
    BurnIndex.RDNBR: SeverityScale((0.069, 0.316, 0.641), CBI_SEVERITY, "severity_cbi"),
    # Parks et al. 2014, all 18 fires (35, 130, 298 in thousandths), for the same composite burn
    # indices.
    BurnIndex.RBR: SeverityScale((0.035, 0.130, 0.298), CBI_SEVERITY, "severity_cbi"),
}
"""Index → its own classes: limits of one index mean nothing for another."""


@dataclass(frozen=True)
class BurnSeverity:
    """The index and its class at each pixel.

    Not observed is what is no data or not clear on either date, and where reflectance is negative
    (dark water or deep shadow): its ratio says nothing. Both layers leave out the same pixels. What
    the masks call water on both dates is unburned: its dNBR is noise over noise (it stays in the
    index's layer).
    """

    index: BurnIndex
    masks: tuple[str, ...] = ()
    """Names of the inputs that are masks: ``pre.scl``."""
    offset: float = 0.0
    """Taken off dNBR: what changed where nothing burned."""
    unburned_pixels: int | None = None
    """From how many pixels a survey found the offset; None where it was given or could not be
    found.
    """
    radius_px: Radius = (0.0, 0.0)
    """Radius of the masks' dilation."""
    doubt: Noise = Noise(0.05, 0.05)
    """Of the index over unburned ground."""

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """Index (float32, NaN = not observed), class (uint8), percent of confidence that it burned
        (uint8); of a relative index dNBR too.
        """
        before, dnbr, missing = compare_nbr(values, self.masks, self.radius_px)
        change = dnbr
        with np.errstate(all="ignore"):
            if self.offset:
                dnbr -= np.float32(self.offset)
            if self.index != BurnIndex.DNBR:
                change = dnbr / relative_divisor(self.index, before)
            scale = SCALES[self.index]
            classes = classify(change, scale)
            distance = distance_from(change, scale.burned_from, self.doubt)
        water = water_on_both(values, self.masks)
        if water is not None:
            classes[water] = UNBURNED
            distance[water] = -REACH
        likely = likelihood_percent(
            distance, classes >= BURNED[0], ~missing, dilation_halo(self.radius_px), leaks=True
        )
        np.copyto(classes, np.uint8(NOT_OBSERVED), where=missing)
        numbers = [change] if change is dnbr else [change, dnbr]
        for layer in numbers:
            np.copyto(layer, np.float32(np.nan), where=missing)
        return (numbers[0], classes, likely, *numbers[1:])

    def tags(self) -> dict[str, str]:
        """For the files that are made."""
        return {"dnbr_offset": f"{self.offset:g}"}

    def with_offset(self, offset: float, unburned_pixels: int) -> BurnSeverity:
        """The same with an offset that a survey found."""
        return replace(self, offset=offset, unburned_pixels=unburned_pixels)


def relative_divisor(index: BurnIndex, before: FloatArray) -> FloatArray:
    """What dNBR is divided by for a relative index, float32, by NBR before."""
    if index == BurnIndex.RDNBR:
        return np.asarray(np.sqrt(np.maximum(np.abs(before), np.float32(LEAST_NBR))), np.float32)
    return np.asarray(before + np.float32(1.001), np.float32)


def compare_nbr(
    values: Values, masks: Sequence[str], radius_px: Radius = (0.0, 0.0)
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """NBR before, dNBR (both float32), and where the ground was not observed on either date (there
    they say nothing).
    """
    before, known_before = normalized_burn_ratio(values["pre.nir"], values["pre.swir22"])
    after, seen = normalized_burn_ratio(values["post.nir"], values["post.swir22"])
    seen &= known_before
    if masks:
        seen &= clear_pixels(values, masks, radius_px)
    with np.errstate(all="ignore"):
        np.subtract(before, after, out=after)
    return before, after, np.logical_not(seen, out=seen)


def water_on_both(values: Values, masks: Sequence[str]) -> npt.NDArray[np.bool_] | None:
    """Pixels that the masks of both dates call water; None where a date has no mask. One date alone
    may take fresh char for water.
    """
    water: dict[str, npt.NDArray[np.bool_]] = {}
    for name in masks:
        date, _, band = name.partition(".")
        water[date] = is_water(band, values[name])
    return water["pre"] & water["post"] if {"pre", "post"} <= set(water) else None


def classify(
    change: FloatArray, scale: SeverityScale = SCALES[BurnIndex.DNBR]
) -> npt.NDArray[np.uint8]:
    """Codes of the scale's classes; for NaN the lowest, to be masked by the caller."""
    codes = [each.code for each in scale.classes]
    classes = np.full(change.shape, codes[0], np.uint8)
    for edge, below, above in zip(scale.edges, codes, codes[1:]):
        classes += (change >= np.float32(edge - ROUNDING)) * np.uint8(above - below)
    return classes


def severity_kernel(
    function: BurnSeverity,
    bands: Mapping[str, str],
    survey: Survey | None = None,
    sample: Sample | None = None,
) -> Kernel:
    """The kernel for two dates.

    Parameters
    ----------
    function : BurnSeverity
    bands : mapping
        Name in the function (``pre.nir``, ``post.swir22``, ``post.scl``) → the band of the joined
        stack.
    survey : Survey, optional
        That finds the offset: :class:`.burn_offset.OffsetSurvey`.
    sample : Sample, optional
        That finds the noise: :class:`.burn_offset.BurnNoise`.
    """
    index, scale = function.index, SCALES[function.index]
    layers: tuple[Layer, ...] = (
        INDEX_LAYERS[index],
        replace(SEVERITY_LAYER, style=scale.style, classes=scale.classes),
        CONFIDENCE_LAYER,
    )
    if index != BurnIndex.DNBR:  # there whatever is asked for: others will compare with it
        layers += (INDEX_LAYERS[BurnIndex.DNBR],)
    halo = dilation_halo(function.radius_px)
    return Kernel(
        f"Burn severity ({index})",
        bands,
        function,
        layers,
        REFERENCES[index],
        halo=halo,
        survey=survey,
        sample=sample,
    )


def normalized_burn_ratio(
    nir: FloatArray, swir22: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """NBR, and where it says something: no band is negative, and not both are zero."""
    with np.errstate(all="ignore"):
        total = nir + swir22
        ratio: FloatArray = (nir - swir22) / total
        known = np.abs(ratio) <= 1  # NaN is not; with a sum above 0, neither band is negative
        known &= total > 0
    return ratio, known
