"""Stack local band files into one VRT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import sensor_names
from .base import param


@dataclass(frozen=True, kw_only=True)
class StackParams:
    """Which files are which bands."""

    sensor: str = param(kind="choice", title="Sensor", choices=sensor_names, help="Whose bands they are.")
    band: tuple[str, ...] = param(
        kind="band_files", title="Bands", help="NAME=PATH, or NAME=PATH#2 for the second band of a file.", flag="--band"
    )
    scale: float | None = param(
        None, kind="number", title="Scale", help="value = stored × scale + offset; if not given, as the files say.", advanced=True
    )
    offset: float | None = param(None, kind="number", title="Offset", help="See scale.", advanced=True)
    nodata: float | None = param(
        None, kind="number", title="Nodata", help="The stored number that means nothing here; if not given, as the files say.", advanced=True
    )
    output: Path = param(kind="raster_out", title="Stack", help="The VRT to write.", suffix=".vrt")
