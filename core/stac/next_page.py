"""What a link to the next page may mean, and how pages are had where there is no link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .body import Json
from .features import features_of, identity
from .first_page import ask_places
from .links import links_of
from .query import SearchForm, as_parameters
from .transport import Answer, Request, Transport
from .trouble import Trouble

KEPT_HEADERS = {"host", "authorization", "cookie", "connection", "content-length", "range"}
"""Headers of a link that are not the server's to choose."""
WAYS = ("page", "offset", "startIndex", "token")
"""Names under which servers take the place of a page."""


def next_requests(
    transport: Transport, answer: Answer, current: Request, form: SearchForm
) -> list[Request]:
    """What the link to the next page may mean, the likeliest first; none where there is none.

    A link that lost what was asked for gets it back; as it is it comes last.
    """
    link = next(links_of(answer.tree, "next"), None)
    if link is None:
        return []
    places = transport.home.next_places(link["href"], answer.url)
    headers = _headers_of(link)
    if str(link.get("method") or "GET").upper() == "POST":
        body = link.get("body")
        body = dict(body) if isinstance(body, Mapping) else {}
        base = current.query if link.get("merge") is True or not body else form.query()
        queries = [_completed(body, base), body or dict(base)]
        requests = [Request(place, "POST", one, headers) for one in queries for place in places]
    else:
        urls = [_with_filters(place, form) for place in places] + places
        requests = [Request(url, "GET", {}, headers) for url in urls]
    return list({one.signature(): one for one in requests}.values())


def _headers_of(link: Json) -> dict[str, str]:
    """Headers that a link asks for: some servers keep their place in one (STAC API, Paging)."""
    headers = link.get("headers")
    return {
        str(name): value
        for name, value in (headers.items() if isinstance(headers, Mapping) else ())
        if isinstance(value, str) and value.isprintable() and str(name).lower() not in KEPT_HEADERS
    }


def _completed(query: Json, base: Json) -> dict[str, Any]:
    """A query with what it lost of the one before: where, when and which collection."""
    lost = {name: value for name, value in base.items() if name not in query}
    if "bbox" in query or "intersects" in query or "ids" in query:
        lost = {name: value for name, value in lost.items() if name not in ("bbox", "intersects")}
    return {**lost, **query}


def _with_filters(url: str, form: SearchForm) -> str:
    """The address of a GET with the filters that it lost."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    lost = {n: v for n, v in _completed(given, form.query()).items() if n not in given}
    query = "&".join(part for part in (parts.query, urlencode(as_parameters(lost))) if part)
    return urlunsplit(parts._replace(query=query))


def ask_next(transport: Transport, requests: list[Request]) -> Answer:
    """The next page, or half of it where it is too much for the server.

    Raises
    ------
    Trouble
        If it does not come.
    """
    try:
        return ask_places(transport, requests)
    except Trouble as trouble:
        smaller = [one for one in map(_halved, requests) if one is not None]
        if not trouble.heavy or not smaller:
            raise
        return ask_places(transport, smaller)


def _halved(request: Request) -> Request | None:
    """The same with half as many items; None where pages are counted, and would be others."""
    query = dict(request.query)
    limit = query.get("limit")
    if "page" in query or not isinstance(limit, int) or limit < 2:
        return None
    return replace(request, query={**query, "limit": limit // 2})


def guessed_pages(
    transport: Transport, request: Request, form: SearchForm, had: set[str]
) -> Iterator[Answer]:
    """Further pages of a catalogue that says it has more and gives no link: by the usual names.

    Parameters
    ----------
    had : set of str
        Identities of the items that came; the caller adds those of each page. A way counts as
        found when it brings an item that was not there before.
    """
    base = request.query or form.query()
    for name in WAYS:
        number = 2
        while True:
            place: Any = {"page": number, "token": str(len(had))}.get(name, len(had))
            answer = _try_page(transport, replace(request, query={**base, name: place}), had)
            if answer is None:
                break
            yield answer
            number += 1
        if number > 2:
            return


def _try_page(transport: Transport, request: Request, had: set[str]) -> Answer | None:
    try:
        answer = transport.ask(request, tries=2)
        new = {identity(item) for item in features_of(answer)} - had
    except Trouble:
        return None
    return answer if new else None
