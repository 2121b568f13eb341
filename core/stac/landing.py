"""The first page of a catalogue: where it is searched, and which collections it has."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from .body import Json, said_by
from .home import Home
from .links import links_of
from .transport import Answer, Request, Transport
from .trouble import Trouble, no_stac

SORT_ENDS = ("item-search#sort", "item-search/sort")
"""Ends of the conformance class of servers that sort."""
MOST_COLLECTION_PAGES = 20
CHILDREN = ("child", "item", "items")


@dataclass(frozen=True)
class Landing:
    """What a catalogue says of itself."""

    answer: Answer | None
    """None where it does not answer and only its search may."""
    search_urls: tuple[str, ...] = ()
    """Places of its search, the likeliest first; none where it is a static catalogue."""
    methods: tuple[str, ...] = ("POST", "GET")
    sorts: bool = False
    collection: str = ""
    """Where the address is that of one collection: its id."""
    items: bool = False
    """Its address is that of items, of OGC API Features."""
    trouble: Trouble | None = None
    """What kept it from answering."""


def open_catalogue(transport: Transport) -> Landing:
    """Ask for the first page.

    A page that is damaged, or says less than it should, does not close the catalogue: its search
    is tried all the same, at the place where all have it.

    Raises
    ------
    Trouble
        If there is no catalogue.
    """
    url = transport.home.url
    try:
        answer = transport.ask(Request(url))
    except Trouble as trouble:
        if transport.home.is_local or trouble.status in (None, 401, 403):
            raise
        return Landing(None, (f"{url}/search",), trouble=trouble)
    transport.home = transport.home.moved(answer.url)
    tree = answer.tree
    kind = tree.get("type")
    if isinstance(tree.get("features"), list):
        return _of_items(transport, answer)
    if not is_catalogue(tree):
        why = no_stac(said_by(tree) or "it has no links")
        return Landing(None, (f"{transport.home.url}/search",), trouble=why)
    if kind == "Collection":
        return _of_collection(transport, answer)
    return _of_catalogue(transport, answer)


def is_catalogue(tree: Json) -> bool:
    """Whether a page is that of a catalogue or collection, of any version."""
    return isinstance(tree.get("links"), list) and not isinstance(tree.get("geometry"), Mapping)


def _of_catalogue(transport: Transport, answer: Answer) -> Landing:
    tree, home = answer.tree, transport.home
    links = list(links_of(tree, "search"))
    classes = _conformance(transport, answer)
    is_api = bool(links) or any("item-search" in name for name in classes)
    is_api = is_api or not _has_children(tree) or any(links_of(tree, "data"))
    if home.is_local or not is_api:
        return Landing(answer)
    places = [place for link in links for place in _search_places(home, link["href"], answer.url)]
    usual = f"{home.url}/search"
    methods = {str(link.get("method") or "GET").upper() for link in links}
    return Landing(
        answer,
        tuple(dict.fromkeys((*(_bare(place) for place in places), usual))),
        ("POST", "GET") if "POST" in methods or not links else ("GET", "POST"),
        any(name.rstrip("/").endswith(SORT_ENDS) for name in classes),
    )


def _search_places(home: Home, href: str, base: str) -> list[str]:
    """Behind a proxy a link with an inner name often lacks the beginning of the path, too."""
    places = home.places_of(href, base)
    inner = bool(places) and urlsplit(urljoin(base, href)).netloc != urlsplit(places[0]).netloc
    if inner and urlsplit(places[0]).path.rstrip("/").endswith("/search"):
        return [f"{home.url}/search", *places]
    return places


def _bare(url: str) -> str:
    return urlsplit(url)._replace(fragment="").geturl()


def _has_children(tree: Json) -> bool:
    return any(links_of(tree, *CHILDREN))


def _conformance(transport: Transport, answer: Answer) -> tuple[str, ...]:
    classes = answer.tree.get("conformsTo")
    if not isinstance(classes, list):
        classes = []
        for link in links_of(answer.tree, "conformance"):
            with suppress(Trouble):
                classes = _ask_link(transport, link, answer.url).tree.get("conformsTo") or []
                break
    return tuple(name for name in classes if isinstance(name, str)) if classes else ()


def _ask_link(transport: Transport, link: Json, base: str) -> Answer:
    places = transport.home.places_of(str(link["href"]), base)
    for number, place in enumerate(places, 1):
        try:
            return transport.ask(Request(place), tries=2)
        except Trouble:
            if number == len(places):
                raise
    raise Trouble("its link leads nowhere")


def _of_collection(transport: Transport, answer: Answer) -> Landing:
    """One collection: searched by its items' address where it has one, else walked."""
    name = answer.tree.get("id")
    name = name if isinstance(name, str) else ""
    if not transport.home.is_local:
        for link in links_of(answer.tree, "items"):
            places = transport.home.places_of(link["href"], answer.url)
            if places:
                return Landing(answer, tuple(places), ("GET",), collection=name, items=True)
    return Landing(answer, collection=name)


def _of_items(transport: Transport, answer: Answer) -> Landing:
    """A page of items: the search or the items of an API, whose address was given, or a file."""
    place = transport.home.url
    base, _, last = place.rpartition("/")
    if transport.home.is_local or last not in ("search", "items"):
        return Landing(answer)
    if last == "search":
        landing = Landing(answer, (place,))
        with suppress(Trouble):
            above = transport.ask(Request(base), tries=1)
            if is_catalogue(above.tree):
                transport.home = replace(transport.home, url=base)
                landing = _of_catalogue(transport, above)
        return landing
    return Landing(answer, (place,), ("GET",), collection=base.rpartition("/")[2], items=True)


def collections_of(transport: Transport, landing: Landing) -> dict[str, Json] | None:
    """The catalogue's collections by their ids; None where it does not tell.

    One that is damaged is left out: its id is enough to be listed.
    """
    if landing.answer is None or not landing.search_urls:
        return None
    found: dict[str, Json] = {}
    usual: dict[str, Any] = {"rel": "data", "href": f"{transport.home.url}/collections"}
    link: Json | None = next(links_of(landing.answer.tree, "data", "collections"), usual)
    base, asked = landing.answer.url, set()
    for _ in range(MOST_COLLECTION_PAGES):
        if link is None or link["href"] in asked:
            break
        asked.add(link["href"])
        try:
            answer = _ask_link(transport, link, base)
        except Trouble:
            break
        found.update(_listed(answer.tree))
        base, link = answer.url, next(links_of(answer.tree, "next"), None)
    return found or _children(landing.answer.tree)


def _listed(tree: Json) -> dict[str, Json]:
    entries = tree.get("collections")
    return {
        entry["id"]: entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)
    }


def _children(tree: Json) -> dict[str, Json] | None:
    """Collections by the catalogue's links to them."""
    names = (urlsplit(link["href"]).path.rstrip("/") for link in links_of(tree, "child"))
    return {name.rpartition("/")[2]: {} for name in names if "/collections/" in name} or None


def items_url(transport: Transport, collection: str) -> str:
    """Address of a collection's items, of OGC API Features."""
    return f"{transport.home.url}/collections/{quote(collection, safe='')}/items"
