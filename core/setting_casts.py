"""Text and YAML values → values of settings."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import SettingsError


@dataclass(frozen=True)
class BandChoice:
    """Names of bands; nothing said: each sensor's default bands."""

    names: tuple[str, ...] = ()
    """Of every sensor that has them."""
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sensor → names, instead; the sensors that are not named keep their default bands."""

    def __bool__(self) -> bool:
        return bool(self.names or self.of)

    def to_data(self) -> list[str] | dict[str, list[str]]:
        """As it is written in YAML."""
        if self.of:
            return {sensor: list(names) for sensor, names in self.of.items()}
        return list(self.names)


def cast_setting(
    name: str, default: Any, declared: Mapping[str, Any], raw: Any, origin: str
) -> Any:
    """The value of a setting as it is declared: its kind, choices and bounds.

    Raises
    ------
    SettingsError
        If it is of another kind, no choice or out of bounds; the sentence names its origin.
    """
    failure = f"The setting '{name}' from {origin} cannot be {reprlib.repr(raw)}"
    if raw is None:
        if default in (None, (), BandChoice()):
            return default
        raise SettingsError(failure, "it needs a value", "Give one, or leave the setting out.")
    try:
        value = CASTS[declared["kind"]](raw)
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(
            failure,
            f"it is no {declared['kind']}",
            "Correct it there: docs/configuration.md shows each setting.",
        ) from None
    if "choices" in declared:
        return _choose(tuple(declared["choices"]), value, failure)
    least, most = declared.get("least"), declared.get("most")
    if least is not None and value < least:
        raise SettingsError(failure, f"the least is {least}", "Give a greater one.")
    if most is not None and value > most:
        raise SettingsError(failure, f"the most is {most}", "Give a smaller one.")
    return value


def _choose(choices: tuple[str, ...], value: str, failure: str) -> str:
    if value not in choices:
        hint = f"Known: {', '.join(choices)}."
        raise SettingsError(failure, "it is not one of the choices", hint)
    return choices[choices.index(value)]


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise ValueError
    return text in ("true", "yes", "on", "1")


def _integer(raw: Any) -> int:
    value = _number(raw)
    if value != int(value):
        raise ValueError
    return int(value)


def _number(raw: Any) -> float:
    if isinstance(raw, bool):
        raise ValueError
    value = float(raw)
    if not math.isfinite(value):
        raise ValueError
    return value


def _text(raw: Any) -> str:
    if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
        raise TypeError  # a list, a section: its Python form is nobody's text
    return str(raw).strip()


def _parts(raw: Any) -> list[Any]:
    """The parts of a list, or of text with commas."""
    if isinstance(raw, str):
        return raw.split(",")
    if not isinstance(raw, (list, tuple)):
        raise TypeError  # of a section only the keys would be taken
    return list(raw)


def _names(raw: Any) -> tuple[str, ...]:
    parts = [_text(part).lower() for part in _parts(raw)]
    return tuple(dict.fromkeys(part for part in parts if part))


def _bands(raw: Any) -> BandChoice:
    """Names for every sensor, or for some: ``blue,nir``, ``sentinel2=blue,nir; landsat=red``, a
    list, or a section of sensors.
    """
    if isinstance(raw, BandChoice):
        return raw
    if isinstance(raw, str) and "=" in raw:
        pairs = [part.partition("=") for part in raw.split(";") if part.strip()]
        raw = {sensor: names for sensor, _, names in pairs}
        if len(raw) < len(pairs):
            raise ValueError
    if not isinstance(raw, Mapping):
        return BandChoice(_names(raw))
    of = {_text(sensor).lower(): _names(names) for sensor, names in raw.items()}
    if "" in of or len(of) < len(raw):
        raise ValueError
    return BandChoice(of=of)


def _range(raw: Any) -> tuple[float, float]:
    low, high = (_number(part) for part in _parts(raw))
    if low >= high:
        raise ValueError
    return (low, high)


CASTS: Mapping[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "text": _text,
    "word": lambda raw: _text(raw).lower(),
    "words": _names,
    "choice of bands": _bands,
    "range": _range,
}
