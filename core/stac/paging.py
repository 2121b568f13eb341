"""The pages of a search, one after the other, whatever the catalogue's links say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from ..monitor import Level
from .features import belongs, features_of, identity, matched, time_of
from .first_page import ask_places, first_page
from .landing import Landing
from .next_page import ask_next, guessed_pages, next_requests
from .query import SearchForm
from .transport import Answer, Request, Transport
from .trouble import Trouble

MOST_PAGES = 1000
MOST_SMALL_PAGES = 100
"""From there on a page must bring several items, on an average."""
LEAST_ITEMS = 5
MOST_IDLE_PAGES = 10
"""Pages in a row without an item of the search that still lead on."""
MOST_REPEATED_PAGES = 1
"""Pages in a row with items that were there before."""


@dataclass(frozen=True)
class Page:
    """Items of one answer, as they came."""

    items: list[Any]
    url: str
    """Of the answer; what is relative in the items is so to it."""
    sorts: bool
    """Whether the newest came first up to here, as was asked for."""


def search_pages(transport: Transport, landing: Landing, form: SearchForm) -> Iterator[Page]:
    """Every page of a search.

    Raises
    ------
    Trouble
        If the catalogue does not answer, in no form of the question.
    Cancelled
        If it was asked to stop.
    """
    first = first_page(transport, landing, form)
    forms = list(first.form.boxes())
    for number, one in enumerate(forms):
        answer = first.answer
        if number:
            requests = [Request(url, one.method, one.query()) for url in first.urls]
            answer = ask_places(transport, requests)
        walk = _Walk(transport, replace(one, sorts=one.sorts and len(forms) == 1))
        yield from walk.pages(answer)


@dataclass
class _Walk:
    """From page to page, and what came up to now."""

    transport: Transport
    form: SearchForm
    ids: set[str] = field(default_factory=set)
    received: int = 0
    asked: set[str] = field(default_factory=set)
    idle: int = 0
    stated: int | None = None
    """Items that the catalogue says it has."""
    sorts: bool = True
    last_time: datetime | None = None
    told: bool = False
    repeats: bool = False
    """The last page held only what was there before."""

    def pages(self, answer: Answer) -> Iterator[Page]:
        """The page of an answer, and all that follow it."""
        self.sorts = self.form.sorts
        current = Request(answer.url, self.form.method, self.form.query())
        self.asked.add(current.signature())
        for number in range(MOST_PAGES):
            yield self._take(answer)
            requests = next_requests(self.transport, answer, current, self.form)
            if not requests:
                if not self._is_short():
                    return
                if number:  # it linked on up to here, and knows best where its end is
                    return self._tell_rest("and its last page leads no further")
                yield from self._guess(current)
                return
            why = self._why_no_further(requests, number + 1)
            if why:
                return self._tell_rest(why)
            answer = ask_next(self.transport, requests)
            current = replace(requests[0], url=answer.url)
        self._tell_rest(f"it has more than {MOST_PAGES} pages")

    def _guess(self, current: Request) -> Iterator[Page]:
        for answer in guessed_pages(self.transport, current, self.form, self.ids):
            yield self._take(answer)
            if not self._is_short():
                return
        self._tell_rest("it has no link to the next page")

    def _take(self, answer: Answer) -> Page:
        """The items of an answer that belong to the search."""
        features = features_of(answer)
        mine = [item for item in features if belongs(item, self.form)]
        new = {identity(item) for item in mine} - self.ids
        self.idle = 0 if new else self.idle + 1
        self.repeats = bool(mine) and not new
        self.ids |= new
        self.received += len(mine)
        number = matched(answer.tree)
        self.stated = number if number is not None else self.stated
        self.sorts = self.sorts and self._in_order(mine)
        if len(mine) < len(features) and not self.told:
            self.told = True
            name = self.transport.home.name
            text = f"{name} sends scenes of other collections than the one asked for"
            self.transport.tell(f"{text}: they are left out", Level.INFO)
        return Page(mine, answer.url, self.sorts)

    def _in_order(self, items: list[Any]) -> bool:
        """Whether the newest come first, on from the page before."""
        times = [time for time in map(time_of, items) if time is not None]
        every = [self.last_time, *times] if self.last_time else times
        self.last_time = times[-1] if times else self.last_time
        return all(one >= other for one, other in pairwise(every))

    def _is_short(self) -> bool:
        return self.stated is not None and self.received < self.stated and not self.idle

    def _why_no_further(self, requests: list[Request], number: int) -> str:
        """The reason not to follow a link; empty where it is followed."""
        if self.idle > (MOST_REPEATED_PAGES if self.repeats else MOST_IDLE_PAGES):
            return "its next link brings nothing new"
        if number >= MOST_SMALL_PAGES and len(self.ids) < LEAST_ITEMS * number:
            return f"in {number} pages that lead on"
        signatures = {one.signature() for one in requests}
        if signatures & self.asked:
            return "its next link leads back"
        self.asked |= signatures
        return ""

    def _tell_rest(self, why: str) -> None:
        """Tell that the catalogue did not give all it has, unless it did.

        Raises
        ------
        Trouble
            If it gave nothing at all.
        """
        had = len(self.ids)
        if self.stated is not None and had >= self.stated:
            return
        count = "1 scene" if had == 1 else f"{had} scenes"
        share = (
            f"{had} of {self.stated} scenes came" if self.stated is not None else f"{count} came"
        )
        text = f"{share}, {why}"
        if not had:
            raise Trouble(text)
        self.transport.incomplete = text
        name = self.transport.home.name
        self.transport.tell(f"The list may not be complete. {name}: {text}")
