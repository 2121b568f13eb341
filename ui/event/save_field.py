"""Where an event's results go: a folder of its own, what comes into it, and the room there is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ...core.text import at_home
from ...plugin.disk import DiskLook
from ...plugin.settings_store import read_last
from ..parts.path_text import show_end
from ..parts.plain import plain_tip
from ..parts.sentences import size_text
from ..parts.wrapping_label import WrappingLabel


class SaveField(QWidget):
    """The folder for all results; below it, the name of the event's own."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.output_widget = QgsFileWidget(objectName="event_output_widget")
        self.output_widget.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.output_widget.setDialogTitle(self.tr("Folder for the results"))
        self.output_widget.lineEdit().setAccessibleName(self.tr("Folder for the results"))
        self.forecast_box = QCheckBox(self.tr("Forecast in the report"))
        self.forecast_box.setObjectName("forecast_box")
        self.forecast_box.setToolTip(
            plain_tip(
                self.tr(
                    "Rain and wind of the next three days from now on, where the catalogue lists a "
                    "weather model's files; never in the map"
                )
            )
        )
        self.own_label = WrappingLabel(objectName="own_folder_label")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.output_widget)
        layout.addWidget(self.own_label)
        layout.addWidget(self.forecast_box)
        self._own = ""
        self._cost = ""
        self._disk = DiskLook(free_bytes, self._show, self)
        show_end(self.output_widget)
        self.set_output(read_last("output", str(at_home("~") / "FirstLight")))
        self.output_widget.fileChanged.connect(self._change)

    def output(self) -> str:
        """The folder for all results."""
        return str(self.output_widget.filePath()).strip()

    def folder(self) -> str:
        """The event's own folder in it."""
        return str(Path(self.output()) / self._own) if self.output() else ""

    def values(self) -> dict[str, Any]:
        """What comes where, as parameters of ``event``."""
        return {"output": self.folder(), "forecast": self.forecast_box.isChecked()}

    def set_output(self, path: str) -> None:
        """Choose the folder for all results."""
        self.output_widget.setFilePath(path)

    def show_event(self, own: str, cost: str) -> None:
        """Name the event's own folder, and what mapping it costs (empty: not known yet)."""
        self._own, self._cost = own, cost
        self._look()

    def _change(self, *_: object) -> None:
        self._look()
        self.changed.emit()

    def _look(self) -> None:
        """Show what is known, and look how much room there is now."""
        self._disk.ask(Path(self.output()))
        self._show()

    def _show(self) -> None:
        lines = [self.tr("Own folder: {name}").format(name=self._own)] if self._own else []
        free = self._disk.last(Path(self.output()))
        room = "" if free is None else self.tr("{free} free").format(free=size_text(free))
        lines += filter(None, (self._cost, room))
        self.own_label.setText("\n".join(lines))
        self.own_label.setVisible(bool(lines))


def free_bytes(folder: Path) -> int | None:
    """Room on the disk of a folder, also where it is still to be made; None where nobody knows."""
    if not folder.is_absolute():
        return None
    try:
        place = next(one for one in (folder, *folder.parents) if one.exists())
        return shutil.disk_usage(place).free
    except OSError:
        return None
