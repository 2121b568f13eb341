"""Text and YAML values → values of settings."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from .errors import SettingsError


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
        if default is None or default == ():
            return default
        raise SettingsError(failure, "it needs a value")
    try:
        value = CASTS[declared["kind"]](raw)
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(failure, f"it is no {declared['kind']}") from None
    if "choices" in declared:
        return _choose(tuple(declared["choices"]), value, failure)
    least, most = declared.get("least"), declared.get("most")
    if least is not None and value < least:
        raise SettingsError(failure, f"the least is {least}")
    if most is not None and value > most:
        raise SettingsError(failure, f"the most is {most}")
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


def _names(raw: Any) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else list(raw)
    return tuple(dict.fromkeys(str(part).strip().lower() for part in parts if str(part).strip()))


def _range(raw: Any) -> tuple[float, float]:
    low, high = (_number(part) for part in (raw.split(",") if isinstance(raw, str) else raw))
    if low >= high:
        raise ValueError
    return (low, high)


CASTS: Mapping[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "text": lambda raw: str(raw).strip(),
    "word": lambda raw: str(raw).strip().lower(),
    "words": _names,
    "range": _range,
}
