"""Which catalogues are asked for a sensor, and which scenes can be opened.

Where the user names none, those whose files need no account are asked, in the order of
``config/catalogs.yaml``. Archives of one continent, and the sample on this computer, are never
chosen by themselves.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

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


Choice = tuple[Catalog, "str | None"]
"""A catalogue to ask, and its collection; None: its first for the sensor."""


def choose_catalog(catalog: Catalog, sensor: str, collection: str | None = None) -> Choice:
    """The first of :func:`choose_catalogs`."""
    return choose_catalogs(catalog, sensor, collection)[0]


def choose_catalogs(
    catalog: Catalog, sensor: str, collection: str | None = None, logins: Container[str] = ()
) -> tuple[Choice, ...]:
    """The catalogues to ask for a sensor together, each with its collection: those the user named,
    else those whose files need no account, or one that the user has; the first of all where there
    are none of these.

    Parameters
    ----------
    catalog : Catalog
        As the user chose it; ``auto`` leaves the choice to the table.
    collection : str, optional
        As the user named it; None: the first one that is open, else the catalogue's first.
    logins : container of str
        Names of the logins that the user has.
    """
    if catalog.members:
        return _named(catalog.members, sensor, collection, logins)
    if catalog.name != AUTO:
        return ((catalog, collection),)
    ranked = rank_catalogs(sensor, collection) or rank_catalogs(sensor)[:1]
    if not ranked:
        return ((catalog, collection),)
    open_ones = [one for one in ranked if _is_open(one, sensor, collection)]
    if not open_ones:
        return ((ranked[0], collection),)
    choices = [(one, collection or one.open_collections(sensor)[0]) for one in open_ones]
    # The same collection of one that is closed to others, never another product beside it.
    asked = choices[0][1]
    choices += [
        (one, asked)
        for one in ranked
        if one not in open_ones
        and any(name in logins for name in one.logins)
        and _has(one, sensor, asked)
    ]
    return tuple(choices)


def _named(
    members: Sequence[Catalog], sensor: str, collection: str | None, logins: Container[str]
) -> tuple[Choice, ...]:
    """Of several that the user named, those that may have what is looked for; all of them where
    none is known to: then each says what it lacks.
    """
    able = [one for one in members if not one.exact or _has(one, sensor, collection)]
    chosen: dict[str, Choice] = {}
    for one in able or members:
        for choice in choose_catalogs(one, sensor, collection, logins):
            chosen.setdefault(choice[0].reference, choice)
    return tuple(chosen.values())


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
