"""A small QGIS desktop for tests: a real window, map, message bar, toolbar and menu, put together
without QGIS's main window.
"""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsProject
from qgis.gui import QgsLayerTreeMapCanvasBridge, QgsMapCanvas, QgsMapToolPan, QgsMessageBar
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow, QMenu, QVBoxLayout, QWidget


@dataclass(frozen=True)
class Message:
    """What the user saw in the message bar."""

    title: str
    text: str
    level: Qgis.MessageLevel


class Desktop(QObject):
    """Offers what plugins use of ``QgisInterface``, and remembers what the user saw."""

    initializationCompleted = pyqtSignal()  # noqa: N815 - the name is QGIS's

    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.window.resize(1280, 900)
        self.canvas = QgsMapCanvas()
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
        self.canvas.setMapTool(pan := QgsMapToolPan(self.canvas))
        self._pan = pan
        self.bar = QgsMessageBar()
        self.messages: list[Message] = []
        self.bar.widgetAdded.connect(self._see)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.addWidget(self.bar)
        layout.addWidget(self.canvas, 1)
        self.window.setCentralWidget(central)
        self.toolbar = self.window.addToolBar("Plugins")
        self.raster_menu = QMenu("Raster")
        self.bridge = QgsLayerTreeMapCanvasBridge(
            QgsProject.instance().layerTreeRoot(), self.canvas
        )
        self.options: list[object] = []
        self.locators: list[object] = []
        self.log: list[tuple[str, str]] = []
        QgsApplication.messageLog().messageReceived.connect(self._note)

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def mainWindow(self) -> QMainWindow:
        return self.window

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def addToolBarIcon(self, action: object) -> int:
        self.toolbar.addAction(action)
        return 0

    def registerLocatorFilter(self, found: object) -> None:
        self.locators.append(found)

    def deregisterLocatorFilter(self, found: object) -> None:
        self.locators.remove(found)

    def registerOptionsWidgetFactory(self, factory: object) -> None:
        self.options.append(factory)

    def unregisterOptionsWidgetFactory(self, factory: object) -> None:
        self.options.remove(factory)

    def removeToolBarIcon(self, action: object) -> None:
        self.toolbar.removeAction(action)

    def addPluginToRasterMenu(self, name: str, action: object) -> None:
        self._submenu(name).addAction(action)

    def removePluginRasterMenu(self, name: str, action: object) -> None:
        menu = self._submenu(name)
        menu.removeAction(action)
        if menu.isEmpty():
            self.raster_menu.removeAction(menu.menuAction())

    def addDockWidget(self, area: Qt.DockWidgetArea, dock: QDockWidget) -> None:
        kept = dock.parent() is not None
        self.window.addDockWidget(area, dock)
        if not kept:  # QGIS's own leaves the dock to Python, which drops what nobody holds
            sip.transferback(dock)
        dock.show()

    def removeDockWidget(self, dock: QDockWidget) -> None:
        self.window.removeDockWidget(dock)

    def logged(self, tag: str = "FirstLight") -> str:
        """All lines of one tab of the log."""
        return "\n".join(text for name, text in self.log if name == tag)

    def close(self) -> None:
        QgsApplication.messageLog().messageReceived.disconnect(self._note)
        sip.delete(self.bridge)  # before the canvas, which it would draw on
        self.window.close()
        sip.delete(self.window)

    def _see(self, _: QWidget) -> None:
        item = self.bar.currentItem()
        self.messages.append(Message(item.title(), item.text(), item.level()))

    def _note(self, text: str, tag: str, level: object) -> None:
        self.log.append((tag, text))

    def _submenu(self, name: str) -> QMenu:
        for action in self.raster_menu.actions():
            if action.text() == name:
                return action.menu()
        return self.raster_menu.addMenu(name)
