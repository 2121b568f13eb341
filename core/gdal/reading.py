"""The library that opens rasters and lays areas over them: GDAL's own ``osgeo``, or rasterio.

``osgeo`` is in every QGIS, and is loaded anyhow by who reads pixels. rasterio is taken where it is
asked for by name: it takes 0.15 s to load, and one that pip has put into QGIS for Windows or macOS
brings a second GDAL and a second PROJ into the process. Both give the same facts, pixels and
sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..enums import StrEnum
from ..errors import FirstLightError
from ..types import Bounds

if TYPE_CHECKING:  # a file that has come is looked at without it
    import numpy as np
    import numpy.typing as npt

    Coordinates = npt.NDArray[np.float64]

Failure = Callable[[str], FirstLightError]
"""Makes the error from GDAL's reason."""
Transform = tuple[float, float, float, float, float, float]


class Reader(StrEnum):
    """The libraries that read rasters."""

    RASTERIO = "rasterio"
    OSGEO = "osgeo"


@dataclass(frozen=True)
class FileBand:
    """What a file's header says of a band."""

    description: str
    dtype: str
    """As numpy calls it; ``complex_int16`` where numpy has none."""
    scale: float
    offset: float
    nodata: float | None
    """None also where the type cannot hold the number."""
    unit: str
    tags: Mapping[str, str]
    """Those of GDAL's domain of imagery, such as wavelengths, among them."""
    mask_flags: int
    color: str
    """``alpha`` or ``palette``; empty for any other."""


@dataclass(frozen=True)
class FileFacts:
    """What a file's header says."""

    driver: str
    crs: str
    """``EPSG:n`` where there is a code, else WKT; empty where there is none."""
    transform: Transform
    shape: tuple[int, int]
    """(rows, cols)"""
    bands: tuple[FileBand, ...]
    tags: Mapping[str, str]
    subdatasets: Mapping[str, str]
    has_gcps: bool
    block_shape: tuple[int, int]
    """(rows, cols) of the first band's blocks; (0, 0) where there is no band."""


class OpenRaster(Protocol):
    """A raster that is open until its block ends."""

    count: int
    """Bands."""

    def __enter__(self) -> OpenRaster: ...

    def __exit__(self, *error: Any) -> None: ...

    def facts(self) -> FileFacts:
        """What its header says."""

    def read_pixel(self, index: int, row: int, col: int) -> None:
        """Decode the block of a band in which a pixel lies; the band is counted from 1."""


class ReadingLibrary(Protocol):
    """What FirstLight takes from such a library. Whatever fails, fails as :meth:`errors` says."""

    name: Reader

    def surroundings(self, remote: bool = False) -> AbstractContextManager[None]:
        """GDAL's options of this thread: no Python in VRTs, and of remote files no folder
        listing.
        """

    def errors(self, failure: Failure) -> AbstractContextManager[None]:
        """Turn failures in the block into an error of ours."""

    def open(self, name: str, driver: str) -> OpenRaster:
        """Open a file, not shared, with one driver only; both as GDAL names them."""

    def burn(
        self, area: Mapping[str, Any], shape: tuple[int, int], transform: Transform, touched: bool
    ) -> npt.NDArray[np.bool_]:
        """The pixels, (rows, cols), whose centres lie in a MultiPolygon, or which it touches."""

    def move_points(
        self, source: str, target: str, xs: Coordinates, ys: Coordinates
    ) -> tuple[Coordinates, Coordinates]:
        """Points (points,) in another coordinate system; not finite where there is no place."""

    def move_bounds(self, source: str, target: str, bounds: Bounds) -> Bounds:
        """A box in another coordinate system, its edges divided by 21 points; left lies right of
        right where it crosses the 180th meridian of degrees.
        """
