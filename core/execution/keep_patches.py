"""The second phase of a classification that first marks and then grows: patches of marks → a layer
of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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


def keep_patches(
    marks: Path,
    layer: Layer,
    output: Path,
    rule: PatchRule,
    settings: Settings,
    monitor: Monitor,
    tags: Mapping[str, str],
    area: AreaPixels | None = None,
) -> tuple[LayerStatistics, SeededPatches]:
    """Write a layer that is 1 in the patches of marks that are kept, 0 elsewhere, and not observed
    where the marks are.

    A patch may reach across any number of tiles, so this is one pass from top to bottom on one
    thread; and beyond the area that is asked for, so that it is judged as a whole.

    Raises
    ------
    RasterError, Cancelled
        See :func:`.seeded_patches.find_patches`; nothing is left under the name of the output.
    """
    events = EventQueue(monitor)

    def all_of_it() -> tuple[LayerStatistics, SeededPatches]:
        with RasterReader(marks) as reader:
            events.put(Progress(0.0, f"{layer.title}: patches"))
            patches = find_patches(reader, rule, events.stop.is_set, area)
            spec = layer_spec(reader, layer, settings, tags, area)
            rows, cols = reader.facts.grid.shape
            with CogWriter(output, spec) as writer:
                for row in range(0, rows, spec.span):
                    window = Window(row, 0, min(spec.span, rows - row), cols)
                    codes = patches.paint(reader.read_stored(1, window), row)
                    if area is not None:
                        codes[~area.inside(window)] = OUTSIDE
                    writer.write(window, codes)
                    events.put(
                        Progress(
                            0.9 * (row + window.rows) / rows, f"{layer.title}: writing the layer"
                        )
                    )
                writer.finish(on_progress=lambda _: not events.stop.is_set())
                outside = area.outside if area else 0
                return written_statistics(writer, "", outside)[0], patches

    return run_in_background(all_of_it, events)
