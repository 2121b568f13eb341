"""Open water in radar: smooth water mirrors the pulse away, so what is dark is water.

Thresholds are compared with the backscatter of one polarisation, or with the mean in dB of the
like- and the cross-polarised one: that is their product, whose speckle is less than either's, and
in which wind on the water, which the like-polarised one sees most, weighs half. Squares of the
scene tell how dark water and land are (:mod:`.radar_water.squares`), and water grows from its
cores (:mod:`.radar_water.growth`); a threshold that is given or fixed cuts as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..confidence.likelihood import REACH, likelihood_percent
from ..confidence.noise import Noise, spread_of_differences
from . import speckle, threshold
from .confidence_layer import NoiseSample, confidence_layer
from .flood import (
    DRY,
    FLOODED_LAYER,
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
from .radar_water import growth
from .radar_water.growth import grow_water, prior_growth
from .radar_water.levels import DB, FLOOR_DB, LIKE_BANDS
from .radar_water.squares import (
    CELL,
    PICTURE,
    SURE,
    Cut,
    Part,
    borrowed,
    count_squares,
    find_water,
    other_date,
)
from .speckle import SpeckleFilter
from .threshold import ThresholdMethod

Levels = Mapping[str, FloatArray]
"""Polarisation → dB, float32 (rows, cols), NaN = no data."""
REFERENCES: Mapping[str, str] = {
    **threshold.REFERENCES,
    ThresholdMethod.FIXED: "fixed thresholds of HydroSAR (Alaska Satellite Facility, "
    "asf-tools); on such thresholds Twele et al. 2016, doi:10.1080/01431161.2016.1192304",
    "squares": "Martinis et al. 2009, doi:10.5194/nhess-9-303-2009; Chini et al. 2017, "
    "doi:10.1109/TGRS.2017.2737664",
    "growth": "Twele et al. 2016, doi:10.1080/01431161.2016.1192304; Li et al. 2007, "
    "doi:10.1109/CVPR.2007.383014; Heijmans, Buckley & Talbot 2005, J. Math. Imaging Vision 22, "
    "107-119; Vachon & Wolfe 2011, doi:10.1109/LGRS.2010.2085417",
    "change": "log ratio: Rignot & van Zyl 1993, doi:10.1109/36.239913",
}
CHANGE_LAYER = Layer(
    "change_db", "Change of backscatter (dB)", (-40.0, 40.0), "change_db", dtype="float32"
)
CONFIDENCE_LAYER = confidence_layer("that it is water, or flooded")
LEAST_DROP_DB = 1.0
"""A place is flooded only where its backscatter fell by this. Both dates have their own threshold,
and what lies between the two would be flooded without having changed. Of 0 to 6 dB the one with the
best overlap on simulated floods.
"""


LEAST_LOCAL_DB = 0.5
"""Deviation of a pixel's level at least, after the filter: a judgement."""
COMMON_DB = 0.75
"""Deviation of the limit itself. A judgement: Otsu's threshold, Kittler and Illingworth's and the
fixed ones lie so far apart where water and land are (``LONE_MARGIN_DB`` to ``NEAR_DB``).
"""
DIFFERENCE_PX = 8
"""Pixels between those whose difference is noise: the filter makes nearer ones alike."""


