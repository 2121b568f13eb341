"""Items of each listed provider, modelled by hand on its documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.types import SceneItem

PROVIDERS = Path(__file__).parents[1] / "fixtures" / "stac" / "providers"


def items_of(catalog: str) -> list[dict[str, Any]]:
    """The items of a provider."""
    tree = json.loads((PROVIDERS / f"{catalog}.json").read_text(encoding="utf-8"))
    assert tree["note"].startswith("Modelled by hand")
    items: list[dict[str, Any]] = tree["features"]
    return items


def scene_of(catalog: str, number: int, sensor: str) -> SceneItem:
    """One of them, as a sensor reads it."""
    return parse_item(items_of(catalog)[number], get_sensor(sensor), catalog)
