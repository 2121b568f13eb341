"""The plugin in a Python that is too old for it: one sentence instead of a traceback.

Only what Python 3.7 understands stands here.
"""

from __future__ import annotations

import sys
from typing import Any

LEAST = (3, 10)
TITLE = "FirstLight"


def is_too_old() -> bool:
    """Tell whether FirstLight cannot run in this Python."""
    return tuple(sys.version_info[:2]) < LEAST


def sentence() -> str:
    """What the user reads, with the QGIS that has a newer Python."""
    return (
        "FirstLight cannot start: QGIS's Python is {}.{}, and it needs {}.{} or newer. "
        "Install a newer QGIS: above 3.28 on Windows, above 3.40.5 on macOS."
    ).format(*sys.version_info[:2], *LEAST)


class OldPythonPlugin:
    """Says why nothing works; QGIS loads and unloads it like any plugin.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface or None
        ``None`` in ``qgis_process``.
    """

    def __init__(self, iface: Any) -> None:
        self._iface = iface

    def initGui(self) -> None:
        """Say it in the message bar, where there is one."""
        self.initProcessing()
        if self._iface is not None:
            self._iface.messageBar().pushWarning(TITLE, sentence())

    def initProcessing(self) -> None:
        """Say it in the log."""
        from qgis.core import Qgis, QgsMessageLog

        QgsMessageLog.logMessage(sentence(), TITLE, Qgis.MessageLevel.Warning)

    def unload(self) -> None:
        """There is nothing to take away."""
