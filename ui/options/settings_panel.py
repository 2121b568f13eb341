"""All settings of FirstLight, in the groups of the settings file, to be searched and changed."""

from __future__ import annotations

from qgis.gui import QgsCollapsibleGroupBoxBasic, QgsFilterLineEdit
from qgis.PyQt.QtWidgets import QFormLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from ...core.errors import FirstLightError
from ...core.settings import Settings, resolve_settings, setting_fields
from ...plugin.settings_store import read_overrides, write_overrides
from ..parts.plain import PlainLabel
from .setting_row import SettingRow, text_of


class SettingsPanel(QWidget):
    """Each setting with its value, its origin and its bounds.

    What is typed here stands above the environment and the settings files, as the values of a run
    do; an emptied field gives the setting back to them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search_edit = QgsFilterLineEdit(objectName="settings_search_edit")
        self.search_edit.setShowSearchIcon(True)
        self.search_edit.setPlaceholderText(self.tr("Search the settings"))
        self.search_edit.setAccessibleName(self.tr("Search the settings"))
        self.problem_label = PlainLabel(objectName="settings_problem_label", visible=False)
        self.problem_label.setWordWrap(True)
        self.rows: dict[str, SettingRow] = {}
        self._groups: dict[QgsCollapsibleGroupBoxBasic, list[SettingRow]] = {}
        self._forms: dict[SettingRow, QFormLayout] = {}
        self._build(self._elsewhere())
        self.search_edit.textChanged.connect(self._search)

    def problems(self) -> list[str]:
        """What cannot be kept, each a line."""
        return [
            f"{row.title}: {problem}" for row in self.rows.values() if (problem := row.problem())
        ]

    def apply(self) -> list[str]:
        """Keep what is typed; what cannot be the value of its setting is left as it was, and
        returned.
        """
        wanted = {name: row.text() for name, row in self.rows.items() if not row.problem()}
        write_overrides(wanted)
        return self.problems()

    def _elsewhere(self) -> Settings:
        """The settings without what was said here; a broken file leaves the defaults, and is
        told.
        """
        try:
            return resolve_settings()
        except FirstLightError as error:
            self.problem_label.setText(str(error))
            self.problem_label.setVisible(True)
            return Settings()

    def _build(self, settings: Settings) -> None:
        here = read_overrides()
        column = QWidget()
        stacked = QVBoxLayout(column)
        forms: dict[str, QFormLayout] = {}
        for declared in setting_fields():
            section = str(declared.metadata["path"]).partition(".")[0]
            row = SettingRow(
                declared,
                getattr(settings, declared.name),
                settings.origins.get(declared.name, "default"),
            )
            if declared.name in here:
                row.set_text(text_of(here[declared.name]))
            self.rows[declared.name] = row
            if section not in forms:
                box = QgsCollapsibleGroupBoxBasic(self._section(section))
                box.setObjectName(f"settings_{section}")
                forms[section] = QFormLayout(box)
                forms[section].setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
                stacked.addWidget(box)
                self._groups[box] = []
            forms[section].addRow(PlainLabel(row.title), row)
            self._groups[forms[section].parentWidget()].append(row)
            self._forms[row] = forms[section]
        stacked.addStretch(1)
        scroll = QScrollArea(objectName="settings_scroll")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(column)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search_edit)
        layout.addWidget(self.problem_label)
        layout.addWidget(scroll, 1)

    def _section(self, name: str) -> str:
        titles = {
            "download": self.tr("Download"),
            "multi_band_download": self.tr("Scenes of one file"),
            "cache": self.tr("Cache of bands"),
            "stacking": self.tr("Stacks"),
            "optical_validation": self.tr("Validation of optical scenes"),
            "sar_validation": self.tr("Validation of radar scenes"),
            "validation": self.tr("Validation"),
            "screenshot": self.tr("Pictures of what was validated"),
            "processing": self.tr("Computing"),
            "spark": self.tr("Spark cluster"),
            "places": self.tr("Names of places"),
        }
        return str(titles.get(name, name))

    def _search(self, words: str) -> None:
        for box, rows in self._groups.items():
            shown = [row for row in rows if row.matches(words)]
            for row in rows:
                visible = row in shown
                row.setVisible(visible)
                self._forms[row].labelForField(row).setVisible(visible)
            box.setVisible(bool(shown))
            if words and shown:
                box.setCollapsed(False)
