"""The user's own catalogues and accounts: adding a catalogue, with a login where it needs one, and
removing it; choosing a login for each known provider.
"""

from __future__ import annotations

from qgis.gui import QgsAuthConfigSelect
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...core.errors import InputError
from ...plugin.settings_store import StoredCatalog, add_catalog, read_catalogs, remove_catalog
from ..parts.plain import PlainLabel, plain_tip
from .account_box import AccountBox

WIDTH, HEIGHT = 440, 470


class CatalogDialog(QDialog):
    """A small window beside the dock; it never holds up QGIS. Shown by ``show()``."""

    added = pyqtSignal(str)
    """Carries the address of a catalogue that was added or changed."""
    removed = pyqtSignal(str)
    """Carries the address of a catalogue that is not offered any more."""
    check_wanted = pyqtSignal()
    """The user wants to know which catalogues answer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("catalog_dialog")
        self.setWindowTitle(self.tr("FirstLight: your catalogues"))
        self.catalog_list = QListWidget(objectName="catalog_list")
        self.remove_button = QPushButton(
            self.tr("Remove"), objectName="remove_button", enabled=False
        )
        self.title_edit = QLineEdit(objectName="title_edit")
        self.title_edit.setPlaceholderText(self.tr("The host's name, if left empty"))
        self.url_edit = QLineEdit(objectName="url_edit")
        self.url_edit.setPlaceholderText("https://stac.example.com/v1")
        self.auth_select = QgsAuthConfigSelect(self)
        self.auth_select.setObjectName("auth_select")
        self.auth_select.setToolTip(
            self.tr("Only where the catalogue asks for a login; QGIS keeps it encrypted")
        )
        self.add_button = QPushButton(self.tr("Add"), objectName="add_button", enabled=False)
        self.check_button = QPushButton(self.tr("Which ones answer?"), objectName="check_button")
        self.check_button.setToolTip(
            self.tr("Asks every known catalogue; the list of catalogues then says it")
        )
        self.close_button = QPushButton(self.tr("Close"), objectName="close_button")
        self.problem_label = PlainLabel(objectName="problem_label")
        self.account_box = AccountBox(self)
        self._build()
        self._list()
        self.url_edit.textChanged.connect(
            lambda text: self.add_button.setEnabled(bool(text.strip()))
        )
        self.url_edit.textChanged.connect(lambda _: self.problem_label.clear())
        self.catalog_list.currentItemChanged.connect(self._show_choice)
        self.add_button.clicked.connect(self._add)
        self.remove_button.clicked.connect(self._remove)
        self.check_button.clicked.connect(self.check_wanted)
        self.close_button.clicked.connect(self.close)

    def _list(self) -> None:
        self.catalog_list.clear()
        for stored in read_catalogs():
            item = QListWidgetItem(
                f"{stored.title}\n{stored.url}"
                + (self.tr("  (with login)") if stored.authcfg else "")
            )
            item.setData(Qt.ItemDataRole.UserRole, stored)
            item.setToolTip(plain_tip(stored.url))
            self.catalog_list.addItem(item)

    def _show_choice(self, item: QListWidgetItem | None) -> None:
        """Into the form, where it can be changed."""
        self.remove_button.setEnabled(item is not None)
        if item is not None:
            stored: StoredCatalog = item.data(Qt.ItemDataRole.UserRole)
            self.title_edit.setText(stored.title)
            self.url_edit.setText(stored.url)
            self.auth_select.setConfigId(stored.authcfg)

    def _add(self) -> None:
        try:
            catalog = add_catalog(
                self.title_edit.text(), self.url_edit.text(), self.auth_select.configId()
            )
        except InputError as error:
            self.problem_label.setText(str(error))
            return
        self._clear()
        self.added.emit(catalog.url)

    def _remove(self) -> None:
        url = self.catalog_list.currentItem().data(Qt.ItemDataRole.UserRole).url
        remove_catalog(url)
        self._clear()
        self.removed.emit(url)

    def _clear(self) -> None:
        self._list()
        self.title_edit.clear()
        self.url_edit.clear()
        self.auth_select.setConfigId("")

    def _build(self) -> None:
        self.catalog_list.setAlternatingRowColors(True)
        self.problem_label.setWordWrap(True)
        self.add_button.setDefault(True)
        for button in (self.remove_button, self.check_button, self.close_button):
            button.setAutoDefault(False)  # Enter adds
        above = QHBoxLayout()
        above.addWidget(self.catalog_list, 1)
        above.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignTop)
        form = QFormLayout()
        form.addRow(self.tr("Title"), self.title_edit)
        form.addRow(self.tr("STAC API"), self.url_edit)
        form.addRow(self.tr("Login"), self.auth_select)
        below = QHBoxLayout()
        below.addWidget(self.check_button)
        below.addStretch(1)
        below.addWidget(self.add_button)
        below.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(above, 1)
        layout.addLayout(form)
        layout.addWidget(self.problem_label)
        layout.addWidget(self.account_box)
        layout.addLayout(below)
        self.resize(WIDTH, HEIGHT)
