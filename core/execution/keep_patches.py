"""The second phase of a classification that first marks and then grows: patches of marks → a layer
of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..algorithms.kernel import OUTSIDE, Layer
from ..cog.writer import CogWriter
from ..monitor import EventQueue, Monitor, Progress
from ..raster.grid import Window
from ..raster.reader import RasterReader
from ..settings import Settings
from ..shapes.area_pixels import AreaPixels
from ..shapes.seeded_patches import PatchRule, SeededPatches, find_patches
from ..workers import run_in_background
from .apply import layer_spec
from .layer_statistics import LayerStatistics, written_statistics

Temper = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]


@dataclass(frozen=True)
class Tempered:
    """A layer of the first phase that is put right by what was kept; the file is written anew."""

    path: Path
    layer: Layer
    temper: Temper
    """Changes a window's numbers in place, given the marks and the painted patches."""


def keep_patches(
    marks: Path,
    layer: Layer,
    output: Path,
    rule: PatchRule,
    settings: Settings,
    monitor: Monitor,
    tags: Mapping[str, str],
    tempered: Tempered,
    area: AreaPixels | None = None,
) -> tuple[tuple[LayerStatistics, LayerStatistics], SeededPatches]:
    """Write a layer that is 1 in the patches of marks that are kept, 0 elsewhere, and not observed
    where the marks are; then another one that follows from it.

    A patch may reach across any number of tiles, so this is one pass from top to bottom on one
    thread; and beyond the area that is asked for, so that it is judged as a whole.

    Raises
    ------
    RasterError, Cancelled
        See :func:`.seeded_patches.find_patches`; nothing is left under the name of the output.
    """
    events = EventQueue(monitor)

    def all_of_it() -> tuple[tuple[LayerStatistics, LayerStatistics], SeededPatches]:
        with RasterReader(marks) as reader, ExitStack() as files:
            events.put(Progress(0.0, f"{layer.title}: patches"))
            patches = find_patches(reader, rule, events.stop.is_set, area)
            spec = layer_spec(reader, layer, settings, tags, area)
            other = layer_spec(reader, tempered.layer, settings, tags, area)
            rows, cols = reader.facts.grid.shape
            writer = files.enter_context(CogWriter(output, spec))
            anew = files.enter_context(CogWriter(tempered.path, other))
            with RasterReader(tempered.path) as before:
                for row in range(0, rows, spec.span):
                    window = Window(row, 0, min(spec.span, rows - row), cols)
                    marked, numbers = (one.read_stored(1, window) for one in (reader, before))
                    painted = patches.paint(marked, row)
                    if area is not None:
                        painted[~area.inside(window)] = OUTSIDE
                    tempered.temper(numbers, marked, painted)
                    writer.write(window, painted)
                    anew.write(window, numbers)
                    share = 0.9 * (row + window.rows) / rows
                    events.put(Progress(share, f"{layer.title}: writing the layer"))
            for one in (anew, writer):
                one.finish(on_progress=lambda _: not events.stop.is_set())
            outside = area.outside if area else 0
            first, second = (written_statistics(one, "", outside)[0] for one in (writer, anew))
            return (first, second), patches

    return run_in_background(all_of_it, events)
