"""The seam to whoever can print: QGIS with its layouts, where it is running."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .print_request import PrintRequest

    Printer = Callable[[PrintRequest], None]

_printers: list[Printer] = []


def use_printer(printer: Printer | None) -> None:
    """Let this print from now on; None: nobody can."""
    _printers[:] = [] if printer is None else [printer]


def printer() -> Printer:
    """Whoever prints here.

    Raises
    ------
    DependencyError
        Outside QGIS.
    """
    from ..errors import DependencyError  # QGIS imports this module while it starts

    if not _printers:
        raise DependencyError(
            "The event cannot be printed",
            "that takes QGIS's layouts, and this is no QGIS",
            "Run it in QGIS's toolbox, or as qgis_process run firstlight:print. report.html "
            "prints from a browser, too.",
        )
    return _printers[0]
