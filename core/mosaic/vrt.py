"""A mosaic as the text of a VRT over ``/vsicurl``: from what is known of the scenes, without
opening any of them.

A VRT can lay scenes over each other, scale them and warp them; it cannot mask clouds or take a
median.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import RasterError
from ..files.atomic import WriteFailure, write_whole
from ..files.xml_text import xml_text
from ..gdal.errors import gdal_errors
from ..gdal.types import GDAL_NAMES
from ..gdal.warp import WarpOptions, stand_in, warped_xml
from ..raster.grid import overlap_rects
from ..raster.vrt_text import VrtBand, VrtSource, point_to, to_bytes, vrt_tree
from ..types import Radiometry
from .band_reader import BandLocation
from .on_grid import pixel_offset
from .scene_plan import MosaicPlan

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
    bands = [
        # The last source lies on top.
        _band(name, plan, [scene.bands[name] for scene in reversed(plan.scenes)])
        for name in plan.band_names
    ]
    return to_bytes(vrt_tree(plan.grid, plan.tags, bands))


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


def file_address(location: BandLocation) -> str:
    """The address at which GDAL finds a band, without a secret.

    Raises
    ------
    RasterError
        If the address holds a token, or its host wants a header.
    """
    address, options = location.address(False)
    address = options.url or address
    if "?" in address or options.has_login:
        why = (
            "its address holds a token that expires"
            if "?" in address
            else "its server wants a login of yours"
        )
        raise RasterError(f"{location.name} cannot be named in a VRT", why, "Write a .tif instead.")
    return f"/vsicurl/{address}" if location.remote else address


def _band(name: str, plan: MosaicPlan, locations: Sequence[BandLocation]) -> VrtBand:
    meanings = {
        (location.radiometry.scale, location.radiometry.offset, location.radiometry.nodata)
        + (location.radiometry.unit,)
        for location in locations
    }
    types = {location.dtype for location in locations}
    stored = len(meanings) == 1 and len(types) == 1 and types <= set(GDAL_NAMES)
    first = locations[0].radiometry
    shown = replace(first, nodata=first.nodata or 0.0)
    if len(meanings) > 1:
        shown = Radiometry(1.0, 0.0, math.nan, first.unit)
    sources = (_source(location, plan, len(meanings) > 1) for location in locations)
    return VrtBand(
        dtype=types.pop() if stored else "float32",
        description=name,
        radiometry=shown,
        sources=[source for source in sources if source is not None],
    )


def _source(location: BandLocation, plan: MosaicPlan, physical: bool) -> VrtSource | None:
    name, grid, band = file_address(location), location.grid, location.number
    if pixel_offset(grid, plan.grid) is None:
        name, grid, band = _warped(location, plan), plan.grid, 1
    rects = overlap_rects(grid, plan.grid)
    if rects is None:
        return None
    meaning = location.radiometry
    return VrtSource(
        name=name,
        relative=False,
        rects=rects,
        band=band,
        dtype=location.dtype,
        shape=grid.shape,
        nodata=meaning.nodata or 0.0,
        masked=location.masked,
        physical=(meaning.scale, meaning.offset) if physical else None,
    )


def _warped(location: BandLocation, plan: MosaicPlan) -> str:
    """A VRT within the VRT, as text: GDAL describes how to warp an empty stand-in of the same grid,
    then the file is named.
    """

    def failure(why: str) -> RasterError:
        return RasterError(
            f"{location.name} cannot be warped to {plan.grid.crs[:20]}",
            why,
            "Leave the scene out, or choose another coordinate system.",
        )

    nodata = location.radiometry.nodata or 0.0
    options = WarpOptions("near" if location.is_class else plan.method, nodata)
    with gdal_errors(failure):
        empty = stand_in(location.grid, GDAL_NAMES.get(location.dtype, "Float32"))
        empty.GetRasterBand(1).SetNoDataValue(nodata)
        root = warped_xml(empty, plan.grid, options)
    for source in root.iter("SourceDataset"):
        point_to(source, file_address(location), relative=False)
    for mapping in root.iter("BandMapping"):
        mapping.set("src", str(location.number))
    for tag in ("BlockXSize", "BlockYSize"):
        for side in root.findall(tag):
            side.text = str(BLOCK)
    return xml_text(root)
