"""A kernel: bands in, a pure function on arrays, one layer out. It knows no file and no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Kernel:
    """One tile's worth of work."""

    name: str
    bands: Mapping[str, str]
    """Name in the function → name of the band in the stack."""
    compute: Callable[[Mapping[str, FloatArray]], FloatArray]
    """float32 (rows, cols), NaN = no data, in and out, of one shape; each pixel may depend on those within ``halo`` only."""
    title: str
    range: tuple[float, float]
    """What the result can be."""
    style: str
    """Key of a style in ``resources/styles``."""
    reference: str
    """Where the formula comes from."""
    halo: int = 0
    """Pixels around it that a pixel depends on; the function gets them around its tile (NaN beyond the raster), and its values
    there are dropped. With 0 it may get any part of a tile."""
