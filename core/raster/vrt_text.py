"""The text of a VRT: XML that says which pixels of which file are which band.

All VRTs of FirstLight are written here, rather than by ``gdal.BuildVRT``: that skips sources which
do not fit with no more than a warning, drops band names, and cannot resample classes and
reflectance differently in one file.

A source that only copies is a ``SimpleSource``, any other a ``ComplexSource``, which GDAL reads
pixel by pixel through floating point: about twice as slow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..files.xml_text import Element, SubElement, indent, xml_bytes
from ..gdal.containers import find_subdataset, gdal_name, real_path
from ..gdal.crs import axis_mapping, geotransform_text
from ..gdal.types import GDAL_NAMES
from ..types import Grid, Radiometry
from .grid import PixelRect


@dataclass(frozen=True)
class VrtSource:
    """Pixels of one file's band, and their place in a band of the VRT."""

    name: str
    """Path, or an address that GDAL opens."""
    relative: bool
    """The path begins at the VRT's folder."""
    rects: tuple[PixelRect, PixelRect]
    """The same ground in pixels of the file and of the VRT."""
    band: int = 1
    """Of the file, from 1."""
    dtype: str = ""
    """Of the file, as numpy names it; empty where it is not known."""
    shape: tuple[int, int] | None = None
    """(rows, cols) of the file: with it and the type, GDAL opens no file before its pixels are
    read.
    """
    block_shape: tuple[int, int] | None = None
    method: str = ""
    """GDAL's name of the resampling method; empty: nearest."""
    nodata: float | None = None
    """Stored number that leaves what lies below as it is."""
    masked: bool = False
    """The file says by a mask where it has nothing; that leaves what lies below as it is, too."""
    physical: tuple[float, float] | None = None
    """Scale and offset to apply to the stored numbers; None: they stay stored."""


@dataclass(frozen=True)
class VrtBand:
    """One band of a VRT."""

    dtype: str
    description: str
    radiometry: Radiometry
    sources: Sequence[VrtSource]
    """Later ones lie on top."""
    color: str = ""
    """GDAL's colour interpretation; empty: not stated."""
    tags: Mapping[str, str] = field(default_factory=dict)
    colors: Mapping[int, tuple[int, int, int, int]] = field(default_factory=dict)
    """Number → red, green, blue, alpha (0..255)."""


def vrt_tree(grid: Grid, tags: Mapping[str, str], bands: Sequence[VrtBand]) -> Element:
    """A VRT as a tree of XML."""
    rows, cols = grid.shape
    root = Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    SubElement(root, "SRS", dataAxisToSRSAxisMapping=axis_mapping(grid.crs)).text = grid.crs
    SubElement(root, "GeoTransform").text = geotransform_text(grid)
    _add_tags(root, tags)
    for number, band in enumerate(bands, start=1):
        _add_band(root, number, band)
    return root


def to_bytes(root: Element) -> bytes:
    """XML, indented: the same tree gives the same bytes."""
    indent(root)
    return xml_bytes(root)


def nodata_text(nodata: float) -> str:
    """A nodata value as GDAL reads it: ``0``, ``-9999``, ``nan``."""
    return f"{nodata:.17g}"


def source_name(path: Path, folder: Path) -> tuple[str, bool]:
    """Name of a file for a VRT in ``folder``, and whether it is relative.

    It is where the file lies below that folder, so that the folder can be moved; a raster inside a
    container has no relative name that every version of GDAL knows.
    """
    source, base = real_path(path), folder.resolve()
    if find_subdataset(path) is None and base in source.parents:
        return source.relative_to(base).as_posix(), True
    return gdal_name(source), False


def point_to(node: Element, name: str, relative: bool) -> None:
    """Name a file in an element of a VRT."""
    node.text = name
    node.set("relativeToVRT", str(int(relative)))


def change_meaning(band: Element, dtype: str, nodata: float | None) -> None:
    """Give a band of a VRT another type and nodata value.

    Its sources still leave out what was nodata before, which then shows as the new value.
    """
    older = band.find("NoDataValue")
    for source in band.findall("SimpleSource"):
        source.tag = "ComplexSource"
        if older is not None:
            SubElement(source, "NODATA").text = older.text
    band.set("dataType", GDAL_NAMES[dtype])
    if older is not None:
        band.remove(older)
    if nodata is not None:
        # Before the sources, as in the schema.
        newer = Element("NoDataValue")
        newer.text = nodata_text(nodata)
        band.insert(0, newer)


