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
from typing import Any

import numpy as np
import numpy.typing as npt

from ..confidence.likelihood import REACH, distance_from, likelihood_percent
from ..confidence.noise import Noise
from ..raster.cloud_mask import is_water
from .burn import INDEX_LAYERS, BurnIndex, compare_nbr
from .confidence_layer import confidence_layer
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, MapClass, Sample, Survey, Values
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
CONFIDENCE_LAYER = confidence_layer("that it burned")
DROPPED_PERCENT = 50
"""Most confidence of ground that changed and is in no patch that is kept: nothing in it is char
beyond doubt, or it is too small. A judgement: on simulated fires more than half of it burned.
"""
LEAST_LOSS_LOCAL, LEAST_RISE_LOCAL = 0.05, 0.05
"""Deviations of the loss of near infrared (a share) and of the rise of MIRBI that two pictures of
unchanged ground have at least: a judgement.
"""
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
    doubt: Noise = Noise(0.05, 0.05)
    """Of dNBR over unburned ground."""
    loss_deviation: float = LEAST_LOSS_LOCAL
    rise_deviation: float = LEAST_RISE_LOCAL

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """DNBR (float32, NaN = not observed), percent of confidence that it burned, and marks
        (uint8).
        """
        _, change, missing = compare_nbr(values, self.masks, self.radius_px)
        with np.errstate(all="ignore"):
            change -= np.float32(self.offset)
            mirbi = _mirbi(values, "post")
            rise, loss = rise_and_loss(values)
            missing |= np.isnan(rise)
            nir, nir_before = values["post.nir"], values["pre.nir"]
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
            distance = np.fmin(
                distance_from(change, GROWTH_DNBR, self.doubt),
                np.fmin(
                    (loss - np.float32(GROWTH_NIR_LOSS)) / np.float32(self.loss_deviation),
                    rise / np.float32(self.rise_deviation),
                ),
            )
            distance[~fuel] = -REACH
        marks = growth.astype(np.uint8)
        marks[seed] = SEED
        halo = dilation_halo(self.radius_px)
        likely = likelihood_percent(distance, growth, ~missing, halo)
        change[missing] = np.nan
        marks[missing] = NOT_OBSERVED
        return change, likely, marks

    def tags(self) -> dict[str, str]:
        """For the files that are made."""
        return {"dnbr_offset": f"{self.offset:g}"}

    def with_offset(self, offset: float, unburned_pixels: int) -> BurnSigns:
        """The same with an offset that a survey found."""
        return replace(self, offset=offset, unburned_pixels=unburned_pixels)


def signs_kernel(
    function: BurnSigns,
    bands: Mapping[str, str],
    survey: Survey | None = None,
    sample: Sample | None = None,
) -> Kernel:
    """The first phase; arguments as of :func:`.burn.severity_kernel`."""
    layers = (INDEX_LAYERS[BurnIndex.DNBR], CONFIDENCE_LAYER, MARKS_LAYER)
    halo = dilation_halo(function.radius_px)
    return Kernel(
        "Burned area",
        bands,
        function,
        layers,
        "; ".join(REFERENCES),
        halo=halo,
        survey=survey,
        sample=sample,
    )


def rise_and_loss(values: Values) -> tuple[FloatArray, FloatArray]:
    """Rise of MIRBI, and loss of near infrared as a share of what was there before."""
    with np.errstate(all="ignore"):
        rise: FloatArray = _mirbi(values, "post") - _mirbi(values, "pre")
        loss: FloatArray = 1 - values["post.nir"] / values["pre.nir"]
    return rise, loss


def _mirbi(values: Values, date: str) -> FloatArray:
    result: FloatArray = (
        np.float32(10) * values[f"{date}.swir22"]
        - np.float32(9.8) * values[f"{date}.swir16"]
        + np.float32(2)
    )
    return result


def temper(
    likely: npt.NDArray[np.uint8], marks: npt.NDArray[Any], burned: npt.NDArray[Any]
) -> None:
    """Lower the confidence of what changed and is in no patch that is kept, in place."""
    dropped = (burned == NOT_BURNED) & (marks > NO_FIRE) & (marks != NOT_OBSERVED)
    np.minimum(likely, np.uint8(DROPPED_PERCENT), out=likely, where=dropped)
