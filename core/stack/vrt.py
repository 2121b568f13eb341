"""The text of a stack: a VRT whose bands point at the files of the bands."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..files.xml_text import SubElement
from ..gdal.containers import file_of
from ..identity.source_notes import note_source
from ..raster.grid import PixelRect, coarser_axes, overlap_rects
from ..raster.vrt_text import (
    VrtBand,
    VrtSource,
    nodata_text,
    point_to,
    source_name,
    to_bytes,
    vrt_tree,
)
from ..types import Grid
from .grid import PlacedBand
from .statistics import statistics_tags
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
    nested: dict[str, bytes] = {}
    bands = []
    for index, band in enumerate(placed):
        if needs_warp(band, grid):
            name, text = _nested_vrt(band, grid, path, style, what)
            nested[name] = text
            source = _nested_source(name, band, grid, style)
        else:
            source = _file_source(band, grid, path.parent, style)
        color = COLORS.get(band.name, "Undefined" if index else "Gray")
        bands.append(
            VrtBand(
                dtype=band.opened.band.dtype,
                description=style.descriptions.get(band.name, band.name),
                radiometry=band.opened.radiometry,
                sources=[] if source is None else [source],
                color=color,
                tags={**_band_facts(band, style, path.parent), **statistics_tags(band.opened)},
            )
        )
    return StackText(to_bytes(vrt_tree(grid, style.tags, bands)), nested)


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
        return coarser_axes(grid, one.grid.resolution) > 0
    declared, meant = one.opened.band.radiometry.nodata, one.opened.radiometry.nodata
    known = declared == meant and (meant is None or not math.isnan(meant))
    return not known and is_resampled(one, grid)


def _nested_vrt(
    band: PlacedBand, grid: Grid, path: Path, style: StackStyle, what: str
) -> tuple[str, bytes]:
    """Name and text of the VRT that warps a band onto the stack's grid."""
    root = describe_warped(band.opened, grid, method_for(band, style), what)
    for node in root.iter("SourceDataset"):
        point_to(node, *source_name(band.opened.source.path, path.parent))
    nodata = band.opened.radiometry.nodata
    for node in root.findall("VRTRasterBand"):
        for child in list(node):
            node.remove(child)
        if nodata is not None:
            SubElement(node, "NoDataValue").text = nodata_text(nodata)
    text = to_bytes(root)
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", band.name)
    return f"{path.stem}.{safe}.{hashlib.sha256(text).hexdigest()[:8]}.vrt", text


def _nested_source(name: str, band: PlacedBand, grid: Grid, style: StackStyle) -> VrtSource | None:
    rows, cols = grid.shape
    whole = PixelRect(0, 0, cols, rows)
    return VrtSource(
        name=name,
        relative=True,
        rects=(whole, whole),
        dtype=band.opened.band.dtype,
        shape=grid.shape,
        block_shape=(min(128, rows), min(512, cols)),
        method=method_for(band, style),
        nodata=band.opened.radiometry.nodata,
    )


def _file_source(band: PlacedBand, grid: Grid, folder: Path, style: StackStyle) -> VrtSource | None:
    opened = band.opened
    name, relative = source_name(opened.source.path, folder)
    rects = overlap_rects(band.grid, grid)
    if rects is None:  # a band beside the others, which need not reach as far
        return None
    return VrtSource(
        name=name,
        relative=relative,
        rects=rects,
        band=opened.source.index,
        dtype=opened.band.dtype,
        shape=opened.facts.grid.shape,
        block_shape=opened.facts.block_shape,
        method=method_for(band, style),
        nodata=opened.radiometry.nodata,
        masked=opened.band.masked,
    )


def _band_facts(band: PlacedBand, style: StackStyle, folder: Path) -> dict[str, str]:
    """Facts about a band beside its numbers: for a person, and for the repair."""
    opened = band.opened
    facts = {
        "band": band.name,
        "radiometry": opened.radiometry.reason,
        "resampling": method_for(band, style),
        "source": source_name(opened.source.path, folder)[0],
        "source_bytes": str(file_of(opened.source.path).stat().st_size),
        **note_source(opened.facts, opened.source.index),
    }
    if opened.source.wavelength_nm is not None:
        facts["wavelength"] = f"{opened.source.wavelength_nm:g}"
        facts["wavelength_unit"] = "Nanometers"
    return facts
