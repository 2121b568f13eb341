"""The pages of a search, one after the other, whatever the catalogue's links say."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..monitor import Level
from ..times import parse_time
from .landing import Landing, items_url, links_of
from .query import Json, SearchForm, as_parameters, eased, plainer
from .transport import ALL_FORMS, TRIES, Answer, Request, Transport, Trouble, said_by

MOST_PAGES = 1000
MOST_SMALL_PAGES = 100
"""From there on a page must bring several items, on an average."""
LEAST_ITEMS = 5
MOST_IDLE_PAGES = 10
"""Pages in a row without an item of the search that still lead on."""
MOST_REPEATED_PAGES = 1
"""Pages in a row with items that were there before."""
FILTERS = ("collections", "intersects", "bbox", "datetime", "limit", "sortby")


@dataclass(frozen=True)
class Page:
    """Items of one answer, as they came."""

    items: list[Any]
    url: str
    """Of the answer; what is relative in the items is so to it."""
    sorts: bool
    """Whether the newest came first up to here, as was asked for."""


@dataclass
class _Progress:
    """What came of one search up to now."""

    sorts: bool
    ids: set[str] = field(default_factory=set)
    received: int = 0
    asked: set[str] = field(default_factory=set)
    idle: int = 0
    matched: int | None = None
    last_time: datetime | None = None
    told: bool = False

    def take(self, answer: Answer, collections: tuple[str, ...]) -> list[Any]:
        """The items of an answer that belong to the search."""
        features = features_of(answer)
        mine = [item for item in features if _belongs(item, collections)]
        new = {_identity(item) for item in mine} - self.ids
        self.idle = 0 if new else self.idle + 1
        self.ids |= new
        self.received += len(mine)
        stated = matched(answer.tree)
        self.matched = stated if stated is not None else self.matched
        self.sorts = self.sorts and self._in_order(mine)
        return mine

    def _in_order(self, items: list[Any]) -> bool:
        """Whether the newest come first, on from the page before."""
        times = [time for time in map(_time, items) if time is not None]
        every = [self.last_time, *times] if self.last_time else times
        self.last_time = times[-1] if times else self.last_time
        return all(one >= other for one, other in pairwise(every))


def search_pages(transport: Transport, landing: Landing, form: SearchForm) -> Iterator[Page]:
    """Every page of a search.

    Raises
    ------
    Trouble
        If the catalogue does not answer, in no form of the question.
    Cancelled
        If it was asked to stop.
    """
    first, form, urls = _first_page(transport, landing, form)
    forms = list(form.boxes())
    for number, one in enumerate(forms):
        if number:
            first = _ask_places(transport, [Request(url, one.method, one.query()) for url in urls])
        yield from _pages_from(transport, first, replace(one, sorts=one.sorts and len(forms) == 1))


def _first_page(
    transport: Transport, landing: Landing, form: SearchForm
) -> tuple[Answer, SearchForm, list[str]]:
    """The first answer that can be used, in the fullest form of the question that is understood."""
    asked, urls = form.fitting(), list(landing.search_urls)
    empty: tuple[Answer, SearchForm, list[str]] | None = None
    refusal: Trouble | None = None
    patient, end = True, transport.time_of(ALL_FORMS)
    while True:
        try:
            requests = [Request(url, asked.method, asked.query()) for url in urls]
            answer, found = _ask_places(transport, requests, patient, end), asked
            if features_of(answer) or any(links_of(answer.tree, "next")):
                _tell_change(transport, found, form, refusal)
                return answer, found, urls
            empty = empty or (answer, found, urls)
            following = plainer(asked)
        except Trouble as trouble:
            if empty is not None:
                return empty
            refusal = refusal or trouble
            following = eased(asked, trouble.status, trouble.reason, trouble.heavy)
            if following is None and not asked.features and len(asked.collections) == 1:
                urls = [items_url(transport, asked.collections[0])]
                following = replace(asked, method="GET", features=True, sorts=False, box=0)
                following = following if trouble.status in (404, 405, 501) else None
            patient = trouble.status in (429, 503)
        if following is None or time.monotonic() > end:
            if empty is not None:
                return empty
            raise (landing.trouble or refusal or Trouble("it did not answer"))
        asked = following


def _tell_change(
    transport: Transport, found: SearchForm, form: SearchForm, refusal: Trouble | None
) -> None:
    changes = found.differences(form)
    if changes:
        why = refusal.reason if refusal is not None else "it found nothing otherwise"
        text = f"{transport.home.name} is asked {changes}: {why}"
        transport.tell(text, Level.INFO)


def _ask_places(
    transport: Transport, requests: list[Request], patient: bool = True, end: float = math.inf
) -> Answer:
    """The answer at the first of several places that has one."""
    for number, request in enumerate(requests, 1):
        last = number == len(requests)
        try:
            answer = transport.ask(request, TRIES if patient else 1, end)
            features_of(answer)
            return answer
        except Trouble as trouble:
            elsewhere = trouble.status in (None, 200, 400, 404, 405)
            if last or not elsewhere:
                raise
    raise Trouble("its link leads nowhere")


def features_of(answer: Answer) -> list[Any]:
    """The items of an answer.

    Raises
    ------
    Trouble
        If it has none: some servers answer 200 with an error.
    """
    features = answer.tree.get("features")
    if isinstance(features, list):
        return features
    said = said_by(answer.tree)
    if said:
        raise Trouble(f"it answered with an error: {said}", 200)
    raise Trouble("the answer is no STAC (it has no features)", 200, hint="Is the URL a STAC API?")


def _pages_from(transport: Transport, answer: Answer, form: SearchForm) -> Iterator[Page]:
    progress = _Progress(form.sorts)
    current = Request(answer.url, form.method, form.query())
    progress.asked.add(current.signature())
    guess: Iterator[Answer] | None = None
    for number in range(MOST_PAGES):
        if number >= MOST_SMALL_PAGES and len(progress.ids) < LEAST_ITEMS * number:
            return _tell_rest(transport, progress, f"in {number} pages that lead on")
        features = features_of(answer)
        mine = progress.take(answer, form.collections)
        _tell_foreign(transport, progress, features, mine)
        yield Page(mine, answer.url, progress.sorts)
        requests = _next_requests(transport, answer, current, form)
        if guess is None and requests:
            if progress.idle > (MOST_REPEATED_PAGES if mine else MOST_IDLE_PAGES):
                return _tell_rest(transport, progress, "its next link brings nothing new")
            fresh = [one for one in requests if one.signature() not in progress.asked]
            if len(fresh) < len(requests):
                return _tell_rest(transport, progress, "its next link leads back")
            progress.asked.update(one.signature() for one in requests)
            answer = _ask_next(transport, requests)
            current = replace(requests[0], url=answer.url)
            continue
        if progress.matched is None or progress.received >= progress.matched or progress.idle:
            return None
        if number and guess is None:  # it linked on up to here, and knows best where its end is
            return _tell_rest(transport, progress, "and its last page leads no further")
        guess = guess or _guessed_pages(transport, current, form, progress)
        following = next(guess, None)
        if following is None:
            return _tell_rest(transport, progress, "it has no link to the next page")
        answer = following
    return _tell_rest(transport, progress, f"it has more than {MOST_PAGES} pages")


def _tell_rest(transport: Transport, progress: _Progress, why: str) -> None:
    """Tell that the catalogue did not give all it has, unless it did.

    Raises
    ------
    Trouble
        If it gave nothing at all.
    """
    had, stated = len(progress.ids), progress.matched
    if stated is not None and had >= stated:
        return
    count = "1 scene" if had == 1 else f"{had} scenes"
    share = f"{had} of {stated} scenes came" if stated is not None else f"{count} came"
    text = f"{share}, {why}"
    if not had:
        raise Trouble(text)
    transport.incomplete = text
    transport.tell(f"The list may not be complete. {transport.home.name}: {text}")


def _tell_foreign(
    transport: Transport, progress: _Progress, features: list[Any], mine: list[Any]
) -> None:
    if len(mine) < len(features) and not progress.told:
        progress.told = True
        text = (
            f"{transport.home.name} sends scenes of other collections than the one asked for: "
            "they are left out"
        )
        transport.tell(text, Level.INFO)


def _next_requests(
    transport: Transport, answer: Answer, current: Request, form: SearchForm
) -> list[Request]:
    """What the link to the next page may mean, the likeliest first; none where there is none."""
    link = next(links_of(answer.tree, "next"), None)
    if link is None:
        return []
    places = transport.home.next_places(link["href"], answer.url)
    headers = _own_headers(link) if len(places) == 1 else {}
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


def _own_headers(link: Json) -> dict[str, str]:
    headers = link.get("headers")
    if not isinstance(headers, Mapping):
        return {}
    return {
        str(name): value
        for name, value in headers.items()
        if isinstance(value, str) and str(name).lower().startswith("x-")
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
    mine = {name: value for name, value in form.query().items() if name in FILTERS}
    lost = {name: value for name, value in _completed(given, mine).items() if name not in given}
    query = "&".join(part for part in (parts.query, urlencode(as_parameters(lost))) if part)
    return urlunsplit(parts._replace(query=query))


def _ask_next(transport: Transport, requests: list[Request]) -> Answer:
    try:
        return _ask_places(transport, requests)
    except Trouble as trouble:
        smaller = [one for one in map(_halved, requests) if one is not None]
        if not trouble.heavy or not smaller:
            raise
        return _ask_places(transport, smaller)


def _halved(request: Request) -> Request | None:
    """The same with half as many items; None where pages are counted, and would be others."""
    query = dict(request.query)
    limit = query.get("limit")
    if "page" in query or not isinstance(limit, int) or limit < 2:
        return None
    return replace(request, query={**query, "limit": limit // 2})


def _guessed_pages(
    transport: Transport, request: Request, form: SearchForm, progress: _Progress
) -> Iterator[Answer]:
    """Further pages of a catalogue that says it has more and gives no link: by the usual names.

    A way counts as found when it brings a scene that was not there before.
    """
    had = len(progress.ids)
    base = request.query or form.query()
    ways = (("page", 2), ("offset", had), ("startIndex", had), ("token", str(had)))
    for name, value in ways:
        answer = _try_page(transport, replace(request, query={**base, name: value}), progress)
        if answer is None:
            continue
        yield answer
        number = 2
        while len(progress.ids) < (progress.matched or 0):
            number += 1
            place: Any = number if name == "page" else len(progress.ids)
            place = str(place) if name == "token" else place
            answer = _try_page(transport, replace(request, query={**base, name: place}), progress)
            if answer is None:
                return
            yield answer
        return


def _try_page(transport: Transport, request: Request, progress: _Progress) -> Answer | None:
    try:
        answer = transport.ask(request, tries=2)
        new = {_identity(item) for item in features_of(answer)} - progress.ids
    except Trouble:
        return None
    return answer if new else None


def matched(tree: Json) -> int | None:
    """Number of items that the catalogue says it has of this search, in any version's words."""
    for place in (tree, tree.get("context"), tree.get("search:metadata")):
        if isinstance(place, Mapping):
            for name in ("numberMatched", "matched"):
                value = place.get(name)
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
    return None


def _belongs(item: Any, collections: tuple[str, ...]) -> bool:
    if not isinstance(item, Mapping) or not collections:
        return True  # what is no item is counted by whoever reads it
    name = item.get("collection")
    return name is None or name in collections


def _identity(item: Any) -> str:
    if not isinstance(item, Mapping):
        return json.dumps(item, default=str)[:200]
    return f"{item.get('collection')}/{item.get('id')}"


def _time(item: Any) -> datetime | None:
    properties = item.get("properties") if isinstance(item, Mapping) else None
    time = properties.get("datetime") if isinstance(properties, Mapping) else None
    try:
        return parse_time(time) if isinstance(time, str) else None
    except ValueError:
        return None
