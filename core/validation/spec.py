"""Specification of a raster."""

from __future__ import annotations

from dataclasses import dataclass

from ..discovery.band_config import Sensor
from ..types import Aoi


@dataclass(frozen=True)
class ValidationSpec:
    """Bands and area that the raster should have."""

    sensor: Sensor | None = None
    """None: only what the file says of itself is checked."""
    required: tuple[str, ...] = ()
    """Bands without which it is no good."""
    expected: tuple[str, ...] = ()
    """Bands it should have, in order; a missing one that is not required is a warning."""
    area: Aoi | None = None
    """Area that matters: nodata elsewhere is no matter. None: the whole raster."""
    must_cover: bool = True
    """True if what the raster leaves of the area uncovered counts as nodata; False for one of
    several scenes of an area.
    """
