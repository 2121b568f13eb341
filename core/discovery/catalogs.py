"""STAC APIs, their collections of each sensor, and what these need: ``config/catalogs.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..addresses.storage import FileAddress, file_addresses
from ..aoi import Bounds
from ..enums import AccessKind
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..stac.home import local_path, public_url
from ..text import is_address, nearest_hint
from .table.place import STORES, is_table_address, table_path, web_url

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
    logins: tuple[str, ...] = ()
    """Names of the logins (``config/accounts.yaml``), any of which opens its files."""
    is_local: bool = False
    """Of this computer: never chosen by itself."""
    page_size: int = PAGE_SIZE
    at_once: int = AT_ONCE
    naming: str = ""
    """How it calls the bands, for people."""
    sources: tuple[str, ...] = ()
    """Where these facts were read."""
    unverified: tuple[str, ...] = ()
    """Facts that were read nowhere."""
    is_table: bool = False
    """Its items are rows of Parquet files: there is nobody to ask."""
    members: tuple[Catalog, ...] = ()
    """Of a choice of several: the catalogues that are asked together, in the order of choice."""
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
    return tuple(_offered(_tree()))


def catalog_choices() -> tuple[str, ...]:
    """Names that a user can choose from: that of the choice by itself, then the catalogues."""
    return AUTO, *catalog_names()


def get_catalog(name: str) -> Catalog:
    """The catalogue of that name, or at that URL: a STAC API, files of JSON, or a table (STAC
    GeoParquet); files and tables may also lie on this computer. Several with commas between them
    are one choice: they are asked together.

    Raises
    ------
    InputError
        If it is neither; the sentence offers the nearest names.
    """
    several = _split(name)
    if len(several) > 1:
        return _together([get_catalog(each) for each in several])
    text = several[0] if several else name.strip()
    tree = _tree()
    if text.lower() == AUTO:
        return _auto(tree)
    fields = _offered(tree).get(text.lower())
    if fields is not None:
        return _catalog(text.lower(), fields)
    known = {sensor: tuple(ids) for sensor, ids in tree["known_collections"].items()}
    found = _at_address(text, known) or _on_this_computer(text, known)
    if found is not None:
        return found
    choices = ", ".join(catalog_choices())
    listed = f"Known: {choices}; or give an http(s) URL, a catalog.json, or a Parquet table."
    hint = nearest_hint(text.lower(), catalog_choices(), listed, count=2)
    raise InputError(
        f"Catalogue '{name}' cannot be used", "it is neither a known name nor a URL", hint
    )


def _at_address(text: str, known: Mapping[str, tuple[str, ...]]) -> Catalog | None:
    parts = urlsplit(text)
    if not parts.netloc or not (is_address(text) or is_table_address(text)):
        return None
    url = public_url(web_url(text))
    is_table = is_table_address(text)
    title = urlsplit(text).netloc.rpartition("@")[2]
    return Catalog(url, title, url, known, exact=False, is_table=is_table, address=text)


def _on_this_computer(text: str, known: Mapping[str, tuple[str, ...]]) -> Catalog | None:
    path = _file_of(text)
    if path is None:
        return None
    is_table = _is_table(path)
    title = path.name if is_table else path.parent.name
    return Catalog(str(path), title, path.as_uri(), known, exact=False, is_table=is_table)


def _split(text: str) -> list[str]:
    """The names and addresses in a list with commas. An address may hold commas of its own: behind
    one, a comma separates only where a name or another address begins.
    """
    names: list[str] = []
    for piece in text.split(","):
        if names and not _begins(names[-1].strip(), piece.strip()):
            names[-1] += f",{piece}"
        else:
            names.append(piece)
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _begins(before: str, text: str) -> bool:
    if before.lower() in catalog_choices() or text.lower() in catalog_choices():
        return True
    return text.startswith(("http://", "https://", "file:", *STORES)) or _file_of(text) is not None


def _together(members: Sequence[Catalog]) -> Catalog:
    """A choice of several catalogues, with all that they have."""
    return Catalog(
        name=",".join(one.name for one in members),
        title=" and ".join(one.title for one in members),
        url="",
        collections=_union(one.collections for one in members),
        exact=False,
        members=tuple(members),
        address=",".join(one.reference for one in members),
    )


def _union(every: Iterable[Mapping[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    """All collections of each sensor."""
    union: dict[str, dict[str, None]] = {}
    for collections in every:
        for sensor, ids in collections.items():
            union.setdefault(sensor, {}).update(dict.fromkeys(ids))
    return {sensor: tuple(ids) for sensor, ids in union.items()}


def _file_of(text: str) -> Path | None:
    """The file that a path, a ``file:`` URL or a folder with a ``catalog.json`` means; a folder
    with Parquet files is itself one.
    """
    try:
        path = local_path(text) if text.startswith("file:") else Path(text).expanduser()
        listed = path / "catalog.json" if path.is_dir() else path
        if listed.is_file():
            return listed.resolve()
        return path.resolve() if _is_table(path) else None
    except (OSError, RuntimeError, ValueError):  # no home of that name, or no name at all
        return None


def _is_table(path: Path) -> bool:
    try:
        return table_path(path) is not None
    except OSError:
        return False


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
    from .item_product import Trust, item_product, naming_of, sensor_of  # the products' many names

    item = {"collection": collection}
    known = item_product(sensor, item).trust != Trust.UNKNOWN
    return sensor_of(item) == sensor and known and not naming_of(item)


def addresses_of(
    item: Mapping[str, Any], asset: Mapping[str, Any], catalog: Catalog | None = None
) -> tuple[FileAddress, ...]:
    """The places of an asset's file, those first that open for anybody.

    Parameters
    ----------
    catalog : Catalog, optional
        Whose tokens count.
    """
    return file_addresses(item, asset, partial(address_needs, catalog=catalog))


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


def _offered(tree: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The catalogues that have an address: that of the samples has one while it is served."""
    return {name: fields for name, fields in tree["catalogs"].items() if _address(fields)}


def _address(fields: Mapping[str, Any]) -> str:
    return os.environ.get(fields.get("url_env", ""), "") or str(fields.get("url", ""))


def _catalog(name: str, fields: Mapping[str, Any]) -> Catalog:
    limits, area = fields.get("limits", {}), fields.get("area")
    collections: Mapping[str, Mapping[str, str]] = fields["collections"]
    return Catalog(
        name=name,
        title=fields["title"],
        url=_address(fields).rstrip("/"),
        collections={sensor: tuple(ids) for sensor, ids in collections.items()},
        sas_token_url=fields.get("sas_token_url"),
        token_hosts=tuple(fields.get("token_hosts", ())),
        access={
            collection: AccessKind(kind)
            for ids in collections.values()
            for collection, kind in ids.items()
        },
        area=(area[0], area[1], area[2], area[3]) if area else None,
        logins=tuple(fields.get("logins", ())),
        is_local=bool(fields.get("local", False)),
        page_size=int(limits.get("page", PAGE_SIZE)),
        at_once=int(limits.get("at_once", AT_ONCE)),
        naming=str(fields.get("naming", "")),
        sources=tuple(map(str, fields.get("sources", ()))),
        unverified=tuple(map(str, fields.get("unverified", ()))),
    )


def _auto(tree: Mapping[str, Any]) -> Catalog:
    """What all catalogues together have: which ones are asked is chosen for each sensor."""
    collections = _union(fields["collections"] for fields in _offered(tree).values())
    return Catalog(AUTO, "Automatic (all open catalogues)", "", collections)


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
