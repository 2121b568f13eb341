"""Declaration of an operation: once, for the toolbox, the command line and the dock alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .enums import Status
from .errors import InputError
from .monitor import Monitor
from .params import AlgorithmInfo as AlgorithmInfo
from .params import Output as Output
from .params import OutputKind as OutputKind
from .params import Param
from .settings import Settings

if TYPE_CHECKING:
    from .types import MapClass  # every start would wait for all types


@dataclass(frozen=True)
class LayerOutput:
    """A file that wants to be seen on the map."""

    path: Path
    title: str
    style: str
    """``natural_color``, ``footprints`` or an index's style key."""
    group: str
    """Name of the layer group: the scene's id."""
    acquired: datetime | None = None
    abstract: str = ""
    """For the layer's metadata: what it is, from what, with which units."""
    visible: bool = True
    """True where it is switched on when it comes onto the map; one that is there already stays as
    the user has it.
    """
    classes: tuple[MapClass, ...] = ()
    """Of a raster of classes: how they are shown where there is no style."""
    above: str = ""
    """Name of a group around ``group``: that of the event; empty where there is none."""
    warnings: tuple[str, ...] = ()
    """Doubts about what it shows: they stand first in its notes."""


@dataclass(frozen=True)
class AreaRow:
    """One class of a map, or what was not observed of it."""

    name: str
    color: tuple[int, int, int]
    """Red, green, blue, 0..255."""
    area_km2: float | None
    """None where the map has no reference system."""
    percent: float | None
    """Of what was observed; of what was not observed, of all."""
    counts: bool = False
    """True for the classes that the headline adds up."""
    observed: bool = True


@dataclass(frozen=True)
class ResultSummary:
    """A map in a few words: the same on the dock's card, in the report and in print."""

    headline: str
    """The one number to quote: ``16.2 km² burned``."""
    range: str
    """How sure it is: ``15.4 to 17.5 km²``; empty where nothing is known of it."""
    reason: str
    """Sentences: which map the number is from, and what the range is made of."""
    not_observed: str
    """``21.3 % of the map was not observed (10.72 km²)``; empty where all was."""
    rows: tuple[AreaRow, ...]
    """Areas of the map that the number is from."""


@dataclass(frozen=True)
class OperationResult:
    """Result that an operation hands back to whichever door started it."""

    data: Any
    """JSON-ready, or a function that makes it: a thousand scenes are a lot to lay out when nobody
    prints them.
    """
    text: str
    """Sentences and figures for a person."""
    status: Status = Status.DONE
    layers: tuple[LayerOutput, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Values for the outputs declared by the operation."""
    value: Any = None
    """The result itself as values of :mod:`firstlight.core.types`."""
    warnings: tuple[str, ...] = ()
    """Doubts about the result, whatever its status: a person is told them before the figures."""
    summary: ResultSummary | None = None
    """Of a map of classes."""
    remedy: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the operation with which what is doubted would come out right: a product."""

    def json_data(self) -> Any:
        """Data that ``flight … --json`` prints."""
        return self.data() if callable(self.data) else self.data


class Declared(Protocol):
    """What a door must know to show an operation: the operation itself, or
    :class:`~.doors.operation_index.DeclaredOperation`.
    """

    @property
    def name(self) -> str:
        """Lower case with hyphens."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def group(self) -> str:
        """Title of its group."""

    @property
    def summary(self) -> str:
        """What it does, in a sentence or two."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Named results."""

    @property
    def algorithm(self) -> AlgorithmInfo | None:
        """What is known of the way it maps; None for operations that compute no map."""

    def about(self) -> tuple[str, ...]:
        """Paragraphs for a person."""

    def parameters(self, door: str | None = None) -> list[Param]:
        """The parameters, in order; with ``door``, only those shown there."""

    def load(self) -> Operation:
        """The operation itself."""


@dataclass(frozen=True)
class Operation:
    """One thing FirstLight can do."""

    name: str
    """Lower case with hyphens: the sub-command; Processing's id is the same without hyphens."""
    title: str
    group: str
    summary: str
    params: type[Any]
    """A frozen, keyword-only dataclass; fields made by :func:`param` are shown at the doors."""
    run: Callable[[Any, Settings, Monitor], OperationResult]
    outputs: tuple[Output, ...] = ()
    algorithm: AlgorithmInfo | None = None
    """None for operations that compute no map."""

    @property
    def bands_read(self) -> frozenset[str] | None:
        """Bands that it can read of a stack, under any of their names, when it is run on passes;
        None for operations that compute no map, and where only the opened stacks tell.
        """
        return None

    def load(self) -> Operation:
        """Itself: see :class:`~.doors.operation_index.DeclaredOperation`."""
        return self

    def about(self) -> tuple[str, ...]:
        """Paragraphs for a person: what it does, and of an algorithm when not to use it and where
        it comes from.
        """
        if self.algorithm is None:
            return (self.summary,)
        source = f"Source: {'; '.join(self.algorithm.references)}."
        return (self.summary, f"When not to use it: {self.algorithm.limits}", source)

    def parameters(self, door: str | None = None) -> list[Param]:
        """The parameters, in order; with ``door``, only those shown there."""
        declared = [
            (f.name, dict(f.metadata["param"]))
            for f in dataclasses.fields(self.params)
            if "param" in f.metadata  # the others are for callers in Python only
        ]
        params = [_make_param(name, fields) for name, fields in declared]
        shown = [param for param in params if door is None or door in param.doors]
        return sorted(shown, key=lambda param: param.order)

    def make_params(self, values: Mapping[str, Any]) -> Any:
        """Cast, check and collect values from any door into the params dataclass.

        Empty strings and ``None`` mean "not given".

        Raises
        ------
        InputError
            If a name is not known, or a value is missing, of the wrong kind or out of bounds; the
            sentence names it.
        """
        # Here, because it knows areas, sensors and catalogues: no door needs it to start.
        from .casts import cast_value

        known = {param.name: param for param in self.parameters()}
        for name in values:
            if name not in known:
                raise InputError(
                    f"Parameter ‘{name}’ of ‘flight {self.name}’",
                    "is not known",
                    f"Known: {', '.join(known)}.",
                )
        given = {name: value for name, value in values.items() if not _is_nothing(value)}
        for param in known.values():
            if param.required and param.name not in given:
                raise InputError(
                    f"Parameter ‘{param.name}’ of ‘flight {self.name}’",
                    "is missing",
                    f"{param.title}: {param.help}",
                )
        return self.params(
            **{
                name: cast_value(param, given[name], self.name)
                for name, param in known.items()
                if name in given
            }
        )


def _make_param(name: str, declared: dict[str, Any]) -> Param:
    choices, labels = (
        value() if callable(value) else value
        for value in (declared.pop("choices"), declared.pop("labels"))
    )
    words = tuple(labels.get(choice, str(choice)) for choice in choices) if labels else ()
    return Param(name=name, choices=tuple(choices), labels=words, **declared)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (str, tuple, list)) and len(value) == 0)
