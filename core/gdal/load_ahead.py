"""Libraries that read rasters, loaded while a server is waited for."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from importlib import import_module

from ..errors import SettingsError

OTHERS_FIRST_S = 0.03
"""Loading holds Python's lock for a while: requests should be on their way before."""
LINE_FIRST_S = 1.0
"""The same of many requests, each for a part of a file: until the line is busy."""


def load_ahead(
    *further: str, first: tuple[str, ...] = (), areas: bool = False, after_s: float = 0.0
) -> None:
    """Begin to load what will be needed in a moment: tenths of a second, most of it the linker's.

    Parameters
    ----------
    further : str
        Modules to be loaded after the libraries.
    first : tuple of str
        Modules to be loaded before them, where they are there.
    areas : bool
        Also load what draws areas as pixels.
    after_s : float
        How long to let others go first.
    """
    # No daemon: a process that ends meanwhile waits, instead of falling over half a library.
    threading.Thread(
        target=_load, args=(first, further, areas, after_s), name="firstlight-load"
    ).start()


def _load(first: tuple[str, ...], further: tuple[str, ...], areas: bool, after_s: float) -> None:
    if not _slept(after_s):
        return
    for name in first:
        with suppress(ImportError):
            import_module(name)
    from .reading import Reader
    from .reading_choice import reading

    with suppress(ImportError, SettingsError):  # whoever needs it says so
        import_module("osgeo.gdal")
        if reading().name == Reader.RASTERIO:
            import_module("rasterio.features" if areas else "rasterio")
    for name in further:
        import_module(name)


def _slept(seconds: float) -> bool:
    """Sleep; false where the program comes to its end meanwhile, which must not wait for this."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not threading.main_thread().is_alive():
            return False
        time.sleep(min(left, OTHERS_FIRST_S))
    return True
