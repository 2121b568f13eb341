"""Accounts with known providers: for each, a login that QGIS keeps encrypted."""

from __future__ import annotations

from qgis.gui import QgsAuthConfigSelect
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QGroupBox, QWidget

from ...plugin.language import said
from ...plugin.settings_store import account_titles, read_account_choices, write_account_choice


class AccountBox(QGroupBox):
    """One provider at a time; what is chosen is kept at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("account_box")
        self.setTitle(self.tr("Accounts with providers"))
        self.provider_combo = QComboBox(objectName="provider_combo")
        for name, title in account_titles().items():
            self.provider_combo.addItem(said(title), name)
        self.login_select = QgsAuthConfigSelect(self)
        self.login_select.setObjectName("login_select")
        self.login_select.setToolTip(
            self.tr(
                "Name and password, S3 key and secret, or an empty name and a token: sent to this "
                "provider's own hosts alone"
            )
        )
        form = QFormLayout(self)
        form.addRow(self.tr("Provider"), self.provider_combo)
        form.addRow(self.tr("Login"), self.login_select)
        self._show_login()
        self.provider_combo.currentIndexChanged.connect(lambda _: self._show_login())
        self.login_select.selectedConfigIdChanged.connect(self._keep)

    def _show_login(self) -> None:
        chosen = read_account_choices().get(self.provider_combo.currentData(), "")
        self.login_select.blockSignals(True)
        self.login_select.setConfigId(chosen)
        self.login_select.blockSignals(False)

    def _keep(self, authcfg: str) -> None:
        write_account_choice(self.provider_combo.currentData(), authcfg)
