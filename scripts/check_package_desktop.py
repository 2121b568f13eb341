"""Runs inside the QGIS desktop (``qgis --code``): installs the plugin's zip as the plugin manager
does, and opens its dock.

Read by ``scripts/check_package.sh``, which sets ``FIRSTLIGHT_ZIP`` and ``FIRSTLIGHT_OUTCOME`` (a
file for the reason of a failure, empty when all went well).
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import pyplugin_installer
import qgis.utils
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface, plugins


def install() -> str:
    """Install and open; what went wrong, if anything did."""
    pyplugin_installer.instance().installFromZipFile(os.environ["FIRSTLIGHT_ZIP"])
    if "firstlight" not in plugins and not (
        qgis.utils.loadPlugin("firstlight") and qgis.utils.startPlugin("firstlight")
    ):
        return "the plugin was installed but cannot be loaded"
    plugin = plugins["firstlight"]
    where = Path(QgsApplication.qgisSettingsDirPath()) / "python" / "plugins" / "firstlight"
    if not Path(sys.modules["firstlight"].__file__ or "").samefile(where / "__init__.py"):
        return f"the plugin was not loaded from {where}"
    plugin.action.trigger()
    if plugin.dock is None or not plugin.dock.isVisible():
        return "the toolbar button does not open the dock: a library is missing"
    return foreign_libraries()


def foreign_libraries() -> str:
    """What is not as in a QGIS that has nothing beside it."""
    for name in ("dask", "pystac_client", "rasterio"):
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
            return f"{name} is there, so this shows nothing of a QGIS without it"
    return ""


def main() -> None:
    """Write down how it went and quit."""
    try:
        problem = install()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
        traceback.print_exc()
        problem = f"{type(error).__name__}: {error}"
    Path(os.environ["FIRSTLIGHT_OUTCOME"]).write_text(problem)
    QTimer.singleShot(500, iface.actionExit().trigger)


if iface.mainWindow().isVisible():
    QTimer.singleShot(0, main)
else:
    iface.initializationCompleted.connect(main)
