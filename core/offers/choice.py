"""Which catalogue is asked for a sensor where the user names none, and which scenes can be opened.

The order of ``config/catalogs.yaml`` counts: the first one whose files need no account. Archives of
one continent, and the sample on this computer, are never chosen by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..accounts.providers import bucket_address
from ..discovery.catalogs import AUTO, Catalog, catalog_names, catalog_title, get_catalog
from ..enums import AccessKind
from ..settings import Settings
from ..types import SceneItem

NEEDS = {
    AccessKind.ACCOUNT: "ask for an account",
    AccessKind.READER_PAYS: "ask the reader to pay",
}
"""What closed files do, for sentences."""


def rank_catalogs(sensor: str, collection: str | None = None) -> tuple[Catalog, ...]:
    """World-wide catalogues that have a sensor, those that anybody can use first; else in the order
    of the table.

    Parameters
    ----------
    sensor : str
        Name in ``band_config.yaml``.
    collection : str, optional
        Only those that have this collection of it.
    """
    known = (get_catalog(name) for name in catalog_names())
    having = [
        one
        for one in known
        if one.area is None and not one.is_local and _has(one, sensor, collection)
    ]
    return tuple(sorted(having, key=lambda one: not _is_open(one, sensor, collection)))


def _has(catalog: Catalog, sensor: str, collection: str | None) -> bool:
    offered = catalog.collections.get(sensor, ())
    return collection in offered if collection else bool(offered)


def _is_open(catalog: Catalog, sensor: str, collection: str | None) -> bool:
    offered = catalog.open_collections(sensor)
    return collection in offered if collection else bool(offered)


def choose_catalog(
    catalog: Catalog, sensor: str, collection: str | None = None
) -> tuple[Catalog, str | None]:
    """The catalogue to ask for a sensor, and its collection: what the user named, else the first
    one whose files need no account.

    Parameters
    ----------
    catalog : Catalog
        As the user chose it; ``auto`` leaves the choice to the table.
    collection : str, optional
        As the user named it; None: the first one that is open, else the catalogue's first.
    """
    if catalog.name != AUTO:
        return catalog, collection
    ranked = rank_catalogs(sensor, collection) or rank_catalogs(sensor)
    if not ranked:
        return catalog, collection
    chosen = ranked[0]
    return chosen, collection or next(iter(chosen.open_collections(sensor)), None)


def can_open(scene: SceneItem, settings: Settings) -> bool:
    """False where a scene's files are known to be closed to this user."""
    if scene.access.is_open:
        return True
    if scene.access == AccessKind.READER_PAYS:
        return False
    hrefs = [bucket_address(asset.href) for asset in scene.bands.values()]
    return bool(hrefs) and all(settings.account_concerning(href) for href in hrefs)


def closed_sentence(scenes: Sequence[SceneItem], settings: Settings) -> str:
    """What scenes that cannot be opened need, and who has the like without; empty where all of them
    can be.
    """
    closed = [scene for scene in scenes if not can_open(scene, settings)]
    if not closed:
        return ""
    first = closed[0]
    title = catalog_title(first.catalog)
    some = "1 scene" if len(closed) == 1 else f"{len(closed)} scenes"
    return (
        f"The files of {some} ({first.collection} of {title}) {NEEDS[first.access]}, so they are "
        f"listed but not taken. {way_out(first.sensor, first.catalog)}"
    )


def way_out(sensor: str, catalog: str = "") -> str:
    """Advice: the catalogues whose files of a sensor need no account."""
    open_ones = [
        one.name
        for one in rank_catalogs(sensor)
        if one.name != catalog and _is_open(one, sensor, None)
    ]
    if not open_ones:
        return "No known catalogue has such scenes without an account (‘flight catalogs’)."
    return f"Without an account: catalogue {' or '.join(open_ones)}."
