"""Read windows of rasters as physical values.

Scale, offset and nodata are applied here and nowhere else. What leaves :meth:`RasterReader.read` is
float32, NaN = no data: reflectance 0..1, kelvin, or dB for radar power.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RasterError
from ..files.file_state import States
from ..gdal.containers import file_of, find_subdataset
from ..gdal.drivers import BAND_DRIVERS
from ..gdal.environment import RemoteOptions, local_gdal, remote_gdal
from ..gdal.errors import checked, gdal_errors
from ..types import Grid, Radiometry
from .block_cache import BlockCache
from .facts import read_facts, under_mask
from .grid import Window
from .open_file import check_openable, open_checked
from .past_gdal.layered import LayeredReader, count_doublings
from .past_gdal.reduced import FilePart, find_part, read_part
from .physical import FloatArray, to_physical
from .valid import nodata_under_mask
from .vrt_sources import check_vrt_sources, is_vrt


class _Opened:
    """One thread's dataset; ``busy`` is held while it is read, so that nobody closes it under the
    reader.

    Parameters
    ----------
    most_sources : int
        Files that are kept open of those that are read past the VRT. Each holds a block as it is
        stored and as it is decoded, 3 MB of a usual scene, and a mosaic names hundreds.
    """

    def __init__(self, dataset: Any, most_sources: int) -> None:
        self.dataset: Any = dataset
        self.busy = threading.Lock()
        self.sources: OrderedDict[str, Any] = OrderedDict()
        """Datasets of bands that are read past the VRT, the one last read at the end."""
        self.cached_bytes = 0
        """Read since GDAL's cache of blocks was last emptied."""
        self._most_sources = most_sources

    def source(self, name: str) -> Any:
        """A file that the VRT names, open.

        Raises
        ------
        RasterError
            If it cannot be opened.
        """
        if name not in self.sources:
            while len(self.sources) >= self._most_sources:
                self.sources.popitem(last=False)
            self.sources[name] = open_checked(Path(name))
        self.sources.move_to_end(name)
        return self.sources[name]

    def let_go(self) -> None:
        """Empty GDAL's cache of blocks of these datasets."""
        for dataset in (self.dataset, *self.sources.values()):
            dataset.FlushCache()
        self.cached_bytes = 0


FEWEST_OPEN = 8
"""Files that a thread keeps open of those that a VRT names; of a VRT of many bands two for each: a
tile mostly lies in no more than two scenes.
"""
CACHE_BYTES = 16 << 20
"""What a thread may leave in GDAL's cache of blocks: neighbours and halos find theirs there. GDAL's
own limit, 5 % of the machine's memory, belongs to the whole process, and QGIS needs it.
"""
BLOCK_BYTES = 56 << 20
"""Decoded blocks of bands that are read past the VRT, for all threads."""
COLUMN_TILES = 24
"""Tiles of all such bands are worked off in columns so wide: two rows of blocks of 1024 pixels then
lie in ``BLOCK_BYTES``.
"""


