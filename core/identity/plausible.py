"""Physical values that cannot be: a look at a band after scaling, and the likely cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..enums import Unit
from ..raster.physical import to_physical
from ..raster.reader import RasterReader
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
LEAST = 16
"""Pixels that are enough to judge."""


@dataclass(frozen=True)
class Spread:
    """Percentiles of physical values."""

    low: float
    median: float
    high: float


def check_plausible(reader: RasterReader, bands: Mapping[str, int]) -> list[Finding]:
    """Judge bands by a few of their pixels; one finding for all that have the same cause.

    Parameters
    ----------
    bands : mapping of str to int
        Name → index from 1.
    """
    found: dict[tuple[str, str], list[tuple[str, Spread]]] = {}
    for name, index in bands.items():
        spread = _spread(reader, index)
        unit = _unit(name, reader.radiometry[index - 1].unit)
        cause = _cause(spread, unit) if spread is not None else None
        if spread is not None and cause is not None:
            found.setdefault(cause, []).append((name, spread))
    return [_finding(reader, *cause, judged) for cause, judged in found.items()]


def _spread(reader: RasterReader, index: int) -> Spread | None:
    values = to_physical(sample_stored(reader, index), reader.radiometry[index - 1])
    values = values[np.isfinite(values)]
    if values.size < LEAST or values.min() == values.max():  # blank: the validator's matter
        return None
    low, median, high = np.percentile(values, (2, 50, 98))
    return Spread(float(low), float(median), float(high))


def _unit(name: str, unit: Unit) -> Unit:
    """Unit of a band that may state none: of its name."""
    if unit != Unit.NONE:
        return unit
    if name.startswith("lwir"):
        return Unit.KELVIN
    return Unit.REFLECTANCE if name in RANGES_NM else Unit.NONE


def _cause(spread: Spread, unit: Unit) -> tuple[str, str] | None:
    """Likely cause and what to do about it; None where the values can be."""
    if unit == Unit.REFLECTANCE:
        return _reflectance_cause(spread)
    low, high = KELVIN
    if unit != Unit.KELVIN or low <= spread.median <= high:
        return None
    if CELSIUS[0] <= spread.median <= CELSIUS[1] and spread.low < spread.high - 0.5:
        return (
            "no kelvin: are they degrees Celsius, or without their scale?",
            "Stack it with ‘stack.product’, or with ‘stack.offset’ 273.15 for degrees Celsius.",
        )
    return (
        "no kelvin: their scale is missing or that of another product",
        "Stack it with ‘stack.product’, such as landsat-c2-l2.",
    )


def _reflectance_cause(spread: Spread) -> tuple[str, str] | None:
    if spread.median > PERCENT:
        return (
            "no reflectance: it looks like reflectance times 10000 without its scale",
            "Stack it with ‘stack.product’, such as reflectance-10000.",
        )
    if spread.median > BRIGHTEST:
        return (
            "no reflectance: it looks like reflectance in percent",
            "Stack it with ‘stack.product’ reflectance-percent.",
        )
    if spread.median < DARK_MEDIAN or spread.high < 0:
        return (
            "no reflectance: an offset was taken off that the pixels no longer hold",
            "Stack it with ‘stack.offset’ 0, or with the ‘stack.product’ that it is: "
            "sentinel2-harmonised where the offset is already taken off.",
        )
    if spread.low >= 0 and spread.high < TOO_FAINT:
        return (
            "no reflectance: it looks scaled twice",
            "Stack it with ‘stack.scale’ 1, or with the ‘stack.product’ that it is.",
        )
    return None


def _finding(
    reader: RasterReader, cause: str, remedy: str, judged: list[tuple[str, Spread]]
) -> Finding:
    name, spread = judged[0]
    names = ", ".join(name for name, _ in judged)
    sentence = (
        f"The values of {names} in {reader.facts.path.name} are {cause} (2nd to 98th percentile of "
        f"{name}: {spread.low:.4g} to {spread.high:.4g}, median {spread.median:.4g}). {remedy}"
    )
    return Finding.warning("values_implausible", sentence, name, spread.median)
