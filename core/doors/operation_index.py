"""All operations as the doors show them, without importing one.

``resources/operations.json`` holds what the operations declare, so that QGIS and ``flight`` start
in the time it takes to read one file. ``scripts/write_operation_index.py`` writes it, and a test
holds it to the operations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..params import AlgorithmInfo, Door, InputRole, Kind, Output, OutputKind, Param

if TYPE_CHECKING:
    from ..operation import Operation

CORE = __name__.rpartition(".doors.")[0]
INDEX_PATH = Path(__file__).resolve().parents[2] / "resources" / "operations.json"


@dataclass(frozen=True)
class DeclaredOperation:
    """What an operation declares; :meth:`load` gives the operation itself."""

    name: str
    title: str
    group: str
    summary: str
    outputs: tuple[Output, ...]
    module: str
    """Where it is, below ``core``."""
    variable: str
    """Name in that module."""
    paragraphs: tuple[str, ...]
    params: tuple[Param, ...]
    """In the order of the doors."""
    algorithm: AlgorithmInfo | None
    """None for operations that compute no map."""
    bands_read: frozenset[str] | None = None
    """As of the operation."""

    @property
    def schema(self) -> str:
        """File in ``docs/schemas`` that says what it prints as JSON."""
        return f"{self.name}.json"

    def about(self) -> tuple[str, ...]:
        """As of the operation."""
        return self.paragraphs

    def parameters(self, door: str | None = None) -> list[Param]:
        """As of the operation; values are plain ones, as a door shows them."""
        return [param for param in self.params if door is None or door in param.doors]

    @property
    def full_module(self) -> str:
        """Where it is, for ``import_module``."""
        return f"{CORE}.{self.module}"

    def load(self) -> Operation:
        """Import the operation, with the libraries it needs."""
        operation: Operation = getattr(import_module(self.full_module), self.variable)
        return operation


@lru_cache(maxsize=1)
def declared_operations() -> tuple[DeclaredOperation, ...]:
    """All operations, in the order the doors show them."""
    rows = json.loads(INDEX_PATH.read_text(encoding="utf-8"))
    return tuple(_read_operation(row) for row in rows)


def get_declared(name: str) -> DeclaredOperation:
    """The operation of that name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {operation.name: operation for operation in declared_operations()}[name]


def describe(operation: Operation, module: str, variable: str) -> dict[str, Any]:
    """What the index says of an operation, JSON-ready; what is as usual is left out."""
    return {
        "name": operation.name,
        "title": operation.title,
        "group": operation.group,
        "summary": operation.summary,
        "module": module,
        "variable": variable,
        "about": operation.about(),
        "outputs": [[output.name, output.title, output.kind] for output in operation.outputs],
        "params": [_describe_param(param) for param in operation.parameters()],
        "algorithm": asdict(operation.algorithm) if operation.algorithm else None,
        **({} if operation.bands_read is None else {"bands_read": sorted(operation.bands_read)}),
    }


def _describe_param(param: Param) -> dict[str, Any]:
    usual = {field.name: field.default for field in fields(Param)}
    values = {field.name: getattr(param, field.name) for field in fields(Param)}
    values["doors"] = [] if param.doors == tuple(Door) else list(param.doors)
    values["choices"] = [str(choice) for choice in param.choices]
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name in ("default", "required") or (value != usual[name] and value not in ([], ()))
    }


def _read_operation(row: Mapping[str, Any]) -> DeclaredOperation:
    return DeclaredOperation(
        name=row["name"],
        title=row["title"],
        group=row["group"],
        summary=row["summary"],
        outputs=tuple(_read_output(*output) for output in row["outputs"]),
        module=row["module"],
        variable=row["variable"],
        paragraphs=tuple(row["about"]),
        params=tuple(_read_param(param) for param in row["params"]),
        algorithm=_read_algorithm(row["algorithm"]) if row["algorithm"] else None,
        bands_read=frozenset(row["bands_read"]) if "bands_read" in row else None,
    )


def _read_output(name: str, title: str, kind: str) -> Output:
    return Output(name, title, OutputKind(kind))


def _read_algorithm(row: Mapping[str, Any]) -> AlgorithmInfo:
    return AlgorithmInfo(
        tuple(row["events"]), tuple(row["bands"]), tuple(row["references"]), row["limits"]
    )


def _read_param(row: Mapping[str, Any]) -> Param:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    values["kind"] = Kind(values["kind"])
    if "role" in values:
        values["role"] = InputRole(values["role"])
    if "doors" in values:
        values["doors"] = tuple(Door(door) for door in values["doors"])
    return Param(**values)
