"""The libraries that the plugin's zip brings along, for a QGIS whose Python lacks them."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "libraries"
"""Not there in a checkout, which has its libraries where Python looks for them."""


def add_libraries() -> None:
    """Let Python look there after all other places, so that nothing of QGIS, of the user or of
    another plugin is covered by them.
    """
    folder = str(FOLDER)
    if FOLDER.is_dir() and folder not in sys.path:
        sys.path.append(folder)
