"""The plugin as QGIS sees it, and the one place where its parts are put together."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtGui import QIcon

from ..core.doors.printer import use_printer
from ..core.doors.reader import Reader, use_reader
from ..core.errors import DependencyError, SettingsError, known
from .compat import QAction
from .dependencies import dependency_error, missing_libraries
from .language import install_language, language, remove_language, said
from .locator import FirstLightLocator
from .options import OptionsFactory
from .processing.provider import FirstLightProvider

if TYPE_CHECKING:
    from qgis.PyQt.QtCore import QTranslator

    from ..core.doors.print_request import PrintRequest
    from .jobs.job_list import JobList

ICON_PATH = Path(__file__).resolve().parent.parent / "resources" / "icons" / "firstlight.svg"
UNLOAD_WAIT_MS = 5000
IMPORT_AFTER_MS = 3000
"""When QGIS has its windows open, and before one presses a button."""
DOCK_OPEN = "firstlight/dock_open"
"""Key of QGIS's settings: whether the dock was open when QGIS was left."""


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
        self.jobs: JobList | None = None
        self.action: QAction | None = None
        self.dock: Any = None
        self._translator: QTranslator | None = None
        self._options: OptionsFactory | None = None
        self._locator: FirstLightLocator | None = None

    def initProcessing(self) -> None:
        """Add the algorithms to Processing."""
        if self._translator is None:
            self._translator = install_language()
        self._problem = dependency_error(missing_libraries())
        if self._problem is not None:
            from ..core.monitor import Level
            from .monitors import log

            log(str(self._problem), Level.ERROR)
        use_printer(_print)
        use_reader(Reader(language(), said))
        without_window = self._iface is None
        provider = FirstLightProvider(
            QIcon(str(ICON_PATH)), self._problem, with_models=without_window
        )
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
        self.action.toggled.connect(self._open_dock)
        self._options = OptionsFactory(QIcon(str(ICON_PATH)), self._job_list, self._warn)
        self._iface.registerOptionsWidgetFactory(self._options)
        self._locator = FirstLightLocator(self._open_tool, self._open_sentence)
        self._iface.registerLocatorFilter(self._locator)
        QTimer.singleShot(IMPORT_AFTER_MS, import_ahead)
        QTimer.singleShot(IMPORT_AFTER_MS, self._bring_models)
        if QgsSettings().value(DOCK_OPEN, False, type=bool):
            # As QGIS was left; when it has started, so that nobody waits for it.
            self._iface.initializationCompleted.connect(self._reopen_dock)

    def _reopen_dock(self) -> None:
        if self.action is not None and self.dock is None:
            self.action.setChecked(True)

    def _open_dock(self) -> None:
        """Make the dock at the first click; from then on it and the button go together."""
        # Here, so that a Python without the libraries, and one without a window, can load the
        # plugin, and that QGIS starts without it.
        from ..ui.dock.main_dock import MainDock

        action = known(self.action, "only the button leads here")
        action.toggled.disconnect(self._open_dock)
        # QGIS becomes its parent when it takes it in.
        self.dock = MainDock(self._iface, self._job_list())
        self.dock.setWindowIcon(QIcon(str(ICON_PATH)))
        window = self._iface.mainWindow()
        if not window.restoreDockWidget(self.dock):  # where it was when QGIS was left
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.setToggleVisibilityAction(self.action)
        self.dock.openedStateChanged.connect(_remember)
        self.dock.setUserVisible(True)
        _remember(True)

    def _bring_models(self) -> None:
        if self.provider is not None:
            self.provider.bring_models()

    def _open_tool(self, name: str) -> None:
        """Bring the form of an operation into view, or the page of events."""
        action = known(self.action, "only a plugin that is loaded is found")
        action.setChecked(True)
        self.dock.setUserVisible(True)
        self.dock.show_tool(name)

    def _open_sentence(self, sentence: str) -> None:
        """Bring the page of events into view, and let it read a sentence."""
        self._open_tool("event")
        self.dock.event_page.sentence.read(sentence)

    def _job_list(self) -> JobList:
        """The one list of jobs; made when the dock or the options want it."""
        from .jobs.job_list import JobList
        from .jobs.job_store import JobStore, profile_folder

        if self.jobs is None:
            self.jobs = JobList(store=JobStore(profile_folder()))
        return self.jobs

    def _warn(self, text: str) -> None:
        from .messages import show_warning

        show_warning(self._iface.messageBar(), text)

    def unload(self) -> None:
        """Undo what :meth:`initGui` did, as far as it came."""
        if self.jobs is not None:
            self.jobs.close_down(UNLOAD_WAIT_MS)
            self.jobs = None
        _stop_looking()
        if self.dock is not None:
            self.dock.close_down()
            self._iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        if self._locator is not None:
            self._iface.deregisterLocatorFilter(self._locator)
            self._locator = None
        if self._options is not None:
            self._iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        if self.action is not None:
            self._iface.removePluginRasterMenu("FirstLight", self.action)
            self._iface.removeToolBarIcon(self.action)
            self.action.deleteLater()
            self.action = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        _end_spark()
        use_printer(None)
        use_reader(None)
        remove_language(self._translator)
        self._translator = None

    def _show_problem(self) -> None:
        """Say what is missing, in place of opening the dock."""
        from .messages import show_error

        if self.action is not None and self._problem is not None:
            self.action.setChecked(False)
            show_error(self._iface.messageBar(), self._problem)


def _print(request: PrintRequest) -> None:
    """Print through QGIS's layouts, which are imported when somebody does."""
    from .printing import print_event

    print_event(request)


def _stop_looking() -> None:
    """Stop the tasks that look how bright pictures are, if there are any."""
    package = __package__.rpartition(".")[0]
    spreads = sys.modules.get(f"{package}.plugin.spreads")
    if spreads is not None:
        spreads.stop_looking()


def _end_spark() -> None:
    """End the session of a Spark cluster, if some job has opened one."""
    package = __package__.rpartition(".")[0]
    session = sys.modules.get(f"{package}.core.execution.spark_cluster.session")
    if session is not None:
        session.end_session()


def import_ahead() -> None:
    """Import the dock and the operations in the background, so that the first click does not wait
    for them; one that comes before waits for what is left.
    """

    def work() -> None:
        from ..core.doors.operation_index import declared_operations
        from ..core.gdal.reading_choice import reading
        from ..ui.dock import main_dock  # noqa: F401 - only to have it imported

        for operation in declared_operations():
            operation.load()
        with suppress(SettingsError):  # told by the first run
            reading()

    import threading

    threading.Thread(target=work, name="firstlight-imports", daemon=True).start()


def _remember(is_open: bool) -> None:
    QgsSettings().setValue(DOCK_OPEN, is_open)
