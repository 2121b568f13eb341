"""Single bands → one raster: a VRT that points at the band files and says all that is needed to use them.

The VRT is written here as XML rather than by ``gdal.BuildVRT``: that skips sources which do not fit with no more than a
warning, drops band names, and cannot resample classes and reflectance differently in one file. What was written is
opened and compared before it gets its name.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import BandStackError, CRSMismatchError, ExtentMismatchError, RasterError, ResolutionError
from ..raster.grid import grid_over, intersect_bounds, overlap_rects, union_bounds
from ..raster.reader import BandFacts, RasterFacts, read_facts
from ..raster.writer import copy_to_cog
from ..types import BandStack, Grid, Radiometry, StackBand

GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
COLORS = {"red": "Red", "green": "Green", "blue": "Blue"}


@dataclass(frozen=True)
class BandSource:
    """One band to be stacked, and how to read it."""

    path: Path
    index: int = 1
    """Band of the file, from 1."""
    radiometry: Radiometry | None = None
    """None: as the file says."""
    wavelength_nm: float | None = None
    is_class: bool = False
    """Holds categories: resampled by nearest neighbour, whatever was asked."""


@dataclass(frozen=True)
class _Opened:
    name: str
    source: BandSource
    facts: RasterFacts
    band: BandFacts
    radiometry: Radiometry


def create_band_stack(
    band_paths: Mapping[str, Path | BandSource],
    output_path: Path,
    band_order: Sequence[str] | None = None,
    band_descriptions: Mapping[str, str] | None = None,
    resolution_mode: str = "resample",
    target_resolution: float | None = None,
    resample_method: str = "bilinear",
    tags: Mapping[str, str] | None = None,
) -> BandStack:
    """Stack single bands into a VRT.

    Parameters
    ----------
    band_paths : mapping of str to Path or BandSource
        Canonical band name → file.
    output_path : Path
        Ends in ``.vrt``; its folder must exist. Sources below that folder are named relative to it.
    band_order : sequence of str, optional
        Order in the stack; default: by wavelength, then by name.
    band_descriptions : mapping of str to str, optional
        What to write as band descriptions; default: the names.
    resolution_mode : str
        ``resample``: one grid over the finest bands, the others resampled onto it. ``intersect``: the same, cropped to
        what all bands have in common.
    target_resolution : float, optional
        Pixel size in the unit of the CRS; default: the finest of the bands.
    resample_method : str
        GDAL's name of the method for anything but classes.
    tags : mapping, optional
        Facts to write into the file: item id, sensor, time.

    Raises
    ------
    CRSMismatchError, ExtentMismatchError, ResolutionError, BandStackError
        Naming the bands and numbers that do not fit.
    """
    what = f"Band stacking failed for {output_path.name}"
    if not band_paths:
        raise BandStackError(what, "there is no band to stack")
    opened = [_open(name, value, what) for name, value in band_paths.items()]
    for one in opened:
        if one.source.path.resolve() == output_path.resolve():
            raise BandStackError(what, f"it would replace the source of band '{one.name}'", "Choose another name.")
    order = list(band_order or sorted(band_paths, key=lambda name: _spectral_key(name, band_paths[name])))
    if set(order) != set(band_paths):
        odd = ", ".join(sorted(set(order) ^ set(band_paths)))
        raise BandStackError(what, f"the band order and the bands differ in {odd}")
    opened.sort(key=lambda one: order.index(one.name))
    _check_crs(opened, what)
    grid = _stack_grid(opened, resolution_mode, target_resolution, what)
    warnings = _warnings(opened, grid, resample_method)
    tree = _vrt(opened, grid, output_path, resample_method, band_descriptions or {}, tags or {})
    part = output_path.with_name(f"{output_path.name}.part.vrt")
    try:
        ET.indent(tree)
        part.write_bytes(ET.tostring(tree, encoding="utf-8"))
        _check_written(part, opened, grid, band_descriptions or {}, what)
        part.replace(output_path)
    except OSError as error:
        raise BandStackError(what, f"{output_path} cannot be written ({error.strerror})", "Choose another folder.") from error
    finally:
        part.unlink(missing_ok=True)
    return BandStack(
        path=output_path,
        grid=grid,
        bands=tuple(
            StackBand(
                name=one.name,
                index=place,
                source=one.source.path,
                radiometry=one.radiometry,
                wavelength_nm=one.source.wavelength_nm,
                resampled_from_m=None if _same_size(one.facts.grid, grid) else one.facts.grid.resolution[0],
            )
            for place, one in enumerate(opened, start=1)
        ),
        warnings=tuple(warnings),
    )


def _spectral_key(name: str, value: Path | BandSource) -> tuple[float, str]:
    nm = value.wavelength_nm if isinstance(value, BandSource) else None
    return (nm if nm is not None else float("inf"), name)


def _open(name: str, value: Path | BandSource, what: str) -> _Opened:
    source = value if isinstance(value, BandSource) else BandSource(value)
    try:
        facts = read_facts(source.path)
    except RasterError as error:
        raise BandStackError(what, f"band '{name}': {error.what}: {error.why}", error.hint) from error
    if not 1 <= source.index <= len(facts.bands):
        raise BandStackError(what, f"band '{name}': {source.path} has {len(facts.bands)} bands, no band {source.index}")
    band = facts.bands[source.index - 1]
    if band.dtype not in GDAL_TYPES:
        raise BandStackError(what, f"band '{name}': numbers of type {band.dtype} cannot be stacked")
    a, b, _, d, e, _ = facts.grid.transform
    if not facts.grid.crs:
        why = "it has ground control points only" if facts.has_gcps else "it has no coordinate system"
        raise CRSMismatchError(what, f"band '{name}' ({source.path}) cannot be placed: {why}", "Assign one, or warp it first.")
    if b or d or a <= 0 or e >= 0:
        raise ResolutionError(
            what, f"band '{name}' ({source.path}) is rotated or upside down", "Warp it to a north-up grid first."
        )
    return _Opened(name, source, facts, band, source.radiometry or band.radiometry)


def _check_crs(opened: Sequence[_Opened], what: str) -> None:
    first = opened[0]
    for one in opened[1:]:
        if one.facts.grid.crs != first.facts.grid.crs:
            raise CRSMismatchError(
                what,
                f"CRS mismatch between bands ({first.name}={_crs_name(first)}, {one.name}={_crs_name(one)})",
                "Stack bands of one scene, or warp them to one coordinate system first.",
            )


def _crs_name(one: _Opened) -> str:
    crs = one.facts.grid.crs
    return crs if len(crs) < 30 else f"{crs[:27]}…"


def _stack_grid(opened: Sequence[_Opened], mode: str, target_resolution: float | None, what: str) -> Grid:
    """The grid of the finest band, over the extent of all bands that are as fine.

    Not over the extent of all: a coarse band that reaches further (other products, windows cut separately) would
    surround the fine ones with nodata.
    """
    finest = min((one.facts.grid for one in opened), key=lambda grid: grid.resolution[0])
    resolution = (target_resolution, target_resolution) if target_resolution else finest.resolution
    if target_resolution is not None and not target_resolution > 0:
        raise ResolutionError(what, f"the resolution {target_resolution:g} is not above zero")
    everything = [one.facts.grid.bounds for one in opened]
    if mode == "intersect":
        bounds = intersect_bounds(everything)
        if bounds is None:
            raise ExtentMismatchError(what, f"the bands have no area in common ({_extents(opened)})", "Are they of one scene?")
    elif mode == "resample":
        bounds = union_bounds([one.facts.grid.bounds for one in opened if _same_size(one.facts.grid, finest)])
    else:
        raise BandStackError(what, f"the resolution mode '{mode}' is not known", "Known: resample, intersect.")
    grid = grid_over(bounds, finest, resolution)
    for one in opened:
        if intersect_bounds([one.facts.grid.bounds, grid.bounds]) is None:
            raise ExtentMismatchError(
                what, f"band '{one.name}' does not overlap the others ({_extents(opened)})", "Is it of this scene?"
            )
    return grid


def _same_size(one: Grid, other: Grid) -> bool:
    return all(abs(a - b) < 1e-6 * b for a, b in zip(one.resolution, other.resolution))


def _extents(opened: Iterable[_Opened]) -> str:
    return "; ".join(f"{one.name}: {', '.join(f'{v:.10g}' for v in one.facts.grid.bounds)}" for one in opened)


def _warnings(opened: Sequence[_Opened], grid: Grid, method: str) -> list[str]:
    warnings = []
    for one in opened:
        resampled = not _same_size(one.facts.grid, grid)
        if resampled and not one.source.is_class and one.band.radiometry.nodata is None and one.radiometry.nodata is not None:
            # GDAL leaves nodata out of the interpolation only where the file itself names it.
            warnings.append(f"Band '{one.name}' is resampled and its file names no nodata: the rim of its nodata may be blended")
        if one.facts.grid.resolution[0] > 1.000001 * grid.resolution[0]:
            continue  # coarse bands reach over the finest ones' edge or fall short by less than their pixel
        left, bottom, right, top = one.facts.grid.bounds
        short = (
            left > grid.bounds[0] + 1e-6
            or right < grid.bounds[2] - 1e-6
            or bottom > grid.bounds[1] + 1e-6
            or top < grid.bounds[3] - 1e-6
        )
        if short:
            warnings.append(f"Band '{one.name}' covers only a part of the stack; the rest of it is nodata")
    no_nodata = [one.name for one in opened if one.radiometry.nodata is None]
    if no_nodata:
        warnings.append(f"No nodata value is known for {', '.join(no_nodata)}: every number there counts as data")
    return warnings


def _vrt(
    opened: Sequence[_Opened],
    grid: Grid,
    output_path: Path,
    method: str,
    descriptions: Mapping[str, str],
    tags: Mapping[str, str],
) -> ET.Element:
    rows, cols = grid.shape
    root = ET.Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    ET.SubElement(root, "SRS", dataAxisToSRSAxisMapping=_axis_mapping(grid.crs)).text = grid.crs
    a, b, c, d, e, f = grid.transform
    ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in (c, a, b, f, d, e))
    _metadata(root, tags)
    for place, one in enumerate(opened, start=1):
        _vrt_band(root, place, one, grid, output_path.parent, method, descriptions.get(one.name, one.name))
    return root


def _axis_mapping(crs: str) -> str:
    """GDAL's order of axes: x is always the first in the data, in some coordinate systems it is the second."""
    from osgeo import osr

    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return ",".join(str(axis) for axis in reference.GetDataAxisToSRSAxisMapping())


