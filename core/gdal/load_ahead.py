"""Libraries that read rasters, loaded while a server is waited for."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module

from .reading import Reader
from .reading_choice import reading


def load_ahead() -> None:
    """Begin to load what will be needed in a moment: half a second, most of it the linker's."""
    # No daemon: a process that ends meanwhile waits, instead of falling over half a library.
    threading.Thread(target=_load, name="firstlight-load").start()


def _load() -> None:
    with suppress(ImportError):  # whoever needs it says so
        import_module("osgeo.gdal")
        if reading().name == Reader.RASTERIO:
            import_module("rasterio.features")
