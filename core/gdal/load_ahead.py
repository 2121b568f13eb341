"""Libraries that read rasters, loaded while a server is waited for."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module

from .reading import Reader
from .reading_choice import reading


def load_ahead(*further: str) -> None:
    """Begin to load what will be needed in a moment: half a second, most of it the linker's.

    Parameters
    ----------
    further : str
        Modules to be loaded after the libraries.
    """
    # No daemon: a process that ends meanwhile waits, instead of falling over half a library.
    threading.Thread(target=_load, args=further, name="firstlight-load").start()


def _load(*further: str) -> None:
    with suppress(ImportError):  # whoever needs it says so
        import_module("osgeo.gdal")
        if reading().name == Reader.RASTERIO:
            import_module("rasterio.features")
    for name in further:
        import_module(name)