@dataclass(frozen=True)
class WaterMap:
    """Codes of water on the last date; with something to compare also what is flooded, and with two
    dates the change in dB.
    """

    bands: tuple[str, ...]
    """``vv``, or ``vv`` and ``vh``."""
    cuts: Mapping[str, Cut]
    """``post``, and perhaps ``pre``."""
    speckle: SpeckleFilter
    rules: FloodRules = FloodRules()
    compared: bool = False
    """True with a map of permanent water, or a date before."""
    doubt: Noise = Noise(LEAST_LOCAL_DB, COMMON_DB)
    """Of the level, dB."""
    halo: int = 0
    """The kernel's, in whose tiles confidence looks for neighbours."""

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """The layers; float32 with NaN for the change, uint8 for the others."""
        smooth = {date: self.smooth(values, date) for date in self.cuts}
        levels = {date: mean_level(bands, self.bands) for date, bands in smooth.items()}
        found = {
            date: self._classify(levels[date], smooth[date], self.cuts[date]) for date in self.cuts
        }
        codes = {date: refine_water(seen, values, self.rules) for date, (seen, _) in found.items()}
        below = {date: _below(levels[date], limit) for date, (_, limit) in found.items()}
        if not self.compared:
            return codes["post"], self._likely(below["post"], codes["post"])
        before = codes.get("pre", usual_state(values, self.rules, codes["post"].shape))
        flooded = new_water(before, codes["post"], permanent_water(values, self.rules))
        if "pre" not in levels:
            return codes["post"], self._likely(below["post"], flooded), flooded
        change = levels["post"] - levels["pre"]
        with np.errstate(invalid="ignore"):
            flooded[(flooded == WATER) & (change > -LEAST_DROP_DB)] = DRY
        least = np.fmin(below["post"], np.fmin(-below["pre"], _below(change, -LEAST_DROP_DB)))
        return codes["post"], self._likely(least, flooded), flooded, change

    def _likely(self, below: FloatArray, codes: Codes) -> Codes:
        """Percent of likelihood by the decibels below the limit that is nearest to being missed.

        Where growth made water of what is above its limit, or left dry what is below it because no
        core is near, the level speaks neither for nor against it.
        """
        water = codes == WATER
        with np.errstate(invalid="ignore"):
            below[(below > 0) != water] = 0
        distance = below * np.float32(1 / self.doubt.total)
        distance[codes == PERMANENT_WATER] = -REACH  # by another map, which is believed
        return likelihood_percent(distance, water, codes != NOT_OBSERVED, self.halo)

    def with_noise(self, windows: Sequence[Values]) -> WaterMap:
        """The same with the noise of the level after its filter that some windows show."""
        pictures = (mean_level(self.smooth(values, "post"), self.bands) for values in windows)
        local = spread_of_differences(pictures, DIFFERENCE_PX) or 0.0
        return replace(self, doubt=Noise(max(LEAST_LOCAL_DB, round(local, 4)), COMMON_DB))

    def smooth(self, values: Values, date: str, side: int | None = None) -> Levels:
        """The bands of a date in dB without what is no measurement, and without much of their
        speckle; with a ``side`` each square of so many pixels is filtered by itself.
        """
        levels = {}
        for band in LIKE_BANDS:
            seen = values.get(f"{date}.{band}")
            if seen is None:
                continue
            with np.errstate(invalid="ignore"):
                known = (seen > FLOOR_DB) & (seen != 0) & (seen < DB.high)
            kept = np.where(known, seen, np.float32(np.nan))
            levels[band] = (
                speckle.filter_db(kept, self.speckle)
                if side is None
                else speckle.filter_squares_db(kept, side, self.speckle)
            )
        return levels

    def _classify(
        self, level: FloatArray, smooth: Levels, cut: Cut
    ) -> tuple[Codes, FloatArray | float]:
        """Codes by the threshold or by growth, and the limit in dB; a value equal to the threshold
        is dry.
        """
        limit: FloatArray | float = cut.threshold_db
        if cut.growth is None:
            with np.errstate(invalid="ignore"):
                water = level < np.float32(limit)
        else:
            water, limit = grow_water(level, *pair(smooth, self.bands), self.bands, cut.growth)
        codes: Codes = water.astype(np.uint8)
        codes[np.isnan(level)] = NOT_OBSERVED
        return codes, limit


def _below(level: FloatArray, limit: FloatArray | float) -> FloatArray:
    """Decibels below a limit."""
    return np.asarray(np.float32(limit) - level, np.float32)


