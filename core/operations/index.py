"""Compute a spectral index from a stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..algorithms.indices import index_names
from .base import param


@dataclass(frozen=True, kw_only=True)
class IndexParams:
    """Which index, of what."""

    name: str = param("NDVI", kind="choice", title="Index", choices=index_names, help="Which spectral index.", positional=True)
    stack: Path = param(kind="raster_in", title="Band stack", help="A stack made by FirstLight, or any raster with named bands.")
    output: Path = param(kind="raster_out", title="Index layer", help="The COG to write, float32.", suffix=".tif")
