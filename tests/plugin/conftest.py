"""Fixtures that need QGIS."""

from __future__ import annotations

from support.qgis_fixtures import *  # noqa: F403 - fixtures are found by their names
from support.qgis_fixtures import _quiet_surroundings  # noqa: F401 - a star takes no names with an underscore
