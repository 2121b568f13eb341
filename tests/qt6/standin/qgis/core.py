"""QGIS's values: every name is there; settings and the project keep what they are given."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import MagicMock
from zlib import crc32

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QIcon, QImage, QPixmap

NULL = None


class _Names(type):
    """A class on which every name is there, as enums and static functions are."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = MagicMock(name=f"{cls.__name__}.{name}")
        setattr(cls, name, made)
        return made


class Anything(metaclass=_Names):
    """A value of QGIS: may be made of anything, answers anything."""

    def __init__(self, *given: Any, **named: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = MagicMock(name=f"{type(self).__name__}().{name}")
        self.__dict__[name] = made
        return made


class QgsCsException(Exception):
    """A coordinate that cannot be transformed."""


class QgsProcessingException(Exception):
    """What an algorithm raises."""


class QgsApplication(Anything):
    """The program; its icons are squares, its profile goes with it."""

    _profile = TemporaryDirectory()

    @classmethod
    def qgisSettingsDirPath(cls) -> str:
        return cls._profile.name

    @staticmethod
    def getThemeIcon(name: str) -> QIcon:
        """A square in four shades that are the name's own, for tests that look at icons."""
        image, own = QImage(16, 16, QImage.Format.Format_RGB32), crc32(name.encode()) & 0x7F7F7F
        for place in range(256):
            across, down = divmod(place, 16)
            image.setPixel(across, down, 0xFF000000 | own + across // 4 * 0x1F1F1F)
        return QIcon(QPixmap.fromImage(image))


class QgsSettings:
    """Settings of this process."""

    kept: dict[str, Any] = {}  # noqa: RUF012

    def value(self, key: str, default: Any = None, type: Any = None) -> Any:
        return self.kept.get(key, default)

    def setValue(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def remove(self, key: str) -> None:
        for name in [name for name in self.kept if name == key or name.startswith(f"{key}/")]:
            del self.kept[name]

    def contains(self, key: str) -> bool:
        return key in self.kept


class QgsProject(QObject):
    """The open project: signals and entries."""

    cleared = pyqtSignal()
    readProject = pyqtSignal(object)  # noqa: N815
    projectSaved = pyqtSignal()  # noqa: N815
    fileNameChanged = pyqtSignal()  # noqa: N815
    layersAdded = pyqtSignal(list)  # noqa: N815
    layersRemoved = pyqtSignal(list)  # noqa: N815
    _only: QgsProject | None = None

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, str] = {}

    @classmethod
    def instance(cls) -> QgsProject:
        cls._only = cls._only or cls()
        return cls._only

    def writeEntry(self, scope: str, key: str, value: str) -> bool:
        self.entries[scope + key] = value
        return True

    def readEntry(self, scope: str, key: str, default: str = "") -> tuple[str, bool]:
        return self.entries.get(scope + key, default), scope + key in self.entries

    def removeEntry(self, scope: str, key: str) -> bool:
        return self.entries.pop(scope + key, None) is not None

    def mapLayers(self) -> dict[str, Any]:
        return {}

    def mapLayer(self, layer_id: str) -> None:
        return None

    def fileName(self) -> str:
        return ""

    def clear(self) -> None:
        self.entries.clear()
        self.cleared.emit()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=f"QgsProject().{name}")


class QgsTask(QObject):
    """A task that nobody starts."""

    taskCompleted = pyqtSignal()  # noqa: N815
    taskTerminated = pyqtSignal()  # noqa: N815
    progressChanged = pyqtSignal(float)  # noqa: N815

    class Flag:
        CanCancel = 2

    def __init__(self, description: str = "", flags: Any = None) -> None:
        super().__init__()

    def setProgress(self, percent: float) -> None:
        self.progressChanged.emit(percent)

    def isCanceled(self) -> bool:
        return False

    def cancel(self) -> None:
        pass


_made: dict[str, type] = {}


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in _made:
        _made[name] = _Names(name, (Anything,), {})
    return _made[name]