def _vrt_band(root: ET.Element, place: int, one: _Opened, grid: Grid, folder: Path, method: str, description: str) -> None:
    band = ET.SubElement(root, "VRTRasterBand", dataType=GDAL_TYPES[one.band.dtype], band=str(place))
    facts = {"radiometry": one.radiometry.reason}
    if one.source.wavelength_nm is not None:
        facts["wavelength"] = f"{one.source.wavelength_nm:g}"
        facts["wavelength_unit"] = "Nanometers"
    _metadata(band, facts)
    ET.SubElement(band, "Description").text = description
    if one.radiometry.nodata is not None:
        ET.SubElement(band, "NoDataValue").text = f"{one.radiometry.nodata:.17g}"
    if one.radiometry.unit:
        ET.SubElement(band, "UnitType").text = one.radiometry.unit
    ET.SubElement(band, "Offset").text = repr(float(one.radiometry.offset))
    ET.SubElement(band, "Scale").text = repr(float(one.radiometry.scale))
    ET.SubElement(band, "ColorInterp").text = COLORS.get(one.name, "Gray" if place == 1 else "Undefined")
    rects = overlap_rects(one.facts.grid, grid)
    if rects is None:  # refused in _stack_grid
        return
    # A complex source leaves what is under its nodata alone, and honours it when resampling.
    source = ET.SubElement(band, "ComplexSource", resampling="nearest" if one.source.is_class else method)
    path, relative = _source_name(one.source.path, folder)
    # shared="0": each reading thread has its own handle of the VRT, and must have its own of the sources.
    ET.SubElement(source, "SourceFilename", relativeToVRT=relative, shared="0").text = path
    ET.SubElement(source, "SourceBand").text = str(one.source.index)
    rows, cols = one.facts.grid.shape
    block_rows, block_cols = one.facts.block_shape
    ET.SubElement(
        source,
        "SourceProperties",
        RasterXSize=str(cols),
        RasterYSize=str(rows),
        DataType=GDAL_TYPES[one.band.dtype],
        BlockXSize=str(block_cols),
        BlockYSize=str(block_rows),
    )
    for tag, rect in zip(("SrcRect", "DstRect"), rects):
        ET.SubElement(source, tag, xOff=_px(rect.x), yOff=_px(rect.y), xSize=_px(rect.width), ySize=_px(rect.height))
    if one.radiometry.nodata is not None:
        ET.SubElement(source, "NODATA").text = f"{one.radiometry.nodata:.17g}"


