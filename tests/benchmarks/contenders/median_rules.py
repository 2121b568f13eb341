"""What the contenders of a median share: which dates, where they are, and the grid."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

BAND, MASK = "swir16", "scl"
RESOLUTION = 20
CLOUDY = (0, 1, 3, 8, 9, 10)
"""Classes of Sentinel-2 that are left out: no data, saturated, shadow, cloud, cirrus."""


def dates() -> dict[str, Any]:
    """The items, with addresses on this computer."""
    folder = Path(os.environ["BENCH_LOCAL"]).parent / "dates"
    found: dict[str, Any] = json.loads((folder / "items.json").read_text(encoding="utf-8"))
    for item in found["features"]:
        for asset in item["assets"].values():
            asset["href"] = str(folder / asset["href"])
    return found
