"""As QGIS hands on Qt 6."""

from PyQt6.sip import *  # noqa: F403