def only_copies(source: VrtSource, band: VrtBand) -> bool:
    """Tell whether each pixel of the band that the source reaches is a pixel of the file,
    unchanged.

    Nodata may be copied where the band has nothing else to show: where the source is its only one,
    and what it does not reach has the same value.
    """
    src, dst = source.rects
    sides = (src.x, src.y, src.width, src.height, dst.x, dst.y, dst.width, dst.height)
    return (
        source.physical is None
        and not source.masked
        and source.dtype == band.dtype
        and (src.width, src.height) == (dst.width, dst.height)
        and all(side == round(side) for side in sides)
        and (
            source.nodata is None
            or (len(band.sources) == 1 and same_nodata(source.nodata, band.radiometry.nodata))
        )
    )


def same_nodata(one: float | None, other: float | None) -> bool:
    """Tell whether two nodata values are the same; NaN is NaN."""
    if one is None or other is None:
        return one is other
    return one == other or (math.isnan(one) and math.isnan(other))


def _add_band(root: Element, number: int, band: VrtBand) -> None:
    node = SubElement(root, "VRTRasterBand", dataType=GDAL_NAMES[band.dtype], band=str(number))
    _add_tags(node, band.tags)
    SubElement(node, "Description").text = band.description
    meaning = band.radiometry
    if meaning.nodata is not None:
        SubElement(node, "NoDataValue").text = nodata_text(meaning.nodata)
    if meaning.unit:
        SubElement(node, "UnitType").text = meaning.unit
    SubElement(node, "Offset").text = repr(float(meaning.offset))
    SubElement(node, "Scale").text = repr(float(meaning.scale))
    if band.color:
        SubElement(node, "ColorInterp").text = band.color
    _add_colors(node, band.colors)
    for source in band.sources:
        _add_source(node, source, band)


def _add_colors(parent: Element, colors: Mapping[int, tuple[int, int, int, int]]) -> None:
    """A table of colours, from 0 to the highest number that has one; others are black and clear."""
    if colors:
        table = SubElement(parent, "ColorTable")
        for number in range(max(colors) + 1):
            shades = map(str, colors.get(number, (0, 0, 0, 0)))
            SubElement(table, "Entry", dict(zip(("c1", "c2", "c3", "c4"), shades)))


def _add_source(parent: Element, source: VrtSource, band: VrtBand) -> None:
    copies = only_copies(source, band)
    node = SubElement(parent, "SimpleSource" if copies else "ComplexSource")
    if source.method:
        node.set("resampling", source.method)
    # shared="0": each reading thread has its own handle of the VRT, and must have its own of the
    # sources.
    relative = str(int(source.relative))
    SubElement(node, "SourceFilename", relativeToVRT=relative, shared="0").text = source.name
    SubElement(node, "SourceBand").text = str(source.band)
    _add_properties(node, source)
    for tag, rect in zip(("SrcRect", "DstRect"), source.rects):
        sides = {"xOff": rect.x, "yOff": rect.y, "xSize": rect.width, "ySize": rect.height}
        SubElement(node, tag, {side: f"{value:.16g}" for side, value in sides.items()})
    if source.physical is not None:
        scale, offset = source.physical
        SubElement(node, "ScaleOffset").text = repr(float(offset))
        SubElement(node, "ScaleRatio").text = repr(float(scale))
    if source.masked:
        SubElement(node, "UseMaskBand").text = "true"  # beside NODATA, GDAL 3.6 forgets it
    elif source.nodata is not None and not copies:
        SubElement(node, "NODATA").text = nodata_text(source.nodata)


def _add_properties(parent: Element, source: VrtSource) -> None:
    kind = GDAL_NAMES.get(source.dtype)
    if kind is None or source.shape is None:
        return
    rows, cols = source.shape
    node = SubElement(
        parent, "SourceProperties", RasterXSize=str(cols), RasterYSize=str(rows), DataType=kind
    )
    if source.block_shape is not None:
        node.set("BlockXSize", str(source.block_shape[1]))
        node.set("BlockYSize", str(source.block_shape[0]))


def _add_tags(parent: Element, tags: Mapping[str, str]) -> None:
    if tags:
        box = SubElement(parent, "Metadata")
        for key, value in sorted(tags.items()):
            if value:
                SubElement(box, "MDI", key=key).text = value
