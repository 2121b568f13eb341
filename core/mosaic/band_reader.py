"""One band of one scene where it lies, on the disk or behind HTTP: windows of it, fetching no more
than the blocks they touch.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..discovery.header import weigh_header
from ..errors import RasterError
from ..gdal.containers import find_subdataset, gdal_name
from ..gdal.crs import dataset_grid, same_crs
from ..gdal.drivers import open_band, open_dataset
from ..gdal.environment import RemoteOptions, is_refused, local_gdal, remote_gdal
from ..gdal.errors import checked, gdal_errors
from ..gdal.types import GMF_PER_DATASET, is_floating
from ..raster.block_cache import BlockCache
from ..raster.grid import Window
from ..raster.header import Header, dataset_header
from ..raster.open_file import check_openable
from ..raster.remote import forget
from ..raster.source_blocks import Layout, UnitIndex, band_layout, decode_unmasked, read_window
from ..raster.valid import nodata_under_mask, stored_nodata
from ..raster.vrt_sources import is_vrt
from ..types import Grid, Radiometry
from .idle_datasets import IdleDatasets

Address = Callable[[bool], tuple[str, RemoteOptions]]
"""Where a file is to be opened now: URL or path, and how to reach it. True: the last answer was
refused.
"""


@dataclass(frozen=True)
class BandLocation:
    """Facts of a band that are known before it is opened."""

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
    masked: bool = False
    """Its file was looked into, and says by a mask where it has nothing."""
    index: int | None = None
    """Band of a file that holds several, from 1; None where it is to be the only one."""

    @property
    def number(self) -> int:
        """The band's place in its file, from 1."""
        return self.index or 1


def nodata_outside(dtype: str, masked: bool) -> float:
    """The number for what a band without nodata does not reach, and for what its mask hides: for
    whole numbers by custom 0, unless a mask tells which zeros are none.
    """
    return nodata_under_mask(dtype, None) if masked or is_floating(dtype) else 0.0


class UnreadError(RasterError):
    """GDAL cannot read a band at its address: another try may be worth it."""


class BandReader:
    """Reads windows of one band; safe to use from many threads.

    The file is opened when the first pixel is asked for, and must then lie where it was said to
    lie.

    Parameters
    ----------
    location : BandLocation
    cache : BlockCache
        Shared with other bands.
    idle : IdleDatasets, optional
        Shared with other bands, too: of hundreds of scenes not all can stay open.
    """

    def __init__(
        self, location: BandLocation, cache: BlockCache, idle: IdleDatasets | None = None
    ) -> None:
        self.location = location
        self.cache = cache
        self._idle = idle or IdleDatasets()
        self._lock = threading.Lock()
        self._layouts: dict[int, Layout] = {}
        self._closed = False

    def close(self) -> None:
        """Close what is not being read; the rest is closed by its reader."""
        with self._lock:
            self._closed = True
            self._idle.drop(self)

    @property
    def dtype(self) -> str:
        """Numpy's name of the stored numbers' type.

        Raises
        ------
        RasterError
            If the band cannot be opened.
        """
        return self._layout(0).dtype

    @property
    def nodata(self) -> float:
        """The stored number outside of the band."""
        known = self.radiometry.nodata
        return nodata_outside(self.dtype, masked=False) if known is None else known

    @property
    def radiometry(self) -> Radiometry:
        """The rule by which its numbers are read: nodata is a number that its type holds, and that
        stands for what its mask hides.
        """
        rule, layout = self.location.radiometry, self._layout(0)
        stored = stored_nodata(layout.dtype, rule.nodata)
        if stored is not None:
            return replace(rule, nodata=float(stored))
        hidden = nodata_outside(layout.dtype, masked=True) if layout.masked else None
        return replace(rule, nodata=hidden)

    def blank(self, window: Window) -> npt.NDArray[Any]:
        """A window that the band does not reach."""
        return np.full((window.rows, window.cols), self.nodata, self.dtype)

    def levels(self) -> list[tuple[int, int]]:
        """Shapes (rows, cols) of the band and its overviews, finest first; of a band with a mask,
        those whose mask is there, too.

        Raises
        ------
        RasterError
            If it cannot be opened, or lies elsewhere than said.
        """

        def look(dataset: Any) -> list[tuple[int, int]]:
            band = dataset.GetRasterBand(self.location.number)
            smaller = [band.GetOverview(number) for number in range(band.GetOverviewCount())]
            if band.GetMaskFlags() in (0, GMF_PER_DATASET):  # GDAL makes up masks all shown
                del smaller[band.GetMaskBand().GetOverviewCount() :]
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
        layout, fill = self._layout(level), self.nodata

        def load(indexes: Sequence[UnitIndex]) -> list[npt.NDArray[Any]]:
            read: list[npt.NDArray[Any]] = self._with_dataset(
                lambda dataset: decode_unmasked(self._at(dataset, level), layout, indexes, fill)
            )
            return read

        return read_window(self.cache, (self, level), layout, window, fill, load)

    def _layout(self, level: int) -> Layout:
        if level not in self._layouts:
            self._layouts[level] = self._with_dataset(
                lambda dataset: band_layout(self._at(dataset, level))
            )
        return self._layouts[level]

    def _at(self, dataset: Any, level: int) -> Any:
        band = dataset.GetRasterBand(self.location.number)
        return band if level == 0 else band.GetOverview(level - 1)

    def _with_dataset(self, use: Callable[[Any], Any]) -> Any:
        """Use an opened dataset of one's own; after a failure once more, with a fresh address where
        the old one was refused.
        """
        refused = False
        for attempt in (1, 2):
            address, options = self.location.address(refused)
            try:
                unread = partial(self._unread, address, options)
                with _surroundings(address, options), gdal_errors(unread):
                    dataset = checked(self._take(address, options))
                    result = use(dataset)
                    self._give(dataset)
                    return result
            except UnreadError as error:
                self._idle.drop(self)  # they were opened with the same address
                forget(address)
                refused = is_refused(error.why)
                gone = re.search(r"(response|error) code ?: ?410", error.why) is not None
                if attempt == 2 or gone:
                    raise

    def _unread(self, address: str, options: RemoteOptions, why: str) -> UnreadError:
        what = f"Reading {self.location.name} failed"
        return UnreadError(what, options.told(why, address), "Is the file there, and complete?")

    def _take(self, address: str, options: RemoteOptions) -> Any:
        dataset = self._idle.take(self)
        if dataset is not None:
            return dataset
        dataset = _open(address, options)
        if dataset is not None:
            self._check(dataset)
        return dataset

    def _give(self, dataset: Any) -> None:
        dataset.FlushCache()  # its blocks are in our cache
        with self._lock:
            if not self._closed:
                self._idle.give(self, dataset)

    def _check(self, dataset: Any) -> None:
        grid, stated = dataset_grid(dataset), self.location.grid
        steps = [abs(a - b) for a, b in zip(grid.transform, stated.transform)]
        same = grid.shape == stated.shape and max(steps) < 1e-3 * stated.resolution[0]
        if not same or (grid.crs != stated.crs and not same_crs(grid.crs, stated.crs)):
            raise RasterError(
                f"Reading {self.location.name} failed",
                f"its file lies elsewhere than its catalogue says ({_words(grid)}, said: "
                f"{_words(stated)})",
                "Download the scene instead.",
            )
        if self.location.number > dataset.RasterCount:
            raise _no_band(self.location.name, self.location.number, dataset.RasterCount)
        self._check_rule(dataset_header(dataset, self.location.number))

    def _check_rule(self, header: Header) -> None:
        rule = self.location.radiometry
        weighed, warning = weigh_header(self.location.name, rule, header, self.location.index)
        if weighed != rule:
            told = warning or f"the file's nodata is {header.nodata}, not {rule.nodata}"
            raise RasterError(
                f"Reading {self.location.name} failed",
                f"its file contradicts its catalogue ({told})",
                "State scale, offset and nodata in the item (raster:bands), or download the scene.",
            )


