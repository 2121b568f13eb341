"""Physical values that cannot be, and the likely cause: one rule for whoever looks at a band after
scaling, the validator among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Polarisation, Unit
from ..raster.physical import to_physical
from ..raster.reader import RasterReader
from ..raster.valid import find_missing
from ..report import Finding
from .band_names import RANGES_NM
from .sample import sample_stored

BRIGHTEST = 1.6
"""Reflectance that snow and sun glint reach; a band whose median is brighter holds none."""
PERCENT = 160.0
"""Median up to which numbers can be percent."""
DARK_MEDIAN = -0.02
"""Water and shadow come out a little below 0 after atmospheric correction, no lower."""
TOO_FAINT = 0.001
"""98th percentile of reflectance that no scene stays below."""
KELVIN = (150.0, 400.0)
CELSIUS = (-90.0, 80.0)
FAINTEST_DB = -60.0
"""Far below what any surface sends back to a radar. A judgement."""
LIKE_AND_CROSS = ((Polarisation.VV, Polarisation.VH), (Polarisation.HH, Polarisation.HV))
NEGATIVE_PERCENT = 1.0
"""Of known pixels. A judgement."""
INDEX_NAMES = re.compile(r"(nd|mnd)[a-z]{1,4}[0-9]?|nbr2?")
"""Names of normalised differences, which lie between -1 and 1."""
START = "The values of "
LEAST = 16
"""Pixels that are enough to judge."""


@dataclass(frozen=True)
class Spread:
    """Percentiles of physical values."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Cause:
    """Likely cause of values that cannot be."""

    what: str
    """Continues "the values are …"."""
    remedy: str
    is_certain: bool = False
    """No scene can be so."""
    product: str = ""
    """The product whose rule would mend it, where one is likely."""


def check_plausible(reader: RasterReader, bands: Mapping[str, int]) -> list[Finding]:
    """Judge bands by a few of their pixels; one finding for all that have the same cause.

    Parameters
    ----------
    bands : mapping of str to int
        Name → index from 1.
    """
    found: dict[Cause, list[tuple[str, Spread]]] = {}
    echoes: dict[str, tuple[Unit, float]] = {}
    for name, index in bands.items():
        rule = reader.radiometry[index - 1]
        stored = sample_stored(reader, index)
        spread = measure_spread(to_physical(stored, rule))
        cause = find_cause(spread, name, rule.unit)
        if spread is not None and rule.unit.is_backscatter:
            echoes[name] = (rule.unit, spread.median)
        if rule.unit in (Unit.POWER, Unit.AMPLITUDE):
            known = stored[~find_missing(stored, rule.nodata, rule.unit)]
            spread = measure_spread(known.astype(np.float64))
            cause = _decibel_cause(spread, rule.unit) or _noise_cause(spread, known)
        if spread is not None and cause is not None:
            found.setdefault(cause, []).append((name, spread))
    return [
        replace(
            Finding.warning(
                "values_implausible",
                tell_cause(cause, reader.facts.path.name, judged),
                judged[0][0],
                judged[0][1].median,
            ),
            product=cause.product,
        )
        for cause, judged in found.items()
    ] + _swapped(echoes, reader.facts.path.name)


def _swapped(echoes: Mapping[str, tuple[Unit, float]], file: str) -> list[Finding]:
    """Polarisations that have each other's names, by their medians: over a scene the
    cross-polarised one is several dB the fainter (water and land part at -15.5 dB in VV and at
    -23 in VH: HydroSAR, Alaska Satellite Facility, asf-tools).
    """
    return [
        Finding.warning(
            "polarisations_swapped",
            f"The values of {cross} in {file} are higher than those of {like} "
            f"(medians {second:.4g} and {first:.4g}), which no surface sends back: the two bands "
            "have each other's names. Stack the files with the names changed over.",
            cross,
            second,
        )
        for like, cross in LIKE_AND_CROSS
        if like in echoes and cross in echoes
        for (unit, first), (other, second) in [(echoes[like], echoes[cross])]
        if unit == other and second > first
    ]


def measure_spread(
    values: npt.NDArray[Any], known: tuple[float, float, float] | None = None
) -> Spread | None:
    """The spread of physical values, NaN = no data; None where there is too little to judge.

    Parameters
    ----------
    known : (float, float, float), optional
        2nd, 50th and 98th percentile of the values, which then hold no NaN.
    """
    values = values if known else values[np.isfinite(values)]
    if values.size < LEAST or values.min() == values.max():  # blank: the validator's matter
        return None
    low, median, high = known or np.percentile(values, (2, 50, 98))
    return Spread(float(low), float(median), float(high))


