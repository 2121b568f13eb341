"""Read a sentence such as *flood at Algemesí after 29 October 2024*: which event, when, where.

Rules and lists of words, no model and no network; the same sentence is always read the same way.
What is not clear becomes an :class:`Issue`, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..discovery.area import parse_area
from ..discovery.events import EventType
from ..errors import AreaError, InputError
from ..moment import Moment
from ..text import shortened
from ..types import Aoi
from .clock import Clock, find_clocks
from .dates import FIRST_DAY, NamedDay, find_days, find_vague_days, words_before
from .event_words import find_event
from .folded import Sentence, fold
from .issue import Issue, Part
from .place_words import Where, take_coordinates, take_given, take_names
from .vocabulary import vocabulary

MOST_LETTERS = 500
"""Of a sentence; an area as WKT may be longer, and is better given as a file."""
EXAMPLE = "flood at Algemesí after 29 October 2024"


@dataclass(frozen=True)
class Reading:
    """What a sentence says."""

    text: str
    event: EventType | None
    moment: Moment | None
    area: Aoi | None
    """From coordinates, WKT or a file in the sentence."""
    names: tuple[str, ...]
    """Of the place, and of what it lies in: to be looked up."""
    radius_km: float | None
    """How far around it."""
    notes: tuple[str, ...]
    """How something was read that can be read otherwise."""
    unread: tuple[str, ...]
    """Words that are not understood."""
    issues: tuple[Issue, ...]
    """What is missing or not clear."""


def read_sentence(text: str, now: datetime) -> Reading:
    """Read a sentence in English, German, French, Spanish or Portuguese.

    Parameters
    ----------
    now : datetime
        Aware, UTC: what *yesterday* is counted from, and later than which nothing has happened.

    Raises
    ------
    InputError
        If it is empty or too long.
    """
    if not text.strip():
        raise InputError("The sentence cannot be read", "it is empty", f"Write: {EXAMPLE}.")
    if len(text) > MOST_LETTERS:
        why = f"it has {len(text)} letters, and {MOST_LETTERS} are the most"
        raise InputError(
            f"The sentence '{shortened(text)}' cannot be read", why, f"Write: {EXAMPLE}."
        )
    sentence, notes, issues = Sentence(text), list[str](), list[Issue]()
    where = take_given(sentence)
    days = list(find_days(sentence, now))
    rain = _take_rain(sentence)
    clocks = list(find_clocks(sentence))
    take_coordinates(sentence, where)
    event = find_event(sentence)
    vague = list(find_vague_days(sentence))
    unread = take_names(sentence, where)
    if isinstance(event, Issue):  # a word that is nearly an event is told there
        unread = tuple(word for word in unread if f"'{fold(word)}'" not in event.why)
        where.names = [name for name in where.names if f"'{fold(name)}'" not in event.why]
    moment = _moment([*days, *vague], clocks, now, issues, notes)
    notes += [f"'{shortened(one)}' is read as what came before, and not used" for one in rain]
    if isinstance(event, Issue):
        issues.insert(0, event)
    area = _area(where, issues, notes.append)
    issues += where.issues
    if area is None and not where.names and not any(one.part == Part.AREA for one in issues):
        issues.append(Issue(Part.AREA, "it names no place", f"Write: {EXAMPLE}."))
    if unread:
        told = ", ".join(f"'{shortened(word)}'" for word in unread)
        hint = "Leave it out, or put the name of the place into quotes."
        issues.append(Issue(Part.WORDS, f"{told} is not understood", hint))
    return Reading(
        text=text,
        event=None if isinstance(event, Issue) else event,
        moment=moment,
        area=area,
        names=tuple(where.names),
        radius_km=where.radius_km,
        notes=tuple(notes),
        unread=unread,
        issues=tuple(issues),
    )


def _take_rain(sentence: Sentence) -> list[str]:
    """Take out what came before the event: *after 3 days of rain*."""
    words = vocabulary()
    units = "|".join(sorted(map(re.escape, words.units), key=len, reverse=True))
    number = rf"(?<![^\W_])(?:\d{{1,3}}|{'|'.join(map(re.escape, words.numbers))})"
    length = rf"(?:{number}\s+(?:{units})\s+(?:{words.words['of']}\s*)?)"
    found = re.finditer(f"{length}?{words.words['rain']}", sentence.folded)
    return [
        sentence.take(words_before(sentence.folded, match.start(), "since")[0], match.end())
        for match in found
    ]


def _area(where: Where, issues: list[Issue], tell: Callable[[str], None]) -> Aoi | None:
    """The area that stands in the sentence itself."""
    if not where.given:
        return None
    given = where.given
    if where.radius_km is not None and not re.search(r"(?i)\d\s*(?:km|nmi|mi|m)\s*$", given):
        given = f"{given} {where.radius_km:g} km"
    try:
        return parse_area(given, tell)
    except AreaError as error:
        issues.append(Issue(Part.AREA, f"{error.what}: {error.why}", error.hint))
        return None


def _moment(
    days: list[NamedDay | Issue],
    clocks: list[Clock | Issue],
    now: datetime,
    issues: list[Issue],
    notes: list[str],
) -> Moment | None:
    """The one time that all days and times of a sentence are about."""
    unclear = [one for one in (*days, *clocks) if isinstance(one, Issue)]
    issues += unclear
    named = [one for one in days if isinstance(one, NamedDay)]
    plain = [one for one in named if not one.by_weekday]
    counted = plain or named
    different = list(dict.fromkeys(one.day for one in counted))
    if len(different) > 1:
        told = " and ".join(f"'{shortened(one.text)}'" for one in counted)
        why = f"{told} are several days"
        issues.append(Issue(Part.DATE, why, "Give the one on which it began, or was at its worst."))
        return None
    if not different:
        if not unclear:
            issues.append(Issue(Part.DATE, "it names no day", f"Write: {EXAMPLE}."))
        return None
    day = different[0]
    weekdays = {one.weekday for one in named if one.weekday is not None}
    weekdays |= {one.day.weekday() for one in named if one.by_weekday and plain}
    if weekdays - {day.weekday()}:
        why = f"{day} is a {day:%A}, and the sentence names another day of the week"
        issues.append(Issue(Part.DATE, why, "Correct one of them."))
        return None
    moment = _with_clock(counted, clocks, issues, notes)
    if unclear or moment is None:
        return None
    if moment.first > now:
        why = f"{day} is still to come"
        issues.append(Issue(Part.DATE, why, "Give the day that it happened."))
        return None
    if day < FIRST_DAY:
        why = f"{day} is before the first satellite that saw the land, of {FIRST_DAY}"
        issues.append(Issue(Part.DATE, why, "Give a later day."))
        return None
    notes += [
        f"'{shortened(one.text)}' is read as {one.moment or one.day}"
        for one in counted
        if one.by_weekday or not re.search(r"\d{4}", one.text)
    ]
    return moment


def _with_clock(
    counted: list[NamedDay], clocks: list[Clock | Issue], issues: list[Issue], notes: list[str]
) -> Moment | None:
    times = {one.moment for one in counted if one.moment is not None}
    named = [one for one in clocks if isinstance(one, Clock)]
    times |= {Moment.parse(f"{counted[0].day}T{one.iso}") for one in named}
    if len(times) > 1:
        issues.append(Issue(Part.DATE, "it names several times of day", "Give one, in UTC."))
        return None
    notes += [f"'{shortened(one.text)}' is read as UTC" for one in named if not one.has_zone]
    return next(iter(times)) if times else Moment.parse(counted[0].day)
