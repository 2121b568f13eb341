"""Products and their rules, from ``config/products.yaml``, the only place that says them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..enums import Unit
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..text import nearest_hint

SCENE = "scene"
"""Scale of a rule whose factors each scene has for itself."""


@dataclass(frozen=True)
class ProductRule:
    """Rule by which one kind of band of a product becomes physical."""

    scale: float | None
    """None: each scene has its own, in its metadata."""
    offset: float
    nodata: float | None
    """None: the product reserves no number."""
    unit: Unit
    """After scaling."""


@dataclass(frozen=True)
class Product:
    """A product of an agency, or a way in which people store reflectance."""

    name: str
    title: str
    sensor: str
    """Name in ``band_config.yaml``; empty where it can be of any."""
    naming: str
    """Name in ``namings.yaml``; empty where only the scene's platform tells it."""
    rules: Mapping[Unit, ProductRule]
    """Unit of a band in its naming → rule."""
    source: str
    level: str = ""
    since: float | None = None
    """First processing baseline of Sentinel-2."""
    before: float | None = None
    """First processing baseline of Sentinel-2 that it is not of."""
    assume: bool = True
    """False where nothing but a person's word makes a file one of these."""

    def rule(self, unit: Unit) -> ProductRule | None:
        """Rule for bands of a unit; None where the product has no such bands."""
        return self.rules.get(unit)

    def has_baseline(self, baseline: float) -> bool:
        """Tell whether a processing baseline makes this product."""
        return (self.since is None or baseline >= self.since) and (
            self.before is None or baseline < self.before
        )


@lru_cache(maxsize=1)
def load_products() -> Mapping[str, Product]:
    """All products, by name."""
    tree = read_yaml(CONFIG_DIR / "products.yaml")["products"]
    return {name: _product(name, fields) for name, fields in tree.items()}


def product_names() -> tuple[str, ...]:
    """Names of all products."""
    return tuple(load_products())


def product_titles() -> dict[str, str]:
    """Title of each product, by its name."""
    return {name: product.title for name, product in load_products().items()}


def get_product(name: str) -> Product:
    """The product of that name (any case).

    Raises
    ------
    InputError
        If there is none; the sentence offers the nearest names.
    """
    products = load_products()
    product = products.get(name.strip().lower())
    if product is None:
        hint = nearest_hint(name.lower(), products, f"Known: {', '.join(products)}.", count=2)
        raise InputError(f"Product '{name}' cannot be used", "it is not known", hint)
    return product


def sentinel2_product(level: str, baseline: float) -> Product:
    """The product of a Sentinel-2 scene.

    Parameters
    ----------
    level : str
        ``l1c`` or ``l2a``.
    baseline : float
        Processing baseline, as :func:`parse_baseline` reads it.
    """
    return next(
        product
        for product in load_products().values()
        if product.level == level.lower() and product.has_baseline(baseline)
    )


UNKNOWN_BASELINE = 99.99
"""``N9999``: processed by a user's own processor, with or without an offset."""


def parse_baseline(text: object) -> float | None:
    """Processing baseline of Sentinel-2, in any of its spellings: ``05.10``, ``5.1``, ``N0510``,
    ``0510``; None where it tells nothing, as ``N9999`` does.
    """
    match = re.fullmatch(r"\s*N?(?:(\d\d)(\d\d)|(\d{1,2})(?:\.(\d{1,2}))?)\s*", str(text), re.I)
    if match is None:
        return None
    whole, part = (match[1], match[2]) if match[1] else (match[3], match[4] or "0")
    baseline = float(f"{whole}.{part}")
    return None if baseline >= UNKNOWN_BASELINE else baseline


def _product(name: str, fields: Mapping[str, Any]) -> Product:
    since, before = fields.get("since"), fields.get("before")
    return Product(
        name=name,
        title=str(fields["title"]),
        sensor=str(fields.get("sensor", "")),
        naming=str(fields.get("naming", "")),
        rules={Unit(unit): _rule(Unit(unit), rule) for unit, rule in fields["rules"].items()},
        source=str(fields["source"]),
        level=str(fields.get("level", "")),
        since=None if since is None else float(since),
        before=None if before is None else float(before),
        assume=bool(fields.get("assume", True)),
    )


def _rule(unit: Unit, fields: Mapping[str, Any]) -> ProductRule:
    scale, nodata = fields.get("scale", 1), fields.get("nodata")
    return ProductRule(
        scale=None if scale == SCENE else float(scale),
        offset=float(fields.get("offset", 0)),
        nodata=None if nodata is None else float(nodata),
        unit=Unit(fields.get("unit", unit)),
    )
