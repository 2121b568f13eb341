"""Every page of the dock, every tool's form and the options are read in light themes and in dark
ones.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QPoint, QRect, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QImage, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from firstlight.core.doors.operation_index import declared_operations
from firstlight.core.operation import OperationResult, ResultSummary
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.options import OptionsFactory
from firstlight.ui.parts.shades import LEAST_CONTRAST, contrast
from support.thorough import few
from support.waiting import PATIENCE_MS

THEMES = ["", "Night Mapping", "Blend of Gray"]
SHARE_OF_QGIS = 0.8
"""Where QGIS's own theme gives a kind of widget less than 4.5, ours has what a plain one of that
kind has; nearly, for the grounds of buttons are slopes.
"""
SHOWN_FAULTS = {"": (True, False), "Night Mapping": (False, True), "Blend of Gray": (False, False)}
"""Whether a fault is in the red for light themes, and in that for dark ones."""
OWN_BLACK = {"Blend of Gray": 4.0}
"""That theme's black on its own grey, of what is pressed, has 4.01 and no more."""
KINDS = (
    QCheckBox,
    QRadioButton,
    QPushButton,
    QToolButton,
    QComboBox,
    QSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
)
ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly
SIZE_PT = 14
"""At which the stems of letters are a whole pixel wide: their colour is that of the text."""
EDGE = 2


def theme_text(name: str) -> str:
    """The style sheet of one of QGIS's own themes, its variables put in as QGIS does."""
    if not name:
        return ""
    folder = Path(QgsApplication.pkgDataPath()) / "resources" / "themes" / name
    if not folder.is_dir():
        pytest.skip(f"this QGIS has no theme {name}")
    lines = (folder / "variables.qss").read_text(encoding="utf-8").splitlines()
    values = dict(line.split(":", 1) for line in lines if line.startswith("@"))
    text = (folder / "style.qss").read_text(encoding="utf-8")
    for variable in sorted(values, key=len, reverse=True):
        text = text.replace(variable, values[variable].strip().rstrip(";"))
    return text


def theme_palette(name: str) -> QPalette:
    """The application's colours in one of QGIS's own themes, as QgsApplication.setUITheme sets them
    beside the style sheet.
    """
    palette = QPalette(QApplication.style().standardPalette())
    if name:
        folder = Path(QgsApplication.pkgDataPath()) / "resources" / "themes" / name
        for line in (folder / "palette.txt").read_text(encoding="utf-8").splitlines():
            role, _, color = line.partition(":")
            if color:
                palette.setColor(QPalette.ColorRole(int(role)), QColor(color.strip()))
    return palette


@pytest.fixture(autouse=True)
def own_palette():
    """The application's colours as they were, afterwards."""
    before = QPalette(QApplication.palette())
    yield
    QApplication.setPalette(before)


def words_of(widget: QWidget) -> str:
    """What is to be read of a widget."""
    if isinstance(widget, QComboBox):
        return str(widget.currentText())
    if isinstance(widget, QPlainTextEdit):
        return str(widget.toPlainText())
    if isinstance(widget, QToolButton) and widget.toolButtonStyle() == ICON_ONLY:
        return ""
    return str(widget.text())


def pixels(shot: QImage, area: QRect) -> np.ndarray:
    """Colours of an area as whole numbers, (n,)."""
    part = shot.copy(area).convertToFormat(QImage.Format.Format_RGB32)
    bits = part.constBits()
    bits.setsize(part.sizeInBytes())
    return np.frombuffer(bytes(bits), "<u4").reshape(part.height(), -1)[:, : part.width()].ravel()


def contrast_of(window: QWidget, shot: QImage, widget: QWidget) -> tuple[float, QColor] | None:
    """Of the text that differs most from what lies behind it; None where too little is in view."""
    seen = widget.visibleRegion().boundingRect()
    if seen.height() < widget.height():
        return None  # the edge of a column cuts it
    area = seen.translated(widget.mapTo(window, QPoint(0, 0)))
    area = area.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    if area.width() < 12 or area.height() < 8:
        return None
    values, counts = np.unique(pixels(shot, area), return_counts=True)
    ground = QColor(int(values[counts.argmax()]))
    return max(contrast(QColor(int(value)), ground) for value in values), ground


def kind_of(widget: QWidget) -> type[QWidget]:
    """The kind of the widget, or of that whose line it is."""
    parent = widget.parentWidget()
    if isinstance(widget, QLineEdit) and isinstance(parent, (QAbstractSpinBox, QComboBox)):
        widget = parent
    if isinstance(widget, QAbstractSpinBox):
        return QSpinBox
    return next(kind for kind in KINDS if isinstance(widget, kind))


