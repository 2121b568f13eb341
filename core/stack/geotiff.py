"""A stack as one GeoTIFF: all pixels in one file, for programs and people that cannot use a VRT."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..cog.geotiff_copy import COMPRESSIONS, TiffLayout, copy_to_cog
from ..cog.overviews import copy_with_overviews
from ..enums import Unit
from ..errors import BandStackError
from ..files.atomic import WriteFailure, fill_file, part_of, scratch_file
from ..files.xml_text import Element, UnfitXml, read_xml
from ..gdal.types import NUMPY_NAMES, is_floating
from ..raster.vrt_text import change_meaning, to_bytes
from ..types import BandStack


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
        root = read_xml(stack.path)
    except (OSError, UnfitXml) as error:
        raise BandStackError(
            what, f"the stack {stack.path} cannot be read ({error})", "Make it again."
        ) from error
    nodata, warnings = _make_uniform(root, stack)
    methods = ["mode" if _is_class(node) else "average" for node in root.iter("VRTRasterBand")]
    failure = WriteFailure(what, error=BandStackError)
    layout = TiffLayout(compress, tiled)
    with scratch_file(stack.path.with_name(f"{output_path.name}.part.vrt"), failure) as vrt:
        with failure.named(vrt):
            fill_file(vrt, to_bytes(root))
        if len(set(methods)) == 1 and tiled:  # the COG driver makes overviews itself, all alike
            copy_to_cog(vrt, output_path, methods[0].upper(), layout=layout)
        else:
            tiles = part_of(output_path.with_name(f"{output_path.name}.tiles"))
            with scratch_file(tiles, failure):
                copy_with_overviews(vrt, tiles, methods)
                copy_to_cog(tiles, output_path, methods[0].upper(), layout=layout)
    bands = tuple(
        replace(band, radiometry=replace(band.radiometry, nodata=nodata)) for band in stack.bands
    )
    return replace(
        stack, path=output_path, bands=bands, warnings=(*stack.warnings, *warnings), companions=()
    )


def _is_class(node: Element) -> bool:
    return (
        node.findtext("Metadata/MDI[@key='resampling']") == "nearest"
        or node.findtext("UnitType") == "class"
    )


def _make_uniform(root: Element, stack: BandStack) -> tuple[float | None, list[str]]:
    """Give all bands one type and one nodata value; returns that and what is lost by it."""
    bands = list(root.iter("VRTRasterBand"))
    common = np.result_type(*[NUMPY_NAMES[node.get("dataType", "")] for node in bands]).name
    measured = [
        band.radiometry.nodata for band in stack.bands if band.radiometry.unit != Unit.CLASS
    ]
    known = [
        value
        for value in [*measured, *(band.radiometry.nodata for band in stack.bands)]
        if value is not None
    ]
    nodata = None if not known else math.nan if is_floating(common) else known[0]
    for node in bands:
        change_meaning(node, common, nodata)
    if nodata is None or math.isnan(nodata):
        return nodata, []
    others = [band.name for band in stack.bands if band.radiometry.nodata != nodata]
    if not others:
        return nodata, []
    return nodata, [
        f"A GeoTIFF has one nodata value: {nodata:g} counts as no data in {', '.join(others)} "
        "as well"
    ]
