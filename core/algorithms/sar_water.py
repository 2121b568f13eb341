"""Open water in radar: smooth water mirrors the pulse away, so what is darker than a threshold is
water.

What is compared with the threshold is the backscatter of one polarisation, or the mean in dB of the
like- and the cross-polarised one: that is their product, whose speckle is less than either's, and
in which wind on the water, which the like-polarised one sees most, weighs half. The threshold comes
from squares of the picture that hold both water and land (Martinis et al. 2009,
doi:10.5194/nhess-9-303-2009): forced on a picture of land alone, or of water alone, it would cut
that in two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Polarisation
from . import speckle, threshold
from .flood import (
    DRY,
    FLOODED_LAYER,
    WATER,
    WATER_LAYER,
    Codes,
    FloodRules,
    new_water,
    permanent_water,
    refine_water,
)
from .kernel import NOT_OBSERVED, FloatArray, Kernel, Layer, Values
from .speckle import SpeckleFilter
from .threshold import (
    LEAST_DISTANCE,
    Bins,
    Counts,
    CutOrigin,
    ThresholdMethod,
    TwoParts,
    find_cut,
    fit_two,
    has_valley,
    valley_above,
)

DARKEST_LAND_DB: Mapping[str, float] = {
    Polarisation.VV: -15.5,
    Polarisation.VH: -23.0,
    Polarisation.HH: -15.5,
    Polarisation.HV: -23.0,
}
"""Land is hardly ever darker: the highest thresholds that HydroSAR (Alaska Satellite Facility,
asf-tools) admits for Sentinel-1. Of two polarisations it is the mean. Only if the mean of a darker
part is below this, it is taken for water: forest and bare fields make two humps too.
"""
BRIGHTEST_EXCESS_DB = 3.0
"""So much above ``DARKEST_LAND_DB`` a threshold may lie, for water in wind; farther above it would
part two kinds of land. A judgement: on the simulated flood 3 to 6 dB make no difference, and 2 dB
lose water in wind.
"""
DARKEST_WATER_DB: Mapping[str, float] = {
    Polarisation.VV: -35.0,
    Polarisation.VH: -38.0,
    Polarisation.HH: -35.0,
    Polarisation.HV: -38.0,
}
"""The mean of water is hardly ever darker: the radar's own noise is not (Sentinel-1's noise
equivalent sigma zero is specified as -22 dB, ESA, Sentinel-1 Product Specification). What is darker
is a floor that a program has put in, and parts no water from land. A judgement, far enough below
for pictures with their noise subtracted.
"""
LONE_MARGIN_DB = 0.5
"""One polarisation alone has more speckle left: its fixed threshold lies so much lower."""
REFERENCES: Mapping[str, str] = {
    **threshold.REFERENCES,
    ThresholdMethod.FIXED: "fixed thresholds of HydroSAR (Alaska Satellite Facility, "
    "asf-tools); on such thresholds Twele et al. 2016, doi:10.1080/01431161.2016.1192304",
    "squares": "Martinis et al. 2009, doi:10.5194/nhess-9-303-2009; Chini et al. 2017, "
    "doi:10.1109/TGRS.2017.2737664",
    "change": "log ratio: Rignot & van Zyl 1993, doi:10.1109/36.239913",
}
CHANGE_LAYER = Layer(
    "change_db", "Change of backscatter (dB)", (-40.0, 40.0), "change_db", dtype="float32"
)
DB = Bins(-50.0, 20.0, 0.1)
FLOOR_DB = -50.0
"""Nothing is so dark: what lies there or below is a floor put in place of zero power, or a nodata
value that the file does not tell. So is exactly 0 dB, with which programs fill what lies outside a
scene.
"""
SMOOTHING_DB = 0.5
"""Standard deviation of the Gaussian that smooths the whole picture's histogram before its humps
are looked for.
"""
CELL = 64
"""Pixels on each side of the squares that are looked at one by one."""
LEAST_PIXELS = CELL**2 // 2
"""With a value, in a square that counts."""
LEAST_CELLS = 3
"""Squares with water and land from which their threshold is taken."""
_COARSE = 5
"""Bins of a square's histogram that are taken together: 4096 pixels do not fill more."""
LEAST_DROP_DB = 1.0
"""A place is flooded only where its backscatter fell by this. Both dates have their own threshold,
and what lies between the two would be flooded without having changed. Of 0 to 6 dB the one with the
best overlap on simulated floods.
"""


