"""Items as they stand in a catalogue's answer: addresses made whole, older versions made new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from .body import Json
from .home import WEB, Home, is_inner, local_path
from .links import links_of

NO_BASE = ("s3", "gs", "abfs", "abfss", "az", "adl", "oss", "ftp", "data", "http", "https")
"""Schemes of addresses that are whole by themselves."""


def whole_item(item: Json, answer_url: str, home: Home) -> tuple[Json, tuple[str, ...]]:
    """An item with whole addresses, and the keys of assets whose addresses lead to this computer.

    Relative addresses are relative to the item's own (its link ``self``), else to the answer it
    came in. Files of this computer count only in a catalogue that is one.
    """
    assets = item.get("assets")
    if not isinstance(assets, Mapping):
        return item, ()
    base = _base_of(item, answer_url, home)
    whole: dict[str, Any] = {}
    left_out = []
    for key, asset in assets.items():
        if not isinstance(asset, Mapping) or not isinstance(asset.get("href"), str):
            whole[key] = asset
            continue
        href = whole_href(asset["href"], base, home)
        if href is None:
            left_out.append(str(key))
        else:
            whole[key] = _renewed(asset, item, href, base, home)
    return {**item, "assets": whole}, tuple(left_out)


def whole_href(href: str, base: str, home: Home) -> str | None:
    """A whole address; None where it is a file of this computer and must not be."""
    href = href.strip()
    scheme = urlsplit(href).scheme.lower() if "://" in href else ""
    if scheme in NO_BASE:
        return href
    if href.startswith("/vsi"):
        return href
    if scheme and scheme != "file":
        return href
    target = urljoin(base, href)
    if urlsplit(target).scheme in WEB:
        return target
    return str(local_path(target)) if home.is_local else None


def _base_of(item: Json, answer_url: str, home: Home) -> str:
    for link in links_of(item, "self"):
        own = urljoin(answer_url, link["href"].strip())
        parts = urlsplit(own)
        if home.is_local:
            return own if parts.scheme in (*WEB, "file") else answer_url
        hidden = is_inner(parts.hostname or "") and not is_inner(urlsplit(home.url).hostname or "")
        if parts.scheme in WEB:
            return home.places_of(own, answer_url)[0] if hidden else own
    return answer_url


def _renewed(asset: Json, item: Json, href: str, base: str, home: Home) -> dict[str, Any]:
    new = {**asset, "href": href}
    numbers = asset.get("eo:bands")
    listed = (item.get("properties") or {}).get("eo:bands")
    if isinstance(numbers, list) and isinstance(listed, list):  # STAC before 0.9
        new["eo:bands"] = [
            listed[one] if isinstance(one, int) and 0 <= one < len(listed) else one
            for one in numbers
        ]
    others = asset.get("alternate")
    if isinstance(others, Mapping):
        new["alternate"] = {
            name: {**one, "href": whole_href(one["href"], base, home) or one["href"]}
            if isinstance(one, Mapping) and isinstance(one.get("href"), str)
            else one
            for name, one in others.items()
        }
    return new
