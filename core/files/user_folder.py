"""Where a user's programs keep what they can get again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import SettingsError
from ..text import at_home


def own_cache() -> Path:
    """FirstLight's own folder there, which need not be there yet.

    Raises
    ------
    SettingsError
        If nobody knows the user's own folder.
    """
    home = at_home("~")
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    if not base.is_absolute():
        hint = "Set cache.folder, or FIRSTLIGHT_CACHE_FOLDER."
        raise SettingsError("Bands cannot be kept", "this user has no home folder", hint)
    return base / "firstlight"
