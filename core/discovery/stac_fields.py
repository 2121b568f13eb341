"""Fields of STAC items and assets as JSON parses them, in any version of the standard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

StacObject = Mapping[str, Any]
"""A JSON object of a catalogue: an item, its properties, an asset; nothing in it is sure."""


def properties_of(item: StacObject) -> StacObject:
    """The item's properties, empty where it has none."""
    return item.get("properties") or {}


MOST_BYTES = 10**13
"""Of one file; a whole mission's mosaic is smaller. A larger number is none, and would be taken for
a disk that is full.
"""


def stated_bytes(value: Any) -> int | None:
    """A file's size as a catalogue states it; None where that cannot be."""
    return int(value) if is_number(value) and 0 < value <= MOST_BYTES else None


def is_number(value: Any) -> bool:
    """Integer or floating number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_true(value: Any) -> bool:
    """True, also as text or number; some catalogues write ``"true"``."""
    return value is True or str(value).strip().lower() in ("true", "yes", "1")


def layers_of(asset: StacObject) -> list[StacObject]:
    """The asset's layers: ``raster:bands`` of STAC 1.0, ``bands`` of STAC 1.1."""
    return [
        layer
        for name in ("raster:bands", "bands")
        for layer in asset.get(name) or ()
        if isinstance(layer, Mapping)
    ]


def stated_values(asset: StacObject, name: str) -> Iterator[Any]:
    """Values of a pixel's field, of the first layer before the asset's own; with and without the
    prefix ``raster:``.
    """
    for source in (*layers_of(asset)[:1], asset):
        for key in (name, f"raster:{name}"):
            if source.get(key) is not None:
                yield source[key]


def stated_number(asset: StacObject, name: str) -> float | None:
    """The first number among :func:`stated_values`."""
    return next((float(value) for value in stated_values(asset, name) if is_number(value)), None)


def product_match(item: StacObject, pattern: str) -> re.Match[str] | None:
    """The first match in the product's name: ``s2:product_uri`` of Sentinel-2, else the id."""
    properties = properties_of(item)
    names = (
        properties.get("s2:product_uri"),
        properties.get("sentinel:product_id"),
        item.get("id"),
    )
    matches = (re.search(pattern, str(name or "")) for name in names)
    return next((match for match in matches if match), None)
