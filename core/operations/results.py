"""Put the maps of an earlier run back on the map, after a look whether their files are what they
were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..enums import Status
from ..monitor import EventQueue, Level, Monitor, Note
from ..operation import LayerOutput, Operation, OperationResult, Output
from ..params import Kind, param
from ..products.map_view import arrange
from ..products.stac_catalogue import MAP, catalogue_told
from ..products.stac_item import ITEM_SUFFIX
from ..products.stored_result import StoredLayer, StoredResult, read_results
from ..settings import Settings
from ..text import joined
from ..types import format_time
from ..workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class ResultsParams:
    """Results to open, and how well to look at their files."""

    path: Path = param(
        kind=Kind.FILE_IN,
        title="Catalogue",
        help="The catalog.json of a folder with results, or the folder itself, or one "
        "result's .stac.json.",
        positional=True,
    )
    check: bool = param(
        False,
        kind=Kind.FLAG,
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
    results = run_in_background(
        lambda: read_results(params.path, params.check, events.stop.is_set), events
    )
    warnings = [warning for result in results for warning in result.warnings]
    for warning in warnings:
        monitor.emit(Note(Level.WARNING, warning))
    lines = [line for result in results for line in _lines(result)]
    return OperationResult(
        data=[_data(result) for result in results],
        text=joined(lines),
        status=Status.PARTIAL if warnings else Status.DONE,
        warnings=tuple(warnings),
        layers=tuple(_arranged(params.path, results)),
        outputs={"text": joined(lines)},
        value=results,
    )


def _arranged(path: Path, results: Sequence[StoredResult]) -> list[LayerOutput]:
    """The layers as the run put them on the map: those of an event in its group."""
    layers = [layer for result in results for layer in stored_layers(result)]
    if path.name.endswith(ITEM_SUFFIX):
        return layers
    folder = path if path.is_dir() else path.parent
    view = catalogue_told(folder, MAP)
    return arrange(folder, view, layers) if isinstance(view, list) else layers


def stored_layers(result: StoredResult) -> list[LayerOutput]:
    """Layers of a result, the outline on top, then what the run had switched on."""

    def rank(layer: StoredLayer) -> tuple[bool, bool]:
        return layer.path.suffix != ".gpkg", not layer.visible

    return [
        LayerOutput(
            path=layer.path,
            title=layer.title,
            style=layer.style,
            group=result.group or result.title,
            acquired=result.acquired,
            abstract=result.note,
            visible=layer.visible,
            classes=layer.classes,
            warnings=result.doubts,
        )
        for layer in sorted(result.layers, key=rank)
    ]


def _lines(result: StoredResult) -> list[str]:
    day = f", {result.acquired:%Y-%m-%d}" if result.acquired else ""
    return [
        f"{result.title} ({result.operation}{day})",
        *(f"  {layer.name}: {layer.path}" for layer in result.layers),
        *(f"  {warning}" for warning in result.warnings),
    ]


def _data(result: StoredResult) -> dict[str, object]:
    return {
        "item": str(result.item),
        "title": result.title,
        "operation": result.operation,
        "datetime": format_time(result.acquired) if result.acquired else None,
        "outputs": {layer.name: str(layer.path) for layer in result.layers},
        "warnings": list(result.warnings),
    }


RESULTS = Operation(
    name="results",
    title="Open results",
    group="Events",
    summary="Puts the layers of earlier runs back on the map in their styles. Says "
    "which files are gone or have changed.",
    params=ResultsParams,
    run=run_results,
    outputs=(Output("text", "Text"),),
)
