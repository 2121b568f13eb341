"""Small band stacks for tests, made by the product from arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from firstlight.core.enums import Unit
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry

from .rasters import write_raster

S2 = Radiometry(0.0001, -0.1, 0.0, Unit.REFLECTANCE)
"""Sentinel-2 L2A of processing baseline 04.00 and later."""
LANDSAT = Radiometry(0.0000275, -0.2, 0.0, Unit.REFLECTANCE)
"""Surface reflectance of Landsat Collection 2."""
CLASS = Radiometry(1.0, 0.0, None, Unit.CLASS)
CLASS_BANDS = ("scl", "qa_pixel", "fmask", "oa_fmask")


def write_stack(
    folder: Path,
    pixels: Mapping[str, npt.NDArray[Any]],
    rule: Radiometry = S2,
    tags: Mapping[str, str] | None = None,
    mask_nodata: float | None = None,
    **raster: Any,
) -> Path:
    """Write one GeoTIFF per band and stack them as ``s.vrt``.

    Parameters
    ----------
    folder : Path
        Where the bands and the stack go; made where it is missing.
    pixels : mapping of str to array
        Band name to stored numbers, (rows, cols), in the order of the stack. Bands named like
        masks (``scl``, ``qa_pixel``) are classes, all others follow ``rule``.
    rule : Radiometry
        The radiometry of the bands that are no masks.
    tags : mapping of str to str, optional
        Metadata of the stack: ``{"datetime": "2024-07-01T10:00:00Z"}``.
    mask_nodata : float, optional
        The code of the masks that means "nothing here".
    **raster
        More for :func:`support.rasters.write_raster`: ``epsg=None``, ``origin=(x, y)``.

    Returns
    -------
    Path
        The stack.
    """
    sources = {}
    for band, numbers in pixels.items():
        is_class = band in CLASS_BANDS
        nodata = mask_nodata if is_class else raster.get("nodata", 0)
        path = write_raster(folder / f"{band}.tif", numbers, **{**raster, "nodata": nodata})
        radiometry = replace(CLASS, nodata=mask_nodata) if is_class else rule
        sources[band] = BandSource(path, radiometry=radiometry, is_class=is_class)
    create_band_stack(sources, folder / "s.vrt", band_order=list(sources), tags=dict(tags or {}))
    return folder / "s.vrt"
