"""A kernel: bands in, a pure function on arrays, layers out. It knows no file and no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..errors import known
from ..raster.classes import NOT_OBSERVED as NOT_OBSERVED
from ..raster.classes import NOT_OBSERVED_COLOR as NOT_OBSERVED_COLOR
from ..raster.classes import OUTSIDE as OUTSIDE
from ..raster.classes import OUTSIDE_COLOR as OUTSIDE_COLOR
from ..raster.classes import OUTSIDE_NAME as OUTSIDE_NAME
from ..types import MapClass as MapClass

FloatArray = npt.NDArray[np.float32]
Values = Mapping[str, FloatArray]
"""Name in the function → float32 (rows, cols), NaN = no data."""
Compute = Callable[[Values], "npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]"]


@dataclass(frozen=True)
class Layer:
    """One layer that a kernel makes."""

    name: str
    """Of the band in the file."""
    title: str
    range: tuple[float, float]
    """What the values can be."""
    style: str
    """Key of a style in ``resources/styles``; empty: classes are shown in their own colours."""
    classes: tuple[MapClass, ...] = ()
    """For a layer of classes, uint8 with ``NOT_OBSERVED`` as nodata; empty for one of numbers."""
    dtype: str = ""
    """How numbers are stored; empty: as the settings say."""
    bands: tuple[str, ...] = ()
    """Of a layer of several bands, their names; what the function gives for it is (bands, rows,
    cols) then.
    """
    unit: str = ""
    """Of the numbers."""
    outside: bool = False
    """True for a layer of classes of maps that have pixels outside of their area: ``OUTSIDE`` is
    one of its codes.
    """
    whole: bool = False
    """True for a layer of a first phase, which the next one reads beyond the area that is asked
    for.
    """


class Survey(Protocol):
    """What has to be known of the whole raster before any of it can be computed: a first pass over
    all tiles.

    Each tile gives whole numbers (a histogram, counts), which are added up: the sum is exact and
    the same in any order.
    """

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """The numbers of one part of the raster; of the same shape for every part.

        Each pixel comes once. Where the kernel says ``survey_halo``, the part comes with so many
        pixels around it, and what lies there is not to be counted: it belongs to the neighbours.
        """

    def settle(self, total: npt.NDArray[np.int64]) -> Compute:
        """The kernel's function, given the sum over all parts."""


class Sample(Protocol):
    """A look at a few windows of the raster, after the survey: for what a part tells as well as the
    whole, such as noise.
    """

    def learn(self, compute: Compute, windows: Sequence[Values]) -> Compute:
        """The kernel's function with what some windows tell."""


@runtime_checkable
class Telling(Protocol):
    """A function with something to say about itself that must stand in the files: the threshold
    that a survey found.
    """

    def tags(self) -> dict[str, str]:
        """Key → text."""


@runtime_checkable
class Reaching(Protocol):
    """A function that says itself how far it looks: what its survey settles may need less."""

    @property
    def halo(self) -> int:
        """Pixels around it that a pixel depends on."""


@dataclass(frozen=True)
class Kernel:
    """One tile's worth of work.

    Functions and surveys are frozen dataclasses: their ``repr`` says all that they do, so that an
    interrupted run can tell its own tiles from another's, and they can be sent to another process.
    """

    name: str
    bands: Mapping[str, str]
    """Name in the function → name of the band in the stack."""
    compute: Compute
    """A pure function: for each layer an array of the input's shape, each pixel of which depends on
    those within ``halo`` only.

    Numbers are float32 with NaN = no data, classes uint8 with ``NOT_OBSERVED``. One layer may come
    without its tuple.
    """
    layers: tuple[Layer, ...]
    """In the order of the function's results."""
    reference: str
    """Where the formula comes from."""
    halo: int = 0
    """Pixels around it that a pixel depends on; the function gets them around its tile (NaN beyond
    the raster), and its values there are dropped. With 0 it may get any part of a tile.
    """
    survey: Survey | None = None
    """The pass that comes first, if one is needed; what it settles takes the place of ``compute``.
    """
    survey_halo: int = 0
    """Pixels around it that the survey gets with each part; NaN beyond the raster. With 0 it gets
    the part alone, whatever the function's own halo is.
    """
    sample: Sample | None = None
    """What is learnt from a few windows before the tiles are computed."""
    cell: int = 1
    """The survey looks at squares of so many pixels a side, counted from the raster's corner: no
    part that it gets cuts through one, so that what it finds does not depend on the tiles.
    """

    def run(self, values: Values) -> tuple[npt.NDArray[Any], ...]:
        """The layers of one tile, in their order."""
        made = self.compute(values)
        return made if isinstance(made, tuple) else (made,)

    def tags(self) -> dict[str, str]:
        """What its function has to say for the files."""
        return self.compute.tags() if isinstance(self.compute, Telling) else {}

    def learnt(self, windows: Sequence[Values]) -> Kernel:
        """The kernel that needs no sample any more."""
        sample = known(self.sample, "only a kernel with a sample learns from one")
        return replace(self, compute=sample.learn(self.compute, windows), sample=None)

    def settled(self, total: npt.NDArray[np.int64]) -> Kernel:
        """The kernel that needs no survey any more; with what was settled it may look less far."""
        if self.survey is None:
            return self
        compute = self.survey.settle(total)
        halo = min(self.halo, compute.halo) if isinstance(compute, Reaching) else self.halo
        return replace(self, compute=compute, halo=halo, survey=None)
