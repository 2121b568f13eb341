"""Parameters of a run → plain values and commands that make the same run again: the inverse of
:mod:`firstlight.core.casts`.
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..operation import Declared, Operation
from ..params import Kind, Param
from ..text import redact
from ..types import Aoi


def _area(aoi: Aoi) -> str:
    west, south, east, north = aoi.bounds
    if Aoi.from_bounds(west, south, east, north).geometry == aoi.geometry:
        return ",".join(str(float(edge)) for edge in aoi.bounds)
    return json.dumps(aoi.geometry, separators=(",", ":"))


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _texts(values: Sequence[Any]) -> list[str]:
    return [str(value) for value in values]


def _same(value: Any) -> Any:
    return value


SPELLINGS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.AREA: _area,
    Kind.CATALOG: _name,
    Kind.SENSOR: _name,
    Kind.EVENT: _name,
    Kind.DATE: str,
    Kind.CHOICE: str,
    Kind.CHOICES: _texts,
    Kind.TEXT: str,
    Kind.INTEGER: _same,
    Kind.NUMBER: _same,
    Kind.FLAG: _same,
    Kind.BANDS: _texts,
    Kind.BAND_FILES: _texts,
    Kind.FILE_IN: str,
    Kind.FOLDERS_IN: _texts,
    Kind.RASTER_IN: str,
    Kind.SOURCE_IN: str,
    Kind.VECTOR_IN: str,
    Kind.LAYER_IN: str,
    Kind.RASTERS_IN: _texts,
    Kind.RASTER_OUT: str,
    Kind.VECTOR_OUT: str,
    Kind.FOLDER_OUT: str,
}


def spell(operation: Operation, params: Any) -> dict[str, Any]:
    """Plain values, JSON-ready, of which ``make_params`` makes these parameters again. Those that
    are as usual are left out.

    Parameters
    ----------
    operation : Operation
    params : object
        What its ``make_params`` made.
    """
    usual = _usual(operation)
    return {
        param.name: SPELLINGS[param.kind](value)
        for param in operation.parameters()
        if (value := getattr(params, param.name)) is not None
        and (param.name not in usual or value != usual[param.name])
    }


def extra_values(operation: Operation, params: Any) -> dict[str, Any]:
    """What was given besides its parameters, by callers in Python only."""
    declared, usual = {param.name for param in operation.parameters()}, _usual(operation)
    others = {field.name for field in dataclasses.fields(params)} - declared
    given = {name: getattr(params, name) for name in others}
    return {name: value for name, value in given.items() if value != usual.get(name)}


def _usual(operation: Operation) -> dict[str, Any]:
    """Value of each field where none is given, of those that need none."""
    missing = dataclasses.MISSING
    usual = {}
    for field in dataclasses.fields(operation.params):
        if field.default_factory is not missing:
            usual[field.name] = field.default_factory()
        elif field.default is not missing:
            usual[field.name] = field.default
    return usual


def has_secret(value: Any) -> bool:
    """Whether such values hold a secret anywhere: an address with a token in it, say."""
    if isinstance(value, Mapping):
        return any(has_secret(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_secret(each) for each in value)
    return isinstance(value, str) and redact(value) != value


def flight_command(operation: Declared, values: Mapping[str, Any]) -> str:
    """A command line, for a POSIX shell."""
    words = ["flight", operation.name]
    for param in sorted(operation.parameters(), key=lambda param: not param.positional):
        if param.name in values:
            words += _words(param, values[param.name])
    return shlex.join(words)


def _words(param: Param, value: Any) -> list[str]:
    flag = param.flag or f"--{param.name.replace('_', '-')}"
    if param.kind is Kind.FLAG:
        return [flag] if value else []
    if param.kind in (Kind.BAND_FILES, Kind.FOLDERS_IN) and not param.positional:
        return [word for each in value for word in (flag, str(each))]
    if param.kind is Kind.RASTERS_IN:
        return ([] if param.positional else [flag]) + [str(each) for each in value]
    text = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
    return [text] if param.positional else [flag, text]


def python_code(operation: Declared, values: Mapping[str, Any]) -> str:
    """Code that runs it, in QGIS's Python console or elsewhere."""
    lines = [f"    {name}={value!r}," for name, value in values.items()]
    call = "\n".join([f"result = run(\n    {operation.name!r},", *lines, ")"])
    return f"from firstlight.core.api import run\n\n{call}\nprint(result.text)\n"


def output_places(operation: Declared, values: Mapping[str, Any]) -> tuple[Path, ...]:
    """Folders and files that it writes."""
    return tuple(
        Path(values[param.name])
        for param in operation.parameters()
        if param.kind.is_output and param.name in values
    )


def results_folder(operation: Declared, values: Mapping[str, Any]) -> Path | None:
    """The folder in which its results come to lie; None where it writes none."""
    for param in operation.parameters():
        if param.kind.is_output and param.name in values:
            place = Path(values[param.name])
            return place if param.kind is Kind.FOLDER_OUT else place.parent
    return None
