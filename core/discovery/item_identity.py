"""Items said whole, as files are: for each band its product, scale, offset, unit, nodata and
wavelength, each with the evidence for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ..enums import Evidence as RuleEvidence
from ..identity.band_names import RANGES_NM
from ..identity.evidence import Evidence, Stated
from ..identity.source import RasterIdentity, SourceIdentity
from ..report import Finding
from ..types import BandAsset, SceneItem
from .band_assets import layer_view
from .band_config import get_sensor
from .item_product import Trust, item_product
from .items_file import Entry
from .stac_fields import StacObject, is_number

BY_RULE = {
    RuleEvidence.ITEM: Evidence.ITEM,
    RuleEvidence.PRODUCT: Evidence.NAME,
    RuleEvidence.ASSUMED: Evidence.ASSUMED,
}
"""Evidence of an item's rule → of a value that is shown: a product is known by its names."""


def identify_items(source: Path | str, entries: Iterable[Entry]) -> list[RasterIdentity]:
    """Say what the bands of items are.

    Parameters
    ----------
    source : Path or str
        The file or the address that they come from.
    entries : iterable
        Scenes with their STAC items.
    """
    return [_identity(source, scene, item) for scene, item in entries]


def _identity(path: Path | str, scene: SceneItem, item: StacObject | None) -> RasterIdentity:
    product = _product(scene, item)
    assets = json.loads(scene.assets_json)
    bands = [_band(scene, asset, assets, product) for asset in scene.bands.values()]
    findings = [Finding.warning("item_note", f"{note.rstrip('.')}.") for note in scene.notes]
    if scene.missing_bands:
        sentence = f"{scene.id} offers no {', '.join(scene.missing_bands)}."
        findings.append(Finding.warning("scene_partial", sentence))
    findings += [found for band in bands if (found := _odd_wavelength(scene, band)) is not None]
    return RasterIdentity(path, tuple(bands), tuple(findings), scene.id)


def _band(
    scene: SceneItem, asset: BandAsset, assets: StacObject, product: Stated[str]
) -> SourceIdentity:
    rule = asset.radiometry
    by, unit = BY_RULE[rule.evidence], str(rule.unit)
    sensor = get_sensor(scene.sensor)
    return SourceIdentity(
        index=asset.index or 1,
        file=PurePosixPath(urlsplit(asset.href).path).name or asset.href,
        dtype=asset.dtype or "type not stated",
        sensor=Stated(sensor.name, Evidence.ITEM),
        product=product,
        band=Stated(asset.band, Evidence.ITEM, "the asset's key or common name"),
        wavelength_nm=_wavelength(scene, asset, assets),
        scale=Stated(rule.scale, by, rule.reason),
        offset=Stated(rule.offset, by, rule.reason),
        unit=Stated(unit, by if unit else Evidence.NONE),
        nodata=Stated(rule.nodata, by if rule.nodata is not None else Evidence.NONE),
    )


def _product(scene: SceneItem, item: StacObject | None) -> Stated[str]:
    """The product by the item, which a saved scene keeps."""
    if item is None:
        by = Evidence.NAME if scene.product else Evidence.NONE
        return Stated(scene.product, by, scene.collection or scene.id)
    told = item_product(get_sensor(scene.sensor).family, item)
    if told.product is None:
        return Stated("", Evidence.NONE)
    by = Evidence.NAME if told.trust == Trust.KNOWN else Evidence.ASSUMED
    return Stated(told.product.name, by, scene.collection or scene.id)


def _wavelength(scene: SceneItem, asset: BandAsset, assets: StacObject) -> Stated[float | None]:
    """The layer's own (``eo:bands``, ``bands``), in micrometres there; else the sensor's."""
    listed = (one for one in assets.values() if isinstance(one, Mapping))
    whole = next((one for one in listed if one.get("href") == asset.href), {})
    view = layer_view(whole, asset.index)
    for name in ("eo:bands", "bands"):
        for layer in _layers(view.get(name)):
            stated = layer.get("center_wavelength", layer.get("eo:center_wavelength"))
            if is_number(stated):
                return Stated(float(stated) * 1000.0, Evidence.ITEM, name)
    known = get_sensor(scene.sensor).bands[asset.band].wavelength_nm
    if known is None:
        return Stated(None, Evidence.NONE)
    return Stated(known, Evidence.ASSUMED, "its sensor's")


def _layers(listed: Any) -> list[StacObject]:
    layers = listed if isinstance(listed, list) and len(listed) == 1 else []
    return [layer for layer in layers if isinstance(layer, Mapping)]


def _odd_wavelength(scene: SceneItem, band: SourceIdentity) -> Finding | None:
    """A finding of a wavelength that a band of that name does not have."""
    nm, limits = band.wavelength_nm, RANGES_NM.get(band.band.value)
    if nm.value is None or limits is None or limits[0] <= nm.value <= limits[1]:
        return None
    sentence = (
        f"Band {band.band.value} of {scene.id} is said to lie at {nm.value:g} nm, where such a "
        f"band has {limits[0]} to {limits[1]} nm: is it another?"
    )
    return Finding.warning("band_contradiction", sentence, band.band.value, nm.value)