def _metadata(parent: ET.Element, facts: Mapping[str, str]) -> None:
    if facts:
        box = ET.SubElement(parent, "Metadata")
        for key, value in sorted(facts.items()):
            ET.SubElement(box, "MDI", key=key).text = value


def _px(value: float) -> str:
    return f"{value:.10g}"


def _source_name(path: Path, folder: Path) -> tuple[str, str]:
    """As GDAL wants it: relative where it lies below the VRT's folder, so that the folder can be moved."""
    source, base = path.resolve(), folder.resolve()
    if base in source.parents:
        return source.relative_to(base).as_posix(), "1"
    return os.fspath(source), "0"


def _check_written(part: Path, opened: Sequence[_Opened], grid: Grid, descriptions: Mapping[str, str], what: str) -> None:
    """Open what was written and compare it with what was meant."""
    facts = read_facts(part)
    names = [band.description for band in facts.bands]
    wanted = [descriptions.get(one.name, one.name) for one in opened]
    if names != wanted:
        raise BandStackError(what, f"the written stack has the bands {names} where {wanted} were meant", "Please report this.")
    if facts.grid.shape != grid.shape or facts.grid.transform != grid.transform:
        raise BandStackError(what, f"the written stack lies at {facts.grid} where {grid} was meant", "Please report this.")
    for band, one in zip(facts.bands, opened):
        if (band.radiometry.scale, band.radiometry.offset) != (one.radiometry.scale, one.radiometry.offset):
            raise BandStackError(what, f"band '{one.name}' lost its scale and offset", "Please report this.")


