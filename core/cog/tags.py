"""The TIFF tags of a raster, as GDAL writes them into a small file in memory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from ..errors import RasterError
from ..raster.gdal_env import quiet_gdal
from .codec import Codec, predictor
from .layout import Tag, read_tags
from .raster_spec import RasterSpec
from .statistics import BandStatistics


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
    from osgeo import gdal, osr

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
    dataset = file = None
    data = b""
    with quiet_gdal() as messages:
        try:
            kind = gdal.GetDataTypeByName({"uint8": "Byte"}.get(spec.dtype, spec.dtype))
            dataset = gdal.GetDriverByName("GTiff").Create(
                name, spec.block, spec.block, len(spec.band_names), kind, options
            )
            if dataset is None:
                raise RasterError(
                    "Making the header of a raster failed",
                    (messages or ["GDAL gave no reason"])[-1],
                )
            a, b, c, d, e, f = spec.grid.transform
            if spec.grid.transform != (
                1.0,
                0.0,
                0.0,
                0.0,
                1.0,
                0.0,
            ):  # what a raster without a place says
                dataset.SetGeoTransform((c, a, b, f, d, e))
            if spec.grid.crs:
                system = osr.SpatialReference()
                if system.SetFromUserInput(spec.grid.crs) != 0:
                    raise RasterError(
                        "Making the header of a raster failed",
                        f"'{spec.grid.crs}' is no reference system",
                    )
                dataset.SetSpatialRef(system)
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
            band = dataset = None
            file = gdal.VSIFOpenL(name, "rb")
            gdal.VSIFSeekL(file, 0, 2)
            size = gdal.VSIFTellL(file)
            gdal.VSIFSeekL(file, 0, 0)
            data = bytes(gdal.VSIFReadL(1, size, file))
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            raise RasterError("Making the header of a raster failed", str(error)) from error
        finally:
            if file is not None:
                gdal.VSIFCloseL(file)
            dataset = None
            gdal.Unlink(name)
    return read_tags(data)
