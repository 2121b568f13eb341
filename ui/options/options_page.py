"""FirstLight in QGIS's options: settings, catalogues and accounts, the cache, the installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.gui import QgsOptionsPageWidget
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...core.errors import FirstLightError, known
from ...core.operation import Operation, OperationResult
from ...core.operations.help.cache import CACHE
from ...core.operations.help.doctor import DOCTOR
from ...plugin.jobs.job import Job
from ...plugin.jobs.job_list import JobList
from ...plugin.messages import WORDING, show_details
from ...plugin.places import allow_places, places_allowed, places_offered, service_host
from ...plugin.settings_store import read_catalogs
from ..catalogs.account_box import AccountBox
from ..catalogs.catalog_dialog import CatalogDialog
from ..parts.plain import PlainLabel
from .cluster_test import ClusterTest
from .settings_panel import SettingsPanel


class OptionsPage(QgsOptionsPageWidget):
    """What *Settings > Options > FirstLight* shows.

    Parameters
    ----------
    jobs : JobList
        Runs what takes time: looking through the cache, trying the libraries.
    refused : callable
        Takes a sentence about what could not be kept.
    """

    def __init__(
        self, jobs: JobList, refused: Callable[[str], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("firstlight_options")
        self._jobs = jobs
        self._refused = refused
        self._job: Job | None = None
        self.settings_panel = SettingsPanel()
        row = self.settings_panel.rows["cluster"]
        self.cluster_test = ClusterTest(jobs, lambda: row.text() or row.in_force)
        row.layout().addWidget(self.cluster_test)
        self.places_box = QCheckBox(
            self.tr("&Look places up by their names"), objectName="places_box"
        )
        self.tabs = QTabWidget(objectName="options_tabs")
        self.answer_text = QPlainTextEdit(objectName="options_answer", readOnly=True)
        self.answer_text.setAccessibleName(self.tr("Answer"))
        self.catalogs_label = PlainLabel(objectName="options_catalogs_label")
        self.catalogs_button = QPushButton(
            self.tr("&Catalogues…"), objectName="options_catalogs_button"
        )
        self.size_button = QPushButton(self.tr("&Size of the cache"), objectName="size_button")
        self.prune_button = QPushButton(
            self.tr("Remove what is too &old"), objectName="prune_button"
        )
        self.empty_button = QPushButton(self.tr("&Empty the cache"), objectName="empty_button")
        self.doctor_button = QPushButton(
            self.tr("&Look at this installation"), objectName="doctor_button"
        )
        self._buttons: dict[QPushButton, tuple[Operation, dict[str, Any]]] = {
            self.size_button: (CACHE, {}),
            self.prune_button: (CACHE, {"prune": True}),
            self.empty_button: (CACHE, {"everything": True}),
            self.doctor_button: (DOCTOR, {}),
        }
        self._build()
        self._show_catalogs()
        self.catalogs_button.clicked.connect(self._open_catalogs)
        for button, (operation, values) in self._buttons.items():
            button.clicked.connect(lambda _, o=operation, v=values: self._ask(o, v))

    def apply(self) -> None:
        """Keep what was changed; called by QGIS at OK and Apply."""
        allow_places(self.places_box.isChecked())
        problems = self.settings_panel.apply()
        if problems:
            self._refused(
                self.tr("{count} settings were left as they were: {problems}").format(
                    count=len(problems), problems=" ".join(problems)
                )
            )

    def _ask(self, operation: Operation, values: dict[str, Any]) -> None:
        params = WORDING.make_params(operation, values)
        self._job = self._jobs.start(operation, params, kept=False)
        self.answer_text.setPlainText(self.tr("Looking …"))
        self._let(False)
        # A method of the page, so that Qt forgets it with the page: QGIS deletes that at OK.
        self._job.ended.connect(self._answer)

    def _answer(self) -> None:
        job = known(self._job, "a question has been asked")
        self._let(True)
        outcome: OperationResult | FirstLightError | None = job.result or job.error
        text = outcome.text if isinstance(outcome, OperationResult) else str(outcome or "")
        self.answer_text.setPlainText(text)

    def _let(self, may: bool) -> None:
        for button in self._buttons:
            button.setEnabled(may)

    def _open_catalogs(self) -> None:
        dialog = CatalogDialog(self.window())
        dialog.added.connect(self._show_catalogs)
        dialog.removed.connect(self._show_catalogs)
        dialog.check_button.setVisible(False)  # the dock's list shows what that finds
        dialog.show()

    def _show_catalogs(self, *_: object) -> None:
        titles = ", ".join(catalog.title for catalog in read_catalogs())
        self.catalogs_label.setText(
            self.tr("Your own catalogues: {titles}").format(titles=titles)
            if titles
            else self.tr("You have added no catalogue of your own.")
        )

    def _build(self) -> None:
        accounts = QWidget()
        column = QVBoxLayout(accounts)
        self.catalogs_label.setWordWrap(True)
        column.addWidget(self.catalogs_label)
        row = QHBoxLayout()
        row.addWidget(self.catalogs_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(AccountBox(accounts))
        self.places_box.setChecked(places_allowed())
        self.places_box.setVisible(places_offered())
        told = PlainLabel(
            self.tr("A name that you look up is sent to {host}, OpenStreetMap's search.").format(
                host=service_host()
            ),
            objectName="places_told_label",
        )
        told.setWordWrap(True)
        told.setVisible(places_offered())
        column.addWidget(self.places_box)
        column.addWidget(told)
        column.addStretch(1)
        upkeep = QWidget()
        column = QVBoxLayout(upkeep)
        for button in self._buttons:
            column.addWidget(button)
        column.addWidget(self.answer_text, 1)
        copy = QPushButton(self.tr("Open in a &window to copy"), objectName="copy_button")
        copy.clicked.connect(lambda: show_details(self.window(), self.answer_text.toPlainText()))
        column.addWidget(copy)
        self.tabs.addTab(self.settings_panel, self.tr("Settings"))
        self.tabs.addTab(accounts, self.tr("Catalogues and accounts"))
        self.tabs.addTab(upkeep, self.tr("Cache and installation"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
