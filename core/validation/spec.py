"""Specification of a raster, and the names of bands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def known_names(sensor: Sensor | None) -> Mapping[str, Collection[str]]:
    """Canonical band name → its other names; of all sensors where none is given."""
    from ..discovery.band_config import load_sensors

    sensors = [sensor] if sensor is not None else list(load_sensors().values())
    names: dict[str, list[str]] = {}
    for each in sensors:
        for band in each.bands.values():
            names.setdefault(band.name, []).extend((band.code, *band.asset_keys))
    return names