@dataclass(frozen=True)
class Cut:
    """Threshold of water on one date."""

    threshold_db: float
    origin: CutOrigin


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

    def __call__(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """The layers; float32 with NaN for the change, uint8 for the others."""
        levels = {date: self.backscatter(values, date) for date in self.cuts}
        codes = {date: self._classify(levels[date], values, date) for date in self.cuts}
        if not self.compared:
            return (codes["post"],)
        before = codes.get("pre", np.zeros_like(codes["post"]))
        flooded = new_water(before, codes["post"], permanent_water(values, self.rules))
        if "pre" not in levels:
            return codes["post"], flooded
        change = levels["post"] - levels["pre"]
        with np.errstate(invalid="ignore"):
            flooded[(flooded == WATER) & (change > -LEAST_DROP_DB)] = DRY
        return codes["post"], flooded, change

    def backscatter(self, values: Values, date: str) -> FloatArray:
        """Level that is compared with the threshold: dB, NaN = not observed in one of the bands."""
        return _mean([self.smooth(values, date, band) for band in self.bands])

    def smooth(self, values: Values, date: str, band: str) -> FloatArray:
        """One band in dB without what is no measurement, and without much of its speckle."""
        seen = values[f"{date}.{band}"]
        with np.errstate(invalid="ignore"):
            known = np.where(
                (seen > FLOOR_DB) & (seen != 0) & (seen < DB.high), seen, np.float32(np.nan)
            )
        return speckle.filter_db(known, self.speckle)

    def _classify(self, level: FloatArray, values: Values, date: str) -> Codes:
        """Codes by the threshold; a value equal to it is dry."""
        with np.errstate(invalid="ignore"):
            codes = (level < np.float32(self.cuts[date].threshold_db)).astype(np.uint8)
        codes[np.isnan(level)] = NOT_OBSERVED
        return refine_water(codes, values, self.rules)


@dataclass(frozen=True)
class RadarWaterSurvey:
    """For each date the histogram of the squares that hold water and land, how many those are, and
    the histogram of all.

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
        """Int64, (choices, dates, 2, bins + 1): the squares' sum and the number of squares; the sum
        of all and their number.
        """
        cells = list(_cells(values))
        counts = np.zeros((len(self.choices), len(self.water.cuts), 2, DB.count + 1), np.int64)
        for date_index, date in enumerate(self.water.cuts):
            # Each square is filtered alone, so that it is the same whatever is known of its
            # neighbours.
            smooth = [
                [self.water.smooth(cell, date, band) for band in self.water.bands] for cell in cells
            ]
            for number, bands in enumerate(self.choices):
                every = np.stack([DB.tally(_mean(levels[-len(bands) :])) for levels in smooth])
                enough = every[every.sum(axis=1) >= LEAST_PIXELS]
                both = enough[_hold_both(enough, bands)]
                for row, part in enumerate((both, every)):
                    counts[number, date_index, row] = [*part.sum(axis=0), len(part)]
        return counts

    def settle(self, total: npt.NDArray[np.int64]) -> WaterMap:
        """The map with the thresholds that were found; a date without one takes the other's, from
        the same sensor.
        """
        for bands, parts in zip(self.choices, total):
            cuts = {date: self._find(bands, *part) for date, part in zip(self.water.cuts, parts)}
            known = next((cut for cut in reversed(list(cuts.values())) if cut is not None), None)
            if known is not None:
                spare = replace(known, origin=CutOrigin.OTHER_DATE)
                return replace(
                    self.water,
                    bands=bands,
                    cuts={date: cut or spare for date, cut in cuts.items()},
                )
        return self.water

    def _find(self, bands: Sequence[str], squares: Counts, picture: Counts) -> Cut | None:
        whole = picture[:-1]
        if squares[-1] >= LEAST_CELLS:
            cut = self._cut(squares[:-1], whole, bands)
            if cut is not None:
                return Cut(DB.above(cut), CutOrigin.SQUARES)
        cut = self._cut(whole, whole, bands)
        if cut is not None and has_valley(whole, cut, SMOOTHING_DB / DB.step):
            return Cut(DB.above(cut), CutOrigin.PICTURE)
        return None

    def _cut(self, histogram: Counts, picture: Counts, bands: Sequence[str]) -> int | None:
        """The cut of a histogram of water and land, at the brightest that may be; None where it has
        one part, or no dark one.

        The least error is at the bottom of the picture's valley, if it has one: whatever shape the
        classes have, and with all the kinds of land, of which the squares beside water need not
        have every one. Normal classes are assumed without it.
        """
        fitted = fit_two(_coarsen(histogram[np.newaxis]))
        if not (fitted.distance[0] >= LEAST_DISTANCE and _is_dark(fitted, bands)[0]):
            return None
        darkest = round((mean_db(DARKEST_LAND_DB, bands) - DB.low) / DB.step)
        brightest = darkest + round(BRIGHTEST_EXCESS_DB / DB.step)
        valley = (
            valley_above(picture, darkest, SMOOTHING_DB / DB.step)
            if self.method == ThresholdMethod.KI
            else None
        )
        if valley is not None and valley < brightest:
            return valley
        low, high = (int((mean[0] + 0.5) * _COARSE) for mean in fitted.means)
        return find_cut(histogram, self.method, (low, min(high, brightest)))


def _cells(values: Values) -> Iterator[Values]:
    """The squares of a part of the raster."""
    rows, cols = next(iter(values.values())).shape
    for row in range(0, rows, CELL):
        for col in range(0, cols, CELL):
            window = (slice(row, row + CELL), slice(col, col + CELL))
            yield {name: pixels[window] for name, pixels in values.items()}


def _hold_both(histograms: Counts, bands: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Squares that hold water and land, each enough of it to be told apart."""
    if not len(histograms):
        return np.zeros(0, bool)
    fitted = fit_two(_coarsen(histograms))
    return fitted.are_two() & _is_dark(fitted, bands)


def _is_dark(fitted: TwoParts, bands: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Lower parts that can be water: neither as bright as land nor darker than any echo."""
    with np.errstate(invalid="ignore"):
        level = DB.low + (fitted.means[0] + 0.5) * _COARSE * DB.step
        return np.asarray(
            (level <= mean_db(DARKEST_LAND_DB, bands)) & (level >= mean_db(DARKEST_WATER_DB, bands))
        )


def _coarsen(histograms: Counts) -> Counts:
    return np.asarray(histograms.reshape(len(histograms), -1, _COARSE).sum(axis=2))


def _mean(levels: Sequence[FloatArray]) -> FloatArray:
    """Mean of one or two bands in dB."""
    return (
        levels[0]
        if len(levels) == 1
        else np.asarray((levels[0] + levels[1]) * np.float32(0.5), np.float32)
    )


def mean_db(table: Mapping[str, float], bands: Sequence[str]) -> float:
    """The mean of what a table says of some bands."""
    return sum(table[band] for band in bands) / len(bands)


def fixed_db(bands: Sequence[str]) -> float:
    """The threshold where nothing better is known."""
    return mean_db(DARKEST_LAND_DB, bands) - (LONE_MARGIN_DB if len(bands) == 1 else 0.0)


def radar_water_kernel(water: WaterMap, method: ThresholdMethod) -> Kernel:
    """The kernel of a map of water.

    Parameters
    ----------
    water : WaterMap
        Its thresholds are those of ``fixed``, and for the other methods what they fall back on.
    method : ThresholdMethod
    """
    layers, references, survey, halo = [WATER_LAYER], [REFERENCES[method]], None, 0
    if method != ThresholdMethod.FIXED:
        references.append(REFERENCES["squares"])
        survey = RadarWaterSurvey(water, method)
    if water.speckle != SpeckleFilter.NONE:
        references.append(speckle.REFERENCES[water.speckle])
        halo = speckle.HALO
    if water.compared:
        layers.append(FLOODED_LAYER)
    if "pre" in water.cuts:
        layers.append(CHANGE_LAYER)
        references.append(REFERENCES["change"])
    names = [f"{date}.{band}" for date in water.cuts for band in water.bands]
    return Kernel(
        f"Water ({method})",
        {name: name for name in names},
        water,
        tuple(layers),
        "; ".join(references),
        halo=halo,
        survey=survey,
        cell=CELL,
    )
