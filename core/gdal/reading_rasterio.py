"""Rasters read by rasterio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..types import Bounds
from .crs import horizontal
from .environment import READ_OPTIONS, REMOTE_OPTIONS
from .reading import Failure, FileBand, FileFacts, OpenRaster, Reader, Transform

if TYPE_CHECKING:
    from .reading import Coordinates


class RasterioReading:
    """See :class:`firstlight.core.gdal.reading.ReadingLibrary`."""

    name = Reader.RASTERIO

    @contextmanager
    def surroundings(self, remote: bool = False) -> Iterator[None]:
        """GDAL_CACHEMAX is process-wide and belongs to QGIS, so it is left alone."""
        import rasterio

        with rasterio.Env(**(REMOTE_OPTIONS if remote else READ_OPTIONS)):
            yield

    @contextmanager
    def errors(self, failure: Failure) -> Iterator[None]:
        """Turn failures in the block into an error of ours."""
        from rasterio._err import CPLE_BaseError  # which is no RasterioError
        from rasterio.errors import RasterioError

        try:
            yield
        # RasterioIOError is an OSError only, in rasterio 1.3; ValueError: geometries, systems, text
        except (RasterioError, CPLE_BaseError, OSError, ValueError) as error:
            below = error.__cause__ or error.__context__
            # What GDAL said, without "Read failed. See previous exception for details."
            said = below if isinstance(below, CPLE_BaseError) else error
            text = " ".join(str(said).split())
            raise failure(text or type(error).__name__) from error

    def open(self, name: str, driver: str) -> OpenRaster:
        """Open a file, not shared, with one driver."""
        from rasterio.io import DatasetReader

        # rasterio.open would put surroundings of its own around it, and those outside anew after it
        return RasterioFile(DatasetReader(name, driver=driver, sharing=False))

    def burn(
        self, area: Mapping[str, Any], shape: tuple[int, int], transform: Transform, touched: bool
    ) -> npt.NDArray[np.bool_]:
        """The pixels, (rows, cols), whose centres lie in an area, or which it touches."""
        from rasterio.features import rasterize
        from rasterio.transform import Affine

        where = Affine(*transform)
        burnt = rasterize([area], shape, transform=where, all_touched=touched, dtype="uint8")
        return np.asarray(burnt, dtype=bool)

    def move_points(
        self, source: str, target: str, xs: Coordinates, ys: Coordinates
    ) -> tuple[Coordinates, Coordinates]:
        """Points in another coordinate system."""
        from rasterio.warp import transform

        moved = transform(source, target, xs, ys)
        return np.array(moved[0], dtype=np.float64), np.array(moved[1], dtype=np.float64)

    def move_bounds(self, source: str, target: str, bounds: Bounds) -> Bounds:
        """A box in another coordinate system."""
        from rasterio.warp import transform_bounds

        left, bottom, right, top = transform_bounds(source, target, *bounds, densify_pts=21)
        return left, bottom, right, top


class RasterioFile:
    """A dataset of rasterio; see :class:`firstlight.core.gdal.reading.OpenRaster`."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.count = int(dataset.count)

    def __enter__(self) -> RasterioFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self._dataset.close()

    def facts(self) -> FileFacts:
        """What its header says."""
        dataset = self._dataset
        a, b, c, d, e, f = tuple(dataset.transform)[:6]
        return FileFacts(
            driver=dataset.driver,
            crs=_crs_text(dataset.crs),
            transform=(a, b, c, d, e, f),
            shape=(dataset.height, dataset.width),
            bands=tuple(self._band(index) for index in dataset.indexes),
            tags=dataset.tags(),
            subdatasets=dataset.tags(ns="SUBDATASETS"),
            has_gcps=bool(dataset.gcps[0]),
            block_shape=dataset.block_shapes[0] if self.count else (0, 0),
        )

    def _band(self, index: int) -> FileBand:
        dataset, place = self._dataset, index - 1
        color = dataset.colorinterp[place].name
        return FileBand(
            description=dataset.descriptions[place] or "",
            dtype=dataset.dtypes[place],
            scale=dataset.scales[place],
            offset=dataset.offsets[place],
            nodata=dataset.nodatavals[place],
            unit=dataset.units[place] or "",
            tags={**dataset.tags(index, ns="IMAGERY"), **dataset.tags(index)},
            mask_flags=sum(dataset.mask_flag_enums[place]),
            color=color if color in ("alpha", "palette") else "",
        )

    def read_pixel(self, index: int, row: int, col: int) -> None:
        """Decode the block of a band in which a pixel lies."""
        from rasterio.windows import Window

        self._dataset.read(index, window=Window(col, row, 1, 1))


def _crs_text(crs: Any) -> str:
    """``EPSG:n`` of the horizontal part where there is a code, else WKT, else empty."""
    if not crs:
        return ""
    code = crs.to_epsg()
    return horizontal(f"EPSG:{code}" if code else str(crs.to_wkt()))
