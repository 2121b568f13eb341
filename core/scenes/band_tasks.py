"""Bands by what they are wanted for, from ``config/band_tasks.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..discovery.band_config import Sensor
from ..settings import CONFIG_DIR, read_yaml


@dataclass(frozen=True)
class BandTask:
    """One thing to do with bands."""

    name: str
    title: str
    bands: tuple[str, ...]
    indices: tuple[str, ...] = ()
    """Worth computing."""

    def bands_of(self, sensor: Sensor) -> tuple[str, ...]:
        """The sensor's bands for it, with its masks of clouds, and without those that it lacks."""
        found = (_own(band, sensor) for band in self.bands)
        masks = (band.name for band in sensor.listed if band.is_class and band.asset_keys)
        return tuple(sensor.sort(dict.fromkeys((*filter(None, found), *masks))))

    def missing(self, sensor: Sensor) -> tuple[str, ...]:
        """The bands that the sensor does not have."""
        return tuple(band for band in self.bands if _own(band, sensor) is None)


@lru_cache(maxsize=1)
def load_band_tasks() -> Mapping[str, BandTask]:
    """All of them, by name."""
    tree = read_yaml(CONFIG_DIR / "band_tasks.yaml")["tasks"]
    return {
        name: BandTask(
            name, str(fields["title"]), tuple(fields["bands"]), tuple(fields.get("indices", ()))
        )
        for name, fields in tree.items()
    }


@lru_cache(maxsize=1)
def _alternatives() -> Mapping[str, list[str]]:
    """Band → those that serve in its place, itself among them."""
    found: Mapping[str, list[str]] = read_yaml(CONFIG_DIR / "indices.yaml")["alternatives"]
    return found


def _own(band: str, sensor: Sensor) -> str | None:
    """The sensor's band of that name, or the one that serves in its place."""
    offers = _alternatives().get(band, [band])
    return next((str(offer) for offer in offers if offer in sensor.bands), None)
