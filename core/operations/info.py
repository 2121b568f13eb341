"""Show what FirstLight knows: bands, catalogues, events, indices, settings."""

from __future__ import annotations

from dataclasses import dataclass

from ..discovery.band_config import sensor_names
from .base import param


@dataclass(frozen=True, kw_only=True)
class InfoParams:
    """What to show; nothing given: everything in short."""

    bands: str | None = param(
        None, kind="choice", title="Bands of", choices=sensor_names, help="Bands, wavelengths and pixel sizes of one sensor."
    )
