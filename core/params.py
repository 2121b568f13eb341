"""A parameter of an operation: declared once, as every door needs to know it, and cast there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from .errors import InputError

KINDS = (
    "area",  # str: file | WKT | west,south,east,north in degrees
    "catalog",  # str: name from catalogs.yaml, or URL
    "date",  # str: ISO date or time, UTC
    "choice",  # str: one of `choices`
    "text",  # str
    "integer",
    "number",
    "flag",  # bool
    "bands",  # tuple[str, ...]
    "choices",  # tuple[str, ...]: some of `choices`
    "band_files",  # tuple[str, ...]: NAME=PATH or NAME=PATH#BAND
    "file_in",
    "folders_in",  # tuple[Path, ...]
    "raster_in",
    "rasters_in",  # tuple[Path, ...]
    "raster_out",
    "vector_out",
    "folder_out",
)


ALL_DOORS = ("cli", "processing", "dock")


class InputRole(str, Enum):
    """The part that a raster plays in a map, whatever its parameter is called at the doors."""

    BEFORE = "pre"
    AFTER = "post"
    HAND = "hand"
    SLOPE = "slope"


@dataclass(frozen=True)
class Param:
    """One parameter of an operation, as every door needs to know it."""

    name: str
    kind: str
    title: str
    """Short label, sentence case."""
    help: str
    default: Any
    """``None`` where it is optional and has none."""
    required: bool
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    positional: bool = False
    """On the command line it has no ``--name``."""
    flag: str = ""
    """The command line's name where it is not the field's: ``--band``."""
    suffix: str = ""
    """For outputs: ``.tif``, ``.vrt``, ``.geojson``."""
    also: tuple[str, ...] = ()
    """Other suffixes that an output may have."""
    advanced: bool = False
    role: InputRole | None = None
    """For the inputs of maps: what the raster is there for."""
    unit: str = ""
    """Of a number, as names have it: ``m``, ``ha``."""
    order: int = 0
    """Place at the doors: lower ones come first, equal ones in the order of their fields, so that
    parameters which are inherited need not stand before a class's own.
    """
    doors: tuple[str, ...] = ALL_DOORS


def param(
    default: Any = dataclasses.MISSING,
    *,
    kind: str,
    title: str,
    help: str = "",
    choices: Sequence[str] | Callable[[], Sequence[str]] = (),
    **more: Any,
) -> Any:
    """Declare a field of a params dataclass; see :class:`Param` for the words.

    ``choices`` may be a function: it is called when a door asks, not at import.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown parameter kind {kind!r}")
    words = {"kind": kind, "title": title, "help": help, "choices": choices, **more}
    if default is dataclasses.MISSING:
        return field(metadata={"param": words})
    return field(default=default, metadata={"param": words})


def cast_value(p: Param, value: Any, operation: str) -> Any:
    """Cast a value from any door, and check it; ``operation`` is for the sentence.

    Raises
    ------
    InputError
        If it is of the wrong kind or out of bounds.
    """
    what = f"Parameter ‘{p.name}’ of ‘flight {operation}’ cannot be {value!r}"
    if p.kind in ("integer", "number"):
        try:
            number = int(value) if p.kind == "integer" else float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(what, f"it is no {p.kind}") from None
        if not math.isfinite(number):
            raise InputError(what, f"it is no {p.kind}")
        if p.minimum is not None and number < p.minimum:
            raise InputError(what, f"the least is {p.minimum:g}")
        if p.maximum is not None and number > p.maximum:
            raise InputError(what, f"the most is {p.maximum:g}")
        return number
    if p.kind == "flag":
        return (
            value.strip().lower() not in ("false", "no", "off", "0")
            if isinstance(value, str)
            else bool(value)
        )
    if p.kind == "choice":
        return _pick(p, str(value), what)
    if p.kind in ("bands", "choices", "band_files"):
        parts = value.split(",") if isinstance(value, str) else list(value)
        words = tuple(str(part).strip() for part in parts if str(part).strip())
        if p.kind == "bands":
            return tuple(dict.fromkeys(word.lower() for word in words))
        return tuple(_pick(p, word, what) for word in words) if p.kind == "choices" else words
    if p.kind in ("folders_in", "rasters_in"):
        return tuple(
            Path(one).expanduser()
            for one in ([value] if isinstance(value, (str, Path)) else value)
            if str(one).strip()
        )
    if p.kind in ("file_in", "raster_in", "raster_out", "vector_out", "folder_out"):
        path = Path(value).expanduser()
        if (
            p.kind == "raster_out"
            and p.suffix
            and path.suffix.lower() not in (p.suffix, f"{p.suffix}f", *p.also)
        ):  # .tif, .tiff
            raise InputError(
                f"{p.title} cannot be written to {path}",
                f"its name must end in {' or '.join((p.suffix, *p.also))}",
            )
        return path
    return str(value).strip()


def _pick(p: Param, word: str, what: str) -> str:
    """The choice that equals ``word``, whatever the case."""
    import difflib
    import fnmatch

    if not p.choices:
        return word
    by_lower = {choice.lower(): choice for choice in p.choices}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    # flood.* and tidal: a pattern or the last part of a name, where only one fits
    fitting = fnmatch.filter(by_lower, word.lower()) or [
        one for one in by_lower if one.endswith(f".{word.lower()}")
    ]
    if len(fitting) == 1:
        return by_lower[fitting[0]]
    if fitting:
        raise InputError(
            what,
            f"it fits {len(fitting)} of them",
            f"Choose one: {', '.join(by_lower[one] for one in fitting)}.",
        )
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)
    hint = (
        f"Did you mean {' or '.join(by_lower[n] for n in near)}?"
        if near
        else f"Known: {', '.join(p.choices)}."
    )
    raise InputError(what, "it is not one of the choices", hint)