@dataclass(frozen=True)
class RadarWaterSurvey:
    """For each date what squares with water and land hold, and what all of it does.

    Of two polarisations, so of their mean and of the cross-polarised one alone: where wind has made
    water as bright as land in the like-polarised one, only that shows it.
    """

    water: WaterMap
    """Its thresholds are those for want of a better one."""
    method: ThresholdMethod

    @property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """The polarisations that may be compared with a threshold, the first by preference."""
        bands = self.water.bands
        return (bands,) if len(bands) == 1 else (bands, bands[1:])

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Int64, (choices, dates, 4, bins + 1): see :func:`.radar_water.squares.count_squares`."""
        counted = np.zeros(
            (len(self.choices), len(self.water.cuts), PICTURE + 1, DB.count + 1), np.int64
        )
        for number, date in enumerate(self.water.cuts):
            # Each square is filtered alone, so that it is the same whatever is known of its
            # neighbours.
            smooth = self.water.smooth(values, date, CELL)
            for choice, bands in enumerate(self.choices):
                part = Part(mean_level(smooth, bands), *pair(smooth, bands))
                counted[choice, number] = count_squares(part, bands)
        return counted

    def settle(self, total: npt.NDArray[np.int64]) -> WaterMap:
        """The map with the thresholds that were found; a date without one takes the other's, from
        the same sensor.
        """
        for bands, counted in zip(self.choices, total):
            found = {
                date: find_water(part, bands, self.method)
                for date, part in zip(self.water.cuts, counted)
            }
            known = next((cut for cut in reversed(list(found.values())) if cut is not None), None)
            if known is not None:
                cuts = {
                    date: cut or other_date(known, part)
                    for (date, cut), part in zip(found.items(), counted)
                }
                return self._settled(bands, cuts)
        cuts = {
            date: replace(
                borrowed(cut, part), growth=prior_growth(self.water.bands, bool(part[SURE, -1]))
            )
            for (date, cut), part in zip(self.water.cuts.items(), total[0])
        }
        return self._settled(self.water.bands, cuts)

    def _settled(self, bands: tuple[str, ...], cuts: Mapping[str, Cut]) -> WaterMap:
        """The map with its thresholds; it looks as far as they need."""
        reach = max((cut.growth.halo for cut in cuts.values() if cut.growth), default=growth.HALO)
        return replace(self.water, bands=bands, cuts=cuts, halo=reach)


def mean_level(levels: Levels, bands: Sequence[str]) -> FloatArray:
    """Average one or two bands in dB."""
    if len(bands) == 1:
        return levels[bands[0]]
    first, second = (levels[band] for band in bands)
    return np.asarray((first + second) * np.float32(0.5), np.float32)


def pair(levels: Levels, bands: Sequence[str]) -> tuple[FloatArray | None, FloatArray | None]:
    """Pick the like- and the cross-polarised band of one pulse, where they are known."""
    like = LIKE_BANDS[bands[0]]
    cross = next((band for band in levels if band != like), None)
    return levels.get(like), None if cross is None else levels[cross]


def radar_water_kernel(water: WaterMap, method: ThresholdMethod, permanent: bool = False) -> Kernel:
    """The kernel of a map of water.

    Parameters
    ----------
    water : WaterMap
        Its thresholds are those of ``fixed``, and for the other methods what they fall back on.
    method : ThresholdMethod
    permanent : bool
        Whether a map of permanent water is given.
    """
    layers = [WATER_LAYER, CONFIDENCE_LAYER]
    references = [REFERENCES[method]]
    halo = 0 if water.speckle == SpeckleFilter.NONE else speckle.HALO
    survey = None
    if method != ThresholdMethod.FIXED:
        references += [REFERENCES["squares"], REFERENCES["growth"]]
        halo = growth.HALO
        survey = RadarWaterSurvey(replace(water, halo=halo), method)
    if water.speckle != SpeckleFilter.NONE:
        references.append(speckle.REFERENCES[water.speckle])
    if water.compared:
        layers.append(with_usual_water(FLOODED_LAYER, permanent, "pre" in water.cuts))
    if "pre" in water.cuts:
        layers.append(CHANGE_LAYER)
        references.append(REFERENCES["change"])
    names = [f"{date}.{band}" for date in water.cuts for band in water.bands]
    return Kernel(
        f"Water ({method})",
        {name: name for name in names},
        replace(water, halo=halo),
        tuple(layers),
        "; ".join(references),
        halo=halo,
        survey=survey,
        sample=NoiseSample(),
        cell=CELL,
    )
