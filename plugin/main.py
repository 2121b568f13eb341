"""The plugin as QGIS sees it, and the one place where its parts are put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtGui import QIcon

from ..core.errors import DependencyError
from ..core.monitor import Level
from .compat import QAction
from .dependencies import dependency_error, missing_libraries
from .messages import show_error
from .monitors import log
from .processing.provider import FirstLightProvider
from .runner import TaskRunner

ICON_PATH = Path(__file__).resolve().parent.parent / "resources" / "icons" / "firstlight.svg"
UNLOAD_WAIT_MS = 5000


class FirstLightPlugin:
    """FirstLight in QGIS.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface or None
        ``None`` in ``qgis_process``, which has no window and calls :meth:`initProcessing` only.
    """

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._problem: DependencyError | None = None
        self.provider: FirstLightProvider | None = None
        self.runner: TaskRunner | None = None
        self.action: QAction | None = None
        self.dock: Any = None

    def initProcessing(self) -> None:
        """Add the algorithms to Processing."""
        self._problem = dependency_error(missing_libraries())
        if self._problem is not None:
            log(str(self._problem), Level.ERROR)
        provider = FirstLightProvider(QIcon(str(ICON_PATH)), self._problem)
        if QgsApplication.processingRegistry().addProvider(provider):
            self.provider = provider

    def initGui(self) -> None:
        """Add the algorithms, the dock, the toolbar button and the menu entry."""
        self.initProcessing()
        if self._iface is None:
            return
        tip = QCoreApplication.translate(
            "FirstLight", "FirstLight: from an area on the map to bands and indices"
        )
        self.action = QAction(QIcon(str(ICON_PATH)), "FirstLight", self._iface.mainWindow())
        self.action.setObjectName("firstlight_action")
        self.action.setToolTip(tip)
        self.action.setCheckable(True)
        self._iface.addToolBarIcon(self.action)
        self._iface.addPluginToRasterMenu("FirstLight", self.action)
        if self._problem is not None:
            self.action.triggered.connect(self._show_problem)
            self._show_problem()
            return
        # Here, so that a Python without the libraries, and one without a window, can load the
        # plugin.
        from ..ui.main_dock import MainDock

        self.runner = TaskRunner()
        self.dock = MainDock(
            self._iface, self.runner
        )  # QGIS becomes its parent when it takes it in
        self.dock.setWindowIcon(QIcon(str(ICON_PATH)))
        # Made now rather than at the first click: QGIS restores only docks that exist when it
        # starts.
        self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()
        self.dock.setToggleVisibilityAction(self.action)

    def unload(self) -> None:
        """Undo what :meth:`initGui` did, as far as it came."""
        if self.runner is not None:
            self.runner.cancel_all(UNLOAD_WAIT_MS)
            self.runner = None
        if self.dock is not None:
            self.dock.close_down()
            self._iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        if self.action is not None:
            self._iface.removePluginRasterMenu("FirstLight", self.action)
            self._iface.removeToolBarIcon(self.action)
            self.action.deleteLater()
            self.action = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None

    def _show_problem(self) -> None:
        """Say what is missing, in place of opening the dock."""
        if self.action is not None and self._problem is not None:
            self.action.setChecked(False)
            show_error(self._iface.messageBar(), self._problem)
