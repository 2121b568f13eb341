"""FirstLight's page in QGIS's options; made when somebody opens them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.gui import QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QWidget

if TYPE_CHECKING:
    from .jobs.job_list import JobList


class OptionsFactory(QgsOptionsWidgetFactory):
    """Lets QGIS make the page.

    Parameters
    ----------
    icon : QIcon
        Of FirstLight.
    jobs : callable
        Gives the list of jobs.
    refused : callable
        Takes a sentence about what could not be kept.
    """

    def __init__(
        self, icon: QIcon, jobs: Callable[[], JobList], refused: Callable[[str], None]
    ) -> None:
        super().__init__("FirstLight", icon)
        self._jobs = jobs
        self._refused = refused

    def createWidget(self, parent: QWidget | None = None) -> QgsOptionsPageWidget:
        """Make the page; called by QGIS."""
        from ..ui.options.options_page import OptionsPage

        return OptionsPage(self._jobs(), self._refused, parent)
