"""Fewer libraries than the look at the installation asks for: each of them is a process."""

from __future__ import annotations

import pytest

from firstlight.core.installation.needed import REQUIRED, USED
from firstlight.core.operations.help import doctor


def ask_for_few(patch: pytest.MonkeyPatch) -> None:
    """Of all libraries only those that decide: GDAL and rasterio."""
    patch.setattr(doctor, "REQUIRED", tuple(one for one in REQUIRED if one.module == "osgeo"))
    patch.setattr(doctor, "USED", tuple(one for one in USED if one.module == "rasterio"))
