"""STAC APIs, and their collections of each sensor: ``config/catalogs.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..addresses.storage import FileAddress, file_addresses
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..stac.home import local_path, public_url
from ..text import nearest_hint
from .item_product import Trust, item_product, naming_of, sensor_of


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
    address: str = field(default="", repr=False)
    """The URL as it was given, with whatever of it is secret; to be asked, never to be shown."""

    def __post_init__(self) -> None:
        if not self.address:
            object.__setattr__(self, "address", self.url)

    @property
    def reference(self) -> str:
        """What :func:`get_catalog` finds it by again; secret where its address is."""
        return self.name if self.exact else self.address


def catalog_names() -> tuple[str, ...]:
    """Names of the known catalogues."""
    return tuple(_tree()["catalogs"])


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
    fields = tree["catalogs"].get(text.lower())
    if fields is not None:
        url = os.environ.get(fields.get("url_env", ""), "")
        return Catalog(
            name=text.lower(),
            title=fields["title"],
            url=(url or fields["url"]).rstrip("/"),
            collections=_collections(fields["collections"]),
            sas_token_url=fields.get("sas_token_url"),
            token_hosts=tuple(fields.get("token_hosts", ())),
        )
    known = _collections(tree["known_collections"])
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.netloc:
        url = public_url(text)
        return Catalog(url, urlsplit(url).netloc, url, known, exact=False, address=text)
    path = _file_of(text)
    if path is not None:
        return Catalog(str(path), path.parent.name, path.as_uri(), known, exact=False)
    listed = f"Known: {', '.join(tree['catalogs'])}; or give an http(s) URL, or a catalog.json."
    hint = nearest_hint(text.lower(), tree["catalogs"], listed, count=2)
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


def _collections(fields: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {sensor: tuple(ids) for sensor, ids in fields.items()}


def get_buckets() -> tuple[dict[str, str], tuple[str, ...]]:
    """Object-storage buckets: those readable over https (name → address), and those whose reader
    pays.
    """
    tree = _tree()["buckets"]
    return dict(tree["public"]), tuple(tree["requester_pays"])


@lru_cache(maxsize=1)
def _tree() -> dict[str, Any]:
    return read_yaml(CONFIG_DIR / "catalogs.yaml")
