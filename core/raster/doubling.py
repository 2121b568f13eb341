"""Bands of twice the pixel size, interpolated by whole-number arithmetic: Sentinel-2's 20 m bands
in a stack of 10 m.

GDAL interpolates a VRT's ``ComplexSource`` through floating point, which takes longer than all else
that an index of a 10 m and a 20 m band needs. With pixels of exactly twice the size the bilinear
weights are 9, 3, 3 and 1 sixteenths, so sums of integers give the same numbers, to the last one, in
a fifth of the time. Where nodata is near, GDAL does it: it leaves nodata out of the interpolation.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .block_cache import BlockCache
from .grid import Window
from .source_blocks import Place, band_layout, decode_units, read_window

_TAGS = {"SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA"}
_ROWS = 64
"""Source rows that are doubled at once: what passes between the steps stays in the processor's
cache.
"""


@dataclass(frozen=True)
class Doubling:
    """A band of a VRT that is one file's band at twice the resolution."""

    name: str
    """Of the file."""
    band: int
    """Of the file, from 1."""
    shape: tuple[int, int]
    """(rows, cols) of the file."""
    shift: tuple[int, int]
    """Row and column of the VRT's first pixel in the doubled file."""
    nodata: float | None


def find_doublings(path: Path) -> Mapping[int, Doubling]:
    """The bands (from 1) of a VRT that are uint16, bilinear and exactly doubled; empty where there
    are none.
    """
    try:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ET.ParseError):
        return {}  # GDAL will say what is wrong with it
    found = {}
    for index, band in enumerate(root.findall("VRTRasterBand"), start=1):
        sources = [child for child in band if child.tag.endswith("Source")]
        made = _read_source(sources[0], band, path.resolve().parent) if len(sources) == 1 else None
        if made is not None:
            found[index] = made
    return found


def _read_source(source: ET.Element, band: ET.Element, folder: Path) -> Doubling | None:
    fits = source.tag == "ComplexSource" and {child.tag for child in source} <= _TAGS
    properties, name = source.find("SourceProperties"), source.find("SourceFilename")
    if not fits or properties is None or name is None or source.get("resampling") != "bilinear":
        return None
    if {properties.get("DataType"), band.get("dataType")} != {"UInt16"}:
        return None
    nodata, declared = (
        _number(text) for text in (source.findtext("NODATA"), band.findtext("NoDataValue"))
    )
    if nodata != declared and not (math.isnan(nodata) and math.isnan(declared)):
        return None
    rects = [
        [_number(node.get(key)) for key in ("xOff", "yOff", "xSize", "ySize")]
        for node in map(source.find, ("SrcRect", "DstRect"))
        if node is not None
    ]
    if len(rects) < 2 or rects[1][2:] != [2 * side for side in rects[0][2:]]:
        return None
    shift_x, shift_y = (2 * rects[0][axis] - rects[1][axis] for axis in (0, 1))
    numbers = [
        shift_x,
        shift_y,
        *(_number(properties.get(key)) for key in ("RasterYSize", "RasterXSize")),
    ]
    if not all(math.isfinite(one) and one == round(one) for one in numbers):
        return None
    file = name.text or ""
    if file.startswith("/vsi"):  # an address opens only with the options that its reader knows
        return None
    return Doubling(
        str(folder / file) if name.get("relativeToVRT") == "1" else file,
        int(source.findtext("SourceBand") or 1),
        (int(numbers[2]), int(numbers[3])),
        (int(shift_y), int(shift_x)),
        None if math.isnan(nodata) else nodata,
    )


def read_doubled(
    dataset: Any, doubling: Doubling, window: Window, cache: BlockCache
) -> npt.NDArray[np.uint16] | None:
    """A window of the VRT; None where GDAL has to do it: at nodata, and where the file does not
    reach.

    Parameters
    ----------
    dataset : gdal.Dataset
        Of the file, the calling thread's own.
    cache : BlockCache
        A tile needs a pixel's margin, and with it the blocks around: those of all threads.

    Raises
    ------
    RuntimeError
        If GDAL cannot read the file.
    """
    (rows, cols), (down, right) = doubling.shape, doubling.shift
    top, left = window.row + down, window.col + right
    bottom, end = top + window.rows, left + window.cols
    if top < 0 or left < 0 or bottom > 2 * rows or end > 2 * cols:
        return None
    # the source's pixels under the window, and one around
    y0, x0, y1, x1 = top // 2 - 1, left // 2 - 1, (bottom + 1) // 2 + 1, (end + 1) // 2 + 1
    inner = Window(max(0, y0), max(0, x0), min(rows, y1) - max(0, y0), min(cols, x1) - max(0, x0))
    band = dataset.GetRasterBand(doubling.band)
    layout = band_layout(band)

    def load(places: Sequence[Place]) -> list[npt.NDArray[Any]]:
        units = decode_units(band, layout, places)
        dataset.FlushCache()  # they are kept here
        return units

    stored = read_window(cache, (doubling.name, doubling.band), layout, inner, 0, load)
    if doubling.nodata is not None and (stored == doubling.nodata).any():
        return None
    around = np.pad(
        stored, ((max(0, -y0), max(0, y1 - rows)), (max(0, -x0), max(0, x1 - cols))), mode="edge"
    )
    return double(around)[top % 2 :, left % 2 :][: window.rows, : window.cols]


def double(around: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Bilinear interpolation to half the pixel size, (rows + 2, cols + 2) → (2 rows, 2 cols),
    halves rounded up as GDAL does.
    """
    rows, cols = around.shape[0] - 2, around.shape[1] - 2
    out = np.empty((2 * rows, 2 * cols), np.uint16)
    for row in range(0, rows, _ROWS):
        part = around[row : row + _ROWS + 2].astype(np.uint32)
        middle = 3 * part[1:-1]
        for place, neighbour in ((0, part[:-2]), (1, part[2:])):
            line = middle + neighbour
            triple = 3 * line[:, 1:-1]
            triple += 8
            target = out[2 * row + place : 2 * (row + _ROWS) : 2]
            target[:, 0::2] = (triple + line[:, :-2]) >> 4
            target[:, 1::2] = (triple + line[:, 2:]) >> 4
    return out


def _number(text: str | None) -> float:
    """NaN where there is none."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan
