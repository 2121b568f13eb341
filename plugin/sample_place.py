"""Where the sample event is made."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication


def sample_folder() -> Path:
    """A folder of the user's profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "firstlight" / "sample"


def is_of_sample(catalog: str) -> bool:
    """Tell whether a catalogue, by its path, is that of the sample event."""
    return bool(catalog) and sample_folder() in Path(catalog).parents
