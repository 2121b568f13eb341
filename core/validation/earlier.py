"""What was found of bands that are validated again beside others: of a scene that comes in two
steps, the bands that maps read are looked at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..files.file_state import States, file_state
from ..raster.grid import Window
from ..types import Grid, Radiometry
from .band_look import BandLook
from .preparation import PreparedRaster

_Key = tuple[tuple[Path, ...], Radiometry, str, float]


@dataclass(frozen=True)
class _Kept:
    key: _Key
    states: States
    """As the files were when it was looked at."""
    look: BandLook


@dataclass
class EarlierLooks:
    """Looks at the first bands of a scene; given to its first validation and to the next one, with
    the same settings.
    """

    _grid: Grid | None = None
    _windows: tuple[Window, ...] = ()
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def windows(self, grid: Grid) -> tuple[Window, ...]:
        """The windows at which the bands were looked at; empty where there is none, or they were on
        another grid.
        """
        return self._windows if grid == self._grid else ()

    def recall(self, name: str, raster: PreparedRaster) -> BandLook | None:
        """The look at a band, where it is made of the same files, which are as they were then, and
        was looked at in the same windows; each is given once, and held no longer.
        """
        with self._lock:
            kept = self._kept.pop(name, None)
        if kept is None or raster.plan.inside is not None:
            return None
        same = self.windows(raster.facts.grid) == raster.plan.windows and kept.key == _key(
            name, raster
        )
        return kept.look if same and kept.states == _states(name, raster) else None

    def keep(
        self, raster: PreparedRaster, looks: Sequence[BandLook], states: Mapping[str, States]
    ) -> None:
        """Keep the looks at the first raster's bands, of those that found nothing wrong: what was
        found is told of the raster that is looked at.

        Parameters
        ----------
        states : mapping
            Of :func:`states_of`, from before the looks.
        """
        if raster.plan.inside is not None or self._grid is not None:
            return  # a part of it was looked at, or it is not the first one
        with self._lock:
            self._grid, self._windows = raster.facts.grid, raster.plan.windows
            self._kept = {
                look.name: _Kept(_key(look.name, raster), states[look.name], look)
                for look in looks
                if not look.findings
            }


def states_of(raster: PreparedRaster) -> dict[str, States]:
    """Of each band the states of its files."""
    return {name: _states(name, raster) for name in raster.bands}


def _key(name: str, raster: PreparedRaster) -> _Key:
    band = raster.facts.bands[raster.bands[name] - 1]
    files = tuple(raster.sources.bands.get(raster.bands[name], ()))
    return files, band.radiometry, band.dtype, raster.covered


def _states(name: str, raster: PreparedRaster) -> States:
    files = raster.sources.bands.get(raster.bands[name], ())
    return {file: file_state(file) for file in files}