def stack_to_geotiff(stack: BandStack, output_path: Path) -> BandStack:
    """Copy a stack into one cloud-optimised GeoTIFF, with names, scale, offset and nodata.

    A GeoTIFF has one type and one nodata value for all bands: the type is one that holds them all, the value is that of
    the first band that is measured; where another band has nothing, it gets that value too. With classes among the
    bands the overviews are made by nearest neighbour, because the mean of two classes is a third one.

    Raises
    ------
    RasterError
        If it cannot be written.
    """
    tree = ET.parse(stack.path)
    bands = list(tree.getroot().iter("VRTRasterBand"))
    common = np.result_type(*[next(t for t, name in GDAL_TYPES.items() if name == band.get("dataType")) for band in bands])
    measured = [band.radiometry.nodata for band in stack.bands if band.radiometry.unit != "class"]
    nodata = next((value for value in [*measured, *(b.radiometry.nodata for b in stack.bands)] if value is not None), None)
    for band in bands:
        band.set("dataType", GDAL_TYPES[common.name])
        for old in band.findall("NoDataValue"):
            band.remove(old)
        if nodata is not None:
            # before the sources, as in the schema; what a source leaves out then has this value
            node = ET.Element("NoDataValue")
            node.text = f"{nodata:.17g}"
            band.insert(0, node)
    has_classes = any(band.radiometry.unit == "class" for band in stack.bands)
    uniform = stack.path.with_name(f"{output_path.name}.part.vrt")
    try:
        tree.write(uniform)
        part = output_path.with_name(f"{output_path.name}.part")
        copy_to_cog(uniform, part, output_path, "NEAREST" if has_classes else "AVERAGE")
    except OSError as error:
        raise BandStackError(f"Writing {output_path} failed", error.strerror or str(error), "Choose another folder.") from error
    finally:
        uniform.unlink(missing_ok=True)
    return replace(stack, path=output_path)
