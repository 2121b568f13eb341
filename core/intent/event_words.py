"""The kind of event that a sentence names, by the words of ``config/events.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..discovery.events import EventType, load_events
from ..text import nearest_hint, shortened
from .folded import TAKEN, Sentence
from .issue import Issue, Part
from .vocabulary import vocabulary


@dataclass(frozen=True)
class _Found:
    name: str
    start: int
    end: int


def find_event(sentence: Sentence) -> EventType | Issue:
    """Take the words for an event out of a sentence.

    Where a sentence names one, such words in the name of a place are left there: *fire in Tierra
    del Fuego*. Of a kind and one of its sub-kinds the latter counts.
    """
    found = _longest(
        _Found(name, *match.span())
        for name, pattern in vocabulary().events.items()
        for match in pattern.finditer(sentence.folded)
    )
    if not found:
        return _none(sentence)
    outside = [one for one in found if not _in_place(one, found, sentence.folded)]
    counted = outside or found
    named = list(dict.fromkeys(one.name for one in counted))
    words = [sentence.written(one.start, one.end) for one in counted]
    for one in counted:
        sentence.take(one.start, one.end)
    most = max(named, key=len)
    if all(most == name or most.startswith(f"{name}.") for name in named):
        return load_events()[most]
    told = " and ".join(f"'{shortened(word)}'" for word in dict.fromkeys(words))
    kinds = " and ".join(load_events()[name].name for name in named)
    hint = "Name one; a place of that name is put into quotes."
    return Issue(Part.EVENT, f"{told} are several kinds of events ({kinds})", hint)


def _longest(found: Iterable[_Found]) -> list[_Found]:
    """Those that lie in no longer one, in the order of the sentence."""
    # of the same words, the name of the sub-kind
    every = sorted(found, key=lambda one: (one.start - one.end, -len(one.name), one.start))
    kept: list[_Found] = []
    for one in every:
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _in_place(one: _Found, found: Sequence[_Found], folded: str) -> bool:
    """Whether it stands in the name of a place: behind *in*, or behind *of* and another event."""
    words = vocabulary().words
    begin = max(
        (end for end in (other.end for other in found) if end <= one.start),
        default=0,
    )
    begin_taken = folded.rfind(TAKEN, 0, one.start) + 1
    before = folded[max(begin, begin_taken) : one.start]
    if re.search(words["at"], before):
        return True
    return begin > begin_taken and re.match(rf"\s*{words['of']}", before) is not None


def _none(sentence: Sentence) -> Issue:
    """None is named: a word that is nearly one is pointed at."""
    for word in re.findall(r"[^\W\d_]{4,}", sentence.folded):
        near = nearest_hint(word, vocabulary().event_terms, "", count=1, cutoff=0.75)
        if near:
            return Issue(Part.EVENT, f"'{shortened(word)}' is no kind of event that is known", near)
    kinds = ", ".join(name for name in load_events() if "." not in name)
    return Issue(Part.EVENT, "it names no kind of event", f"Name one of: {kinds}.")
