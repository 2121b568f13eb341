"""Ground that burned between two dates: strict signs of char find patches, lenient ones give them
their extent.

In two phases, as Bastarrika et al. 2011 (doi:10.1016/j.rse.2010.12.005) and Roteta et al. 2019
(doi:10.1016/j.rse.2018.12.011) do: pixels that burned beyond doubt are seeds, and what touches them
grows into the patch as long as it changed. The signs:

- dNBR (Key & Benson 2006, USDA RMRS-GTR-164-CD): moderate severity for seeds, low severity for
  growth;
- MIRBI = 10 swir22 - 9.8 swir16 + 2 (Trigg & Flasse 2001, doi:10.1080/01431160110053185): char and
  ash raise it, bare soil and stubble after a harvest far less;
- near infrared: char is dark, where a ploughed or harvested field is bright.

The limits on MIRBI, on reflectance and on the share of seeds are a judgement: both papers fit
theirs to each region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..raster.cloud_mask import is_water
from .burn import INDEX_LAYERS, BurnIndex, compare_nbr
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Survey, Values
from .masks import Radius, dilation_halo

REFERENCES = (
    "Bastarrika et al. 2011, doi:10.1016/j.rse.2010.12.005",
    "Roteta et al. 2019, doi:10.1016/j.rse.2018.12.011",
    "Trigg & Flasse 2001, doi:10.1080/01431160110053185",
)
SEED_DNBR, GROWTH_DNBR = 0.27, 0.10
"""Least dNBR: Key & Benson's limits of moderate-low and of low severity."""
SEED_MIRBI, SEED_MIRBI_RISE = 1.75, 0.25
"""Least MIRBI after, and how much more than before."""
SEED_NIR = 0.20
"""Most reflectance after."""
GROWTH_NIR_LOSS = 0.10
"""Least loss of near infrared, of what was there before."""
LEAST_NIR_BEFORE = 0.08
"""Reflectance: below, nothing grew that can burn."""
LEAST_SWIR22 = 0.05
"""Reflectance after, of everything that burned: water and deep shadow are darker."""
SEED_SHARE = 0.05
"""Least share of seeds in a patch: noise plants single ones."""
NO_FIRE, GROWTH, SEED = 0, 1, 2
"""Codes before patches are told apart."""
MARKS = (
    MapClass(NO_FIRE, "No sign", (240, 238, 228)),
    MapClass(GROWTH, "Changed", (240, 180, 90)),
    MapClass(SEED, "Burned beyond doubt", (150, 20, 20)),
)
NOT_BURNED, BURNED = 0, 1
CLASSES = (
    MapClass(NOT_BURNED, "Not burned", (240, 238, 228)),
    MapClass(BURNED, "Burned", (196, 43, 28)),
)
BURNED_LAYER = Layer("burned", "Burned area", (0, NOT_OBSERVED), "burned", CLASSES)
CONFIDENCE_LAYER = Layer(
    "confidence", "Confidence that it burned", (0.0, 1.0), "confidence", dtype="float32"
)
MARKS_LAYER = Layer("marks", "Signs of fire", (0, NOT_OBSERVED), "burned", MARKS, whole=True)


@dataclass(frozen=True)
class BurnSigns:
    """dNBR, how much speaks for fire, and marks for the growth of patches.

    Not observed is what burn severity does not observe, and where swir16 has no data.
    """

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

    def __call__(self, values: Values) -> tuple[FloatArray, FloatArray, npt.NDArray[np.uint8]]:
        """DNBR and confidence 0..1 (float32, NaN = not observed), marks (uint8)."""
        _, change, missing = compare_nbr(values, self.masks, self.radius_px)
        with np.errstate(all="ignore"):
            change -= np.float32(self.offset)
            mirbi = _mirbi(values, "post")
            rise = mirbi - _mirbi(values, "pre")
            missing |= np.isnan(rise)
            nir, nir_before = values["post.nir"], values["pre.nir"]
            loss = 1 - nir / nir_before
            fuel = (nir_before >= np.float32(LEAST_NIR_BEFORE)) & (
                values["post.swir22"] >= np.float32(LEAST_SWIR22)
            )
            for name in self.masks:
                fuel &= ~is_water(name.partition(".")[2], values[name])
            growth = (
                fuel
                & (change >= np.float32(GROWTH_DNBR))
                & (loss >= np.float32(GROWTH_NIR_LOSS))
                & (rise > 0)
            )
            seed = growth & (change >= np.float32(SEED_DNBR)) & (nir <= np.float32(SEED_NIR))
            seed &= (mirbi >= np.float32(SEED_MIRBI)) & (rise >= np.float32(SEED_MIRBI_RISE))
            signs = (
                _ramp(change, GROWTH_DNBR, 0.44) + _ramp(rise, 0.0, 0.75) + _ramp(loss, 0.0, 0.5)
            )
        confidence: FloatArray = np.where(fuel, signs / np.float32(3), np.float32(0))
        marks = growth.astype(np.uint8)
        marks[seed] = SEED
        change[missing] = confidence[missing] = np.nan
        marks[missing] = NOT_OBSERVED
        return change, confidence, marks

    def tags(self) -> dict[str, str]:
        """For the files that are made."""
        return {"dnbr_offset": f"{self.offset:g}"}

    def with_offset(self, offset: float, unburned_pixels: int) -> BurnSigns:
        """The same with an offset that a survey found."""
        return replace(self, offset=offset, unburned_pixels=unburned_pixels)


def signs_kernel(
    function: BurnSigns, bands: Mapping[str, str], survey: Survey | None = None
) -> Kernel:
    """The first phase; arguments as of :func:`.burn.severity_kernel`."""
    layers = (INDEX_LAYERS[BurnIndex.DNBR], CONFIDENCE_LAYER, MARKS_LAYER)
    halo = dilation_halo(function.radius_px)
    return Kernel(
        "Burned area", bands, function, layers, "; ".join(REFERENCES), halo=halo, survey=survey
    )


def _mirbi(values: Values, date: str) -> FloatArray:
    result: FloatArray = (
        np.float32(10) * values[f"{date}.swir22"]
        - np.float32(9.8) * values[f"{date}.swir16"]
        + np.float32(2)
    )
    return result


def _ramp(values: FloatArray, low: float, high: float) -> FloatArray:
    """0 at ``low`` and below, 1 at ``high`` and above."""
    result: FloatArray = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return result
