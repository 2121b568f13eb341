"""Paths where there is little room: their end is what tells them apart."""

from __future__ import annotations

from pathlib import PurePath

from qgis.gui import QgsFileWidget

from .plain import plain_tip

PARTS = 2
"""Of a path, from its end."""


def short_path(path: str) -> str:
    """``…/folder/file`` of a long path; the whole of a short one, and of what is none."""
    parts = PurePath(path).parts
    if len(parts) <= PARTS + 1 or "://" in path:
        return path
    return str(PurePath("…", *parts[-PARTS:]))


def show_end(files: QgsFileWidget) -> None:
    """Let a field for a path show the end of it, and all of it in its tip."""
    edit = files.lineEdit()

    def follow(path: str) -> None:
        edit.setToolTip(plain_tip(path))
        if not edit.hasFocus():
            edit.setCursorPosition(len(edit.text()))

    files.fileChanged.connect(follow)  # later than its text: QGIS takes the tip away with that
    follow(files.filePath())
