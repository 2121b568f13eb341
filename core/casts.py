"""Values from a door → values: cast and checked once, by a function for each kind of parameter."""

from __future__ import annotations

import errno
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .aoi import Aoi
from .discovery.band_config import Sensor, get_sensor
from .errors import InputError
from .moment import Moment
from .params import BandPath, Kind, Param
from .text import at_home, is_address

if TYPE_CHECKING:  # imported where one is given: most operations take none
    from .discovery.catalogs import Catalog
    from .discovery.events import EventType

DATE_NOUNS = {"date": "event", "event_date": "event"}
"""Noun that a date goes with in a sentence, where that is not the parameter's name."""


class UnfitValue(ValueError):
    """A value that a parameter cannot take: why, and what to do."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why, self.hint = why, hint


def cast_value(param: Param, value: Any, operation: str) -> Any:
    """Cast a value from any door, and check it; one that is cast already stays as it is.

    Parameters
    ----------
    operation : str
        Its name, for the sentence.

    Raises
    ------
    InputError
        If it is of the wrong kind or out of bounds.
    """
    try:
        return CASTS[param.kind](value, param)
    except UnfitValue as error:
        raise InputError(
            f"Parameter ‘{param.name}’ of ‘flight {operation}’ cannot be {value!r}",
            error.why,
            error.hint,
        ) from None


def _area(value: Any, param: Param) -> Aoi:
    from .discovery.area import parse_area

    return value if isinstance(value, Aoi) else parse_area(str(value))


def _catalog(value: Any, param: Param) -> Catalog:
    from .discovery.catalogs import Catalog, get_catalog

    return value if isinstance(value, Catalog) else get_catalog(str(value))


def _sensor(value: Any, param: Param) -> Sensor:
    return value if isinstance(value, Sensor) else get_sensor(_choice(value, param))


def _event(value: Any, param: Param) -> EventType:
    from .discovery.events import EventType, get_event

    return value if isinstance(value, EventType) else get_event(_choice(value, param))


def _date(value: Any, param: Param) -> Moment:
    if isinstance(value, Moment):
        return value
    try:
        return Moment.parse(value if isinstance(value, date) else str(value))
    except ValueError:
        raise InputError(
            f"The {DATE_NOUNS.get(param.name, param.name)} date '{value}' cannot be used",
            "it is no ISO date",
            "Write it like 2024-05-01.",
        ) from None


def _number(value: Any, param: Param) -> float:
    try:
        number = int(value) if param.kind is Kind.INTEGER else float(value)
    except (TypeError, ValueError, OverflowError):
        raise UnfitValue(f"it is no {param.kind}") from None
    if not math.isfinite(number):
        raise UnfitValue(f"it is no {param.kind}")
    if param.minimum is not None and number < param.minimum:
        raise UnfitValue(f"the least is {param.minimum:g}")
    if param.maximum is not None and number > param.maximum:
        raise UnfitValue(f"the most is {param.maximum:g}")
    return number


def _flag(value: Any, param: Param) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in ("false", "no", "off", "0")
    return bool(value)


def _text(value: Any, param: Param) -> str:
    return str(value).strip()


def _bands(value: Any, param: Param) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.lower() for word in _words(value)))


def _choices(value: Any, param: Param) -> tuple[str, ...]:
    return tuple(_choice(word, param) for word in _words(value))


def _words(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else list(value)
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _choice(value: Any, param: Param) -> str:
    """The choice that equals a word, whatever the case; or the only one that a pattern
    (``flood.*``) or the last part of a name (``tidal``) fits.
    """
    import fnmatch

    if not param.choices:
        return str(value)
    word = str(value).strip().lower()
    by_lower = {choice.lower(): choice for choice in param.choices}
    fitting = [word] if word in by_lower else fnmatch.filter(by_lower, word)
    fitting = fitting or [name for name in by_lower if name.endswith(f".{word}")]
    if len(fitting) == 1:
        return by_lower[fitting[0]]
    if fitting:
        names = ", ".join(by_lower[name] for name in fitting)
        raise UnfitValue(f"it fits {len(fitting)} of them", f"Choose one: {names}.")
    raise UnfitValue("it is not one of the choices", _nearest(word, by_lower))


def _nearest(word: str, by_lower: Mapping[str, str]) -> str:
    """Advice where a word is none of the choices."""
    import difflib

    near = difflib.get_close_matches(word, by_lower, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(by_lower[name] for name in near)}?"
    return f"Known: {', '.join(by_lower.values())}."


def _band_files(value: Any, param: Param) -> tuple[BandPath, ...]:
    return tuple(
        item if isinstance(item, BandPath) else _band_path(item)
        for item in (value.split(",") if isinstance(value, str) else value)
        if str(item).strip()
    )


def _band_path(text: str) -> BandPath:
    """``NAME=PATH`` or ``NAME=PATH#BAND``; a file may have a ``#`` in its name."""
    name, equals, rest = (part.strip() for part in str(text).strip().partition("="))
    if not equals or not name or not rest:
        raise InputError(
            f"The band '{str(text).strip()}' cannot be used",
            "it names no band and no file",
            "Write it like red=/data/B04.tif.",
        )
    path = at_home(rest)
    match = None if path.is_file() else re.fullmatch(r"(.*)#(\d+)", rest)
    if match is None:
        return BandPath(name.lower(), path)
    return BandPath(name.lower(), at_home(match[1]), int(match[2]))


def _paths(value: Any, param: Param) -> tuple[Path, ...]:
    items: Iterable[Any] = [value] if isinstance(value, (str, Path)) else value
    return tuple(_path(item, param) for item in items if str(item).strip())


def _path(value: Any, param: Param) -> Path:
    path = at_home(value)
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:  # what is not there is told of by whoever opens it
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            raise InputError(
                f"{param.title} cannot be {str(path)[:40]}…",
                "that name is longer than this computer allows",
                "Choose a shorter one.",
            ) from None
    return path


def _source(value: Any, param: Param) -> Path | str:
    return str(value).strip() if is_address(value) else _path(value, param)


def _raster_out(value: Any, param: Param) -> Path:
    path = _path(value, param)
    allowed = (param.suffix, f"{param.suffix}f", *param.also)  # .tif, .tiff
    if param.suffix and path.suffix.lower() not in allowed:
        raise InputError(
            f"{param.title} cannot be written to {path}",
            f"its name must end in {' or '.join((param.suffix, *param.also))}",
            "Give it such a name.",
        )
    return path


CASTS: Mapping[Kind, Callable[[Any, Param], Any]] = {
    Kind.AREA: _area,
    Kind.CATALOG: _catalog,
    Kind.SENSOR: _sensor,
    Kind.EVENT: _event,
    Kind.DATE: _date,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.TEXT: _text,
    Kind.INTEGER: _number,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.BANDS: _bands,
    Kind.BAND_FILES: _band_files,
    Kind.FILE_IN: _path,
    Kind.FOLDERS_IN: _paths,
    Kind.RASTER_IN: _path,
    Kind.SOURCE_IN: _source,
    Kind.VECTOR_IN: _path,
    Kind.LAYER_IN: _path,
    Kind.RASTERS_IN: _paths,
    Kind.RASTER_OUT: _raster_out,
    Kind.VECTOR_OUT: _path,
    Kind.FOLDER_OUT: _path,
}
