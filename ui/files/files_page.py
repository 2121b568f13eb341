"""The page of one's own files: every operation as a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout

from ...core.errors import FirstLightError
from ...core.monitor import Event
from ...core.operation import Declared, OperationResult
from ...core.operations.archives.catalogs import CATALOGS
from ...core.types import Aoi, ValidationReport
from ...plugin.language import said
from ..parts.page import Page
from ..parts.shared import Shared
from .tools_panel import ToolsPanel
from .verdict import verdict_line


class FilesPage(Page):
    """Runs what is chosen in the :class:`ToolsPanel`.

    Parameters
    ----------
    shared : Shared
        Starts operations.
    operations : sequence of Declared
        What can be chosen.
    take_area, chosen : callable
        As for :class:`ToolsPanel`.
    """

    catalogs_answered = pyqtSignal(object)
    """Carries the answers of the catalogues that were asked."""

    def __init__(
        self,
        shared: Shared,
        operations: Sequence[Declared],
        take_area: Callable[[], Aoi | None],
        chosen: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__(shared)
        self.tools_panel = ToolsPanel(operations, take_area, chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self.tools_panel)
        self.tools_panel.run_wanted.connect(self.run)
        self.tools_panel.cancel_wanted.connect(self.cancel)
        self.tools_panel.tool_changed.connect(self._begin_form)

    def run(self, operation: Declared, values: dict[str, Any]) -> None:
        """Run an operation with the values of its form."""
        if self.start(operation.load(), values, self._show, self.run_finished.emit):
            self.say(self.tr("{title} …").format(title=said(operation.title)))

    def refresh(self) -> None:
        """The form is locked while its operation runs."""
        self.tools_panel.set_running(self.busy)

    def stopping(self) -> None:
        """Stop is pressed once."""
        self.tools_panel.cancel_button.setEnabled(False)

    def follow(self, event: Event) -> None:
        """Show one event of what is running."""
        self.tools_panel.show_events((event,))

    def _begin_form(self) -> None:
        """What another tool has said is no word on this one."""
        if not self.busy:
            self.shared.clear()
            self.say("")

    def _show(self, result: OperationResult) -> None:
        self.tools_panel.show_result(result)
        if self.tools_panel.operation.name == CATALOGS.name:
            self.catalogs_answered.emit(result.value)
        self.shared.bring_layers(result, partial(self._tell_shown, result))

    def _tell_shown(
        self, result: OperationResult, _: int, errors: tuple[FirstLightError, ...]
    ) -> None:
        for error in errors:
            self.show_error(error)
        title = said(self.tools_panel.operation.title)
        report = result.value
        if isinstance(report, ValidationReport):
            # The verdict alone: its reasons stand above, and behind the bar's Details.
            verdict = f"{title}: {verdict_line(report)[0]}"
            self.say(verdict)
            sentences = (finding.sentence for finding in report.findings)
            self.shared.show(result, "\n".join((verdict, *sentences)))
        else:
            done = self.tr("{title}: done.").format(title=title)
            self.say(done)
            self.tell(result, done if result.layers else "")
        self.run_finished.emit(result.status)
