"""Catalogues that are files: walked from link to link, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..times import parse_time
from .body import Json
from .home import Home
from .links import links_of
from .paging import Page
from .query import SearchForm
from .transport import Answer, Request, Transport
from .trouble import NO_STAC_HINT, Trouble

MOST_FILES = 5000
MOST_DEPTH = 12
AT_ONCE = 8
"""Files asked for together: most of the time is waiting."""


def walk(transport: Transport, start: Answer, form: SearchForm) -> Iterator[Page]:
    """The items of a catalogue of files, in pages of those that came together.

    Parts of it whose extent lies elsewhere, or in another time, are not opened. A file is opened
    once, however many links lead to it.

    Raises
    ------
    Trouble
        If it is no catalogue: without items and without links to any.
    """
    from multiprocessing.pool import ThreadPool

    if not _own_items(start.tree) and not any(_down(start.tree)):
        raise Trouble("it cannot be searched and lists no items", hint=NO_STAC_HINT)
    seen: set[str] = {start.url}
    waiting: list[tuple[Answer, int]] = [(start, 0)]
    failed: list[str] = []
    pool = ThreadPool(AT_ONCE)
    try:
        while waiting:
            answer, depth = waiting.pop()
            own = _own_items(answer.tree)
            if own:
                yield Page(own, answer.url, False)
            urls = [] if depth >= MOST_DEPTH else _links(answer, transport.home, seen)
            for number in range(0, len(urls), AT_ONCE):
                transport.check_stop()
                room = MOST_FILES - len(seen)
                batch = urls[number : number + AT_ONCE][: max(0, room)]
                seen.update(batch)
                answers = list(pool.imap(lambda url: _open(transport, url), batch))
                failed += [url for url, one in zip(batch, answers) if one is None]
                opened = [one for one in answers if one is not None]
                items = [one for one in opened if _is_item(one.tree)]
                for one in items:
                    yield Page([one.tree], one.url, False)
                parts = [one for one in opened if not _is_item(one.tree)]
                waiting += [(one, depth + 1) for one in parts if _may_hold(one.tree, form)]
    finally:
        pool.terminate()
    _tell(transport, len(seen), failed)


def _tell(transport: Transport, count: int, failed: list[str]) -> None:
    name, sentences = transport.home.name, []
    if failed:
        share = f"{len(failed)} of {count} files of {name}"
        sentences.append(f"{share} cannot be read, such as {failed[0]}")
    if count >= MOST_FILES:
        sentences.append(f"{name} has more than {MOST_FILES} files")
    for sentence in sentences:
        transport.incomplete = sentence
        transport.tell(f"The list is not complete. {sentence}")


def _own_items(tree: Json) -> list[Any]:
    if _is_item(tree):
        return [tree]
    features = tree.get("features")
    return features if isinstance(features, list) else []


def _is_item(tree: Json) -> bool:
    return tree.get("type") == "Feature"


def _links(answer: Answer, home: Home, seen: set[str]) -> list[str]:
    places = (home.places_of(link["href"], answer.url) for link in _down(answer.tree))
    urls = dict.fromkeys(urls[0] for urls in places if urls)
    return [url for url in urls if url not in seen]


def _down(tree: Json) -> Iterator[Json]:
    yield from links_of(tree, "item", "items", "child")


def _open(transport: Transport, url: str) -> Answer | None:
    try:
        return transport.ask(Request(url))
    except Trouble:
        return None


def _may_hold(tree: Json, form: SearchForm) -> bool:
    """Whether the stated extent of a part of a catalogue meets area and time."""
    extent = tree.get("extent")
    if not isinstance(extent, Mapping):
        return True
    boxes = _inner(extent, "spatial", "bbox")  # the first one is the whole
    in_area = form.meets(boxes[0] if boxes else None)
    return in_area and _meets_time(_inner(extent, "temporal", "interval"), form)


def _inner(extent: Json, *names: str) -> list[Any]:
    value: Any = extent
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


def _meets_time(intervals: list[Any], form: SearchForm) -> bool:
    first = intervals[0] if intervals and isinstance(intervals[0], list) else []
    if form.period is None or len(first) != 2:
        return True
    begins, ends = (_moment(one) for one in first)
    return not (begins and begins > form.period[1]) and not (ends and ends < form.period[0])


def _moment(text: Any) -> datetime | None:
    try:
        return parse_time(text, end_of_day=True) if isinstance(text, str) else None
    except ValueError:
        return None
