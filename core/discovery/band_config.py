"""Bands of each sensor, from ``config/band_config.yaml``, the only place that says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..enums import Unit
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..text import nearest_hint


@dataclass(frozen=True)
class Band:
    """One band of a sensor."""

    name: str
    code: str
    """The agency's name: ``B02``."""
    resolution_m: float
    wavelength_nm: float | None
    """Centre; None for radar and for masks."""
    unit: Unit
    asset_keys: tuple[str, ...]
    """The keys catalogues use, in the order they are tried."""
    common_name: str | None
    only_of: str = ""
    """Name of the products that alone have it; empty for a band of the sensor's agency."""

    @property
    def is_class(self) -> bool:
        """Holds categories, so it is only ever resampled by nearest neighbour."""
        return self.unit == Unit.CLASS

    def __str__(self) -> str:
        facts = [self.code]
        if self.wavelength_nm:
            facts.append(f"{self.wavelength_nm:g} nm")
        facts.append(f"{self.resolution_m:g} m")
        return f"{self.name} ({', '.join(facts)})"


@dataclass(frozen=True)
class Sensor:
    """One sensor and its bands."""

    name: str
    title: str
    bands: Mapping[str, Band]
    """In wavelength order."""
    required: tuple[str, ...]
    default: tuple[str, ...]
    visual_keys: tuple[str, ...]
    platforms: tuple[str, ...]
    """``platform`` of the items that count; empty: all."""
    band_bytes: int
    """Typical size of a band at the finest resolution, for estimates."""
    clouds: bool = True
    """False where it sees through clouds."""
    dated: bool = True
    """True where its items are of a moment; False: their time is that of an edition, and no search
    asks for it.
    """
    family: str = ""
    """Sensor whose products' rules hold; its own name where it has none."""
    searched: bool = True
    """False for imagery of whoever made it: no catalogue is searched for it."""
    namings: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Naming of a product that numbers the bands otherwise → band → asset keys."""

    @property
    def listed(self) -> tuple[Band, ...]:
        """Bands of its agency's own products, in wavelength order: those that lists of what the
        sensor has are to show.
        """
        return tuple(band for band in self.bands.values() if not band.only_of)

    def keys_of(self, band: Band, naming: str) -> tuple[str, ...]:
        """Asset keys of a band in a naming; those of the sensor where that is no other one."""
        own = self.namings.get(naming)
        return band.asset_keys if own is None else own.get(band.name, ())

    def sort(self, names: Iterable[str]) -> list[str]:
        """Band names in wavelength order; unknown ones after, by name."""
        order = {name: index for index, name in enumerate(self.bands)}
        return sorted(names, key=lambda name: (order.get(name, len(order)), name))

    def pick(self, names: Sequence[str]) -> list[str]:
        """Check wanted band names (any case) and put them in wavelength order; none wanted: the
        default bands.

        Raises
        ------
        InputError
            For a band the sensor does not have; the sentence offers the nearest names.
        """
        wanted = [name.strip().lower() for name in names if name.strip()] or list(self.default)
        for name in wanted:
            if name not in self.bands:
                listed = f"It has: {', '.join(band.name for band in self.listed)}."
                hint = nearest_hint(name, self.bands, listed, cutoff=0.5)
                raise InputError(
                    f"Band '{name}' cannot be used", f"{self.title} has no such band", hint
                )
        return self.sort(dict.fromkeys(wanted))

    def estimate_bytes(self, name: str) -> int:
        """Typical size of one band's file."""
        band = self.bands[name]
        finest = min(b.resolution_m for b in self.bands.values())
        return int(self.band_bytes * (finest / band.resolution_m) ** 2)


@lru_cache(maxsize=1)
def load_sensors() -> Mapping[str, Sensor]:
    """All sensors, by name."""
    tree = read_yaml(CONFIG_DIR / "band_config.yaml")["sensors"]
    return {name: _sensor(name, fields) for name, fields in tree.items()}


def sensor_names() -> tuple[str, ...]:
    """Names of all sensors."""
    return tuple(load_sensors())


def sensor_titles() -> dict[str, str]:
    """Title of each sensor, by its name."""
    return {name: sensor.title for name, sensor in load_sensors().items()}


def searched_names() -> tuple[str, ...]:
    """Names of the sensors whose scenes catalogues are searched for."""
    return tuple(name for name, sensor in load_sensors().items() if sensor.searched)


def get_sensor(name: str) -> Sensor:
    """The sensor of that name (any case).

    Raises
    ------
    InputError
        If there is none; the sentence offers the nearest names.
    """
    sensors = load_sensors()
    sensor = sensors.get(name.strip().lower())
    if sensor is None:
        hint = nearest_hint(name.lower(), sensors, f"Known: {', '.join(sensors)}.", count=2)
        raise InputError(f"Sensor '{name}' cannot be used", "it is not known", hint)
    return sensor


def _sensor(name: str, fields: Mapping[str, Any]) -> Sensor:
    bands = {key: _band(key, facts) for key, facts in fields["bands"].items()}
    return Sensor(
        name=name,
        title=str(fields["title"]),
        bands=bands,
        required=tuple(fields["required"]),
        default=tuple(fields["default"]),
        visual_keys=tuple(fields["visual"]),
        platforms=tuple(fields.get("platforms", ())),
        band_bytes=int(fields["band_bytes"]),
        clouds=bool(fields.get("clouds", True)),
        dated=bool(fields.get("dated", True)),
        family=str(fields.get("family", name)),
        searched=bool(fields.get("searched", True)),
        namings={
            naming: {band: tuple(keys) for band, keys in names.items()}
            for naming, names in fields.get("namings", {}).items()
        },
    )


def _band(name: str, facts: Mapping[str, Any]) -> Band:
    nm = facts.get("nm")
    common = facts.get("common")
    return Band(
        name=name,
        code=str(facts["code"]),
        resolution_m=float(facts["m"]),
        wavelength_nm=None if nm is None else float(nm),
        unit=Unit(facts.get("unit", Unit.REFLECTANCE)),
        asset_keys=tuple(facts["keys"]),
        common_name=None if common is None else str(common),
        only_of=str(facts.get("of", "")),
    )
