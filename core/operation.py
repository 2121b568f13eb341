"""How an operation is declared: once, for the toolbox, the command line and the dock alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .enums import Status
from .errors import InputError
from .monitor import Monitor
from .params import Param, cast_value
from .settings import Settings
from .types import MapClass


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
    """Whether it is switched on when it comes onto the map; one that is there already stays as the
    user has it.
    """
    classes: tuple[MapClass, ...] = ()
    """Of a raster of classes: how they are shown where there is no style."""


@dataclass(frozen=True)
class OperationResult:
    """What an operation hands back to whichever door started it."""

    data: Any
    """JSON-ready, or a function that makes it: a thousand scenes are a lot to lay out when nobody
    prints them.
    """
    text: str
    """What a person reads."""
    status: Status = Status.DONE
    """``done``, ``partial`` or ``failed``; a failure that has no result at all is raised instead.
    """
    layers: tuple[LayerOutput, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Values for the outputs declared by the operation."""
    value: Any = None
    """The result itself as values of :mod:`firstlight.core.types`."""

    def json_data(self) -> Any:
        """What ``flight … --json`` prints."""
        return self.data() if callable(self.data) else self.data


@dataclass(frozen=True)
class Output:
    """A named result that is not a parameter: text or a number for models to use."""

    name: str
    title: str
    kind: str = "text"
    """``text``, ``number``, ``raster``, ``vector`` or ``folder``."""


@dataclass(frozen=True)
class AlgorithmInfo:
    """What is to be known of an algorithm before it is used: every door shows it, and
    docs/algorithms.md is held to it.
    """

    events: tuple[str, ...]
    """Of ``config/events.yaml``: what it is good for."""
    bands: tuple[str, ...]
    """What its stacks must have."""
    references: tuple[str, ...]
    """Author and year with a DOI, or the agency's document."""
    limits: str
    """When not to use it: sentences."""


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
    """Of those that compute a map."""

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
        found = []
        for f in dataclasses.fields(self.params):
            if "param" not in f.metadata:
                continue  # for callers in Python only
            words = dict(f.metadata["param"])
            choices = words.pop("choices")
            required = f.default is dataclasses.MISSING
            one = Param(
                name=f.name,
                default=None if required else f.default,
                required=required,
                choices=tuple(choices() if callable(choices) else choices),
                **words,
            )
            if door is None or door in one.doors:
                found.append(one)
        return sorted(found, key=lambda p: p.order)

    def make_params(self, values: Mapping[str, Any]) -> Any:
        """Cast, check and collect values from any door into the params dataclass.

        Empty strings and ``None`` mean "not given".

        Raises
        ------
        InputError
            If a value is missing, of the wrong kind or out of bounds; the sentence names it.
        """
        known = {p.name: p for p in self.parameters()}
        for name in values:
            if name not in known:
                raise InputError(
                    f"Parameter ‘{name}’ of ‘flight {self.name}’",
                    "is not known",
                    f"Known: {', '.join(known)}.",
                )
        made: dict[str, Any] = {}
        for p in known.values():
            value = values.get(p.name)
            if value is None or value == "" or value == () or value == []:
                if p.required:
                    raise InputError(
                        f"Parameter ‘{p.name}’ of ‘flight {self.name}’",
                        "is missing",
                        f"{p.title}: {p.help}",
                    )
                continue
            made[p.name] = cast_value(p, value, self.name)
        return self.params(**made)
