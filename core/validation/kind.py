"""Kind of a band: measured, or classes. The file decides by its unit, its colours and its numbers;
a name helps only where they are silent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..raster.facts import BandFacts
from ..types import Unit

LAST_CODE = 15
"""Classes are counted from 0, or from -1 where that is "not labelled"; SCL ends at 11."""
NO_CODE = 255


def holds_classes(name: str, band: BandFacts, stored: npt.NDArray[Any] | None = None) -> bool:
    """Tell whether a band holds classes, flags or labels: nothing to be measured.

    Parameters
    ----------
    name : str
        By which it is known; empty for none.
    stored : ndarray, optional
        Some of its numbers.
    """
    rule = band.radiometry
    if rule.unit != Unit.NONE:
        return rule.unit == Unit.CLASS
    if not band.dtype.startswith(("int", "uint")) or (rule.scale, rule.offset) != (1.0, 0.0):
        return False
    classes, measured = _sensor_bands()
    if band.palette or name in classes:
        return True
    return stored is not None and name not in measured and _are_codes(stored)


def _are_codes(stored: npt.NDArray[Any]) -> bool:
    values = np.unique(stored)
    values = values[values != NO_CODE]
    return bool(values.size > 1 and values[0] >= -1 and values[-1] <= LAST_CODE)


@lru_cache(maxsize=1)
def _sensor_bands() -> tuple[frozenset[str], frozenset[str]]:
    """Names of the bands of all sensors that hold classes, and of those that are measured."""
    from ..discovery.band_config import load_sensors

    bands = [band for sensor in load_sensors().values() for band in sensor.bands.values()]
    return (
        frozenset(band.name for band in bands if band.is_class),
        frozenset(band.name for band in bands if not band.is_class),
    )
