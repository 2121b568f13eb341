"""Valid data: which stored numbers of a band mean something. Reader, mosaic, validator and
statistics ask here, so that "observed" is the same everywhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..enums import Unit
from ..gdal.types import GMF_ALPHA, GMF_PER_DATASET, holds, is_floating, type_range

if TYPE_CHECKING:  # the facts of a file need none of it
    import numpy as np
    import numpy.typing as npt

    BoolArray = npt.NDArray[np.bool_]

LARGEST = 1e30
"""No band measures so much in any unit. The numbers that stand for nothing do: -3.4e38 as R writes
it, the limits of float32 and float64, netCDF's 9.97e36, infinity.
"""


def find_missing(stored: npt.NDArray[Any], nodata: float | None, unit: str = "") -> BoolArray:
    """Mark the stored numbers that mean nothing.

    They are the nodata value, rounded as the data are; NaN, infinity and what is as large as no
    measurement, in types that hold them; and zeros of radar power and amplitude, which echoes of
    any surface exceed.

    Parameters
    ----------
    stored : ndarray, any shape
        Numbers as the file holds them.
    nodata : float or None
        None: no number stands for nothing.
    unit : str
        Of the band, as :class:`~firstlight.core.enums.Unit`.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    import numpy as np

    value = stored_nodata(stored.dtype, nodata)
    if stored.dtype.kind == "f":
        missing = _find_no_measurement(stored)
        if value is not None:
            missing |= stored == value
    else:
        missing = np.zeros(stored.shape, np.bool_) if value is None else stored == value
    if unit in (Unit.POWER, Unit.AMPLITUDE):
        missing |= stored == 0
    return missing


def _find_no_measurement(stored: npt.NDArray[Any]) -> BoolArray:
    """NaN, infinity and what is as large; two comparisons take half of the time of ``abs``."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        measured: BoolArray = stored < LARGEST
        measured &= stored > -LARGEST
    return ~measured


def find_missing_or_none(
    stored: npt.NDArray[Any], nodata: float | None, unit: str = ""
) -> BoolArray | None:
    """As :func:`find_missing`; None where there is nothing to look for."""
    whole = stored.dtype.kind != "f"
    radar = unit in (Unit.POWER, Unit.AMPLITUDE)
    if whole and not radar and stored_nodata(stored.dtype, nodata) is None:
        return None
    return find_missing(stored, nodata, unit)


def stored_nodata(dtype: npt.DTypeLike, nodata: float | None) -> Any:
    """The nodata value as a number of the data's own type; None where none of its numbers is it, or
    it is missing by itself: NaN and what is beyond ``LARGEST``.
    """
    import numpy as np

    kind = np.dtype(dtype)
    if kind.kind not in "iuf":  # complex: compared as it is
        return nodata
    if nodata is None or not abs(nodata) < LARGEST or not holds(kind.name, nodata):
        return None
    number: Any = kind.type
    return number(nodata)


def is_masked(flags: int) -> bool:
    """Tell from GDAL's flags whether a band says by a mask or an alpha band where there is
    nothing.
    """
    return bool(flags & (GMF_PER_DATASET | GMF_ALPHA)) or flags == 0


def nodata_under_mask(dtype: str, nodata: float | None) -> float:
    """The number that takes the place of what a mask hides: the band's own nodata value, else NaN,
    else the number at the end of the type that measurements reach last.

    For numbers without sign that is the greatest, by which sensors mark saturation: 0 is a class in
    class rasters, and black in pictures.
    """
    if is_floating(dtype):
        return math.nan if nodata is None else nodata
    if nodata is not None and holds(dtype, nodata):
        return nodata
    low, high = type_range(dtype)
    return float(high if low == 0 else low)
