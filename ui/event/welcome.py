"""How to begin, while there is neither an area nor a map to take it from."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ..parts.plain import PlainLabel


class Welcome(QWidget):
    """A few sentences, and a button that shows what comes of it."""

    sample_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.label = PlainLabel(
            self.tr(
                "Welcome. Say what happened, where and when. For the area, type or paste one "
                "below, or put a layer or a basemap on the map (Browser, XYZ Tiles, "
                "OpenStreetMap) and take it from there."
            ),
            objectName="welcome_label",
        )
        self.label.setWordWrap(True)
        self.sample_button = QPushButton(
            self.tr("Try the sample event"), objectName="sample_button"
        )
        self.sample_button.setToolTip(
            self.tr("Maps a simulated wildfire from files made on this computer: without network")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        layout.addWidget(self.sample_button)
        self.sample_button.clicked.connect(self.sample_wanted)
