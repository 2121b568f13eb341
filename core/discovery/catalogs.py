"""STAC APIs, their collections of each sensor, and what these need: ``config/catalogs.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..addresses.storage import FileAddress, file_addresses
from ..enums import AccessKind
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..stac.home import local_path, public_url
from ..text import nearest_hint
from ..types import Bounds
from .item_product import Trust, item_product, naming_of, sensor_of

AUTO = "auto"
"""Name of the choice that is made for each sensor by itself."""
PAGE_SIZE = 100
"""Scenes asked for at once, where the catalogue has no limit of its own."""
AT_ONCE = 8
"""Requests under way together, where the catalogue has no limit of its own."""


@dataclass(frozen=True)
class Catalog:
    """One STAC API."""

    name: str
    title: str
    url: str
    collections: Mapping[str, tuple[str, ...]]
    """Sensor → collection ids."""
    sas_token_url: str | None = None
    """URL of tokens for its files; holds ``{collection}``."""
    token_hosts: tuple[str, ...] = ()
    """Ends of the names of the hosts whose files need a token; no other host is ever sent one."""
    exact: bool = True
    """False where the collections are a guess: the server is asked which it has."""
    access: Mapping[str, AccessKind] = field(default_factory=dict)
    """Collection id → what its files need."""
    area: Bounds | None = None
    """Area of a regional archive, in degrees; None: all of the Earth."""
    is_local: bool = False
    """Of this computer: never chosen by itself."""
    is_served: bool = True
    """False where it is of this computer, and nothing says that it is served."""
    page_size: int = PAGE_SIZE
    at_once: int = AT_ONCE
    naming: str = ""
    """How it calls the bands, for people."""
    sources: tuple[str, ...] = ()
    """Where these facts were read."""
    unverified: tuple[str, ...] = ()
    """Facts that were read nowhere."""

    address: str = field(default="", repr=False)
    """The URL as it was given, with whatever of it is secret; to be asked, never to be shown."""

    def __post_init__(self) -> None:
        if not self.address:
            object.__setattr__(self, "address", self.url)

    @property
    def reference(self) -> str:
        """What :func:`get_catalog` finds it by again; secret where its address is."""
        return self.name if self.exact else self.address

    def needs(self, collection: str) -> AccessKind:
        """What the files of a collection need, as far as the catalogue's table tells."""
        return self.access.get(collection, AccessKind.UNKNOWN)

    def open_collections(self, sensor: str) -> tuple[str, ...]:
        """The collections of a sensor whose files anybody can open."""
        return tuple(name for name in self.collections.get(sensor, ()) if self.needs(name).is_open)


def catalog_names() -> tuple[str, ...]:
    """Names of the known catalogues."""
    return tuple(_tree()["catalogs"])


def catalog_choices() -> tuple[str, ...]:
    """Names that a user can choose from: that of the choice by itself, then the catalogues; one of
    this computer only where it is served.
    """
    return AUTO, *(name for name in catalog_names() if get_catalog(name).is_served)


def get_catalog(name: str) -> Catalog:
    """The catalogue of that name, or at that URL: a STAC API, or files; these may also lie on this
    computer.

    Raises
    ------
    InputError
        If it is neither; the sentence offers the nearest names.
    """
    text = name.strip()
    tree = _tree()
    if text.lower() == AUTO:
        return _auto(tree)
    fields = tree["catalogs"].get(text.lower())
    if fields is not None:
        return _catalog(text.lower(), fields)
    known = {sensor: tuple(ids) for sensor, ids in tree["known_collections"].items()}
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.netloc:
        url = public_url(text)
        return Catalog(url, urlsplit(url).netloc, url, known, exact=False, address=text)
    path = _file_of(text)
    if path is not None:
        return Catalog(str(path), path.parent.name, path.as_uri(), known, exact=False)
    choices = ", ".join(catalog_choices())
    listed = f"Known: {choices}; or give an http(s) URL, or a catalog.json."
    hint = nearest_hint(text.lower(), catalog_choices(), listed, count=2)
    raise InputError(
        f"Catalogue '{name}' cannot be used", "it is neither a known name nor a URL", hint
    )


def _file_of(text: str) -> Path | None:
    """The file that a path, a ``file:`` URL or a folder with a ``catalog.json`` means."""
    try:
        path = local_path(text) if text.startswith("file:") else Path(text).expanduser()
        path = path / "catalog.json" if path.is_dir() else path
        return path.resolve() if path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # no home of that name, or no name at all
        return None


def choose_collections(
    names: Sequence[str], sensor: str, listed: Sequence[str], named: bool
) -> str:
    """The collection to search of those that a catalogue lists; empty where it has none.

    Parameters
    ----------
    names : sequence of str
        Those that are looked for, the best first.
    named : bool
        The user named it: only another spelling of the same will do.

    Level 2 comes before Level 1; then the same name, the same name spelt otherwise, and one whose
    name is that of the sensor's products, never of what others derive from them.
    """
    spelt = {_spelling(one): one for one in reversed(listed)}
    ranks: dict[str, tuple[bool, int, int]] = {}
    for place, name in enumerate(names):
        one = name if name in listed else spelt.get(_spelling(name), "")
        if one:
            ranks.setdefault(one, (is_level_1(one), int(one != name), place))
    if not named:
        for place, one in enumerate(listed):
            if _is_of(sensor, one):
                ranks.setdefault(one, (is_level_1(one), 2, place))
    return min(ranks, key=lambda one: ranks[one], default="")


