"""Links in what a catalogue says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Linked = Mapping[str, Any]
"""A catalogue, a collection, an item or a link, as it was read."""


def links_of(tree: Linked, *rels: str) -> Iterator[Linked]:
    """The links of some relations that have an address."""
    links = tree.get("links")
    for link in links if isinstance(links, list) else ():
        if not isinstance(link, Mapping) or link.get("rel") not in rels:
            continue
        if isinstance(link.get("href"), str) and link["href"].strip():
            yield link
