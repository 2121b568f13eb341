"""Many scenes as one raster: read tile by tile where they lie, brought to physical values, masked
and put together.

Nothing is fetched before a window is read, and then only the blocks of those scenes that are needed
for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AccessError, RasterError, SceneReadError
from ..raster.cloud_mask import is_clear
from ..raster.grid import Window
from ..raster.physical import FloatArray
from ..types import Grid
from .median import nan_median
from .on_grid import Known, read_classes, read_values
from .scene_plan import MosaicPlan, MosaicScene
from .sources import Sources, sources_here

COLUMN_TILES = 16
"""Tiles of all bands are worked off in columns so wide."""
STRIP_BYTES = 128 << 20
"""Of all bands of all scenes that a median holds at once, for each thread. Of strips that are
smaller than a window the scenes' blocks would be decoded again for each: those of twenty scenes do
not stay in the cache.
"""

LEAST_ROWS = 128
STRIP_PIXELS = 1 << 20
"""Of a window, as a rule."""


class MosaicReader:
    """Reads windows of a mosaic as physical values; safe to use from many threads.

    A scene has data at a pixel where all of the bands have it and, with a mask, no cloud or shadow
    is seen: the bands of a pixel always come from the same scenes.

    Parameters
    ----------
    plan : MosaicPlan
    """

    def __init__(self, plan: MosaicPlan, sources: Sources | None = None) -> None:
        self.plan = plan
        self._sources = sources or Sources(uuid.uuid4().hex)

    def __reduce__(self) -> tuple[Any, ...]:
        return _mosaic_here, (self._sources.name, self.plan)

    def part(self, window: Window) -> MosaicReader:
        """The same mosaic for whoever reads within a window alone: it knows no other scenes, and
        shares the opened files.
        """
        return MosaicReader(self.plan.part(window), self._sources)

    def __enter__(self) -> MosaicReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files of all scenes; what is being read is closed by its reader."""
        self._sources.close()

    @property
    def grid(self) -> Grid:
        """The grid of its pixels."""
        return self.plan.grid

    @property
    def remote(self) -> bool:
        """Tell whether pixels come over a network."""
        return any(location.remote for scene in self.plan.scenes for location in scene.locations())

    def dtype(self) -> str:
        """Numpy's name of the stored numbers' type, as the first scene has it.

        Raises
        ------
        RasterError
            If that cannot be opened.
        """
        scene, name = self.plan.scenes[0], self.plan.band_names[0]
        return self._sources.of(scene, name).dtype

    def strips(
        self, indexes: Mapping[str, int], window: Window, rows: int
    ) -> Iterator[dict[str, FloatArray]]:
        """A window's composed bands, from top to bottom, ``rows`` rows at a time.

        Parameters
        ----------
        indexes : mapping of str to int
            Name in what is given back → band of the plan, from 1.
        """
        values = self.compose(window)
        for row in range(0, window.rows, rows):
            yield {name: values[index - 1, row : row + rows] for name, index in indexes.items()}

    def let_go(self) -> None:
        """Nothing: what has come over a network is not to come again."""

    def column_tiles(self, indexes: Sequence[int]) -> int | None:
        """In columns of so many tiles it is best read: what neighbours share then still lies in the
        cache of blocks.
        """
        return max(2, COLUMN_TILES // len(self.plan.band_names))

    def pixel_bytes(self, indexes: Sequence[int]) -> int:
        """Memory for each pixel of a window while it is composed: the result, a scene's values,
        stored numbers and places.
        """
        held = 4 * (2 * len(self.plan.band_names) + 1) + 16
        if self.plan.rule == "median":
            layers = 4 * len(self.plan.scenes) * len(self.plan.band_names)
            held += min(layers, STRIP_BYTES // STRIP_PIXELS)
        return held

    def state(self) -> list[tuple[str, int, int]]:
        """Address, size and time of change (ns) of the scenes' files; -1 where they are not on this
        machine.
        """
        states = []
        for name in sorted(
            {location.source for scene in self.plan.scenes for location in scene.locations()}
        ):
            status = Path(name).stat() if Path(name).is_file() else None
            states.append((name, status.st_size, status.st_mtime_ns) if status else (name, -1, -1))
        return states

    def meaning(self) -> str:
        """All that its values depend on besides the state of its files."""
        plan = self.plan
        scenes = [
            (
                scene.id,
                scene.window,
                scene.mask_band,
                [(one.source, one.grid, one.radiometry) for one in scene.locations()],
            )
            for scene in plan.scenes
        ]
        return f"{plan.grid} {plan.band_names} {plan.rule} {plan.method} {scenes}"

    def compose(self, window: Window) -> FloatArray:
        """All bands of a window, (bands, rows, cols).

        Raises
        ------
        SceneReadError
            If a scene cannot be read.
        """
        there = self.plan.in_window(window)
        if self.plan.rule != "median" or len(there) < 2:
            return self._filled(window, there)
        out = np.empty((len(self.plan.band_names), window.rows, window.cols), np.float32)
        rows = max(LEAST_ROWS, STRIP_BYTES // (4 * len(there) * window.cols * len(out)))
        for row in range(0, window.rows, rows):
            strip = Window(window.row + row, window.col, min(rows, window.rows - row), window.cols)
            out[:, row : row + rows] = self._median(strip)
        return out

    def _filled(self, window: Window, there: Sequence[tuple[MosaicScene, Window]]) -> FloatArray:
        """From the first that has data; what covers the whole window is filled up where it lies,
        not copied.
        """
        out: FloatArray | None = None
        empty: npt.NDArray[np.bool_] = np.ones((window.rows, window.cols), dtype=bool)
        for scene, whole in there:
            part = _still_empty(empty, window, whole)
            if part is None:
                continue
            rows, cols = inside = _slices(part, window)
            values = self._read_scene(scene, part, empty[inside])
            if values is None:
                continue
            complete = _complete(values)
            if out is None and part == window:
                out, empty = values, ~complete
                if empty.any():
                    np.copyto(out, np.float32(np.nan), where=empty)
                continue
            if out is None:
                out = np.full((len(values), window.rows, window.cols), np.nan, np.float32)
            complete &= empty[inside]
            np.copyto(
                out[:, rows, cols], values, where=complete
            )  # a third of the time of an index by a mask
            empty[inside] &= ~complete
        if out is None:
            return np.full(
                (len(self.plan.band_names), window.rows, window.cols), np.nan, np.float32
            )
        return out

    def _median(self, strip: Window) -> FloatArray:
        everything = np.ones((strip.rows, strip.cols), dtype=bool)
        there = self.plan.in_window(strip)
        shape = (len(there), len(self.plan.band_names), strip.rows, strip.cols)
        layers, used = np.empty(shape, np.float32), 0
        for scene, part in there:
            rows, cols = inside = _slices(part, strip)
            values = self._read_scene(scene, part, everything[inside])
            if values is not None:
                layers[used] = np.nan
                np.copyto(layers[used][:, rows, cols], values, where=_complete(values))
                used += 1
        return nan_median(layers[:used])

    def _read_scene(
        self, scene: MosaicScene, part: Window, wanted: npt.NDArray[np.bool_]
    ) -> FloatArray | None:
        """Its bands in a window, (bands, rows, cols), NaN where there is no data; None where
        nothing wanted has any.

        The mask comes first: where all is cloud, no other band is fetched.
        """
        try:
            clear = wanted
            if scene.mask is not None:
                classes = read_classes(
                    self._sources.of(scene, scene.mask_band), self.plan.grid, part
                )
                clear = wanted & is_clear(scene.mask_band, classes)
                if not clear.any():
                    return None
            values = np.empty((len(self.plan.band_names), part.rows, part.cols), np.float32)
            known: Known = {}
            for number, name in enumerate(self.plan.band_names):
                source = self._sources.of(scene, name)
                values[number] = read_values(source, self.plan.grid, part, self.plan.method, known)
                if number == 0 and not np.isfinite(values[0][clear]).any():
                    return None
        except (RasterError, AccessError) as error:
            raise SceneReadError(
                f"Scene {scene.id} cannot be read",
                f"{error.what}: {error.why}",
                error.hint,
                scene.id,
            ) from error
        if not clear.all():
            np.copyto(values, np.float32(np.nan), where=~clear)
        return values


def _mosaic_here(name: str, plan: MosaicPlan) -> MosaicReader:
    """A reader of this process in place of one that was sent to it."""
    return MosaicReader(plan, sources_here(name))


def _complete(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Mask of pixels where all bands have data; band by band, which takes half of the time of
    ``all`` over an axis.
    """
    complete: npt.NDArray[np.bool_] = np.isfinite(values[0])
    for band in values[1:]:
        complete &= np.isfinite(band)
    return complete


def _still_empty(empty: npt.NDArray[np.bool_], window: Window, part: Window) -> Window | None:
    """The smallest window around the pixels of ``part`` that are still empty."""
    place = _slices(part, window)
    if empty[place].all():
        return part
    rows, cols = np.flatnonzero(empty[place].any(axis=1)), np.flatnonzero(empty[place].any(axis=0))
    if not rows.size:
        return None
    return Window(
        part.row + int(rows[0]),
        part.col + int(cols[0]),
        int(np.ptp(rows)) + 1,
        int(np.ptp(cols)) + 1,
    )


def _slices(part: Window, window: Window) -> tuple[slice, slice]:
    row, col = part.row - window.row, part.col - window.col
    return slice(row, row + part.rows), slice(col, col + part.cols)
