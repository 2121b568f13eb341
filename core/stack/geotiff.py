"""A stack as one GeoTIFF: all pixels in one file, for programs and people that cannot use a VRT."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..cog.geotiff_copy import COMPRESSIONS, TiffLayout, copy_to_cog
from ..cog.overviews import copy_with_overviews
from ..errors import BandStackError
from ..gdal.types import GDAL_NAMES, NUMPY_NAMES, is_floating
from ..types import BandStack
from .vrt import nodata_text, to_bytes


def stack_to_geotiff(
    stack: BandStack, output_path: Path, compress: str = "zstd", tiled: bool = True
) -> BandStack:
    """Copy a stack into one cloud-optimised GeoTIFF, with names, scale, offset, unit, wavelength
    and nodata.

    A GeoTIFF has one type and one nodata value for all bands. The type is one that holds them all;
    the value is NaN where that is a floating one, else that of the first band that is measured.
    Where another band has nothing, it gets that value too. Overviews are the mean of the pixels
    below for what is measured, and the most frequent of them for classes, because the mean of two
    classes is a third one.

    Parameters
    ----------
    stack : BandStack
        A VRT. Its companions are left out: a GeoTIFF has one grid.
    output_path : Path
        The file; replaced only when the new one is whole.
    compress : str
        ``zstd``, ``deflate``, ``lzw`` or ``none``.
    tiled : bool
        False: in strips, for programs that read nothing else; then it is no cloud-optimised one.

    Raises
    ------
    BandStackError
        If ``compress`` is not known, or the stack cannot be read.
    RasterError
        If it cannot be written.
    """
    what = f"Writing {output_path} failed"
    if compress not in COMPRESSIONS:
        raise BandStackError(
            what, f"the compression '{compress}' is not known", f"Known: {', '.join(COMPRESSIONS)}."
        )
    try:
        root = ET.fromstring(stack.path.read_bytes())
    except (OSError, ET.ParseError) as error:
        raise BandStackError(
            what, f"the stack {stack.path} cannot be read ({error})", "Make it again."
        ) from error
    nodata, warnings = _make_uniform(root, stack)
    classes = [_is_class(node) for node in root.iter("VRTRasterBand")]
    scratch = stack.path.with_name(f"{output_path.name}.part.vrt")
    tiles = output_path.with_name(f"{output_path.name}.tiles.part")
    part = output_path.with_name(f"{output_path.name}.part")
    ways = ["mode" if one else "average" for one in classes]
    own = (
        len(set(ways)) > 1 or not tiled
    )  # the COG driver makes overviews itself, of all bands in the same way
    try:
        scratch.write_bytes(to_bytes(root))
        if own:
            copy_with_overviews(scratch, tiles, ways)
        copy_to_cog(
            tiles if own else scratch,
            part,
            output_path,
            ways[0].upper(),
            layout=TiffLayout(compress, tiled),
        )
    except OSError as error:
        raise BandStackError(
            what, error.strerror or str(error), "Choose another folder."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)
        tiles.unlink(missing_ok=True)
    bands = tuple(
        replace(band, radiometry=replace(band.radiometry, nodata=nodata)) for band in stack.bands
    )
    return replace(
        stack, path=output_path, bands=bands, warnings=(*stack.warnings, *warnings), companions=()
    )


def _is_class(node: ET.Element) -> bool:
    return (
        node.findtext("Metadata/MDI[@key='resampling']") == "nearest"
        or node.findtext("UnitType") == "class"
    )


def _make_uniform(root: ET.Element, stack: BandStack) -> tuple[float | None, list[str]]:
    """Give all bands one type and one nodata value; returns that and what is lost by it."""
    bands = list(root.iter("VRTRasterBand"))
    common = np.result_type(*[NUMPY_NAMES[node.get("dataType", "")] for node in bands]).name
    measured = [band.radiometry.nodata for band in stack.bands if band.radiometry.unit != "class"]
    known = [
        value
        for value in [*measured, *(band.radiometry.nodata for band in stack.bands)]
        if value is not None
    ]
    nodata = None if not known else math.nan if is_floating(common) else known[0]
    for node in bands:
        node.set("dataType", GDAL_NAMES[common])
        for old in node.findall("NoDataValue"):
            node.remove(old)
        if nodata is not None:
            # before the sources, as in the schema; what a source leaves out then has this value
            new = ET.Element("NoDataValue")
            new.text = nodata_text(nodata)
            node.insert(0, new)
    if nodata is None or math.isnan(nodata):
        return nodata, []
    others = [band.name for band in stack.bands if band.radiometry.nodata != nodata]
    if not others:
        return nodata, []
    return nodata, [
        f"A GeoTIFF has one nodata value: {nodata:g} counts as no data in {', '.join(others)} "
        "as well"
    ]
