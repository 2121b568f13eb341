"""QGIS's widgets as the Qt widgets that they are made of."""

from __future__ import annotations

import enum
from typing import Any
from unittest.mock import MagicMock

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QWidget,
)

from .core import Anything


class _More:
    """Other functions of a widget of QGIS are there and do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        made = MagicMock(name=f"{type(self).__name__}().{name}")
        self.__dict__[name] = made
        return made


class QgsDockWidget(_More, QDockWidget):
    openedStateChanged = pyqtSignal(bool)  # noqa: N815

    def setUserVisible(self, visible: bool) -> None:
        self.setVisible(visible)

    def isUserVisible(self) -> bool:
        return self.isVisible()


class QgsCollapsibleGroupBoxBasic(_More, QGroupBox):
    collapsedStateChanged = pyqtSignal(bool)  # noqa: N815
    _collapsed = False

    def setCollapsed(self, collapsed: bool) -> None:
        self._collapsed = collapsed
        self.collapsedStateChanged.emit(collapsed)

    def isCollapsed(self) -> bool:
        return self._collapsed


class QgsFilterLineEdit(_More, QLineEdit):
    pass


class QgsFileWidget(_More, QWidget):
    fileChanged = pyqtSignal(str)  # noqa: N815

    class StorageMode(enum.Enum):
        GetFile = 0
        GetDirectory = 1
        GetMultipleFiles = 2
        SaveFile = 3

    def __init__(self, parent: QWidget | None = None, **named: Any) -> None:
        super().__init__(parent, **named)
        self._line = QLineEdit(self)
        QHBoxLayout(self).addWidget(self._line)
        self._line.textChanged.connect(self.fileChanged)

    def filePath(self) -> str:
        return self._line.text()

    def setFilePath(self, path: str) -> None:
        self._line.setText(path)

    def lineEdit(self) -> QLineEdit:
        return self._line

    @staticmethod
    def splitFilePaths(text: str) -> list[str]:
        return [part.strip('"') for part in text.split('" "') if part]


class QgsCheckableComboBox(_More, QComboBox):
    checkedItemsChanged = pyqtSignal(list)  # noqa: N815

    def addItemWithCheckState(self, text: str, state: Qt.CheckState, data: Any = None) -> None:
        self.addItem(text, data)
        self.setItemData(self.count() - 1, state, Qt.ItemDataRole.CheckStateRole)

    def checkedItems(self) -> list[str]:
        return [
            self.itemText(row)
            for row in range(self.count())
            if self.itemData(row, Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        ]

    def setCheckedItems(self, texts: list[str]) -> None:
        for row in range(self.count()):
            on = self.itemText(row) in texts
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self.setItemData(row, state, Qt.ItemDataRole.CheckStateRole)
        self.checkedItemsChanged.emit(self.checkedItems())


class QgsMapLayerComboBox(_More, QComboBox):
    layerChanged = pyqtSignal(object)  # noqa: N815

    def currentLayer(self) -> None:
        return None

    def setAdditionalItems(self, texts: list[str]) -> None:
        self.addItems(texts)


class QgsAuthConfigSelect(_More, QWidget):
    selectedConfigIdChanged = pyqtSignal(str)  # noqa: N815

    def configId(self) -> str:
        return ""


class QgsMapCanvas(QWidget):
    destinationCrsChanged = pyqtSignal()  # noqa: N815
    extentsChanged = pyqtSignal()  # noqa: N815
    mapToolSet = pyqtSignal(object, object)  # noqa: N815

    def __init__(self, *given: Any) -> None:
        super().__init__()
        self._tool: Any = None

    def mapTool(self) -> Any:
        return self._tool

    def setMapTool(self, tool: Any) -> None:
        self._tool = tool

    def unsetMapTool(self, tool: Any) -> None:
        self._tool = None

    __getattr__ = _More.__getattr__


class QgsMapTool(QObject):
    activated = pyqtSignal()
    deactivated = pyqtSignal()

    def __init__(self, canvas: Any = None) -> None:
        super().__init__()

    __getattr__ = _More.__getattr__


class QgsMapToolExtent(QgsMapTool):
    extentChanged = pyqtSignal(object)  # noqa: N815


class QgsMapToolPan(QgsMapTool):
    pass


class QgsRubberBand(Anything):
    pass


class QgsLayerTreeMapCanvasBridge(QObject):
    def __init__(self, *given: Any) -> None:
        super().__init__()


class QgsMessageBar(_More, QWidget):
    widgetAdded = pyqtSignal(object)  # noqa: N815
    widgetRemoved = pyqtSignal(object)  # noqa: N815

    def items(self) -> list[Any]:
        return []


class QgsOptionsPageWidget(_More, QWidget):
    pass


class QgsOptionsWidgetFactory(QObject):
    def __init__(self, *given: Any) -> None:
        super().__init__()

    __getattr__ = _More.__getattr__


_made: dict[str, type] = {}


def __getattr__(name: str) -> Any:
    """Any other widget: an empty one."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in _made:
        _made[name] = type(name, (_More, QWidget), {})
    return _made[name]
