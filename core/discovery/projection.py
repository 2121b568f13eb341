"""Grid of an item's pixels as the catalogue states it: the STAC projection extension, so that no
file need be opened for it.

Sources: STAC projection extension 1.x (``proj:epsg``) and 2.0 (``proj:code``): fields of an asset,
else of the item; raster extension 1.x (``raster:bands``) and STAC 1.1 (``bands``, ``data_type``).
"""

from __future__ import annotations

import math
import re
from typing import Any

from ..types import Grid
from .stac_fields import StacObject, is_number, stated_values

DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def stated_grid(properties: StacObject, asset: StacObject, resolution_m: float) -> Grid | None:
    """The grid of one asset; None where the item does not tell enough, or contradicts itself.

    Parameters
    ----------
    properties, asset : mapping
        Of the STAC item.
    resolution_m : float
        Pixel size of the band: a transform of the whole item is only believed where it has that
        size, since the assets of one item may differ.
    """
    own = "proj:transform" in asset or "proj:shape" in asset
    source = asset if own else properties
    crs = stated_crs(asset) or stated_crs(properties)
    transform, shape = _numbers(source.get("proj:transform")), _numbers(source.get("proj:shape"))
    if not crs or len(transform) not in (6, 9) or len(shape) != 2 or min(shape) < 1:
        return None
    if not own and abs(transform[0] - resolution_m) > 1e-6 * resolution_m:
        return None
    return _north_up(crs, transform, shape)


def _north_up(crs: str, transform: list[float], shape: list[float]) -> Grid | None:
    a, b, c, d, e, f = transform[:6]
    if b or d or a <= 0 or e >= 0:
        return None
    grid = Grid(crs, (a, b, c, d, e, f), (int(shape[0]), int(shape[1])))
    return None if grid.fault else grid


def stated_crs(source: StacObject) -> str:
    """``EPSG:n``, WKT, or empty.

    The code is read as a number or as text, alone or as the only one of a list, and in the OGC's
    forms (OGC 09-048r5: ``urn:ogc:def:crs:EPSG::n``, ``…/def/crs/EPSG/0/n``).
    """
    for name in ("proj:epsg", "proj:code", "eo:epsg"):
        code = _epsg_code(source.get(name))
        if code:
            return f"EPSG:{code}"
    return str(source.get("proj:wkt2") or "")


def _epsg_code(value: Any) -> int:
    """0 where it is none."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if is_number(value):
        return int(value) if math.isfinite(value) and value == int(value) and value > 0 else 0
    text = value.strip() if isinstance(value, str) else ""
    match = re.fullmatch(r"(?:(?:.*[:/])?EPSG[:/](?:[\d.]*[:/])?)?(\d{4,6})", text, re.IGNORECASE)
    return int(match[1]) if match else 0


def stated_dtype(asset: StacObject) -> str:
    """The stored numbers' type as numpy calls it; empty where it is not told."""
    return next((str(value) for value in stated_values(asset, "data_type") if value in DTYPES), "")


def _numbers(values: Any) -> list[float]:
    """Empty where they are not all finite numbers."""
    if not isinstance(values, (list, tuple)):
        return []
    finite = all(is_number(value) and math.isfinite(value) for value in values)
    return [float(value) for value in values] if finite else []
