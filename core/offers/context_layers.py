"""Context layers, from ``config/context.yaml``: where each is had, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..discovery.band_config import Band, Sensor
from ..discovery.catalogs import AUTO, Catalog, get_catalog
from ..enums import AccessKind, Unit
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..types import MapClass, Radiometry

BAND = "layer"
"""Name of the one band of a context layer's items."""


@dataclass(frozen=True)
class ContextOffer:
    """One place where a layer is had."""

    catalog: str
    collection: str
    asset: str
    """Key of the asset."""
    access: AccessKind


@dataclass(frozen=True)
class ContextLayer:
    """A layer that says where an event happened."""

    name: str
    title: str
    unit: str
    """``class``, or the unit of its numbers."""
    nodata: float
    resolution_m: float
    offers: tuple[ContextOffer, ...]
    source: str
    credit: str
    """Words that its licence asks for."""
    note: str = ""
    classes: tuple[MapClass, ...] = ()
    dated: bool = False
    days: int = 0
    """Days before the one asked for that still count; 0: the item's span must hold it."""
    calibration_db: float | None = None
    """Of a radar's amplitudes, which are written in dB; None: numbers are written as stored."""
    method: str = "nearest"
    """How pixels that lie otherwise are brought to those of the first tile."""

    @property
    def radiometry(self) -> Radiometry:
        """Rule of its numbers: as they are stored. Counts and days are taken as codes, so that no
        header's nodata of 0 makes "no water" unseen.
        """
        unit = Unit.METRE if self.unit == Unit.METRE else Unit.CLASS
        return Radiometry(1.0, 0.0, self.nodata, unit, self.source)

    def sensor(self, offer: ContextOffer) -> Sensor:
        """The layer as a sensor of one band, for a search."""
        unit = self.radiometry.unit
        band = Band(BAND, self.name, self.resolution_m, None, unit, (offer.asset,), None)
        return Sensor(
            name=self.name,
            title=self.title,
            bands={BAND: band},
            required=(BAND,),
            default=(BAND,),
            visual_keys=(),
            platforms=(),
            band_bytes=0,
            clouds=False,
            dated=self.dated,
            family="dem" if unit == Unit.METRE else self.name,
        )

    def choose(self, catalog: Catalog) -> ContextOffer:
        """The offer of a catalogue, or the first one whose files need no account.

        Raises
        ------
        InputError
            If that catalogue does not have it.
        """
        if catalog.name == AUTO:
            ranked = sorted(self.offers, key=lambda offer: not offer.access.is_open)
            return ranked[0]
        for one in catalog.members or (catalog,):
            if one.name == AUTO:
                return self.choose(one)
            for offer in self.offers:
                if offer.catalog == one.name:
                    return offer
        names = " or ".join(dict.fromkeys(offer.catalog for offer in self.offers))
        raise InputError(
            f"{self.title} cannot be fetched", f"{catalog.title} does not have it", f"Take {names}."
        )


@lru_cache(maxsize=1)
def load_layers() -> Mapping[str, ContextLayer]:
    """All layers, by name."""
    tree = read_yaml(CONFIG_DIR / "context.yaml")["layers"]
    return {name: _layer(name, fields) for name, fields in tree.items()}


def layer_names() -> tuple[str, ...]:
    """Names of all layers."""
    return tuple(load_layers())


def layer_titles() -> dict[str, str]:
    """Title of each layer, by its name."""
    return {name: layer.title for name, layer in load_layers().items()}


def offered_by(catalog: str) -> tuple[tuple[ContextLayer, ContextOffer], ...]:
    """The layers that a catalogue has."""
    return tuple(
        (layer, offer)
        for layer in load_layers().values()
        for offer in layer.offers
        if offer.catalog == catalog
    )


def _layer(name: str, fields: Mapping[str, Any]) -> ContextLayer:
    return ContextLayer(
        name=name,
        title=str(fields["title"]),
        unit=str(fields["unit"]),
        nodata=float(fields["nodata"]),
        resolution_m=float(fields["resolution_m"]),
        offers=tuple(_offer(offer) for offer in fields["offers"]),
        source=str(fields["source"]),
        credit=str(fields["credit"]),
        note=str(fields.get("note", "")),
        classes=tuple(
            MapClass(int(code), str(title), _color(str(color)))
            for code, (title, color) in fields.get("classes", {}).items()
        ),
        dated=bool(fields.get("dated", False)),
        days=int(fields.get("days", 0)),
        calibration_db=fields.get("calibration_db"),
        method=str(fields.get("method", "nearest")),
    )


def _offer(fields: Mapping[str, str]) -> ContextOffer:
    get_catalog(fields["catalog"])  # a name that is none is told at once
    return ContextOffer(
        fields["catalog"], fields["collection"], fields["asset"], AccessKind(fields["access"])
    )


def _color(text: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue
