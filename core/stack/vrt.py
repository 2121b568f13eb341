"""The text of a stack: XML that says which pixels of which file are which band, and how they are to
be read.

It is written here rather than by ``gdal.BuildVRT``: that skips sources which do not fit with no
more than a warning, drops band names, and cannot resample classes and reflectance differently in
one file.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..gdal.crs import axis_mapping, geotransform_text
from ..gdal.types import GDAL_NAMES
from ..raster.grid import PixelRect, overlap_rects
from ..types import Grid
from .grid import PlacedBand
from .source import OpenedBand, identity
from .warp import describe_warped

COLORS = {"red": "Red", "green": "Green", "blue": "Blue"}


@dataclass(frozen=True)
class StackStyle:
    """What is asked of a stack beside its bands and its grid."""

    method: str = "bilinear"
    """GDAL's name of the resampling method for anything but classes."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """Band name → description; where there is none: the name."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StackText:
    """A stack as it is to be written."""

    main: bytes
    nested: Mapping[str, bytes]
    """Name of a file beside the stack → its text: a VRT between the stack and a band that needs
    one.
    """


def describe_stack(
    placed: Sequence[PlacedBand], grid: Grid, path: Path, style: StackStyle, what: str
) -> StackText:
    """Put the stack into words.

    A nested VRT is named after its content, so that an older stack of the same name keeps its own
    until the new one has taken its place.

    Parameters
    ----------
    path : Path
        Where the stack will be: sources below its folder are named relative to it.
    what : str
        What fails if this does.
    """
    rows, cols = grid.shape
    root = ET.Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    _position(root, grid)
    _metadata(root, style.tags)
    nested: dict[str, bytes] = {}
    for place, one in enumerate(placed, start=1):
        pointer = _file_pointer(one.opened, path.parent)
        if needs_warp(one, grid):
            tree = describe_warped(one.opened, grid, method_for(one, style), what)
            _fit_warped(tree, one.opened, path.parent)
            text = to_bytes(tree)
            safe = re.sub(r"[^A-Za-z0-9_-]", "_", one.name)
            name = f"{path.stem}.{safe}.{hashlib.sha256(text).hexdigest()[:8]}.vrt"
            nested[name] = text
            pointer = _Pointer(
                name, "1", 1, grid.shape, (min(128, grid.shape[0]), min(512, grid.shape[1])), True
            )
        node = ET.SubElement(
            root, "VRTRasterBand", dataType=GDAL_NAMES[one.opened.band.dtype], band=str(place)
        )
        _metadata(node, _band_facts(one, style, path.parent))
        _band(node, one, grid, style, pointer)
    return StackText(to_bytes(root), nested)


def to_bytes(root: ET.Element) -> bytes:
    """XML, indented: the same tree gives the same bytes."""
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8"))


def is_resampled(one: PlacedBand, grid: Grid) -> bool:
    """Whether the band's pixels are not those of the stack: of another size, or between
    its lines.
    """
    rects = overlap_rects(one.grid, grid)
    if one.warped or rects is None:
        return True
    source, target = rects
    return (source.width, source.height) != (target.width, target.height) or any(
        value != round(value) for value in (source.x, source.y, target.x, target.y)
    )


def method_for(one: PlacedBand, style: StackStyle) -> str:
    """How the band is resampled."""
    return "nearest" if one.opened.source.is_class else style.method


def nodata_text(nodata: float) -> str:
    """As GDAL reads it: ``0``, ``-9999``, ``nan``."""
    return f"{nodata:.17g}"


def needs_warp(one: PlacedBand, grid: Grid) -> bool:
    """Whether GDAL's warper has to stand between the band's file and the stack.

    It has to where pixels lie otherwise; and where a band is interpolated whose nodata is not that
    of its file, or is NaN: reading at another size, GDAL leaves out of the interpolation what the
    file itself declares, and 0 × NaN is NaN. And where classes are thinned out: GDAL would take
    them from the file's overviews, and those may be means.
    """
    if one.warped:
        return True
    if one.opened.source.is_class:
        return grid.resolution[0] > 1.000001 * one.grid.resolution[0]
    declared, meant = one.opened.band.radiometry.nodata, one.opened.radiometry.nodata
    known = declared == meant and (meant is None or not math.isnan(meant))
    return not known and is_resampled(one, grid)


def _fit_warped(root: ET.Element, band: OpenedBand, folder: Path) -> None:
    for node in root.iter("SourceDataset"):
        path, relative = source_name(band.source.path, folder)
        node.text = path
        node.set("relativeToVRT", relative)
    for node in root.findall("VRTRasterBand"):
        for child in list(node):
            node.remove(child)
        if band.radiometry.nodata is not None:
            ET.SubElement(node, "NoDataValue").text = nodata_text(band.radiometry.nodata)


def _position(root: ET.Element, grid: Grid) -> None:
    mapping = axis_mapping(grid.crs)
    ET.SubElement(root, "SRS", dataAxisToSRSAxisMapping=mapping).text = grid.crs
    ET.SubElement(root, "GeoTransform").text = geotransform_text(grid)


def _band(
    node: ET.Element, one: PlacedBand, grid: Grid, style: StackStyle, pointer: _Pointer
) -> None:
    band = one.opened
    ET.SubElement(node, "Description").text = style.descriptions.get(one.name, one.name)
    if band.radiometry.nodata is not None:
        ET.SubElement(node, "NoDataValue").text = nodata_text(band.radiometry.nodata)
    if band.radiometry.unit:
        ET.SubElement(node, "UnitType").text = band.radiometry.unit
    ET.SubElement(node, "Offset").text = repr(float(band.radiometry.offset))
    ET.SubElement(node, "Scale").text = repr(float(band.radiometry.scale))
    ET.SubElement(node, "ColorInterp").text = COLORS.get(
        one.name, "Gray" if node.get("band") == "1" else "Undefined"
    )
    rows, cols = grid.shape
    whole = PixelRect(0, 0, cols, rows)
    rects = (whole, whole) if pointer.nested else overlap_rects(one.grid, grid)
    if rects is None:  # refused in stack_grid
        return
    # A complex source leaves what is under its nodata alone, and honours it when resampling.
    source = _source(node, pointer, band.band.dtype, rects)
    source.set("resampling", method_for(one, style))
    if band.radiometry.nodata is not None:
        ET.SubElement(source, "NODATA").text = nodata_text(band.radiometry.nodata)


def _band_facts(one: PlacedBand, style: StackStyle, folder: Path) -> dict[str, str]:
    """What is kept of a band beside its numbers: for a person, and for the repair."""
    band = one.opened
    facts = {
        "band": one.name,
        "radiometry": band.radiometry.reason,
        "resampling": method_for(one, style),
        "source": source_name(band.source.path, folder)[0],
        "source_bytes": str(band.source.path.stat().st_size),
        "source_grid": identity(band.facts, band.source.index),
    }
    if band.source.wavelength_nm is not None:
        facts["wavelength"] = f"{band.source.wavelength_nm:g}"
        facts["wavelength_unit"] = "Nanometers"
    return facts


@dataclass(frozen=True)
class _Pointer:
    """What a source points at."""

    name: str
    relative: str
    """``1`` or ``0``."""
    index: int
    shape: tuple[int, int]
    block_shape: tuple[int, int]
    nested: bool = False
    """A VRT that lies on the stack's grid."""


def _file_pointer(band: OpenedBand, folder: Path) -> _Pointer:
    name, relative = source_name(band.source.path, folder)
    return _Pointer(
        name, relative, band.source.index, band.facts.grid.shape, band.facts.block_shape
    )


def _source(
    parent: ET.Element, pointer: _Pointer, dtype: str, rects: tuple[PixelRect, PixelRect]
) -> ET.Element:
    source = ET.SubElement(parent, "ComplexSource")
    # shared="0": each reading thread has its own handle of the VRT, and must have its own of the
    # sources.
    ET.SubElement(
        source, "SourceFilename", relativeToVRT=pointer.relative, shared="0"
    ).text = pointer.name
    ET.SubElement(source, "SourceBand").text = str(pointer.index)
    ET.SubElement(
        source,
        "SourceProperties",
        RasterXSize=str(pointer.shape[1]),
        RasterYSize=str(pointer.shape[0]),
        DataType=GDAL_NAMES[dtype],
        BlockXSize=str(pointer.block_shape[1]),
        BlockYSize=str(pointer.block_shape[0]),
    )
    for tag, rect in zip(("SrcRect", "DstRect"), rects):
        ET.SubElement(
            source,
            tag,
            xOff=_px(rect.x),
            yOff=_px(rect.y),
            xSize=_px(rect.width),
            ySize=_px(rect.height),
        )
    return source


def _metadata(parent: ET.Element, facts: Mapping[str, str]) -> None:
    if facts:
        box = ET.SubElement(parent, "Metadata")
        for key, value in sorted(facts.items()):
            if value:
                ET.SubElement(box, "MDI", key=key).text = value


def _px(value: float) -> str:
    return f"{value:.16g}"


def source_name(path: Path, folder: Path) -> tuple[str, str]:
    """As GDAL wants it: relative where it lies below the VRT's folder, so that the folder can be
    moved.

    Returns
    -------
    str
        The name.
    str
        ``1`` where it is relative, else ``0``.
    """
    source, base = path.resolve(), folder.resolve()
    if base in source.parents:
        return source.relative_to(base).as_posix(), "1"
    return os.fspath(source), "0"
