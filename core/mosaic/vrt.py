"""A mosaic as the text of a VRT over ``/vsicurl``: from what is known of the scenes, without
opening any of them.

A VRT can lay scenes over each other, scale them and warp them; it cannot mask clouds or take a
median.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from ..errors import RasterError
from ..files.atomic import WriteFailure, write_whole
from ..gdal.crs import axis_mapping, geotransform_text, wkt
from ..gdal.errors import gdal_errors
from ..gdal.types import GDAL_NAMES
from ..gdal.warp import WarpOptions, stand_in, warped_xml
from ..raster.grid import overlap_rects
from ..types import Radiometry
from .band_source import BandPlace
from .on_grid import pixel_offset
from .reader import MosaicPlan

BLOCK = 512
"""Side of the pieces in which a source is warped."""


def describe_mosaic(plan: MosaicPlan) -> bytes:
    """The text: each band with the scenes' files as its sources.

    Where all scenes of a band have the same scale, type and nodata, the band holds their stored
    numbers; where these differ (two processing baselines), physical values as Float32, NaN = no
    data.

    Raises
    ------
    RasterError
        If the plan leaves out clouds or takes a median; or if an address holds a token or needs a
        header, which must not stand in a file.
    """
    if plan.rule != "first" or any(scene.mask is not None for scene in plan.scenes):
        raise RasterError(
            "The mosaic cannot be written as VRT",
            "a VRT can neither leave out clouds nor take a median",
            "Choose the rule first or last with clouds kept, or write a .tif.",
        )
    rows, cols = plan.grid.shape
    root = ET.Element("VRTDataset", rasterXSize=str(cols), rasterYSize=str(rows))
    mapping = axis_mapping(plan.grid.crs)
    ET.SubElement(root, "SRS", dataAxisToSRSAxisMapping=mapping).text = wkt(plan.grid.crs)
    ET.SubElement(root, "GeoTransform").text = geotransform_text(plan.grid)
    box = ET.SubElement(root, "Metadata")
    for key, text in sorted(plan.tags.items()):
        if text:
            ET.SubElement(box, "MDI", key=key).text = text
    for number, name in enumerate(plan.band_names, start=1):
        # The last source wins.
        _band(root, number, name, plan, [scene.bands[name] for scene in reversed(plan.scenes)])
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8"))


def write_vrt(plan: MosaicPlan, path: Path) -> Path:
    """Write :func:`describe_mosaic` to a file, which gets its name when it is whole.

    Raises
    ------
    RasterError
        As there, or if the file cannot be written.
    """
    failure = WriteFailure(f"Writing {path} failed")
    write_whole(path, describe_mosaic(plan), failure, make_folder=True)
    return path


def file_address(place: BandPlace) -> str:
    """Where GDAL finds a band, without a secret.

    Raises
    ------
    RasterError
        If the address holds a token, or its host wants a header.
    """
    address, options = place.address(False)
    if "?" in address or options.headers:
        why = (
            "its address holds a token that expires"
            if "?" in address
            else "its server wants a header of yours"
        )
        raise RasterError(f"{place.name} cannot be named in a VRT", why, "Write a .tif instead.")
    return f"/vsicurl/{address}" if place.remote else address


def _band(
    root: ET.Element, number: int, name: str, plan: MosaicPlan, places: Sequence[BandPlace]
) -> None:
    meanings = {
        (one.radiometry.scale, one.radiometry.offset, one.radiometry.nodata, one.radiometry.unit)
        for one in places
    }
    types = {one.dtype for one in places}
    stored = len(meanings) == 1 and len(types) == 1 and types <= set(GDAL_NAMES)
    kind = GDAL_NAMES[types.pop()] if stored else "Float32"
    one = places[0].radiometry
    shown = one if len(meanings) == 1 else Radiometry(1.0, 0.0, math.nan, one.unit)
    node = ET.SubElement(root, "VRTRasterBand", dataType=kind, band=str(number))
    ET.SubElement(node, "Description").text = name
    ET.SubElement(node, "NoDataValue").text = f"{shown.nodata or 0.0:.17g}"
    ET.SubElement(node, "UnitType").text = shown.unit
    ET.SubElement(node, "Offset").text = repr(float(shown.offset))
    ET.SubElement(node, "Scale").text = repr(float(shown.scale))
    for place in places:
        _source(node, place, plan, len(meanings) > 1)


def _source(node: ET.Element, place: BandPlace, plan: MosaicPlan, physical: bool) -> None:
    # Complex, so that what is under a scene's nodata is left alone.
    source = ET.SubElement(node, "ComplexSource")
    name, grid = file_address(place), place.grid
    if pixel_offset(grid, plan.grid) is None:
        name, grid = _warped(place, plan), plan.grid
    rects = overlap_rects(grid, plan.grid)
    if rects is None:
        node.remove(source)
        return
    ET.SubElement(source, "SourceFilename", relativeToVRT="0", shared="0").text = name
    ET.SubElement(source, "SourceBand").text = "1"
    kind = GDAL_NAMES.get(place.dtype)
    if kind:  # then GDAL need not open it to know
        rows, cols = grid.shape
        ET.SubElement(
            source, "SourceProperties", RasterXSize=str(cols), RasterYSize=str(rows), DataType=kind
        )
    for tag, rect in zip(("SrcRect", "DstRect"), rects):
        sides = {"xOff": rect.x, "yOff": rect.y, "xSize": rect.width, "ySize": rect.height}
        ET.SubElement(source, tag, {side: f"{value:.16g}" for side, value in sides.items()})
    if physical:
        ET.SubElement(source, "ScaleOffset").text = repr(float(place.radiometry.offset))
        ET.SubElement(source, "ScaleRatio").text = repr(float(place.radiometry.scale))
    ET.SubElement(source, "NODATA").text = f"{place.radiometry.nodata or 0.0:.17g}"


def _warped(place: BandPlace, plan: MosaicPlan) -> str:
    """A VRT within the VRT, as text: GDAL describes how to warp an empty stand-in of the same grid,
    then the file is named.
    """

    def failure(why: str) -> RasterError:
        return RasterError(f"{place.name} cannot be warped to {plan.grid.crs[:20]}", why)

    nodata = place.radiometry.nodata or 0.0
    options = WarpOptions("near" if place.is_class else plan.method, nodata)
    with gdal_errors(failure):
        empty = stand_in(place.grid, GDAL_NAMES.get(place.dtype, "Float32"))
        empty.GetRasterBand(1).SetNoDataValue(nodata)
        root = warped_xml(empty, plan.grid, options)
    for source in root.iter("SourceDataset"):
        source.text = file_address(place)
        source.set("relativeToVRT", "0")
    for tag in ("BlockXSize", "BlockYSize"):
        for side in root.findall(tag):
            side.text = str(BLOCK)
    return ET.tostring(root, encoding="unicode")
