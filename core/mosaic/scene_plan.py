"""The scenes of a mosaic, their grid and the rule by which they are put together: values, which may
be sent to a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..raster.grid import Window, common
from ..types import Grid, Unit
from .band_reader import BandLocation


@dataclass(frozen=True)
class MosaicScene:
    """A scene of a mosaic."""

    id: str
    bands: Mapping[str, BandLocation]
    window: Window
    """The part of the mosaic that it may fill."""
    mask: BandLocation | None = None
    """Its cloud mask, where clouds are to be left out."""
    mask_band: str = ""
    """``scl`` or ``qa_pixel``."""

    def locations(self) -> list[BandLocation]:
        """Locations of all bands that are read of it."""
        return [*self.bands.values(), *([self.mask] if self.mask else [])]


@dataclass(frozen=True)
class MosaicPlan:
    """The scenes, their grid, and the rule where several have data."""

    grid: Grid
    band_names: tuple[str, ...]
    scenes: tuple[MosaicScene, ...]
    """The one that counts most comes first."""
    rule: str = "first"
    """``first``: the first that has data; ``median``: of all that have data, band by band."""
    method: str = "bilinear"
    """How pixels that lie otherwise are interpolated."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """Unit of the values that are read."""
        unit = self.scenes[0].bands[self.band_names[0]].radiometry.unit
        return "dB" if unit == Unit.POWER else unit

    def in_window(self, window: Window) -> list[tuple[MosaicScene, Window]]:
        """The scenes that may have pixels in a window, each with the part it may fill."""
        there = self._touched(window)
        parts = ((self.scenes[number], self.scenes[number].window) for number in there)
        common_parts = ((scene, common(whole, window)) for scene, whole in parts)
        return [(scene, part) for scene, part in common_parts if part is not None]

    def part(self, window: Window) -> MosaicPlan:
        """The same plan with those scenes alone that may have pixels in a window: what a worker
        needs for it.
        """
        return replace(self, scenes=tuple(self.scenes[number] for number in self._touched(window)))

    def _touched(self, window: Window) -> list[int]:
        """Numbers of the scenes whose windows have pixels in common with this one."""
        top, left, bottom, right = self._boxes
        touched = (top < window.row + window.rows) & (bottom > window.row)
        touched &= (left < window.col + window.cols) & (right > window.col)
        return [int(number) for number in np.flatnonzero(touched)]

    @cached_property
    def _boxes(self) -> npt.NDArray[np.int64]:
        """First row and column of each scene's window, and those behind its last: (4, scenes)."""
        windows = [scene.window for scene in self.scenes]
        boxes = [(w.row, w.col, w.row + w.rows, w.col + w.cols) for w in windows]
        return np.array(boxes, np.int64).reshape(-1, 4).T