def likely_unit(name: str, unit: Unit) -> Unit:
    """Unit of a band that may state none: of its name."""
    if unit != Unit.NONE:
        return unit
    if name.startswith("lwir"):
        return Unit.KELVIN
    return Unit.REFLECTANCE if name in RANGES_NM else Unit.NONE


def find_cause(spread: Spread | None, name: str, unit: Unit) -> Cause | None:
    """Likely cause of values that cannot be; None where they can."""
    unit = likely_unit(name, unit)
    if spread is None:
        return None
    if unit == Unit.REFLECTANCE:
        return _reflectance_cause(spread)
    if unit == Unit.KELVIN:
        return _kelvin_cause(spread)
    if unit == Unit.NONE and INDEX_NAMES.fullmatch(name.lower()) and abs(spread.median) > 1:
        return Cause(
            f"no {name}, which lies between -1 and 1: its scale is missing",
            "Stack it with its ‘stack.scale’, such as 0.0001.",
        )
    return None


def is_about_values(sentence: str) -> bool:
    """Tell whether a sentence is one of :func:`tell_cause`."""
    return sentence.startswith(START)


def tell_cause(cause: Cause, file: str, judged: Sequence[tuple[str, Spread]]) -> str:
    """The sentence about bands of a file that have a cause in common."""
    name, spread = judged[0]
    names = ", ".join(name for name, _ in judged)
    return (
        f"{START}{names} in {file} are {cause.what} (2nd to 98th percentile of {name}: "
        f"{spread.low:.4g} to {spread.high:.4g}, median {spread.median:.4g}). {cause.remedy}"
    )


def _decibel_cause(spread: Spread | None, unit: Unit) -> Cause | None:
    """Cause of stored power or amplitude below zero, which no echo has; of land and water most
    backscatter in dB is.
    """
    if spread is None or spread.median >= 0:
        return None
    if spread.median < FAINTEST_DB:
        return Cause(
            f"no {unit}: they look like decibels without their scale",
            "Stack it with ‘stack.unit’ db and its ‘stack.scale’, such as 0.01.",
        )
    return Cause(
        f"no {unit}, which is never below 0: they look like decibels",
        "Stack it with ‘stack.unit’ db.",
    )


def _noise_cause(spread: Spread | None, known: npt.NDArray[Any]) -> Cause | None:
    """Cause of some backscatter below zero among much above: noise that was subtracted where there
    was hardly more than noise.
    """
    if spread is None or not known.size:
        return None
    percent = 100 * float((known < 0).mean(dtype=np.float64))
    if percent < NEGATIVE_PERCENT:
        return None
    return Cause(
        f"below 0 in {percent:.0f} % of the pixels, which no echo is: noise was subtracted there, "
        "and calm water and shadow have nothing left. Such pixels count as not observed",
        "Take the product with its noise, or filter its speckle before the noise is subtracted.",
    )


def _kelvin_cause(spread: Spread) -> Cause | None:
    low, high = KELVIN
    if low <= spread.median <= high:
        return None
    if CELSIUS[0] <= spread.median <= CELSIUS[1] and spread.low < spread.high - 0.5:
        return Cause(
            "no kelvin: are they degrees Celsius, or without their scale?",
            "Stack it with ‘stack.product’, or with ‘stack.offset’ 273.15 for degrees Celsius.",
        )
    return Cause(
        "no kelvin: their scale is missing or that of another product",
        "Stack it with ‘stack.product’, such as landsat-c2-l2.",
    )


def _reflectance_cause(spread: Spread) -> Cause | None:
    if spread.median > PERCENT:
        return Cause(
            "no reflectance: it looks like reflectance times 10000 without its scale",
            "Stack it with ‘stack.product’, such as reflectance-10000.",
            product="reflectance-10000",
        )
    if spread.median > BRIGHTEST:
        return Cause(
            "no reflectance: it looks like reflectance in percent",
            "Stack it with ‘stack.product’ reflectance-percent.",
            product="reflectance-percent",
        )
    if spread.median < DARK_MEDIAN or spread.high < 0:
        return Cause(
            "no reflectance: an offset was taken off that the pixels no longer hold",
            "Stack it with ‘stack.offset’ 0, or with the ‘stack.product’ that it is: "
            "sentinel2-harmonised where the offset is already taken off.",
            is_certain=spread.high < 0,
        )
    if spread.low >= 0 and spread.high < TOO_FAINT:
        return Cause(
            "no reflectance: it looks scaled twice",
            "Stack it with ‘stack.scale’ 1, or with the ‘stack.product’ that it is.",
        )
    return None