@cache
def own_contrast(kind: type[QWidget], enabled: bool, theme: str, typed: bool = True) -> float:
    """What a plain widget of a kind has in one of QGIS's themes; a list whose text is not typed
    into has another ground in some.
    """
    window, plain = QDockWidget(), kind()
    if isinstance(plain, QComboBox):
        plain.addItem("MMMM")
        plain.setEditable(typed)
    elif isinstance(plain, QSpinBox):
        plain.setSpecialValueText("MMMM")
    elif isinstance(plain, QPlainTextEdit):
        plain.setPlainText("MMMM")
    else:
        plain.setText("MMMM")
    plain.setEnabled(enabled)
    around = QWidget()
    QVBoxLayout(around).addWidget(plain)
    window.setWidget(around)
    dressed(window, theme)
    window.resize(300, 120)
    QApplication.processEvents()
    measured = contrast_of(window, window.grab().toImage(), plain)
    window.close()
    assert measured is not None
    return measured[0]


def pale(window: QWidget, looked_at: QWidget, theme: str) -> list[str]:
    """Texts whose contrast to what lies behind them is less than it may be: 4.5; for what cannot be
    used now, which is paler on purpose (WCAG 2.1, 1.4.3 leaves it out), that of QGIS's own.
    """
    for _ in range(3):  # heights follow widths
        QApplication.processEvents()
    shot = window.grab().toImage()
    found = []
    for widget in looked_at.findChildren(QWidget):
        if not isinstance(widget, KINDS) or not widget.isVisible() or not words_of(widget).strip():
            continue
        measured = contrast_of(window, shot, widget)
        if measured is None:
            continue
        best, ground = measured
        typed = not isinstance(widget, QComboBox) or widget.isEditable()
        own = own_contrast(kind_of(widget), widget.isEnabled(), theme, typed) * SHARE_OF_QGIS
        least = min(LEAST_CONTRAST, own, OWN_BLACK.get(theme, own))
        if best < least:
            what = widget.objectName() or widget.metaObject().className()
            state = "" if widget.isEnabled() else " (off)"
            words = f"“{words_of(widget)[:40]}”{state}"
            found.append(f"{what} {words} {best:.2f} on {ground.name()}, QGIS's {own:.2f}")
    return found


def dressed(window: QWidget, theme: str) -> None:
    """Give a window a theme, and height for all that is in it."""
    sheet = theme_text(theme)
    QApplication.setPalette(theme_palette(theme))
    window.setStyleSheet(f"{sheet}\n* {{ font-size: {SIZE_PT}pt }}")
    window.resize(900, 1600)
    window.show()
    QApplication.processEvents()


def fill(dock, tmp_path: Path) -> None:
    """Warnings, a result, a report, a job: what is in view only then."""
    dock.set_area(10, 45, 11, 46)
    summary = ResultSummary("16 km² burned", "15 to 17 km²", "", "21 % not observed", ())
    outputs = {"report": str(tmp_path / "report.html")}
    doubt = "The pictures are of two seasons"
    result = OperationResult(
        data=None, text="done", warnings=(doubt,), summary=summary, outputs=outputs
    )
    dock.event_page.card.show_result(result)
    dock.page.say("Something was said.")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["event_page", "scenes", "files", "jobs"])
def test_every_page_is_read_in_every_theme(dock, desktop, tmp_path, theme, name) -> None:
    page = getattr(dock, name)
    dock.show_page(page)
    dressed(desktop.window, theme)
    fill(dock, tmp_path)
    QApplication.processEvents()
    assert pale(dock, dock, theme) == []


@pytest.mark.thorough
@few("theme", ["Night Mapping", ""])
def test_every_form_is_read_in_every_theme(dock, desktop, theme) -> None:
    dock.show_page(dock.files)
    found = {}
    for operation in declared_operations():
        if operation.name != "event":
            # A form is made when its tool is chosen. In QGIS it is dressed by the application's
            # palette, too, which a window of a test has not: so it is there before the theme.
            desktop.window.setStyleSheet("")
            dock.show_tool(operation.name)
            dressed(desktop.window, theme)
            found[operation.name] = pale(dock, dock.files, theme)
    assert {name: one for name, one in found.items() if one} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_options_are_read_in_every_theme(qtbot, theme) -> None:
    jobs = JobList()
    window = QDockWidget()
    qtbot.addWidget(window)
    page = OptionsFactory(QIcon(), lambda: jobs, print).createWidget(None)
    window.setWidget(page)
    dressed(window, theme)
    tabs = page.findChild(QTabWidget)
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        QApplication.processEvents()
        assert pale(window, page, theme) == [], tabs.tabText(place)
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()


@pytest.mark.parametrize("theme", THEMES)
def test_what_a_setting_cannot_be_is_told_in_the_colour_of_faults(qtbot, theme) -> None:
    """Where that colour can be read; in a theme of middle grey the words stand alone."""
    jobs = JobList()
    window = QDockWidget()
    qtbot.addWidget(window)
    page = OptionsFactory(QIcon(), lambda: jobs, print).createWidget(None)
    window.setWidget(page)
    dressed(window, theme)
    row = page.settings_panel.rows["parallel_downloads"]
    row.set_text("99999")
    QApplication.processEvents()
    shown = row.problem_label.grab().toImage()
    colors = {QColor(int(value)).name() for value in np.unique(pixels(shown, shown.rect()))}
    assert ("#b01c1c" in colors, "#ff968c" in colors) == SHOWN_FAULTS[theme]
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()
