"""Namings of bands, from ``config/namings.yaml``: a code means something in one of them only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..enums import Unit
from ..settings import CONFIG_DIR, read_yaml
from .description import Code, pieces

LANDSAT_UNITS = {"sr": Unit.REFLECTANCE, "st": Unit.KELVIN}
"""Prefix of a Level 2 band → the only unit that it can have."""


@dataclass(frozen=True)
class NamedBand:
    """A band as a naming knows it."""

    name: str
    """Canonical."""
    wavelength_nm: float
    unit: Unit = Unit.REFLECTANCE

    def has_wavelength(self, nm: float) -> bool:
        """Tell whether a centre wavelength can be this band's: satellites of one series differ."""
        return abs(nm - self.wavelength_nm) <= max(15.0, 0.025 * self.wavelength_nm)


@dataclass(frozen=True)
class Naming:
    """The names that one sensor, or one provider, gives to its bands."""

    name: str
    title: str
    sensor: str
    codes: Mapping[str, NamedBand]
    prefixes: tuple[str, ...]
    padded: str
    apart: tuple[str, ...]
    names: Mapping[tuple[str, ...], NamedBand]
    secondary: bool
    in_order: bool
    """Files of its platform hold its bands in this order."""
    platform: re.Pattern[str] | None

    def band_of(self, code: Code, known: bool) -> NamedBand | None:
        """The band of a code; None where this naming has none of that form.

        Parameters
        ----------
        known : bool
            The platform is known to be this naming's.
        """
        if code.phrase:
            is_apart = not known and " ".join(code.phrase) in self.apart
            return None if is_apart else self.names.get(code.phrase)
        if code.prefix not in self.prefixes or (not known and code.number in self.apart):
            return None
        spelled = {"always": code.is_short, "never": code.is_padded}.get(self.padded, False)
        wrong = spelled and not known
        band = None if wrong else self.codes.get(code.number)
        only = LANDSAT_UNITS.get(code.prefix)
        return None if band is None or only not in (None, band.unit) else band


@lru_cache(maxsize=1)
def load_namings() -> Mapping[str, Naming]:
    """All namings, by name."""
    return {name: _naming(name, fields) for name, fields in _tree()["namings"].items()}


@lru_cache(maxsize=1)
def load_words() -> Mapping[tuple[str, ...], str]:
    """Phrase, as :func:`pieces` cuts it → canonical name; empty for words of no known band."""
    words = _tree()["words"].items()
    return {tuple(pieces(phrase)): name for name, phrases in words for phrase in phrases}


@lru_cache(maxsize=1)
def load_phrases() -> frozenset[tuple[str, ...]]:
    """Whole names of all namings: each may mean several bands."""
    return frozenset(phrase for naming in load_namings().values() for phrase in naming.names)


@lru_cache(maxsize=1)
def derived_words() -> frozenset[str]:
    """Words of what is made from bands."""
    return frozenset(_tree()["derived"])


def platform_namings(texts: Iterable[str]) -> tuple[Naming, ...]:
    """The namings whose platform one of the texts names; the first text that names any counts."""
    for text in texts:
        found = tuple(
            naming
            for naming in load_namings().values()
            if naming.platform is not None and naming.platform.search(text.lower())
        )
        if found:
            return found
    return ()


@lru_cache(maxsize=1)
def _tree() -> Mapping[str, Any]:
    return read_yaml(CONFIG_DIR / "namings.yaml")


def _naming(name: str, fields: Mapping[str, Any]) -> Naming:
    pattern = fields.get("platform")
    return Naming(
        name=name,
        title=str(fields["title"]),
        sensor=str(fields["sensor"]),
        codes={str(code): _band(*band) for code, band in fields.get("codes", {}).items()},
        prefixes=tuple(fields.get("prefixes", ())),
        padded=str(fields.get("padded", "either")),
        apart=tuple(str(code) for code in fields.get("apart", ())),
        names={
            tuple(pieces(phrase)): _band(*band) for phrase, band in fields.get("names", {}).items()
        },
        secondary=bool(fields.get("secondary", False)),
        in_order=bool(fields.get("in_order", False)),
        platform=re.compile(pattern) if pattern else None,
    )


def _band(name: str, nm: float, unit: str = Unit.REFLECTANCE) -> NamedBand:
    return NamedBand(name, float(nm), Unit(unit))
