"""Bands of twice the pixel size, interpolated by whole-number arithmetic: Sentinel-2's 20 m bands
in a stack of 10 m.

GDAL interpolates a VRT's ``ComplexSource`` through floating point, which takes longer than all else
that an index of a 10 m and a 20 m band needs. With pixels of exactly twice the size the bilinear
weights are 9, 3, 3 and 1 sixteenths, so sums of integers give the same numbers, to the last one, in
a fifth of the time. Where nodata is near, GDAL does it: it leaves nodata out of the interpolation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...files.file_state import Remembered, file_state
from ...files.xml_text import Element, UnfitXml, read_xml
from ..block_cache import BlockCache
from ..grid import Window
from ..source_blocks import UnitIndex, band_layout, decode_units, read_window

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


_known: Remembered[Mapping[int, Doubling]] = Remembered(64)


def find_doublings(path: Path) -> Mapping[int, Doubling]:
    """The bands (from 1) of a VRT that are uint16, bilinear and exactly doubled; empty where there
    are none.
    """
    states = {path: file_state(path)}
    doublings = _known.recall(path, states)
    if doublings is None:
        doublings = _find(path)
        _known.keep(path, states, doublings)
    return doublings


def _find(path: Path) -> Mapping[int, Doubling]:
    try:
        root = read_xml(path, encoding="utf-8")
    except (OSError, UnfitXml):
        return {}  # GDAL will say what is wrong with it
    doublings: dict[int, Doubling] = {}
    for index, band in enumerate(root.findall("VRTRasterBand"), start=1):
        sources = [child for child in band if child.tag.endswith("Source")]
        if len(sources) == 1:
            with suppress(ValueError):
                doublings[index] = _read_source(sources[0], band, path.resolve().parent)
    return doublings


def _read_source(source: Element, band: Element, folder: Path) -> Doubling:
    """The doubling that a band's only source describes.

    Raises
    ------
    ValueError
        If that is anything but a doubling.
    """
    properties = child_of(source, "SourceProperties")
    types = {properties.get("DataType"), band.get("dataType")}
    bilinear = source.tag == "ComplexSource" and source.get("resampling") == "bilinear"
    if not bilinear or types != {"UInt16"} or not {child.tag for child in source} <= _TAGS:
        raise ValueError("not interpolated, or not uint16, or changed otherwise as well")
    return Doubling(
        file_name(child_of(source, "SourceFilename"), folder),
        int(source.findtext("SourceBand") or 1),
        (whole_number(properties.get("RasterYSize")), whole_number(properties.get("RasterXSize"))),
        twofold_shift(child_of(source, "SrcRect"), child_of(source, "DstRect")),
        _nodata(source.findtext("NODATA"), band.findtext("NoDataValue")),
    )


def child_of(node: Element, tag: str) -> Element:
    """A node's child.

    Raises
    ------
    ValueError
        If there is none.
    """
    child = node.find(tag)
    if child is None:
        raise ValueError(f"no {tag}")
    return child


def file_name(node: Element, folder: Path) -> str:
    """The file that a source names.

    Raises
    ------
    ValueError
        If it is an address, or a VRT written out.
    """
    name = node.text or ""
    # What they name opens only with the options that its reader knows.
    if name.lstrip().startswith(("/vsi", "<")) or "://" in name:
        raise ValueError("not on the disk")
    return str(folder / name) if node.get("relativeToVRT") == "1" else name


def twofold_shift(source: Element, target: Element) -> tuple[int, int]:
    """Row and column of the VRT's first pixel in the doubled file, from both rectangles.

    Raises
    ------
    ValueError
        If they do not say twice as large.
    """
    for side in ("xSize", "ySize"):
        if float_of(target.get(side)) != 2 * float_of(source.get(side)):
            raise ValueError("not twice as large")
    down, right = (
        2 * float_of(source.get(key)) - float_of(target.get(key)) for key in ("yOff", "xOff")
    )
    return whole_number(down), whole_number(right)


def _nodata(source: str | None, band: str | None) -> float | None:
    """The number that source and band both take for nodata; None where neither has one."""
    ignored, declared = float_of(source), float_of(band)
    if math.isnan(ignored) and math.isnan(declared):
        return None
    if ignored != declared:
        raise ValueError("two numbers for nodata")
    return ignored


def whole_number(value: float | str | None) -> int:
    """A number of pixels.

    Raises
    ------
    ValueError
        If it is none, or not whole.
    """
    number = float_of(value) if value is None or isinstance(value, str) else value
    if not math.isfinite(number) or number != round(number):
        raise ValueError("between pixels")
    return int(number)


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

    def load(indexes: Sequence[UnitIndex]) -> list[npt.NDArray[Any]]:
        units = decode_units(band, layout, indexes)
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
        for half, neighbour in ((0, part[:-2]), (1, part[2:])):
            line = middle + neighbour
            triple = 3 * line[:, 1:-1]
            triple += 8
            target = out[2 * row + half : 2 * (row + _ROWS) : 2]
            target[:, 0::2] = (triple + line[:, :-2]) >> 4
            target[:, 1::2] = (triple + line[:, 2:]) >> 4
    return out


def float_of(text: str | None) -> float:
    """NaN where there is none."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan
