"""Rasters read by GDAL's own Python library."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..types import Bounds
from .crs import horizontal, spatial_reference
from .environment import read_options
from .errors import FAILURES, NO_REASON, checked, checked_code, gdal_errors
from .reading import Failure, FileBand, FileFacts, OpenRaster, Reader, Transform
from .types import type_range

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .reading import Coordinates

SURE = 70
"""Per cent of likeness from which on a coordinate system counts as the one with the code, as in
rasterio.
"""
DTYPES = {"byte": "uint8", "cint16": "complex_int16", "cint32": "complex64"}
DTYPES |= {"cfloat32": "complex64", "cfloat64": "complex128"}
"""GDAL's data types, in small letters, that have another name in numpy."""
PARTS = {"complex_int16": "int16", "complex64": "float32", "complex128": "float64"}
"""Complex types: the type of their parts."""
MOST_FLOAT32 = (2 - 2**-23) * 2.0**127


class OsgeoReading:
    """See :class:`firstlight.core.gdal.reading.ReadingLibrary`."""

    name = Reader.OSGEO

    @contextmanager
    def surroundings(self, remote: bool = False) -> Iterator[None]:
        """GDAL's options of this thread."""
        with read_options(remote):
            yield

    @contextmanager
    def errors(self, failure: Failure) -> Iterator[None]:
        """Turn failures in the block into an error of ours."""
        # GDAL's older sentences quote `so', which rasterio straightens.
        with gdal_errors(lambda why: failure(why.replace("`", "'")), FAILURES):
            yield

    def open(self, name: str, driver: str) -> OpenRaster:
        """Open a file, not shared, with one driver."""
        from osgeo import gdal

        flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
        return OsgeoFile(checked(gdal.OpenEx(name, flags, allowed_drivers=[driver])))

    def burn(
        self, area: Mapping[str, Any], shape: tuple[int, int], transform: Transform, touched: bool
    ) -> npt.NDArray[np.bool_]:
        """The pixels, (rows, cols), whose centres lie in an area, or which it touches."""
        import numpy as np
        from osgeo import gdal, ogr

        a, b, c, d, e, f = transform
        target = checked(gdal.GetDriverByName("MEM").Create("", shape[1], shape[0], 1))
        checked_code(target.SetGeoTransform((c, a, b, f, d, e)))
        # Since 3.11 one driver holds both rasters and shapes in memory.
        memory = gdal.GetDriverByName("Memory") or gdal.GetDriverByName("MEM")
        shapes = checked(memory.Create("", 0, 0, 0, gdal.GDT_Unknown))
        layer = checked(shapes.CreateLayer("area", None, ogr.wkbMultiPolygon))
        feature = ogr.Feature(layer.GetLayerDefn())
        checked_code(feature.SetGeometry(checked(ogr.CreateGeometryFromJson(json.dumps(area)))))
        checked_code(layer.CreateFeature(feature))
        options = ["ALL_TOUCHED=TRUE"] if touched else []
        checked_code(gdal.RasterizeLayer(target, [1], layer, burn_values=[1], options=options))
        return np.asarray(checked(target.ReadAsArray()), dtype=bool)

    def move_points(
        self, source: str, target: str, xs: Coordinates, ys: Coordinates
    ) -> tuple[Coordinates, Coordinates]:
        """Points in another coordinate system."""
        from .projection import project_points

        return project_points(source, target, xs, ys)

    def move_bounds(self, source: str, target: str, bounds: Bounds) -> Bounds:
        """A box in another coordinate system."""
        from osgeo import osr

        systems = spatial_reference(source), spatial_reference(target)
        try:
            way = osr.CoordinateTransformation(*systems)
            left, bottom, right, top = way.TransformBounds(*bounds, 21)
        except TypeError:  # there is no transformation
            raise RuntimeError(NO_REASON) from None
        return left, bottom, right, top


class OsgeoFile:
    """A dataset of ``osgeo``; see :class:`firstlight.core.gdal.reading.OpenRaster`."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.count = int(dataset.RasterCount)

    def __enter__(self) -> OsgeoFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self._dataset = None  # which closes it

    def facts(self) -> FileFacts:
        """What its header says."""
        dataset = self._dataset
        c, a, b, f, d, e = dataset.GetGeoTransform()
        bands = [dataset.GetRasterBand(index + 1) for index in range(self.count)]
        cols, rows = bands[0].GetBlockSize() if bands else (0, 0)
        return FileFacts(
            driver=dataset.GetDriver().ShortName,
            crs=_crs_text(dataset.GetProjection()),
            transform=(a, b, c, d, e, f),
            shape=(dataset.RasterYSize, dataset.RasterXSize),
            bands=tuple(_band(band) for band in bands),
            tags=_tags(dataset),
            subdatasets=_tags(dataset, "SUBDATASETS"),
            has_gcps=dataset.GetGCPCount() > 0,
            block_shape=(rows, cols),
        )

    def read_pixel(self, index: int, row: int, col: int) -> None:
        """Decode the block of a band in which a pixel lies."""
        checked(self._dataset.GetRasterBand(index).ReadRaster(col, row, 1, 1))


def _band(band: Any) -> FileBand:
    from osgeo import gdal

    dtype, scale = _dtype(band), band.GetScale()
    colors = {gdal.GCI_AlphaBand: "alpha", gdal.GCI_PaletteIndex: "palette"}
    return FileBand(
        description=band.GetDescription() or "",
        dtype=dtype,
        scale=1.0 if scale is None else float(scale),
        offset=float(band.GetOffset() or 0.0),
        nodata=_nodata(band.GetNoDataValue(), dtype),
        unit=band.GetUnitType() or "",
        tags={**_tags(band, "IMAGERY"), **_tags(band)},
        mask_flags=band.GetMaskFlags(),
        color=colors.get(band.GetColorInterpretation(), ""),
    )


def _dtype(band: Any) -> str:
    from osgeo import gdal

    if band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE":  # before GDAL 3.7
        return "int8"
    name = str(gdal.GetDataTypeName(band.DataType)).lower()
    return DTYPES.get(name, name)


def _nodata(number: float | None, dtype: str) -> float | None:
    """The number where the type has room for it, whole or not."""
    part = PARTS.get(dtype, dtype)
    if number is None or part == "float64":
        return number
    if part == "float32":
        return number if not math.isfinite(number) or abs(number) <= MOST_FLOAT32 else None
    low, high = type_range(part)
    return number if low <= number <= high else None


def _tags(owner: Any, domain: str = "") -> dict[str, str]:
    return {str(key): str(value) for key, value in (owner.GetMetadata(domain) or {}).items()}


def _crs_text(text: str) -> str:
    """``EPSG:n`` of the horizontal part where there is a code, else WKT, else empty."""
    if not text:
        return ""
    reference = spatial_reference(text)
    code = _epsg(reference)
    return horizontal(f"EPSG:{code}" if code else str(reference.ExportToWkt()))


def _epsg(reference: Any) -> str | None:
    """The code of the system that it is, by its own word or by likeness."""
    for found, likeness in reference.FindMatches() or ():
        if likeness >= SURE and found.GetAuthorityName(None) == "EPSG":
            return str(found.GetAuthorityCode(None))
    return None
