"""Bands of a VRT that lie pixel on pixel over one another, put together here: the tiles of a pass,
and the stacks of two dates.

GDAL takes each pixel of a ``ComplexSource`` through floating point, level by level: a 20 m band of
two tiles costs it thirty times what its blocks cost to decode. Here the same pixels are copied and
compared as the whole numbers that they are, down to the files; what is anything but a copy, a
repetition or a doubling (:mod:`.doubling`) is left to GDAL, at whatever level it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...files.file_state import Remembered, file_state
from ...files.xml_text import Element, UnfitXml, read_xml
from ...gdal.errors import checked
from ...gdal.types import numpy_type
from ..block_cache import BlockCache
from ..grid import Window, common
from .doubling import (
    child_of,
    file_name,
    find_doublings,
    float_of,
    read_doubled,
    twofold_shift,
    whole_number,
)

_TAGS = {"SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA"}
_TYPES = {"Byte": "uint8", "UInt16": "uint16", "Int16": "int16"}
MOST_LEVELS = 4
"""Of VRTs in VRTs: the inputs of a map, a pass, a stack, a band of it."""
Pixels = npt.NDArray[Any]
Open = Callable[[str], Any]
"""Name of a file → its dataset, the calling thread's own."""


@dataclass(frozen=True)
class Layer:
    """One source of a band."""

    name: str
    """Of the file."""
    band: int
    """Of the file, from 1."""
    place: Window
    """Pixels of the VRT that it covers."""
    shift: tuple[int, int]
    """Row and column of the VRT's first pixel in the file, in pixels of the VRT."""
    times: int
    """1: pixels are copied; 2: each is repeated in both directions."""
    nodata: int | None
    """Its pixels of this number do not cover; None: all do."""


@dataclass(frozen=True)
class LayeredBand:
    """A band whose sources are laid over one another, the last one on top."""

    layers: tuple[Layer, ...]
    dtype: str
    fill: int
    """Where none of them covers."""


_known: Remembered[Mapping[int, LayeredBand]] = Remembered(64)


def find_layered(path: Path) -> Mapping[int, LayeredBand]:
    """The bands (from 1) of a VRT that can be put together here; empty where there are none."""
    states = {path: file_state(path)}
    found = _known.recall(path, states)
    if found is None:
        found = _find(path)
        _known.keep(path, states, found)
    return found


def _find(path: Path) -> Mapping[int, LayeredBand]:
    try:
        root = read_xml(path, encoding="utf-8")
    except (OSError, UnfitXml):
        return {}  # GDAL will say what is wrong with it
    if root.get("subClass") or root.find("MaskBand") is not None:
        return {}
    bands: dict[int, LayeredBand] = {}
    for index, band in enumerate(root.findall("VRTRasterBand"), start=1):
        with suppress(ValueError):
            bands[index] = _read_band(band, path.resolve().parent)
    return bands


def _read_band(band: Element, folder: Path) -> LayeredBand:
    """The layers of a band.

    Raises
    ------
    ValueError
        If it is anything but copies and repetitions of whole numbers.
    """
    kind = band.get("dataType") or ""
    sources = [child for child in band if child.tag.endswith("Source")]
    if band.get("subClass") or band.find("MaskBand") is not None or not sources:
        raise ValueError  # its pixels are not those of its sources
    if kind not in _TYPES:
        raise ValueError  # not of whole numbers that are compared exactly
    layers = tuple(_read_layer(source, kind, folder) for source in sources)
    fill, limits = whole_number(band.findtext("NoDataValue") or "0"), np.iinfo(_TYPES[kind])
    if not limits.min <= fill <= limits.max:
        raise ValueError  # its nodata is no number of its type
    return LayeredBand(layers, _TYPES[kind], fill)


