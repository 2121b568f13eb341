"""Put the maps of an earlier run back on the map, after a look whether their files are what they
were.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..enums import Status
from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..products.stored_result import StoredResult, read_results
from ..settings import Settings
from ..types import format_time
from ..workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class ResultsParams:
    """Which results."""

    path: Path = param(
        kind="file_in",
        title="Catalogue",
        help="The catalog.json of a folder with results, or the folder itself, or one "
        "result's .stac.json.",
        positional=True,
    )
    check: bool = param(
        False,
        kind="flag",
        title="Compare checksums",
        help="Reads every file whole; otherwise only sizes are compared.",
    )


def run_results(params: ResultsParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """List them, and show their layers in their styles.

    Raises
    ------
    InputError
        If there is no result, or an item cannot be read.
    """
    events = EventQueue(monitor)
    found = run_in_background(
        lambda: read_results(params.path, params.check, events.stop.is_set), events
    )
    warnings = [warning for one in found for warning in one.warnings]
    for warning in warnings:
        monitor.emit(Note(Level.WARNING, warning))
    lines = [line for one in found for line in _lines(one)]
    return OperationResult(
        data=[_data(one) for one in found],
        text="\n".join(lines),
        status=Status.PARTIAL if warnings else Status.DONE,
        layers=tuple(
            LayerOutput(
                path=layer.path,
                title=layer.title,
                style=layer.style,
                group=one.title,
                acquired=one.acquired,
                abstract=one.note,
                classes=layer.classes,
            )
            for one in found
            for layer in sorted(
                one.layers, key=lambda layer: layer.path.suffix != ".gpkg"
            )  # outlines on top
        ),
        outputs={"text": "\n".join(lines)},
        value=found,
    )


def _lines(one: StoredResult) -> list[str]:
    day = f", {one.acquired:%Y-%m-%d}" if one.acquired else ""
    return [
        f"{one.title} ({one.operation}{day})",
        *(f"  {layer.name}: {layer.path}" for layer in one.layers),
        *(f"  {warning}" for warning in one.warnings),
    ]


def _data(one: StoredResult) -> dict[str, object]:
    return {
        "item": str(one.item),
        "title": one.title,
        "operation": one.operation,
        "datetime": format_time(one.acquired) if one.acquired else None,
        "outputs": {layer.name: str(layer.path) for layer in one.layers},
        "warnings": list(one.warnings),
    }


RESULTS = Operation(
    name="results",
    title="Open results",
    group="Results",
    summary="Puts the layers of earlier runs back on the map in their styles, and says which "
    "files are gone or have changed.",
    params=ResultsParams,
    run=run_results,
    outputs=(Output("text", "Text"),),
)
