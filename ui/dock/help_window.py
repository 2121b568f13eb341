"""The guide, in a window of its own."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QTextCursor
from qgis.PyQt.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "user-guide.md"
SIZE = (720, 620)


class HelpWindow(QDialog):
    """Shows the guide that came with the plugin; holds nothing up."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="help_window")
        self.setWindowTitle(self.tr("FirstLight: guide"))
        self.text = QTextBrowser(objectName="help_text")
        self.text.setAccessibleName(self.tr("Guide"))
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self._open)
        self.text.setMarkdown(GUIDE.read_text(encoding="utf-8"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        self.resize(*SIZE)

    def show_section(self, heading: str) -> None:
        """Open the guide at a heading."""
        self.show()
        self.raise_()
        block = self.text.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and block.text() == heading:
                self.text.moveCursor(QTextCursor.MoveOperation.End)
                self.text.setTextCursor(QTextCursor(block))
                self.text.ensureCursorVisible()
                return
            block = block.next()

    def _open(self, url: QUrl) -> None:
        """A link of the guide: pages beside it, or of the web."""
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
            return
        path = GUIDE.parent / re.sub(r"#.*", "", url.toString())
        if path.is_file():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
