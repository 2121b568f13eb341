"""Facts of an item by which one catalogue's offer of a scene is compared with another's: its tile,
and what its files need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..enums import AccessKind
from .catalogs import Catalog, addresses_of
from .stac_fields import StacObject, properties_of

_MGRS_FIELD = re.compile(r"^(?:MGRS-)?T?(\d{1,2}[C-HJ-NP-X][A-HJ-NP-Z]{2})$")
_MGRS_NAME = re.compile(r"(?:^|[_.\-])T?(\d\d[C-HJ-NP-X][A-HJ-NP-Z]{2})(?=$|[_.])")
_LANDSAT = re.compile(r"^L[COTEM]\d{2}_L[12][A-Z]{2}_(\d{6})_")
_BURST = re.compile(r"_(T\d{3}-\d{6}-IW\d)_", re.IGNORECASE)
_MGRS_FIELDS = ("grid:code", "s2:mgrs_tile", "odc:region_code", "tileId", "s2:tile")
_MGRS_PARTS = (
    ("mgrs:utm_zone", "mgrs:latitude_band", "mgrs:grid_square"),
    ("sentinel:utm_zone", "sentinel:latitude_band", "sentinel:grid_square"),
)


def tile_of(item: StacObject) -> str:
    """Tile of an agency's grid that an item shows: ``32TLS`` of MGRS, ``195028`` of Landsat's paths
    and rows, ``T035-073251-IW2`` of Sentinel-1's bursts; empty where nothing tells one.

    Parameters
    ----------
    item : mapping
        The STAC item.
    """
    properties, name = properties_of(item), str(item.get("id") or "")
    row = _path_and_row(properties) or _first(_LANDSAT, (name,))
    if row:
        return row
    stated = [str(properties.get(field) or "") for field in _MGRS_FIELDS]
    stated += ["".join(str(properties.get(part) or "") for part in parts) for parts in _MGRS_PARTS]
    mgrs = _first(_MGRS_FIELD, stated) or _first(_MGRS_NAME, (name,))
    return mgrs.zfill(5) if mgrs else _first(_BURST, (name,)).upper()


def _first(pattern: re.Pattern[str], texts: Iterable[str]) -> str:
    matches = (pattern.search(text) for text in texts)
    return next((match[1] for match in matches if match), "")


def _path_and_row(properties: StacObject) -> str:
    region = str(properties.get("odc:region_code") or "")
    if re.fullmatch(r"\d{6}", region):
        return region
    parts = [properties.get(f"landsat:wrs_{part}") for part in ("path", "row")]
    if not all(str(part).isdigit() for part in parts):
        return ""
    return "".join(str(part).zfill(3) for part in parts)


def access_of(
    item: StacObject, assets: Iterable[StacObject], catalog: Catalog | None
) -> AccessKind:
    """What the files of an item need: of each the place that opens first, by its address, else by
    the item's own words (STAC extensions *storage* and *authentication*), else by the table of its
    catalogue.

    Parameters
    ----------
    item : mapping
        The STAC item.
    assets : iterable of mapping
        Those that are read; the most demanding one counts.
    catalog : Catalog, optional
        Whose item it is; None for one that came in a file.
    """
    usual = AccessKind.UNKNOWN
    if catalog is not None:
        usual = catalog.needs(str(item.get("collection") or ""))
    needs = [_asset_needs(item, asset, catalog, usual) for asset in assets]
    return AccessKind.most(needs) if needs else usual


def _asset_needs(
    item: StacObject, asset: StacObject, catalog: Catalog | None, usual: AccessKind
) -> AccessKind:
    if not asset.get("href"):
        return usual
    needs = addresses_of(item, asset, catalog)[0].needs
    return usual if needs == AccessKind.UNKNOWN else needs
