"""GDAL's exceptions, which QGIS or another plugin may have switched on or off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gdal_exceptions(on: bool) -> Iterator[None]:
    """Those of all three modules on or off in the block, and as they were after it."""
    from osgeo import gdal

    before = bool(gdal.GetUseExceptions())
    _switch(on)
    try:
        yield
    finally:
        _switch(before)


def _switch(on: bool) -> None:
    from osgeo import gdal, ogr, osr

    # GDAL 3.6 keeps a stack of them; from 3.7 on the first switches all.
    for module in (gdal, ogr, osr) if on else (osr, ogr, gdal):
        if bool(module.GetUseExceptions()) != on:
            module.UseExceptions() if on else module.DontUseExceptions()
