"""All operations, each with a form made from its declaration."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...core.monitor import Event, Level, Note, Progress
from ...core.operation import Declared, OperationResult
from ...core.params import Door, Kind
from ...core.types import Aoi, ValidationReport
from ...plugin.language import said
from ...plugin.stack_pair import stack_pair
from ..fields.parameter_form import ParameterForm
from ..parts.bold import embolden
from ..parts.margins import BAR_WIDTH
from ..parts.plain import PlainLabel, plain_tip
from ..parts.sentences import figures_of
from ..parts.shades import Shade, shade
from ..parts.tab_order import tab_stops, visit_after
from ..parts.wrapping_label import WrappingLabel
from .report_view import ReportView
from .tool_list import STACK, STEPS, ToolList
from .verdict import verdict_line

LIST, FORM = range(2)


class ToolsPanel(QWidget):
    """Choose an operation, fill in its form, run it, read its answer.

    Parameters
    ----------
    operations : sequence of Declared
        What can be chosen.
    take_area : callable
        Gives the area in use; None where there is none.
    chosen : callable
        Gives what the other tab says (dates, sensor …), by parameter name; a new form begins with
        it where a value is required or a date.
    """

    run_wanted = pyqtSignal(object, object)
    """Carries the operation and the values of its form."""
    cancel_wanted = pyqtSignal()
    tool_changed = pyqtSignal()
    """The form of another operation is in view."""

    def __init__(
        self,
        operations: Sequence[Declared],
        take_area: Callable[[], Aoi | None],
        chosen: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__()
        self._operations: dict[str, Declared] = {}
        self._report = ""
        self._next: tuple[str, dict[str, str]] = ("", {})
        self._again: tuple[str, dict[str, Any]] = ("", {})
        self._doubted: tuple[Path, dict[str, Any], dict[str, str]] | None = None
        """The last stack whose values cannot be: its file, its form, and what would mend it."""
        self._take_area = take_area
        self._chosen = chosen
        self._name = ""
        self.tool_list = ToolList(operations)
        self.back_button = QToolButton(objectName="back_button")
        self.back_button.setText(self.tr("‹ All tools"))
        self.back_button.setToolTip(self.tr("Back to the list; what is typed here is kept"))
        self.title_label = WrappingLabel(objectName="tool_title_label")
        embolden(self.title_label)
        self.pages = QStackedWidget(objectName="tool_pages")
        self.next_button = QPushButton(objectName="next_button", visible=False)
        self.summary_label = PlainLabel(objectName="summary_label")
        self.summary_label.setWordWrap(True)
        self.scroll_area = QScrollArea(objectName="tools_scroll")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes from field to field
        self.result_text = QPlainTextEdit(objectName="result_text")
        self.result_text.setReadOnly(True)
        self.result_text.setMaximumHeight(self.fontMetrics().height() * 9)
        self.verdict_label = PlainLabel(objectName="verdict_label", visible=False)
        self.verdict_label.setWordWrap(True)
        self.again_button = QPushButton(objectName="again_button", visible=False)
        self.report_view = ReportView()
        self.progress_bar = QProgressBar(objectName="tools_progress_bar", minimum=0, maximum=100)
        self.progress_bar.setMinimumWidth(BAR_WIDTH)
        self.run_button = QPushButton(self.tr("R&un"), objectName="tools_run_button")
        self.cancel_button = QPushButton(
            self.tr("Ca&ncel"), objectName="tools_cancel_button", enabled=False
        )
        self.open_report_button = QPushButton(
            self.tr("Open the report"), objectName="open_report_button", visible=False
        )
        self._build()
        self.tool_list.chosen.connect(self.choose)
        self.back_button.clicked.connect(self.show_list)
        self.next_button.clicked.connect(lambda: self.prepare(*self._next))
        self.again_button.clicked.connect(self._run_again)
        self.result_text.textChanged.connect(self._show_text)
        self.run_button.clicked.connect(
            lambda: self.run_wanted.emit(self.operation, self.form.values())
        )
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.open_report_button.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self._report))
        )
        self.offer(operations)

    def offer(self, operations: Sequence[Declared]) -> None:
        """Fill the list anew."""
        self._operations = {operation.name: operation for operation in operations}
        self.tool_list.offer(operations)
        self.choose(next(iter(self._operations)))
        self.show_list()

    @property
    def operation(self) -> Declared:
        """The chosen one."""
        return self._operations[self._name]

    def choose(self, name: str) -> None:
        """Choose an operation by name, and show its form: as it was left, where it is the last."""
        if name != self._name:
            self._name = name
            self._show_form()
            self.tool_changed.emit()
        self.pages.setCurrentIndex(FORM)

    def show_list(self) -> None:
        """Show what there is to choose from."""
        self.pages.setCurrentIndex(LIST)

    def prepare(self, name: str, values: Mapping[str, Any]) -> None:
        """Choose an operation and fill in its form with those of the values that it has a field
        for.
        """
        self.choose(name)
        self.form.set_values(
            {key: value for key, value in values.items() if key in self.form.fields}
        )

    def set_running(self, running: bool) -> None:
        """Lock the form while an operation runs."""
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.back_button.setEnabled(not running)
        self.scroll_area.setEnabled(not running)
        if running:
            self._show_report(None)
            self._offer_report("")
            self.next_button.hide()
            self.again_button.hide()
            self.progress_bar.reset()
            self.result_text.clear()

    def show_events(self, events: Sequence[Event]) -> None:
        """Show progress and notes."""
        for event in events:
            if isinstance(event, Progress):
                self.progress_bar.setValue(round(100 * event.fraction))
            elif isinstance(event, Note) and event.level != Level.DEBUG:
                self.result_text.appendPlainText(event.text)

    def show_result(self, result: OperationResult) -> None:
        """Show the answer."""
        self.progress_bar.setValue(100)
        first = [*figures_of(result), ""] if result.summary is not None else []
        self.result_text.setPlainText("\n".join((*first, result.text)))
        self._show_report(result.value if isinstance(result.value, ValidationReport) else None)
        self._offer_report(str(result.outputs.get("report", "")))
        self._offer_next(result)
        self._offer_again(result)

    def _offer_next(self, result: OperationResult) -> None:
        """The next step with one's own bands, on what this one has made or looked at."""
        following = dict(itertools.pairwise(STEPS)).get(self._name, "")
        stack = result.layers[0].path if result.layers else self.form.values().get("path")
        self.next_button.setVisible(bool(following and stack and following in self._operations))
        if following in self._operations:
            self._next = (following, {"path": str(stack), "stack": str(stack)})
            title = said(self._operations[following].title)
            self.next_button.setText(self.tr("Next: {title}").format(title=title))

    def _offer_again(self, result: OperationResult) -> None:
        """The same with a value that would mend what the result doubts; for a validation, the
        stack that it is of.
        """
        tool, remedy, values = self._name, dict(result.remedy), dict(result.remedy)
        text = self.tr("Run again as: {words}")
        if tool == STACK:
            given = {name: one for name, one in self.form.values().items() if one is not None}
            path = result.layers[0].path if result.layers else Path()
            self._doubted = (path, given | remedy, remedy) if remedy else None
        elif (
            self._doubted is not None
            and isinstance(result.value, ValidationReport)
            and result.value.path == self._doubted[0]
        ):
            tool, (_, values, remedy) = STACK, self._doubted
            text = self.tr("Stack again as: {words}")
        self._again = tool, values
        self.again_button.setVisible(bool(remedy))
        named = {param.name: param for param in self._operations[tool].parameters(Door.DOCK)}
        words = ", ".join(said(named[name].label(value)) for name, value in remedy.items())
        self.again_button.setText(text.format(words=words))
        self.again_button.setToolTip(plain_tip(self.again_button.text()))

    def _run_again(self) -> None:
        self.prepare(*self._again)
        self.run_button.click()

    def _offer_report(self, path: str) -> None:
        """A page that was written, to be opened in the browser; empty: none."""
        self._report = path
        self.open_report_button.setVisible(bool(path))

    def _show_report(self, report: ValidationReport | None) -> None:
        """A report in its own view, which says all that its text would say again."""
        self.report_view.show_report(report)
        text, color = ("", Shade.GOOD) if report is None else verdict_line(report)
        self.verdict_label.setText(text)
        self.verdict_label.setStyleSheet(f"font-weight: bold; color: {shade(self, color).name()}")
        self.verdict_label.setVisible(report is not None)
        self._show_text()

    def _show_text(self) -> None:
        """Take no room from the form before there is anything to say, nor beside a report."""
        words = bool(self.result_text.toPlainText())
        self.result_text.setVisible(words and self.report_view.isHidden())

    def _show_form(self) -> None:
        self.form: ParameterForm = ParameterForm(self.operation, self._take_area)
        chosen = self._chosen()
        wanted = [
            param.name
            for param in self.operation.parameters(Door.DOCK)
            if param.required or param.kind is Kind.DATE
        ]
        self.form.set_values({name: chosen[name] for name in wanted if name in chosen})
        pair = stack_pair(self.operation.parameters(Door.DOCK), QgsProject.instance())
        self.form.set_values(pair)
        self.scroll_area.setWidget(self.form)
        # The form is made later than what stands below it.
        visit_after(self.back_button, tab_stops(self.form))
        self.title_label.setText(said(self.operation.title))
        self.next_button.hide()
        self.again_button.hide()
        summary, *more = (said(text) for text in self.operation.about())
        self.summary_label.setText(summary)
        self.summary_label.setToolTip(plain_tip("\n\n".join(more)))
        self._show_report(None)
        self._offer_report("")
        self.result_text.clear()
        self.progress_bar.reset()

    def _build(self) -> None:
        form = QWidget()
        layout = QVBoxLayout(form)
        layout.setContentsMargins(0, 0, 0, 0)
        header = QHBoxLayout()
        header.addWidget(self.back_button)
        header.addWidget(self.title_label, 1)
        layout.addLayout(header)
        layout.addWidget(self.summary_label)
        layout.addWidget(self.scroll_area, 1)
        layout.addWidget(self.verdict_label)
        layout.addWidget(self.report_view)
        layout.addWidget(self.result_text)
        layout.addWidget(self.open_report_button)
        layout.addWidget(self.again_button)
        layout.addWidget(self.next_button)
        footer = QHBoxLayout()
        footer.addWidget(self.progress_bar, 1)
        footer.addWidget(self.run_button)
        footer.addWidget(self.cancel_button)
        layout.addLayout(footer)
        self.pages.addWidget(self.tool_list)
        self.pages.addWidget(form)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.pages)
