"""One setting: the value in force and where it comes from, and what the user says instead."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from ...core.errors import SettingsError
from ...core.setting_casts import BandChoice, cast_setting
from ...core.settings import SettingField
from ...plugin.language import said
from ..parts.plain import PlainLabel, plain_tip
from ..parts.shades import Shade, label_shade

SHIPPED = "config/ingestion.yaml"
"""Origin of a value in FirstLight's own settings file."""
IN_QGIS = "QGIS"
"""Origin, in sentences, of what was typed here."""


class SettingRow(QWidget):
    """An empty field, or the first choice of a list, leaves the setting as it is elsewhere.

    Parameters
    ----------
    declared : SettingField
        The setting.
    value : object
        Its value without what the user said in QGIS.
    origin : str
        Where that comes from, for a person.
    """

    changed = pyqtSignal()

    def __init__(self, declared: SettingField, value: Any, origin: str) -> None:
        super().__init__()
        self.declared = declared
        self.title = said(declared.metadata["title"])
        self.edit: QLineEdit | QComboBox
        self.in_force = in_force = text_of(value)
        """The value without what the user says here."""
        choices = self._choices()
        if choices:
            self.edit = QComboBox()
            self.edit.addItem(self.tr("as it is: {value}").format(value=_word(in_force)), "")
            for choice in choices:
                self.edit.addItem(_word(choice), choice)
            self.edit.currentIndexChanged.connect(self._look)
        else:
            self.edit = QLineEdit()
            self.edit.setPlaceholderText(in_force)
            self.edit.setClearButtonEnabled(True)
            self.edit.textChanged.connect(self._look)
        self.edit.setObjectName(f"setting_{declared.name}")
        self.edit.setAccessibleName(self.title)
        self.edit.setToolTip(plain_tip(self._tip()))
        self.origin_label = PlainLabel(
            self._from(origin).format(
                value=(_word(in_force) if choices else in_force) or "–", origin=said(origin)
            )
        )
        self.origin_label.setWordWrap(True)
        # As a style sheet: that of QGIS, with its font, takes fonts away.
        self.origin_label.setStyleSheet("font-style: italic")
        self.problem_label = PlainLabel(objectName=f"problem_{declared.name}", visible=False)
        self.problem_label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.edit)
        layout.addWidget(self.origin_label)
        layout.addWidget(self.problem_label)
        self.setFocusProxy(self.edit)

    def text(self) -> str:
        """What the user says; empty: nothing."""
        if isinstance(self.edit, QComboBox):
            return str(self.edit.currentData() or "")
        return str(self.edit.text()).strip()

    def set_text(self, text: str) -> None:
        """Show what the user said before."""
        if isinstance(self.edit, QComboBox):
            self.edit.setCurrentIndex(max(0, self.edit.findData(text)))
        else:
            self.edit.setText(text)

    def problem(self) -> str:
        """Why what is typed cannot be the value; empty: it can."""
        if not self.text():
            return ""
        declared = self.declared
        try:
            cast_setting(declared.name, declared.default, declared.metadata, self.text(), IN_QGIS)
        except SettingsError as error:
            why = said(error.why)
            return f"{why[:1].upper()}{why[1:]}. {said(error.hint)}"
        return ""

    def matches(self, words: str) -> bool:
        """Whether each of the words is in its title, name or section."""
        text = f"{self.title} {self.declared.name} {self.declared.metadata['path']}".lower()
        return all(word in text for word in words.lower().split())

    def _look(self, *_: Any) -> None:
        problem = self.problem()
        # As a style sheet: in QGIS's dark themes, which are sheets, a palette counts for nothing.
        color = label_shade(self.problem_label, Shade.BAD).name()
        self.problem_label.setStyleSheet(f"color: {color}")
        self.problem_label.setText(problem)
        self.problem_label.setVisible(bool(problem))
        self.changed.emit()

    def _from(self, origin: str) -> str:
        if origin == "default":
            return str(self.tr("{value}, by default"))
        if origin.endswith(SHIPPED):
            return str(self.tr("{value}, as shipped"))
        return str(self.tr("{value}, from {origin}"))

    def _choices(self) -> tuple[str, ...]:
        if self.declared.metadata["kind"] == "flag":
            return ("on", "off")
        return tuple(str(choice) for choice in self.declared.metadata.get("choices", ()))

    def _tip(self) -> str:
        bounds = [self.declared.metadata.get(name) for name in ("least", "most")]
        words = (self.tr("at least {value}"), self.tr("at most {value}"))
        lines = [
            word.format(value=bound) for word, bound in zip(words, bounds) if bound is not None
        ]
        return "\n".join((self.declared.metadata["path"], *lines))


def _word(choice: str) -> str:
    """A choice for people; as the settings file has it where it has no other word."""
    words = {
        "on": _tr("On"),
        "off": _tr("Off"),
        "aoi": _tr("Only the area"),
        "full": _tr("Whole bands"),
        "vrt": _tr("VRT that points at the bands"),
        "geotiff": _tr("One GeoTIFF"),
        "nearest": _tr("Nearest pixel"),
        "bilinear": _tr("Bilinear"),
        "cubic": _tr("Cubic"),
        "average": _tr("Average"),
        "quick": _tr("Quick: a sample of tiles"),
        "deep": _tr("Deep: every tile"),
        "reject": _tr("Refuse it"),
        "warn": _tr("Warn, and go on"),
        "skip": _tr("Leave it out"),
        "cleanup": _tr("Refuse it, and remove its files"),
        "never": _tr("Never"),
        "on_failure": _tr("When something is wrong"),
        "always": _tr("Always"),
        "auto": _tr("Automatic"),
        "serial": _tr("One tile after the other"),
        "threads": _tr("Several threads"),
        "cluster": _tr("Dask cluster"),
        "spark": _tr("Apache Spark"),
    }
    return words.get(choice, choice)


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))


def text_of(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, BandChoice):
        data = value.to_data()
        if isinstance(data, dict):
            return "; ".join(f"{sensor}={','.join(names)}" for sensor, names in data.items())
        return ",".join(data)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(text_of(part) for part in value)
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
