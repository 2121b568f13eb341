"""One acquisition in several catalogues: the same look of the same satellite at the same ground, as
each provider delivers it.
"""

from __future__ import annotations

import re
from datetime import timedelta

from ..discovery.band_config import get_sensor
from ..identity.products import load_products
from ..types import SceneItem

SAME_PASS = timedelta(minutes=20)
"""A tile's time is that of its own sensing at one provider and of the whole data take at another,
up to a quarter of an hour apart. The next look of the same satellite at a tile is an orbit, 100
minutes, away.
"""
SAME_SLICE = timedelta(seconds=5)
"""Slices of radar follow each other every 25 seconds; bursts every 3, but they have names."""
_SLICE = re.compile(r"(S1[A-D])_.*?_(\d{8}T\d{6})_(\d{8}T\d{6})_(\d{6})", re.IGNORECASE)
_UNKNOWN = ("", None)


def same_acquisition(one: SceneItem, other: SceneItem) -> bool:
    """Tell whether two scenes, of any catalogues, are one acquisition as the same kind of product,
    so that bands of one can stand for those of the other.

    Sensor, satellite, orbit, tile and kind of product must agree as far as both tell them; where
    neither a tile nor a product's name tells the place, the footprints' boxes must. The processing
    baseline may differ: see :func:`differences`.
    """
    facts = (
        tuple(get_sensor(scene.sensor).family for scene in (one, other)),
        (_satellite(one), _satellite(other)),
        (product_kind(one), product_kind(other)),
        (one.relative_orbit, other.relative_orbit),
    )
    return all(_agree(*pair) for pair in facts) and _same_look(one, other)


def _same_look(one: SceneItem, other: SceneItem) -> bool:
    """Tell whether two scenes of one satellite show the same ground in the same overflight."""
    slices = _SLICE.search(one.id), _SLICE.search(other.id)
    if slices[0] and slices[1]:
        return slices[0].groups() == slices[1].groups()
    apart = abs(one.datetime - other.datetime)
    if one.tile and other.tile:
        return one.tile == other.tile and apart <= SAME_PASS
    return apart <= SAME_SLICE and _same_box(one, other)


def differences(one: SceneItem, other: SceneItem) -> tuple[str, ...]:
    """How two deliveries of one acquisition differ in ways that change pixel values; empty where
    nothing tells that they do.
    """
    told = []
    if one.product != other.product and one.product and other.product:
        told.append(f"product {one.product} and {other.product}")
    if one.baseline != other.baseline and one.baseline and other.baseline:
        told.append(f"processing baseline {one.baseline} and {other.baseline}")
    for name in sorted(set(one.bands) & set(other.bands)):
        rules = one.bands[name].radiometry, other.bands[name].radiometry
        if rules[0].unit != rules[1].unit:
            told.append(f"{name} in {rules[0].unit} and {rules[1].unit}")
    return tuple(told)


def product_kind(scene: SceneItem) -> str:
    """Kind of a scene's product without its baseline: ``sentinel2 l2a``; empty where unknown."""
    product = load_products().get(scene.product)
    if product is None:
        return ""
    return f"{product.sensor} {product.level}" if product.level else product.name


def _satellite(scene: SceneItem) -> str:
    """``landsat8`` of ``LANDSAT_8``, ``sentinel2a`` of ``S2A``; empty where it names none or
    several.
    """
    text = re.sub(r"[^a-z0-9]", "", scene.platform.lower())
    text = re.sub(r"^s(?=[12][a-d]$)", "sentinel", text)
    return text if re.fullmatch(r"(sentinel[12][a-d]|landsat\d)", text) else ""


def _agree(one: object, other: object) -> bool:
    return one in _UNKNOWN or other in _UNKNOWN or one == other


def _same_box(one: SceneItem, other: SceneItem) -> bool:
    """Tell whether two bounding boxes overlap by more than half of either."""
    boxes = one.bbox, other.bbox
    width = min(box[2] for box in boxes) - max(box[0] for box in boxes)
    height = min(box[3] for box in boxes) - max(box[1] for box in boxes)
    if width <= 0 or height <= 0:
        return False
    return all(width * height > 0.5 * (box[2] - box[0]) * (box[3] - box[1]) for box in boxes)
