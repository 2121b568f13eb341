"""Sentences in the words of the door that shows them.

Texts of core know no door. They name a parameter as ``‘hand_limit’``, one of another operation as
``‘stack.unit’``, and an operation as ``‘flight stack’`` or, where a whole command helps, ``‘flight
stack --unit db’``. The command line makes ``--hand-limit``, ``--unit`` and the command of these,
the dock and Processing the titles in quotes. Files keep the text as it is: the names are those of
the parameters beside it.

Every door shows events, results and failures through :class:`Wording`, so this is also where text
of a catalogue or a file becomes one that no terminal, log or window obeys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from .errors import FirstLightError
from .monitor import BandProgress, Event, Furthest, LayerReady, Monitor, Note, Progress
from .operation import Declared, LayerOutput, Operation, OperationResult, ResultSummary
from .params import Param
from .report import ValidationReport
from .settings import Settings
from .text import hide_secrets, redact, shown

MARK = re.compile(r"‘(?:flight ([a-z-]+)( --[^’]+)?|(?:([a-z-]+)\.)?([a-z][a-z0-9_]*))’")
AnyError = TypeVar("AnyError", bound=FirstLightError)


@dataclass(frozen=True)
class Wording:
    """The names that one door gives to parameters and operations.

    Parameters
    ----------
    operations : callable
        Gives all that may be named; called when a sentence names one.
    name_parameter : callable
        The door's word for a parameter.
    name_operation : callable
        The door's word for an operation; also takes the options of the command, which may be empty.
    translate : callable
        A sentence in the language of whoever reads at this door; English unless given.
    """

    operations: Callable[[], Sequence[Declared]]
    name_parameter: Callable[[Param], str]
    name_operation: Callable[[Declared, str], str]
    translate: Callable[[str], str] = str

    def text(self, text: str, operation: Operation) -> str:
        """A sentence of ``operation`` for people: translated, and every mark replaced."""
        return self.named(self.translate(text), operation)

    def named(self, text: str, operation: Operation) -> str:
        """The text with every mark replaced; an unknown name is left alone."""

        def replacement(mark: re.Match[str]) -> str:
            named, options, owner, parameter = mark.groups()
            for candidate in (operation, *self.operations()):
                if named == candidate.name:
                    return self.name_operation(candidate, options or "")
                if parameter and owner in (None, candidate.name):
                    for p in candidate.parameters():
                        if p.name == parameter:
                            return self.name_parameter(p)
            return mark.group()

        return MARK.sub(replacement, text)

    def line(self, text: str, operation: Operation) -> str:
        """The same of a sentence for people, as one line: what a catalogue or a file has written
        into it is shown, never obeyed.
        """
        return shown(self.text(text, operation))

    def error(self, error: AnyError, operation: Operation) -> AnyError:
        """The same failure; its sentence is in the door's words from now on."""
        error.what, error.why, error.hint = error.args = tuple(
            self.line(part, operation) for part in (error.what, error.why, error.hint)
        )
        return error

    def make_params(self, operation: Operation, values: Mapping[str, Any]) -> Any:
        """``operation.make_params``, failing in the door's words."""
        try:
            return operation.make_params(values)
        except FirstLightError as error:
            raise self.error(error, operation) from error.__cause__

    def run(
        self, operation: Operation, params: Any, settings: Settings, monitor: Monitor
    ) -> OperationResult:
        """``operation.run``: its events, result and failures are in the door's words."""

        def data(value: Any) -> Any:
            if isinstance(value, str):
                return hide_secrets(self.named(value, operation))
            if isinstance(value, dict):
                return {name: data(item) for name, item in value.items()}
            return [data(item) for item in value] if isinstance(value, (list, tuple)) else value

        try:
            result = operation.run(params, settings, _Interpreter(self, operation, monitor))
        except FirstLightError as error:
            raise self.error(error, operation) from error.__cause__
        report = result.value
        if isinstance(report, ValidationReport):
            findings = (
                replace(f, sentence=self.line(f.sentence, operation)) for f in report.findings
            )
            report = replace(report, findings=tuple(findings))
        return replace(
            result,
            text=redact(shown(hide_secrets(self.text(result.text, operation)), keep="\n")),
            data=lambda: data(result.json_data()),
            value=report,
            layers=tuple(self.layer(layer) for layer in result.layers),
            warnings=tuple(hide_secrets(self.text(one, operation)) for one in result.warnings),
            summary=result.summary and self.summary(result.summary),
        )

    def layer(self, layer: LayerOutput) -> LayerOutput:
        """What the map says of a layer, in the reader's language; its file and style stay."""
        return replace(
            layer,
            title=self.translate(layer.title),
            group=self.translate(layer.group),
            above=self.translate(layer.above),
            abstract=self.translate(layer.abstract),
            warnings=tuple(self.translate(one) for one in layer.warnings),
        )

    def summary(self, summary: ResultSummary) -> ResultSummary:
        """A map in a few words, in the reader's language."""
        return replace(
            summary,
            headline=self.translate(summary.headline),
            range=self.translate(summary.range),
            reason=self.translate(summary.reason),
            not_observed=self.translate(summary.not_observed),
            rows=tuple(replace(row, name=self.translate(row.name)) for row in summary.rows),
        )


@dataclass(frozen=True)
class _Interpreter:
    """A monitor that hears events in the door's words, and progress that only grows."""

    wording: Wording
    operation: Operation
    monitor: Monitor
    furthest: Furthest = field(default_factory=Furthest)

    def emit(self, event: Event) -> None:
        """Pass the event on."""
        if isinstance(event, Note):
            event = replace(event, text=self._say(event.text))
        elif isinstance(event, BandProgress):
            item_id, band = shown(event.item_id), shown(event.band)
            event = replace(event, item_id=item_id, band=band, detail=self._say(event.detail))
        elif isinstance(event, LayerReady):
            event = replace(event, layer=self.wording.layer(event.layer))
        else:
            fraction = self.furthest.reach(event.fraction)
            event = Progress(fraction, self._say(event.message), self._say(event.detail))
        self.monitor.emit(event)

    def cancelled(self) -> bool:
        """The monitor's own answer."""
        return self.monitor.cancelled()

    def _say(self, text: str) -> str:
        return redact(self.wording.line(text, self.operation))