def _spelling(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_level_1(collection: str) -> bool:
    """Whether a collection's name is that of a product before its corrections."""
    return re.search(r"l1|level-?1|msi1|grd", collection.lower()) is not None


def _is_of(sensor: str, collection: str) -> bool:
    """Whether a collection's name is that of a known product of the sensor, in its own naming."""
    item = {"collection": collection}
    known = item_product(sensor, item).trust != Trust.UNKNOWN
    return sensor_of(item) == sensor and known and not naming_of(item)


def addresses_of(item: Mapping[str, Any], asset: Mapping[str, Any]) -> tuple[FileAddress, ...]:
    """The places of an asset's file, those first that open for anybody."""
    return file_addresses(item, asset, *get_buckets())


def catalog_title(name: str) -> str:
    """Title of a catalogue for people; the name itself where it is none."""
    known = "://" in name or name.lower() in catalog_names()
    return get_catalog(name).title if known else name


def requests_at_once(names: Iterable[str], usual: int = AT_ONCE) -> int:
    """Requests that may be under way together where files of these catalogues are read: the least
    of their limits, and no more than is usual.
    """
    known = set(catalog_names())
    limits = (get_catalog(name).at_once for name in set(names) if name in known)
    return min((usual, *limits))


def _catalog(name: str, fields: Mapping[str, Any]) -> Catalog:
    limits, area = fields.get("limits", {}), fields.get("area")
    collections: Mapping[str, Mapping[str, str]] = fields["collections"]
    address, is_local = os.environ.get(fields.get("url_env", ""), ""), bool(fields.get("local"))
    return Catalog(
        name=name,
        title=fields["title"],
        url=(address or fields["url"]).rstrip("/"),
        collections={sensor: tuple(ids) for sensor, ids in collections.items()},
        sas_token_url=fields.get("sas_token_url"),
        token_hosts=tuple(fields.get("token_hosts", ())),
        access={
            collection: AccessKind(kind)
            for ids in collections.values()
            for collection, kind in ids.items()
        },
        area=(area[0], area[1], area[2], area[3]) if area else None,
        is_local=is_local,
        is_served=bool(address) or not is_local,
        page_size=int(limits.get("page", PAGE_SIZE)),
        at_once=int(limits.get("at_once", AT_ONCE)),
        naming=str(fields.get("naming", "")),
        sources=tuple(map(str, fields.get("sources", ()))),
        unverified=tuple(map(str, fields.get("unverified", ()))),
    )


def _auto(tree: Mapping[str, Any]) -> Catalog:
    """What all catalogues together have: which one is asked is chosen for each sensor."""
    collections: dict[str, tuple[str, ...]] = {}
    for fields in tree["catalogs"].values():
        for sensor, ids in fields["collections"].items():
            collections[sensor] = (*collections.get(sensor, ()), *ids)
    return Catalog(AUTO, "Automatic (first open catalogue)", "", collections)


def get_buckets() -> tuple[dict[str, str], tuple[str, ...]]:
    """Object-storage buckets: those readable over https (name → address), and those whose reader
    pays.
    """
    tree = _tree()["buckets"]
    return dict(tree["public"]), tuple(tree["requester_pays"])


def address_needs(href: str, catalog: Catalog | None = None) -> AccessKind:
    """What a file needs by its address alone; unknown where that tells nothing.

    Parameters
    ----------
    href : str
        As a catalogue gives it.
    catalog : Catalog, optional
        Whose tokens count.
    """
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
    except ValueError:  # such as http://[::1/
        return AccessKind.UNKNOWN
    tree = _tree()
    if parts.scheme in ("", "file"):
        return AccessKind.NOTHING
    if parts.scheme == "s3":
        return _bucket_needs(parts.netloc, tree["buckets"])
    if catalog is not None and catalog.token_hosts and host.endswith(catalog.token_hosts):
        return AccessKind.NOTHING if "sig=" in parts.query else AccessKind.TOKEN
    if any(f"{host}{parts.path}/".startswith(f"{one}/") for one in tree["hosts"]["account"]):
        return AccessKind.ACCOUNT
    return _host_needs(host, tree["buckets"])


def _host_needs(host: str, buckets: Mapping[str, Any]) -> AccessKind:
    """What a bucket's name as a host tells: ``bucket.s3.region.amazonaws.com``."""
    if host in {urlsplit(address).hostname for address in buckets["public"].values()}:
        return AccessKind.NOTHING
    bucket, _, rest = host.partition(".s3")
    is_amazon = rest.endswith(".amazonaws.com")
    return _bucket_needs(bucket, buckets) if is_amazon else AccessKind.UNKNOWN


def _bucket_needs(name: str, buckets: Mapping[str, Any]) -> AccessKind:
    lists = (
        (AccessKind.NOTHING, buckets["public"]),
        (AccessKind.ACCOUNT, buckets["account"]),
        (AccessKind.READER_PAYS, buckets["requester_pays"]),
    )
    return next((kind for kind, names in lists if name in names), AccessKind.UNKNOWN)


@lru_cache(maxsize=1)
def _tree() -> dict[str, Any]:
    return read_yaml(CONFIG_DIR / "catalogs.yaml")
