"""The words of all languages, from ``config/intent.yaml`` and ``config/events.yaml``, as patterns
for folded texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..discovery.events import load_events
from ..settings import CONFIG_DIR, read_yaml
from .folded import pattern_of, spellings

UNIT_HOURS = {"hour": 1, "day": 24, "week": 168}


@dataclass(frozen=True)
class Vocabulary:
    """Patterns as text, to be put together, and what the words mean."""

    months: Mapping[str, int]
    """Folded name → 1 to 12."""
    month: str
    full_month: str
    weekdays: Mapping[str, int]
    """Folded name → 0 (Monday) to 6."""
    weekday: str
    short_weekday: str
    """The same, and names that mean something else where they stand alone."""
    numbers: Mapping[str, int]
    units: Mapping[str, int]
    """Folded name → hours."""
    ago: tuple[re.Pattern[str], ...]
    last: tuple[re.Pattern[str], ...]
    """With a group ``day``."""
    next: tuple[re.Pattern[str], ...]
    words: Mapping[str, str]
    """Name of a list in the configuration → its words of all languages as a pattern."""
    nothing: frozenset[str]
    behind: frozenset[str]
    articles: frozenset[str]
    events: Mapping[str, re.Pattern[str]]
    """Name of an event → its words."""
    event_terms: tuple[str, ...]
    """All words for events, for advice on misspelt ones."""


HOLES = {
    "{n}": r"(?<![^\W_])(?P<n>[^\W_]{1,9})(?![^\W_])",
    "{unit}": r"(?P<unit>[^\W\d_]+)(?![^\W_])",
    "{day}": r"(?<![^\W_])(?P<day>[^\W\d_]+(?:\s*-?\s*feira)?)(?![^\W_])",
}
LISTS = (
    *("first", "today", "yesterday", "day_before", "tomorrow", "since", "before", "and", "vague"),
    *("zones", "at", "of", "around", "rain"),
)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """All words; read once."""
    languages: list[dict[str, Any]] = list(read_yaml(CONFIG_DIR / "intent.yaml").values())

    def all_of(name: str) -> list[str]:
        return [term for each in languages for term in each.get(name, ())]

    months = {
        spelling: number
        for each in languages
        for number, names in enumerate(each["months"], start=1)
        for name in names
        for spelling in spellings(name)
    }
    weekdays = {
        spelling: number for name, number in _weekdays(languages) for spelling in spellings(name)
    }
    plain = [name for each in languages for name in each["weekdays"]]
    plain += [name for each in languages for name in each.get("other_weekdays", ())]
    short = [*plain, *all_of("short_weekdays")]
    words = {name: pattern_of(all_of(name)) for name in LISTS}
    short_weekday = pattern_of(short)
    events = load_events()
    return Vocabulary(
        months=months,
        month=pattern_of(months),
        full_month=pattern_of(names[0] for each in languages for names in each["months"]),
        weekdays=weekdays,
        weekday=pattern_of(plain),
        short_weekday=short_weekday,
        numbers={
            spelling: number
            for each in languages
            for number, word in _numbers(each)
            for spelling in spellings(word)
        },
        units={
            spelling: UNIT_HOURS[unit]
            for each in languages
            for unit, names in each["units"].items()
            for name in names
            for spelling in spellings(name)
        },
        ago=tuple(_filled(all_of("ago"))),
        last=tuple(_filled(all_of("last"))),
        next=tuple(_filled(all_of("next"))),
        words=words,
        nothing=_folded_words(all_of("nothing")),
        behind=_folded_words(all_of("behind")),
        articles=_folded_words(all_of("article")),
        events={
            name: re.compile(pattern_of(event.words))
            for name, event in events.items()
            if event.words
        },
        event_terms=tuple(
            spelling
            for event in events.values()
            for term in event.words
            for spelling in spellings(term.strip("*"))
        ),
    )


def _folded_words(terms: list[str]) -> frozenset[str]:
    return frozenset(
        word.rstrip("'") for term in terms for text in spellings(term) for word in text.split()
    )


def _weekdays(languages: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for each in languages:
        yield from ((name, number) for number, name in enumerate(each["weekdays"]))
        yield from ((name, number) for number, name in enumerate(each.get("short_weekdays", ())))
        yield from each.get("other_weekdays", {}).items()


def _numbers(language: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for number, words in enumerate(language["numbers"], start=1):
        yield from ((number, word) for word in ([words] if isinstance(words, str) else words))


def _filled(ways: list[str]) -> Iterator[re.Pattern[str]]:
    """Patterns of words with holes in them, the longest way first: *há 3 dias atrás* is also *há 3
    dias*. Any word fills a hole: what it means, whoever reads it looks up.
    """
    for way in sorted(ways, key=len, reverse=True):
        yield re.compile(r"\s+".join(HOLES.get(word) or pattern_of([word]) for word in way.split()))
