"""Stored numbers → physical values: scale, offset and the decibel are applied here and nowhere
else. :mod:`.valid` tells what is no data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..types import Radiometry, Unit
from .valid import find_missing_or_none

FloatArray = npt.NDArray[np.float32]


def amplitude_to_decibel(stored: FloatArray, calibration_db: float) -> FloatArray:
    """Backscatter in dB of stored amplitudes, ``10 log10(stored²) + calibration_db``; NaN where
    there is none.

    Parameters
    ----------
    stored : ndarray of float32
        Amplitudes, NaN = no data.
    calibration_db : float
        The product's calibration factor: -83.0 dB for JAXA's mosaics of PALSAR and PALSAR-2.

    Source: Shimada et al. 2009, doi:10.1109/TGRS.2009.2023909.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values: FloatArray = np.log10(stored)
    values *= np.float32(20)
    values += np.float32(calibration_db)
    values[~np.isfinite(values)] = np.nan
    return values


def to_physical(stored: npt.NDArray[Any], radiometry: Radiometry) -> FloatArray:
    """Stored numbers → physical values, NaN = no data; radar power becomes dB (10 log10).

    The offset is subtracted in stored units, ``(stored + offset/scale) * scale``: for integers up
    to 2^24 that subtraction is exact in float32 when offset/scale is whole (Sentinel-2: -1000), so
    dark pixels keep their digits.
    """
    bad = find_missing_or_none(stored, radiometry.nodata, radiometry.unit)
    values: FloatArray = stored.astype(np.float32)
    if radiometry.offset and radiometry.scale:
        values += np.float32(radiometry.offset / radiometry.scale)
    if radiometry.scale != 1.0:
        values *= np.float32(radiometry.scale)
    if radiometry.unit == Unit.POWER:
        with np.errstate(divide="ignore", invalid="ignore"):
            np.log10(values, out=values)
        values *= np.float32(10)
        values[~np.isfinite(values)] = np.nan
    if bad is not None and bad.any():
        values[bad] = np.nan
    return values