def _read_layer(source: Element, kind: str, folder: Path) -> Layer:
    properties = child_of(source, "SourceProperties")
    tags = {child.tag for child in source}
    known = source.tag in ("SimpleSource", "ComplexSource") and tags <= _TAGS
    if not known or properties.get("DataType") != kind:
        raise ValueError  # changed on its way
    rect, place = child_of(source, "SrcRect"), child_of(source, "DstRect")
    row, col, rows, cols = (
        whole_number(place.get(key)) for key in ("yOff", "xOff", "ySize", "xSize")
    )
    stated = source.findtext("NODATA") if source.tag == "ComplexSource" else None
    if [float_of(rect.get(key)) for key in ("ySize", "xSize")] == [rows, cols]:
        down, right = whole_number(rect.get("yOff")) - row, whole_number(rect.get("xOff")) - col
        times = 1
    elif source.get("resampling", "nearest") == "nearest":
        (down, right), times = twofold_shift(rect, place), 2
    else:
        raise ValueError  # interpolated
    return Layer(
        file_name(child_of(source, "SourceFilename"), folder),
        int(source.findtext("SourceBand") or 1),
        Window(row, col, rows, cols),
        (down, right),
        times,
        None if stated is None else whole_number(stated),
    )


def count_doublings(path: Path, index: int, depth: int = 0) -> int:
    """Bands that are doubled for a band of a VRT, at any level."""
    if index in find_doublings(path):
        return 1
    band = find_layered(path).get(index)
    if band is None or depth >= MOST_LEVELS:
        return 0
    below = (one for one in band.layers if is_vrt_name(one.name))
    return sum(count_doublings(Path(one.name), one.band, depth + 1) for one in below)


def is_vrt_name(name: str) -> bool:
    """Whether a file's name is a VRT's."""
    return name.lower().endswith(".vrt")


class LayeredReader:
    """Reads bands of VRTs and of what they name.

    Parameters
    ----------
    open_file : callable
        Opens a file that a VRT names.
    blocks : BlockCache
        Of bands that are doubled.
    """

    def __init__(self, open_file: Open, blocks: BlockCache) -> None:
        self._open = open_file
        self._blocks = blocks

    def read(self, path: Path, index: int, window: Window, depth: int = 0) -> Pixels | None:
        """A VRT's stored numbers; None where GDAL has to read that band itself.

        Raises
        ------
        RuntimeError
            If GDAL cannot read a file.
        """
        band = find_layered(path).get(index)
        if band is not None:
            return self._put_together(band, window, depth)
        doubling = find_doublings(path).get(index)
        if doubling is None:
            return None
        return read_doubled(self._open(doubling.name), doubling, window, self._blocks)

    def _put_together(self, band: LayeredBand, window: Window, depth: int) -> Pixels:
        out = np.full((window.rows, window.cols), band.fill, band.dtype)
        for layer in band.layers:
            part = common(window, layer.place)
            if part is None:
                continue
            pixels = self._layer(layer, part, depth)
            top, left = part.row - window.row, part.col - window.col
            target = out[top : top + part.rows, left : left + part.cols]
            if layer.nodata is None:
                target[:] = pixels
            else:
                np.copyto(target, pixels, where=pixels != layer.nodata)
        return out

    def _layer(self, layer: Layer, part: Window, depth: int) -> Pixels:
        """The pixels of a layer that lie in a part of the VRT, all of it inside its place."""
        down, right = layer.shift
        top, left = part.row + down, part.col + right
        if layer.times == 1:
            return self._file(layer, Window(top, left, part.rows, part.cols), depth)
        times = layer.times
        first = top // times, left // times
        last = -(-(top + part.rows) // times), -(-(left + part.cols) // times)
        own = self._file(layer, Window(*first, last[0] - first[0], last[1] - first[1]), depth)
        repeated = own.repeat(times, 0).repeat(times, 1)
        y, x = top - first[0] * times, left - first[1] * times
        return repeated[y : y + part.rows, x : x + part.cols]

    def _file(self, layer: Layer, window: Window, depth: int) -> Pixels:
        if is_vrt_name(layer.name) and depth < MOST_LEVELS:
            pixels = self.read(Path(layer.name), layer.band, window, depth + 1)
            if pixels is not None:
                return pixels
        dataset = self._open(layer.name)
        band = dataset.GetRasterBand(layer.band)
        stored = np.empty((window.rows, window.cols), numpy_type(band.DataType))
        checked(band.ReadRaster(window.col, window.row, window.cols, window.rows, buf_obj=stored))
        return stored
