"""FirstLight: from an area on the map to a disaster map, inside QGIS.

The repository root is both the QGIS plugin folder and the Python package ``firstlight``.
Nothing is imported here, so that a Dask worker or the ``flight`` command, which have no QGIS,
can import the package too.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def classFactory(iface: Any) -> Any:
    """Make the plugin; QGIS calls this when the plugin is loaded.

    Parameters
    ----------
    iface : qgis.gui.QgisInterface or None
        ``None`` in ``qgis_process``, where there is no window.
    """
    from .plugin.old_python import OldPythonPlugin, is_too_old

    if is_too_old():  # before any import of what such a Python cannot read
        return OldPythonPlugin(iface)
    from .plugin.main import FirstLightPlugin

    return FirstLightPlugin(iface)
