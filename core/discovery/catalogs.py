"""STAC APIs, and their collections of each sensor: ``config/catalogs.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..text import nearest_hint


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


def catalog_names() -> tuple[str, ...]:
    """Names of the known catalogues."""
    return tuple(_tree()["catalogs"])


def get_catalog(name: str) -> Catalog:
    """The catalogue of that name, or the STAC API at that URL.

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
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.netloc:
        known = _collections(tree["known_collections"])
        return Catalog(text, parts.netloc, text.rstrip("/"), known, exact=False)
    listed = f"Known: {', '.join(tree['catalogs'])}; or give an http(s) URL."
    hint = nearest_hint(text.lower(), tree["catalogs"], listed, count=2)
    raise InputError(
        f"Catalogue '{name}' cannot be used", "it is neither a known name nor a URL", hint
    )


def _collections(fields: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {sensor: tuple(ids) for sensor, ids in fields.items()}


def get_buckets() -> tuple[dict[str, str], tuple[str, ...]]:
    """Object-storage buckets: those readable over https (name → address), and those whose reader
    pays.
    """
    tree = _tree()["buckets"]
    return dict(tree["public"]), tuple(tree["requester_pays"])


def _tree() -> dict[str, Any]:
    return read_yaml(CONFIG_DIR / "catalogs.yaml")
