"""The first page of a search, in the fullest form of the question that is understood."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from ..monitor import Level
from .features import alias_of, belongs, features_of, is_likely
from .landing import Landing, items_url
from .links import links_of
from .query import SearchForm, eased, heeded, plainer
from .transport import ALL_FORMS, Answer, Request, Transport
from .trouble import TRIES, Trouble

NOT_HERE = (None, 200, 400, 401, 403, 404, 405)
"""Statuses after which another place is asked, where there is one; None: no answer."""


@dataclass(frozen=True)
class FirstPage:
    """An answer, and how it was had."""

    answer: Answer
    form: SearchForm
    urls: tuple[str, ...]


def first_page(transport: Transport, landing: Landing, form: SearchForm) -> FirstPage:
    """Ask for the first page, otherwise and otherwise where it is refused, empty or beside the
    point.

    Raises
    ------
    Trouble
        If no form of the question is answered.
    """
    opening = _Opening(transport, landing)
    page = opening.find(form.fitting())
    changes = page.form.differences(form)
    if changes:
        refusal = opening.refusal
        why = refusal.reason if refusal is not None else "it does not find them otherwise"
        transport.tell(f"{transport.home.name} is asked {changes}: {why}", Level.INFO)
    return page


class _Opening:
    def __init__(self, transport: Transport, landing: Landing) -> None:
        self.refusal: Trouble | None = None
        """The first one."""
        self._transport = transport
        self._landing = landing
        self._urls = landing.search_urls
        self._tries = TRIES
        self._spare: FirstPage | None = None

    def find(self, form: SearchForm) -> FirstPage:
        end = self._transport.time_of(ALL_FORMS)
        following: SearchForm | None = form
        while following is not None and time.monotonic() <= end:
            asked = following
            try:
                page = self._ask(asked, end)
                following = self._better(page)
            except Trouble as trouble:
                if self._spare is not None:
                    break
                self.refusal = self.refusal or trouble
                following = self._after(asked, trouble)
            else:
                if following is None and _is_good(page):
                    return page
                self._spare = self._spare or page
        if self._spare is not None:
            return self._spare
        raise self._landing.trouble or self.refusal or Trouble("it did not answer")

    def _ask(self, form: SearchForm, end: float) -> FirstPage:
        requests = [Request(url, form.method, form.query()) for url in self._urls]
        answer = ask_places(self._transport, requests, self._tries, end)
        alias = alias_of(features_of(answer), form)
        if alias:
            name = self._transport.home.name
            text = f"{name} calls the collection {form.collections[0]} {alias}"
            self._transport.tell(text, Level.INFO)
        return FirstPage(answer, replace(form, alias=alias), self._urls)

    def _better(self, page: FirstPage) -> SearchForm | None:
        """The form to try instead of an answer that does not fit; None where it fits, or nothing
        is left to be tried.
        """
        features = features_of(page.answer)
        if features:
            return None if _is_good(page) else heeded(page.form)
        return None if _leads_on(page) else plainer(page.form)

    def _after(self, form: SearchForm, trouble: Trouble) -> SearchForm | None:
        """The form to try after a refusal."""
        self._tries = TRIES if trouble.status in (429, 503) else 1
        following = eased(form, trouble.status, trouble.reason, trouble.heavy)
        one = len(form.collections) == 1 and not form.features
        if following is not None or not one or trouble.status not in (404, 405, 501):
            return following
        self._urls = (items_url(self._transport, form.collections[0]),)
        return replace(form, method="GET", features=True, sorts=False, box=0)


def _leads_on(page: FirstPage) -> bool:
    return any(links_of(page.answer.tree, "next"))


def _is_good(page: FirstPage) -> bool:
    """Whether a page holds, or leads to, what was asked for."""
    features = features_of(page.answer)
    if not features:
        return _leads_on(page)
    mine = [item for item in features if belongs(item, page.form)]
    return any(is_likely(item, page.form) for item in mine)


def _ask_features(transport: Transport, request: Request, tries: int, end: float) -> Answer:
    """An answer with items; an error that comes as a good answer is asked for once more."""
    answer = transport.ask(request, tries, end)
    try:
        features_of(answer)
    except Trouble as trouble:
        if tries == 1 or not trouble.temporary:
            raise
        transport.pause(trouble)
        answer = transport.ask(request, 1, end)
        features_of(answer)
    return answer


def ask_places(
    transport: Transport, requests: list[Request], tries: int = TRIES, end: float = math.inf
) -> Answer:
    """The answer at the first of several places that has one.

    Raises
    ------
    Trouble
        That of the last place.
    """
    for number, request in enumerate(requests, 1):
        try:
            return _ask_features(transport, request, tries, end)
        except Trouble as trouble:
            if number == len(requests) or trouble.status not in NOT_HERE:
                raise
    raise Trouble("its link leads nowhere")
