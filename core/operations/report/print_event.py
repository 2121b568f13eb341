"""Print a mapped event: one page as PDF, through a layout of QGIS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...doors.print_request import PrintRequest, PrintSheet
from ...doors.printer import printer
from ...errors import InputError
from ...monitor import EventQueue, Monitor, Progress
from ...operation import Operation, OperationResult, Output
from ...params import Kind, param
from ...products.map_view import arrange
from ...products.stac_catalogue import MAP, SHEET, catalogue_told
from ...products.stored_result import read_results
from ...settings import Settings
from ...workers import run_in_background
from ..results import stored_layers

PDF_NAME = "report.pdf"


@dataclass(frozen=True, kw_only=True)
class PrintParams:
    """Event, and the layout."""

    path: Path = param(
        kind=Kind.FILE_IN,
        title="Catalogue",
        help=f"The catalog.json of a mapped event, or its folder, which gets {PDF_NAME}.",
        positional=True,
    )
    layout: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Layout",
        help="A layout template of your own (.qpt). If not given, firstlight/event.qpt in the "
        "folder of your QGIS profile, or FirstLight's own.",
        advanced=True,
    )


def run_print(params: PrintParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Print the event of a folder.

    Raises
    ------
    InputError
        If the folder holds no event, or the layout cannot be used.
    DependencyError
        Outside QGIS.
    """
    use = printer()
    folder = params.path if params.path.is_dir() else params.path.parent
    sheet, view = catalogue_told(folder, SHEET), catalogue_told(folder, MAP)
    if not isinstance(sheet, dict) or not isinstance(view, list):
        raise InputError(
            f"{folder} cannot be printed",
            "it holds no mapped event",
            "Choose the catalog.json of an event; one of an older version has to be mapped again.",
        )
    events = EventQueue(monitor)
    results = run_in_background(lambda: read_results(params.path, stop=events.stop.is_set), events)
    layers = arrange(folder, view, [layer for one in results for layer in stored_layers(one)])
    target = folder / PDF_NAME
    monitor.emit(Progress(0.3, "Printing"))
    use(PrintRequest(PrintSheet.from_dict(sheet), tuple(layers), target, params.layout))
    monitor.emit(Progress(1.0, "Printed"))
    return OperationResult(
        data={"pdf": str(target)}, text=str(target), outputs={"pdf": str(target)}
    )


PRINT = Operation(
    name="print",
    title="Print an event",
    group="Events",
    summary="Prints a mapped event on one page as PDF: map, legend, numbers, doubts. It goes "
    "through a layout of QGIS, which you can change.",
    params=PrintParams,
    run=run_print,
    outputs=(Output("pdf", "Page (PDF)"),),
)
