"""One band of one scene where it lies, on the disk or behind HTTP: windows of it, fetching no more
than the blocks they touch.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..raster.block_cache import BlockCache
from ..raster.gdal_env import RemoteOptions, quiet_gdal, remote_gdal
from ..raster.grid import Window
from ..raster.reader import BAND_DRIVERS
from ..raster.source_blocks import Layout, Place, band_layout, decode_units, read_window
from ..types import Grid, Radiometry

IDLE_HANDLES = 2
"""Opened datasets that a band keeps for the next reader."""
Address = Callable[[bool], tuple[str, RemoteOptions]]
"""Where a file is to be opened now: URL or path, and how to reach it. True: the last answer was
refused.
"""


@dataclass(frozen=True)
class BandPlace:
    """What is known of a band before it is opened."""

    name: str
    """For messages: ``'red' of S2A_…``."""
    grid: Grid
    radiometry: Radiometry
    is_class: bool
    address: Address
    remote: bool = False
    """Behind HTTP."""
    source: str = ""
    """Path or address without a token: what tells one file from another."""
    dtype: str = ""
    """As its catalogue states it; empty where it does not."""


class BandSource:
    """Reads windows of one band; safe to use from many threads.

    The file is opened when the first pixel is asked for, and must then lie where it was said to
    lie.

    Parameters
    ----------
    place : BandPlace
    cache : BlockCache
        Shared with other bands.
    """

    def __init__(self, place: BandPlace, cache: BlockCache) -> None:
        self.place = place
        self._cache = cache
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._layouts: dict[int, Layout] = {}
        self._closed = False

    def close(self) -> None:
        """Close what is not being read; the rest is closed by its reader."""
        with self._lock:
            self._closed = True
            self._idle.clear()

    @property
    def nodata(self) -> float:
        """The stored number outside of the band; 0 where none is known."""
        return self.place.radiometry.nodata or 0.0

    def levels(self) -> list[tuple[int, int]]:
        """Shapes (rows, cols) of the band and its overviews, finest first.

        Raises
        ------
        RasterError
            If it cannot be opened, or lies elsewhere than said.
        """

        def look(dataset: Any) -> list[tuple[int, int]]:
            band = dataset.GetRasterBand(1)
            smaller = [band.GetOverview(number) for number in range(band.GetOverviewCount())]
            return [(band.YSize, band.XSize), *((one.YSize, one.XSize) for one in smaller)]

        shapes: list[tuple[int, int]] = self._with_dataset(look)
        return shapes

    def read(self, window: Window, level: int = 0) -> npt.NDArray[Any]:
        """Stored numbers of a window in the band's own pixels (at ``level`` in those of that
        overview).

        The window may reach over the edges; there the answer is nodata, or 0 where a whole number
        has none.

        Raises
        ------
        RasterError
            If it cannot be opened or read, or lies elsewhere than said.
        """
        layout = self._layout(level)
        fill = (
            self.nodata
            if np.dtype(layout.dtype).kind == "f" or not math.isnan(self.nodata)
            else 0.0
        )

        def load(places: Sequence[Place]) -> list[npt.NDArray[Any]]:
            read: list[npt.NDArray[Any]] = self._with_dataset(
                lambda dataset: decode_units(_at(dataset, level), layout, places)
            )
            return read

        return read_window(self._cache, (self, level), layout, window, fill, load)

    def _layout(self, level: int) -> Layout:
        if level not in self._layouts:
            self._layouts[level] = self._with_dataset(
                lambda dataset: band_layout(_at(dataset, level))
            )
        return self._layouts[level]

    def _with_dataset(self, use: Callable[[Any], Any]) -> Any:
        """Use an opened dataset of one's own; after a failure once more, with a fresh address where
        the old one was refused.
        """
        what, reason, refused = f"Reading {self.place.name} failed", "", False
        for _ in range(2):
            address, options = self.place.address(refused)
            with remote_gdal(options), quiet_gdal() as messages:
                dataset, failure = None, ""
                try:
                    dataset = self._take(address)
                    if dataset is not None:
                        found = use(dataset)
                        self._give(dataset)
                        return found
                except (
                    RuntimeError
                ) as error:  # another plugin may have switched GDAL's exceptions on
                    failure = str(error)
                del dataset
                with self._lock:
                    self._idle.clear()  # they were opened with the same address
                reason = _public(failure or (messages or ["GDAL gave no reason"])[-1], address)
                _forget(address)
            refused = re.search(r"(response|error) code ?: ?40[13]", reason) is not None
            if re.search(r"(response|error) code ?: ?(404|410)", reason):
                break
        raise RasterError(what, reason, "Is the file there, and complete?")

    def _take(self, address: str) -> Any:
        from osgeo import gdal

        with self._lock:
            if self._idle:
                return self._idle.pop()
        path = f"/vsicurl/{address}" if address.startswith(("http://", "https://")) else address
        dataset = gdal.OpenEx(
            path, gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR, allowed_drivers=list(BAND_DRIVERS)
        )
        if dataset is not None:
            self._check(dataset)
        return dataset

    def _give(self, dataset: Any) -> None:
        dataset.FlushCache()  # its blocks are in our cache
        with self._lock:
            if not self._closed and len(self._idle) < IDLE_HANDLES:
                self._idle.append(dataset)

    def _check(self, dataset: Any) -> None:
        found, said = header_grid(dataset), self.place.grid
        steps = [abs(one - other) for one, other in zip(found.transform, said.transform)]
        same = found.shape == said.shape and max(steps) < 1e-3 * said.resolution[0]
        if not same or (found.crs != said.crs and not _same_crs(found.crs, said.crs)):
            raise RasterError(
                f"Reading {self.place.name} failed",
                f"its file lies elsewhere than its catalogue says ({_words(found)}, said: "
                f"{_words(said)})",
                "Download the scene instead.",
            )


def read_header(name: str, address: Address) -> Grid:
    """Where a file's pixels lie, from its header.

    Raises
    ------
    RasterError
        If it cannot be opened, or its pixels lie on no north-up grid.
    """
    from osgeo import gdal

    url, options = address(False)
    path = f"/vsicurl/{url}" if url.startswith(("http://", "https://")) else url
    dataset = None
    with remote_gdal(options), quiet_gdal() as messages:
        try:
            dataset = gdal.OpenEx(
                path, gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR, allowed_drivers=list(BAND_DRIVERS)
            )
        except RuntimeError as error:  # another plugin may have switched GDAL's exceptions on
            messages.append(str(error))
        if dataset is None:
            _forget(url)
            reason = _public((messages or ["GDAL gave no reason"])[-1], url)
            raise RasterError(f"Reading the header of {name} failed", reason, "Is the file there?")
        grid = header_grid(dataset)
    a, b, _, d, e, _ = grid.transform
    if not grid.crs or b or d or a <= 0 or e >= 0:
        raise RasterError(
            f"{name} cannot be placed",
            "it lies on no north-up grid",
            "Download the scene and stack it instead.",
        )
    return grid


def header_grid(dataset: Any) -> Grid:
    """The grid of a dataset opened with ``osgeo``."""
    c, a, b, f, d, e = dataset.GetGeoTransform()
    crs = ""
    reference = dataset.GetSpatialRef()
    if reference is not None:
        code = (
            reference.GetAuthorityCode(None) if reference.GetAuthorityName(None) == "EPSG" else None
        )
        crs = f"EPSG:{code}" if code else reference.ExportToWkt()
    return Grid(crs, (a, b, c, d, e, f), (dataset.RasterYSize, dataset.RasterXSize))


def _same_crs(one: str, other: str) -> bool:
    from osgeo import osr

    references = []
    for text in (one, other):
        reference = osr.SpatialReference()
        try:
            if reference.SetFromUserInput(text) != 0:
                return False
        except RuntimeError:  # another plugin may have switched OSR's exceptions on
            return False
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        references.append(reference)
    return bool(references[0].IsSame(references[1]))


def _at(dataset: Any, level: int) -> Any:
    band = dataset.GetRasterBand(1)
    return band if level == 0 else band.GetOverview(level - 1)


def _forget(address: str) -> None:
    """GDAL remembers files that were not there, and headers; the next try is to ask again."""
    from osgeo import gdal

    if address.startswith(("http://", "https://")):
        gdal.VSICurlPartialClearCache(f"/vsicurl/{address}")


def _public(text: str, address: str) -> str:
    """Without the address's query, which may hold a token."""
    return " ".join(text.split()).replace(address, address.partition("?")[0])


def _words(grid: Grid) -> str:
    rows, cols = grid.shape
    return (
        f"{cols} × {rows} pixels of {grid.resolution[0]:g} from {grid.transform[2]:g}, "
        f"{grid.transform[5]:g}, {grid.crs[:12]}"
    )
