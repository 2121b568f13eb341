"""Numbers that stand for nothing although no file declares them: found in a few pixels of a band,
and told before somebody takes them for measurements.

Sources of the numbers: Esri's and R's habits (-9999, -3.4e38, the latter never counts:
:mod:`..raster.valid`); the limits of whole-number types, as GDAL's and SNAP's writers fill them;
netCDF-4's default fill values, https://docs.unidata.ucar.edu/netcdf-c/current/netcdf_8h.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Unit
from ..gdal.types import holds
from ..raster.cloud_mask import MASK_BANDS
from ..raster.reader import RasterReader
from ..raster.valid import find_missing
from ..report import Finding
from .sample import sample_stored

FILLS = (
    -9999.0,
    -99999.0,
    -999.0,
    -32768.0,
    -32767.0,
    32767.0,
    65535.0,
    -2147483648.0,
    -2147483647.0,
    2147483647.0,
    4294967295.0,
    1e20,
    -1e20,
)
LAST_OF_BYTE = 255.0
"""In 8-bit numbers also the brightest of a picture: counted only where nothing comes near it."""
LEAST_SHARE = 0.002
"""Share of the pixels looked at. A judgement: single hot pixels stay below it."""
LEAST_COUNT = 8
APART = 1.0
"""Spans (2nd to 98th percentile) of all other numbers that lie between them and a fill value: a
number at the end of a histogram is a measurement, one far beyond it is none. A judgement.
"""
WORDS = re.compile("declares as nodata: they count")
"""Of the finding's sentence, and of no other."""
ZERO_SHARE, ZERO_APART = 0.005, 0.02
"""As above, for zeros that all bands have at the same pixels: measurements there would differ."""


@dataclass(frozen=True)
class _Band:
    """A band's pixels that were looked at."""

    name: str
    stored: npt.NDArray[Any]
    known: npt.NDArray[np.bool_]
    """Those that no file declares as nothing."""


def check_undeclared(reader: RasterReader, bands: Mapping[str, int]) -> list[Finding]:
    """Find numbers that stand for nothing and are not declared; one finding for all bands with the
    same number.

    Parameters
    ----------
    bands : mapping of str to int
        Name → index from 1. Classes among them are left out.
    """
    looked = [
        _look(reader, name, index)
        for name, index in bands.items()
        if name not in MASK_BANDS and reader.radiometry[index - 1].unit != Unit.CLASS
    ]
    found: dict[float, list[tuple[str, float]]] = {}
    for band in looked:
        for value, share in _fills(band):
            found.setdefault(value, []).append((band.name, share))
    share = _common_zeros(looked)
    if share:
        found[0.0] = [(band.name, share) for band in looked]
    return [_finding(reader, value, judged) for value, judged in found.items()]


def is_about_fills(sentence: str) -> bool:
    """Tell whether a sentence is one of :func:`check_undeclared`."""
    return WORDS.search(sentence) is not None


def _finding(reader: RasterReader, value: float, judged: list[tuple[str, float]]) -> Finding:
    name, share = judged[0]
    names = ", ".join(name for name, _ in judged)
    sentence = (
        f"{_percent(share)} of {names} in {reader.facts.path.name} are exactly {value:.10g}, "
        "which no file declares as nodata: they count as measured. If they mean nothing, stack it "
        f"with ‘stack.nodata’ {value:.10g}."
    )
    return Finding.warning("nodata_undeclared", sentence, name, 100 * share, 100 * LEAST_SHARE)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _look(reader: RasterReader, name: str, index: int) -> _Band:
    stored, rule = sample_stored(reader, index), reader.radiometry[index - 1]
    return _Band(name, stored, ~find_missing(stored, rule.nodata, rule.unit))


def _fills(band: _Band) -> list[tuple[float, float]]:
    """Numbers that stand for nothing, and the share of each."""
    dtype, numbers = band.stored.dtype.name, band.stored[band.known]
    candidates = [LAST_OF_BYTE] if dtype == "uint8" else [v for v in FILLS if holds(dtype, v)]
    found = []
    for value in candidates:
        here = numbers == band.stored.dtype.type(value)
        count = int(here.sum())
        if count < max(LEAST_COUNT, LEAST_SHARE * band.stored.size) or count == numbers.size:
            continue
        if _is_apart(numbers[~here], value, APART):
            found.append((value, count / band.stored.size))
    return found


def _is_apart(others: npt.NDArray[Any], value: float, spans: float) -> bool:
    """Tell whether a number lies beyond all others, by so many of their spans."""
    fills = np.array([fill for fill in FILLS if holds(others.dtype.name, fill)], others.dtype)
    others = others[~np.isin(others, fills)]
    if not others.size:
        return False
    wide = others.astype(np.float64)
    low, high = np.percentile(wide, (2, 98))
    gap = wide.min() - value if value < low else value - wide.max()
    return bool(gap > spans * (high - low) and gap > 0)


def _common_zeros(bands: list[_Band]) -> float:
    """Share of the pixels that are 0 in all bands, where that looks like nothing; else 0."""
    if len(bands) < 2 or len({band.stored.shape for band in bands}) != 1:
        return 0.0
    common = np.logical_and.reduce([band.known & (band.stored == 0) for band in bands])
    count, size = int(common.sum()), common.size
    if count < max(LEAST_COUNT, ZERO_SHARE * size):
        return 0.0
    for band in bands:
        others = band.stored[band.known & ~common]
        if not others.size or not _is_apart(others, 0.0, ZERO_APART):
            return 0.0
    return count / int(size)
