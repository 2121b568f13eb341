"""The opened bands of a mosaic's scenes."""

from __future__ import annotations

import threading
from functools import lru_cache

from ..errors import known
from ..raster.block_cache import BlockCache
from .band_reader import BandReader
from .idle_datasets import MOST_FILES, MOST_REMOTE, IdleDatasets
from .scene_plan import MosaicScene

CACHE_BYTES = 96 << 20
"""Decoded blocks that are kept for the neighbouring tiles."""


class Sources:
    """The opened bands of a mosaic's scenes, and their decoded blocks; all of its parts share them.

    Parameters
    ----------
    name : str
        Whose they are, in other processes too.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._cache = BlockCache(CACHE_BYTES)
        self._files, self._remote = IdleDatasets(MOST_FILES), IdleDatasets(MOST_REMOTE)
        self._readers: dict[tuple[str, str], BandReader] = {}
        self._lock = threading.Lock()

    def of(self, scene: MosaicScene, band: str) -> BandReader:
        """The reader of one band, or of the mask; made when it is first wanted."""
        with self._lock:
            reader = self._readers.get((scene.id, band))
            if reader is None:
                location = scene.bands.get(band) or known(scene.mask, "only a mask is no band")
                idle = self._remote if location.remote else self._files
                reader = BandReader(location, self._cache, idle)
                self._readers[scene.id, band] = reader
            return reader

    def close(self) -> None:
        """Close what is not being read; the rest is closed by its reader."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()


@lru_cache(maxsize=2)
def sources_here(name: str) -> Sources:
    """The opened bands of a mosaic that was sent to this process; of the last two."""
    return Sources(name)
