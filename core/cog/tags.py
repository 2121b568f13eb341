"""The TIFF tags of a raster, as GDAL writes them into a small file in memory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from ..errors import RasterError
from ..gdal.crs import geotransform, spatial_reference
from ..gdal.errors import checked, gdal_errors
from ..gdal.types import gdal_type
from .codec import Codec, predictor
from .layout import Tag, read_tags
from .raster_spec import RasterSpec
from .statistics import BandStatistics

NO_PLACE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The transform of a raster without a place."""


def make_tags(
    spec: RasterSpec, codec: Codec, statistics: Sequence[BandStatistics]
) -> dict[int, Tag]:
    """All tags of the full resolution: type, codec, georeference, names, scale, statistics,
    colours.

    Width, height, offsets and sizes are those of the small file: the layout replaces them.

    Raises
    ------
    RasterError
        If GDAL cannot make them, say because the reference system is none.
    """
    from osgeo import gdal

    name = f"/vsimem/firstlight-{uuid.uuid4().hex}.tif"
    options = [
        *codec.options,
        f"PREDICTOR={predictor(spec.dtype)}",
        "TILED=YES",
        f"BLOCKXSIZE={spec.block}",
        f"BLOCKYSIZE={spec.block}",
        "INTERLEAVE=PIXEL",
        "SPARSE_OK=TRUE",
        "BIGTIFF=YES",
        "ENDIANNESS=LITTLE",
    ]
    with gdal_errors(lambda why: RasterError("Making the header of a raster failed", why)):
        try:
            _write_header(name, spec, options, statistics)
            return read_tags(_file_bytes(name))
        finally:
            gdal.Unlink(name)


def _write_header(
    name: str, spec: RasterSpec, options: list[str], statistics: Sequence[BandStatistics]
) -> None:
    """Write a file without pixels; it is whole when the function is left."""
    from osgeo import gdal

    dataset = checked(
        gdal.GetDriverByName("GTiff").Create(
            name, spec.block, spec.block, len(spec.band_names), gdal_type(spec.dtype), options
        )
    )
    if spec.grid.transform != NO_PLACE:
        dataset.SetGeoTransform(geotransform(spec.grid))
    if spec.grid.crs:
        dataset.SetSpatialRef(spatial_reference(spec.grid.crs))
    dataset.SetMetadata(dict(spec.tags))
    for index, (title, figures) in enumerate(zip(spec.band_names, statistics), start=1):
        band = dataset.GetRasterBand(index)
        if spec.colors:
            table = gdal.ColorTable()
            for value, color in spec.colors.items():
                table.SetColorEntry(value, color)
            band.SetColorTable(table)
        band.SetNoDataValue(spec.nodata)
        band.SetMetadata(figures.tags())
        if title:
            band.SetDescription(title)
        if (spec.scale, spec.offset) != (1.0, 0.0):
            band.SetScale(spec.scale)
            band.SetOffset(spec.offset)
        if spec.unit:
            band.SetUnitType(spec.unit)
    del dataset  # closed here, also where a profiler still holds this frame


def _file_bytes(name: str) -> bytes:
    from osgeo import gdal

    file = checked(gdal.VSIFOpenL(name, "rb"))
    try:
        return bytes(gdal.VSIFReadL(1, gdal.VSIStatL(name).size, file))
    finally:
        gdal.VSIFCloseL(file)