def _no_band(name: str, number: int, count: int) -> RasterError:
    why = f"its file holds {count} bands, and it is to be number {number}"
    return RasterError(f"Reading {name} failed", why, "Choose another scene, or tell its provider.")


def read_remote_header(name: str, address: Address, number: int = 1) -> tuple[Grid, Header]:
    """The grid of a file's pixels, and what else its header states of a band.

    Raises
    ------
    RasterError
        If it cannot be opened, or its pixels lie on no north-up grid.
    """
    try:
        return _read_header(name, number, *address(False))
    except RasterError as error:
        if not is_refused(error.why):
            raise
        return _read_header(name, number, *address(True))


def _read_header(name: str, number: int, url: str, options: RemoteOptions) -> tuple[Grid, Header]:
    def failure(why: str) -> RasterError:
        forget(url)
        return RasterError(
            f"Reading the header of {name} failed", options.told(why, url), "Is the file there?"
        )

    with _surroundings(url, options), gdal_errors(failure):
        dataset = checked(_open(url, options))
        if number > dataset.RasterCount:
            raise _no_band(name, number, dataset.RasterCount)
        grid, header = dataset_grid(dataset), dataset_header(dataset, number)
    a, b, _, d, e, _ = grid.transform
    if not grid.crs or b or d or a <= 0 or e >= 0:
        raise RasterError(
            f"{name} cannot be placed",
            "it lies on no north-up grid",
            "Download the scene and stack it instead.",
        )
    return grid, header


def _open(address: str, options: RemoteOptions) -> Any:
    """A dataset; None where GDAL cannot open it."""
    if not _is_remote(address):
        path = Path(address)
        check_openable(path)
        if path.suffix.lower() != ".vrt" and is_vrt(path):
            hint = "Give the VRT its name, if it is one of yours."
            raise RasterError(f"{path} cannot be read", "it is a VRT that calls itself else", hint)
        return open_dataset(gdal_name(path))
    return open_band(_gdal_name(address), options.name(address))


def _gdal_name(address: str) -> str:
    return f"/vsicurl/{address}" if address.startswith(("http://", "https://")) else address


def _is_remote(address: str) -> bool:
    return address.startswith(("http://", "https://", "/vsi")) and not find_subdataset(address)


def _surroundings(address: str, options: RemoteOptions) -> AbstractContextManager[None]:
    """GDAL's options for an address: a file of this computer is read with those beside it."""
    return remote_gdal(options) if _is_remote(address) else local_gdal()


def _words(grid: Grid) -> str:
    rows, cols = grid.shape
    return (
        f"{cols} × {rows} pixels of {grid.resolution[0]:g} from {grid.transform[2]:g}, "
        f"{grid.transform[5]:g}, {grid.crs[:12]}"
    )
