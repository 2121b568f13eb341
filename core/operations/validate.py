"""Say whether a stack or a raster is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import sensor_names
from .base import param


@dataclass(frozen=True, kw_only=True)
class ValidateParams:
    """What to look at, and as what."""

    path: Path = param(kind="raster_in", title="Stack", help="A VRT or any raster.", positional=True)
    sensor: str | None = param(
        None, kind="choice", title="Sensor", choices=sensor_names, help="Its required bands must be there; if not given, as the file says."
    )