class RasterReader:
    """Reads windows of a raster as physical values; safe to use from many threads.

    It may be sent to another process: what travels is the path and the radiometry, and each process
    opens the file once.

    Parameters
    ----------
    path : Path
        Any raster GDAL reads.
    radiometry : sequence of Radiometry, optional
        One for each band; by default what the file says.
    remote : RemoteOptions, optional
        How to reach the files that a VRT of ours names behind HTTP.
    cache_bytes : int
        What is read before the thread's blocks are taken out of GDAL's cache.
    """

    def __init__(
        self,
        path: Path,
        radiometry: Sequence[Radiometry] | None = None,
        remote: RemoteOptions | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.facts = read_facts(path, ours=remote is not None)
        self._remote = remote
        self._cache_bytes = cache_bytes
        self._surroundings = local_gdal if remote is None else partial(remote_gdal, remote)
        own = [band.radiometry for band in self.facts.bands]
        self.radiometry = tuple(
            under_mask(rule, band) for rule, band in zip(radiometry or own, self.facts.bands)
        )
        """One for each band."""
        self._is_vrt = self.facts.driver == "VRT"
        self._containers = _containers(path) if remote is None else ()
        self._blocks = BlockCache(BLOCK_BYTES)
        self._local = threading.local()
        # What a thread has opened goes with the thread: a job has many, one after the other.
        self._opened: weakref.WeakSet[_Opened] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False
        # Another reader of the same path, made later, may find another file there: who gets it
        # elsewhere opens it anew.
        self._name = os.urandom(16).hex()

    def __reduce__(self) -> tuple[Any, ...]:
        if (
            self._remote is not None
        ):  # with headers, which cannot be a key: not kept open from tile to tile
            return RasterReader, (self.facts.path, self.radiometry, self._remote)
        return _reader_here, (os.path.abspath(self.facts.path), self.radiometry, self._name)

    def __enter__(self) -> RasterReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the datasets of all threads; one that is being read is closed by its reader when
        the read is over.
        """
        with self._lock:
            self._closed = True
            opened = list(self._opened)
            self._opened.clear()
        self._blocks.clear()
        for one in opened:
            if one.busy.acquire(blocking=False):
                one.dataset = None
                one.sources.clear()
                one.busy.release()

    @property
    def grid(self) -> Grid:
        """The grid of its pixels."""
        return self.facts.grid

    @cached_property
    def states(self) -> States | None:
        """Of its files on this computer, when it was first asked for; None where others may be
        read.
        """
        here = self._remote is None and self.facts.driver in ("VRT", *BAND_DRIVERS)
        return check_openable(self.facts.path) if here else None

    def strips(
        self, indexes: Mapping[str, int], window: Window, rows: int
    ) -> Iterator[dict[str, FloatArray]]:
        """A window's physical values as :meth:`read` gives them, from top to bottom, ``rows`` rows
        at a time.

        Parameters
        ----------
        indexes : mapping of str to int
            Name in what is given back → band, from 1.
        """
        stored = {name: self.read_stored(index, window) for name, index in indexes.items()}
        for row in range(0, window.rows, rows):
            yield {
                name: to_physical(stored[name][row : row + rows], self.radiometry[index - 1])
                for name, index in indexes.items()
            }

    def pixel_bytes(self, indexes: Sequence[int]) -> int:
        """Memory for each pixel of a window while these bands are read."""
        return sum(np.dtype(self.facts.bands[index - 1].dtype).itemsize for index in indexes)

    def meaning(self) -> str:
        """All that its values depend on besides the state of its files."""
        return repr(self.radiometry)

    def part(self, window: Window) -> RasterReader:
        """Itself: what is sent of it, its path, is the same for any part of it."""
        return self

    def column_tiles(self, indexes: Sequence[int]) -> int | None:
        """In columns of so many tiles these bands are best read: shared blocks are then decoded
        once. None: any order will do.
        """
        if not self._is_vrt:
            return None
        shared = sum(count_doublings(self.facts.path, index) for index in set(indexes))
        return max(2, COLUMN_TILES // shared) if shared else None

    def state(self) -> list[tuple[str, int, int]]:
        """Path, size and time of change (ns) of the file and of those that it names; -1 where they
        are not on this machine.
        """
        named = (Path(name) for name in self._mine().dataset.GetFileList() or ())
        files = [file_of(self.facts.path), *(path for path in named if not _is_notes(path))]
        files += self._containers
        there = {path.resolve(): path.stat() if path.is_file() else None for path in files}
        return sorted(
            (str(path), one.st_size, one.st_mtime_ns) if one else (str(path), -1, -1)
            for path, one in there.items()
        )

    def has_overviews(self, index: int) -> bool:
        """Tell whether a band can be read decimated without reading all of it.

        Raises
        ------
        RasterError
            If the file that it comes from cannot be opened.
        """
        mine = self._mine()
        with mine.busy, self._surroundings():
            dataset = mine.dataset
            part = self._whole_file(index)
            if part is not None:  # of a VRT GDAL would open the files of all bands to tell
                file = mine.source(part.name)
                if part.band <= file.RasterCount:  # else it was exchanged: GDAL will say so
                    dataset, index = file, part.band
            return int(dataset.GetRasterBand(index).GetOverviewCount()) > 0

    def _whole_file(self, index: int) -> FilePart | None:
        """What all of a band shows of one file; None where it is not one file's pixels."""
        if not self._is_vrt or self.facts.bands[index - 1].masked:
            return None
        return find_part(self.facts.path, index, Window(0, 0, *self.facts.grid.shape))

    def read(self, index: int, window: Window) -> FloatArray:
        """One band's window.

        Returns
        -------
        ndarray of float32, (rows, cols)
            Physical values, NaN = no data.

        Raises
        ------
        RasterError
            If the pixels cannot be read.
        """
        raw = self.read_stored(index, window)
        return to_physical(raw, self.radiometry[index - 1])

    def read_stored(
        self, index: int, window: Window | None = None, max_size: int | None = None
    ) -> npt.NDArray[Any]:
        """One band's stored numbers, of a window or all of it; decimated to ``max_size`` pixels a
        side where that is given.
        """
        rows, cols = self.facts.grid.shape
        area = window or Window(0, 0, rows, cols)
        shape = (area.rows, area.cols)
        if max_size is not None:
            rows, cols = shape
            step = max(1.0, max(rows, cols) / max_size)
            shape = (max(1, round(rows / step)), max(1, round(cols / step)))
        what = f"Reading band {index} of {self.facts.path} failed"
        stored = np.empty(shape, self.facts.bands[index - 1].dtype)
        mine = self._mine()
        with mine.busy:
            if self._closed:
                raise RasterError(what, "the reader was closed meanwhile")
            try:
                self._fill(stored, mine, index, area, what)
            finally:
                if self._closed:
                    mine.dataset = None
                    mine.sources.clear()
        return stored

    def _fill(
        self, stored: npt.NDArray[Any], mine: _Opened, index: int, area: Window, what: str
    ) -> None:
        # osgeo and not rasterio: it can empty the cache of one dataset's blocks.
        where = (area.col, area.row, area.cols, area.rows)
        rows, cols = stored.shape
        with (
            self._surroundings(),
            gdal_errors(
                lambda why: RasterError(
                    what, why, "Is the file complete? ‘flight validate --depth deep’ tells."
                )
            ),
        ):
            if self._fill_past_gdal(stored, mine, index, area, what):
                return
            band = mine.dataset.GetRasterBand(index)
            checked(band.ReadRaster(*where, buf_xsize=cols, buf_ysize=rows, buf_obj=stored))
            if self.facts.bands[index - 1].masked:
                self._fill_masked(stored, band, index, where)
            mine.cached_bytes += stored.nbytes
            if mine.cached_bytes > self._cache_bytes:
                mine.let_go()

    def _fill_masked(
        self, stored: npt.NDArray[Any], band: Any, index: int, where: tuple[int, int, int, int]
    ) -> None:
        rows, cols = stored.shape
        mask = np.empty(stored.shape, np.uint8)
        checked(
            band.GetMaskBand().ReadRaster(
                *where, buf_xsize=cols, buf_ysize=rows, buf_type=1, buf_obj=mask
            )
        )
        own = self.facts.bands[index - 1]
        nodata = nodata_under_mask(own.dtype, self.radiometry[index - 1].nodata)
        stored[mask == 0] = nodata

    def _fill_past_gdal(
        self, stored: npt.NDArray[Any], mine: _Opened, index: int, area: Window, what: str
    ) -> bool:
        """Tell whether the band is one that needs no more than copies and doublings of what its
        VRT names, or a smaller size that a file has, and was read so.
        """
        if not self._is_vrt or self.facts.bands[index - 1].masked:
            return False

        def open_file(name: str) -> Any:
            try:
                return mine.source(name)
            except RasterError as error:
                raise RasterError(what, error.why, error.hint) from error

        if stored.shape != (area.rows, area.cols):
            part = find_part(self.facts.path, index, area)
            if part is None or not read_part(open_file(part.name), part, stored):
                return False
        else:
            values = LayeredReader(open_file, self._blocks).read(self.facts.path, index, area)
            if values is None:
                return False
            stored[:] = values
        mine.cached_bytes += stored.nbytes
        if mine.cached_bytes > self._cache_bytes:
            mine.let_go()
        return True

    def let_go(self) -> None:
        """Forget the blocks that were decoded for windows here and there: a small one leaves whole
        blocks behind, and what a thread's allocator once held it seldom gives back.
        """
        self._blocks.clear()
        mine: _Opened | None = getattr(self._local, "opened", None)
        if mine is not None:
            with mine.busy:
                if mine.dataset is not None:
                    mine.let_go()

    def _mine(self) -> _Opened:
        # A GDAL dataset belongs to one thread at a time: each thread opens its own.
        mine: _Opened | None = getattr(self._local, "opened", None)
        if mine is None:
            path = self.facts.path
            with self._surroundings():
                mine = _Opened(open_checked(path), max(FEWEST_OPEN, 2 * len(self.facts.bands)))
            self._local.opened = mine
            with self._lock:
                self._opened.add(mine)
        return mine


@lru_cache(maxsize=4)
def _reader_here(path: str, radiometry: tuple[Radiometry, ...], _name: str) -> RasterReader:
    """A reader of this process in place of one that was sent to it; the last few are kept open."""
    return RasterReader(Path(path), radiometry)


def _containers(path: Path) -> tuple[Path, ...]:
    """The container files that a VRT names; GDAL leaves them out of its list."""
    if not is_vrt(file_of(path)):
        return ()
    files = check_vrt_sources(path).files
    return tuple(dict.fromkeys(file_of(file) for file in files if find_subdataset(file)))


def _is_notes(path: Path) -> bool:
    """Tell whether a file is one that QGIS writes beside a raster when it is looked at."""
    return path.name.lower().endswith(".aux.xml")
