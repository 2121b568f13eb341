"""Statistics of a band from a few of its pixels, for programs that show it: without them QGIS reads
every band on its main thread when it opens a stack, and writes what it finds into the VRT.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..cog.statistics import BandStatistics, measure
from ..errors import RasterError
from ..files.file_state import Remembered, file_state
from ..raster.facts import BandFacts
from ..raster.grid import Window
from ..raster.reader import RasterReader
from ..raster.vrt_sources import is_vrt
from ..raster.vrt_text import same_nodata
from .source import OpenedBand

PREFIX = "STATISTICS_"
APPROXIMATE = f"{PREFIX}APPROXIMATE"
MOST_SIDE = 256
"""Pixels a side of the picture in small from which they are taken: 65 536 tell mean and deviation
to half a per cent, and a quarter of QGIS's own look is decoded.
"""
MOST_PIXELS = 4_000_000
"""A band of so few pixels is decimated whole where it has no overviews."""
WINDOWS, WINDOW_SIDE = 3, 256
"""Of a larger one, so many windows of this side are read across and down."""


_known: Remembered[Mapping[str, str]] = Remembered(256)
"""An event stacks the bands of its maps, and then these with the others."""


def statistics_tags(band: OpenedBand) -> Mapping[str, str]:
    """Statistics as GDAL names them, of stored numbers; empty where there are none to be had.

    They say that they are approximate, so no program that counts takes them.
    """
    path = band.source.path
    if not path.is_file() or is_vrt(path):  # a name inside a file, or pixels of other files
        return _stated(band) or _measured(band)
    key = path, band.source.index, str(band.radiometry.nodata)
    states = {path: file_state(path)}
    tags = _known.recall(key, states)
    if tags is None:
        tags = _measured(band)
        _known.keep(key, states, tags)
    return tags


def joint_statistics(tiles: Sequence[tuple[BandFacts, int]], pixels: int) -> Mapping[str, str]:
    """The same of tiles side by side, from what each of them states; empty where one states
    nothing. What lies in two tiles counts twice.

    Parameters
    ----------
    tiles : sequence of (BandFacts, int)
        With the number of their pixels.
    pixels : int
        Of all together.
    """
    total = BandStatistics()
    for band, its_pixels in tiles:
        found = BandStatistics.of_tags(band.tags, its_pixels)
        if found is None:
            return {}
        total += found
    total = replace(total, pixels=max(pixels, total.observed))
    return {APPROXIMATE: "YES", **total.tags()}


def _stated(band: OpenedBand) -> Mapping[str, str]:
    """What a stack states of its band, where the same numbers are no data in both."""
    own = band.band
    if own.tags.get(APPROXIMATE) != "YES":
        return {}
    if not same_nodata(own.radiometry.nodata, band.radiometry.nodata):
        return {}
    return {name: text for name, text in own.tags.items() if name.startswith(PREFIX)}


def _measured(band: OpenedBand) -> Mapping[str, str]:
    try:
        with RasterReader(band.source.path) as reader:
            parts = [part.ravel() for part in _samples(reader, band.source.index)]
    except RasterError:  # what is wrong with it, the stack's own check says
        return {}
    nodata = band.radiometry.nodata
    found = measure(
        np.concatenate(parts), math.nan if nodata is None else nodata, (-math.inf, math.inf)
    )
    tags = found.tags()
    return {APPROXIMATE: "YES", **tags} if tags else {}


def _samples(reader: RasterReader, index: int) -> Iterator[npt.NDArray[np.generic]]:
    rows, cols = reader.facts.grid.shape
    if rows * cols <= MOST_PIXELS or reader.has_overviews(index):
        yield reader.read_stored(index, max_size=MOST_SIDE)
        return
    height, width = min(WINDOW_SIDE, rows), min(WINDOW_SIDE, cols)
    for down in np.linspace(0, rows - height, WINDOWS).astype(int):
        for across in np.linspace(0, cols - width, WINDOWS).astype(int):
            yield reader.read_stored(index, Window(int(down), int(across), height, width))
