"""As QGIS hands on Qt 6."""

from PyQt6.QtNetwork import *  # noqa: F403
