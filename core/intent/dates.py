"""The day that a sentence names, in five languages; what is not clear is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from ..moment import Moment
from ..text import nearest_hint, shortened
from .folded import Sentence
from .issue import Issue, Part
from .vocabulary import vocabulary

FIRST_DAY = date(1972, 7, 23)
"""The first Landsat was launched (USGS, *Landsat 1*): no such satellite saw an earlier day."""
_ORDINAL = r"(?:st|nd|rd|th|er|eme|o|a|°|\.)?"
_OF = r"(?:\s*,?\s*(?:of|de|del|do|d')?\s*)"
_YEAR = r"(?P<y>\d{4})(?!\d)"
_NO_ZONE = r"(?:\s*(?P<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?)(?![^\W_]))?"
OF_A_DAY = ("de", "del", "do", "du", "zum", "day", "dia", "tag")
"""May stand before a day, behind *before*."""
LONGEST = 60
"""Letters before a day that are looked at."""
_HINT = "Write it like 2024-10-29 or 29 October 2024."


@dataclass(frozen=True)
class NamedDay:
    """A day, or with ``moment`` a time, that a sentence names."""

    text: str
    """As it was written."""
    day: date
    moment: Moment | None = None
    """Where the same words name the time too."""
    weekday: int | None = None
    """Where a day of the week stands before it."""
    by_weekday: bool = False
    """Named by its day of the week alone."""


@dataclass(frozen=True)
class _Way:
    """One way to write a day."""

    name: str
    pattern: re.Pattern[str]


@lru_cache(maxsize=1)
def _ways() -> tuple[_Way, ...]:
    """All ways, those first that others are part of."""
    words = vocabulary().words
    month = rf"(?P<mon>{vocabulary().month})\.?"
    number = r"(?<![\d.,])(?P<d>\d{1,2})"
    day = rf"(?:{number}{_ORDINAL}|(?P<first>{words['first']}))(?![^\W_])"
    several = rf"{number}{_ORDINAL}\s*(?:-|/|{words['and']})\s*(?:{words['since']}\s*)?\d{{1,2}}"
    clock = rf"(?:(?:t|\s+)(?P<clock>\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?){_NO_ZONE})?"
    numbers = r"(?P<a>\d{1,2})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<y>\d{4}|\d{2})"
    ways = (
        ("several", rf"{several}{_ORDINAL}{_OF}{month}(?:{_OF}{_YEAR})?"),
        ("iso", rf"(?<![\d.])(?P<y>\d{{4}})-(?P<m>\d{{1,2}})-(?P<d>\d{{1,2}})(?!\d){clock}"),
        ("iso", r"(?<![\d.,])(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?![\d.,])"),
        ("iso", r"(?<![\d.,])(?P<y>\d{4})[/.](?P<m>\d{1,2})[/.](?P<d>\d{1,2})(?!\d)"),
        ("numbers", rf"(?<![\d.,]){numbers}(?![\d.]\d)(?!\d)"),
        ("day", rf"{day}{_OF}{month}{_OF}{_YEAR}"),
        ("day", rf"{month}\s*(?:the\s+)?{day}(?:\s*,?\s*(?:of|de|del)?\s*){_YEAR}"),
        ("day", rf"(?<![\d.,]){_YEAR}{_OF}{month}\s*{day}"),
        ("no year", rf"{day}{_OF}{month}"),
        ("no year", rf"{month}\s*(?:the\s+)?{day}(?!\d)"),
        ("month", rf"{month}{_OF}{_YEAR}"),
    )
    return tuple(_Way(name, re.compile(pattern)) for name, pattern in ways)


@cache
def _ending(*names: str) -> re.Pattern[str]:
    """One of the words of these lists, or a day of the week, at the end of a text."""
    words = "|".join(vocabulary().words[name] for name in names)
    return re.compile(rf"(?:{words}|(?P<wd>{vocabulary().short_weekday})\.?,?)\s*$")


@lru_cache(maxsize=1)
def _before() -> re.Pattern[str]:
    """*Before the*, at the end of a text."""
    words = vocabulary()
    between = "|".join(sorted(map(re.escape, (*words.articles, *OF_A_DAY)), key=len, reverse=True))
    return re.compile(rf"{words.words['before']}\s*(?:(?:{between})\s+|{words.weekday},?\s+)*$")


def find_days(sentence: Sentence, now: datetime) -> Iterator[NamedDay | Issue]:
    """Take the days out of a sentence.

    Parameters
    ----------
    now : datetime
        Aware, UTC: what *yesterday* is counted from.
    """
    for way in _ways():
        for match in way.pattern.finditer(sentence.folded):
            text, weekday, before = _take(sentence, *match.span())
            told = _told(way.name, match.groupdict(), text)
            if before is None and isinstance(told, NamedDay):
                told = replace(told, weekday=weekday)
            yield before or told
    yield from _relative(sentence, now)


def find_vague_days(sentence: Sentence) -> Iterator[Issue]:
    """Take out what names a year, a month or a day without its year, after all else was read."""
    words = vocabulary()
    misspelt = (
        rf"(?P<misspelt>(?<![\d.,])\d{{1,2}}{_ORDINAL}(?:\s+of|\s+de)?\s+"
        rf"(?P<name>[^\W\d_]{{3,}})\.?(?:\s+de|\s+of|,)?\s+\d{{4}}(?![^\W_]))"
    )
    year = r"(?P<year>(?<![\d.,-])(?:19|20)\d{2}(?![\d.,]\d)(?![^\W_]))"
    no_year = r"(?P<no_year>(?<![^\W_])\d{1,2}[./]\d{1,2}(?:\.|(?=$|[\x00\s,;!?])))"
    month = rf"(?P<month>{words.full_month})\s*(?=$|[\x00,.;!?])"
    for match in re.finditer("|".join((misspelt, no_year, year, month)), sentence.folded):
        start, _ = words_before(sentence.folded, match.start(), "since", "at")
        if start == match.start() and not (match["misspelt"] or match["year"]):
            continue  # "March" alone is a town, 29.10 a number
        text = shortened(sentence.take(start, match.end()))
        if match["misspelt"]:
            near = nearest_hint(match["name"], words.months, _HINT, count=1, cutoff=0.6)
            yield Issue(Part.DATE, f"'{text}' names no month that is known", near)
        elif match["no_year"]:
            yield _no_year(text)
        elif match["year"]:
            yield Issue(Part.DATE, f"'{text}' is a year, no day", _HINT)
        else:
            yield _no_day(text)


def words_before(folded: str, start: int, *names: str) -> tuple[int, int | None]:
    """Where the words before a day begin, *on the*, and the day of the week among them."""
    weekday = None
    while found := _ending(*names).search(folded, max(0, start - LONGEST), start):
        start = found.start()
        if found["wd"] and weekday is None:
            weekday = _weekday(found["wd"])
    return start, weekday


def _take(sentence: Sentence, start: int, end: int) -> tuple[str, int | None, Issue | None]:
    """Take a day out with the words before it: its text, its day of the week, and an issue where
    they say that it is not the event's.
    """
    before = _before().search(sentence.folded, max(0, start - LONGEST), start)
    begin, weekday = words_before(sentence.folded, start, "since")
    text = sentence.take(min(before.start() if before else start, begin), end)
    if before is None:
        return text, weekday, None
    why = f"'{shortened(text)}' does not say when it happened"
    hint = "Give the day itself, or the first of several days."
    return text, weekday, Issue(Part.DATE, why, hint)


def _told(way: str, parts: dict[str, str | None], text: str) -> NamedDay | Issue:
    named = shortened(text)
    if way == "several":
        why = f"'{named}' are several days"
        return Issue(Part.DATE, why, "Give the one on which it began, or was at its worst.")
    if way == "no year":
        return _no_year(named)
    if way == "month":
        return _no_day(named)
    if way == "numbers":
        return _from_numbers(parts, text)
    if way == "iso":
        return _day(parts, text, int(parts["m"] or 0), int(parts["d"] or 0))
    month = vocabulary().months[(parts["mon"] or "").rstrip(".")]
    return _day(parts, text, month, 1 if parts.get("first") else int(parts["d"] or 0))


def _no_year(text: str) -> Issue:
    return Issue(Part.DATE, f"'{text}' has no year", "Add it: 29 October 2024.")


def _no_day(text: str) -> Issue:
    hint = "Give the day: 29 October 2024. A place of that name is put into quotes."
    return Issue(Part.DATE, f"'{text}' is a month, no day", hint)


def _from_numbers(parts: dict[str, str | None], text: str) -> NamedDay | Issue:
    """29.10.2024: the day first, where there are dots, as in the short dates of the countries that
    write dots (Unicode CLDR); with other signs only where one reading is possible.
    """
    first, second, year = int(parts["a"] or 0), int(parts["b"] or 0), parts["y"] or ""
    if len(year) == 2:
        why = f"'{shortened(text)}' has a year of two digits"
        return Issue(Part.DATE, why, "Write all four: 29 October 2024.")
    if parts["sep"] != "." and first != second and max(first, second) <= 12:
        ways = f"{year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}"
        why = f"'{shortened(text)}' can be {ways}"
        return Issue(Part.DATE, why, "Write the one that you mean.")
    is_american = parts["sep"] != "." and second > 12
    day, month = (second, first) if is_american else (first, second)
    return _day(parts, text, month, day)


def _day(parts: dict[str, str | None], text: str, month: int, day: int) -> NamedDay | Issue:
    year, clock = int(parts["y"] or 0), parts.get("clock")
    try:
        found = date(year, month, day)
        moment = Moment.parse(_iso(found, clock, parts.get("zone"))) if clock else None
    except ValueError:
        return Issue(Part.DATE, f"there is no '{shortened(text)}'", _HINT)
    return NamedDay(text, found, moment)


def _iso(day: date, clock: str | None, zone: str | None) -> str:
    offset = (zone or "z").replace("utc", "z").replace("gmt", "z").upper()
    if len(offset) == 5:  # +0200
        offset = f"{offset[:3]}:{offset[3:]}"
    elif len(offset) == 3:
        offset += ":00"
    return f"{day.isoformat()}T{clock}{offset}"


def _weekday(name: str) -> int | None:
    """0 for a Monday; None where it is no day of the week."""
    return vocabulary().weekdays.get("-".join(re.split(r"[\s-]+", name.strip())))


def _relative(sentence: Sentence, now: datetime) -> Iterator[NamedDay | Issue]:
    """*Yesterday*, *3 days ago*, *last Friday*, and what of this kind is no day."""
    words, today = vocabulary(), now.date()
    # before "morning" is taken for a day, and "week" for one of its days
    for match in re.finditer(words.words["vague"], sentence.folded):
        text, _, _ = _take(sentence, *match.span())
        yield Issue(Part.DATE, f"'{shortened(text)}' names no day", _HINT)
    for days, name in ((2, "day_before"), (0, "today"), (-1, "tomorrow"), (1, "yesterday")):
        for match in re.finditer(words.words[name], sentence.folded):
            text, _, before = _take(sentence, *match.span())
            yield before or NamedDay(text, today - timedelta(days=days))
    for match in _matches(words.ago, sentence):
        number = words.numbers.get(match["n"]) or (match["n"].isdigit() and int(match["n"]))
        hours = words.units.get(match["unit"])
        if number and hours:
            yield _ago(number * hours, _take(sentence, *match.span())[0], now)
    for match in _matches(words.next, sentence):
        if _weekday(match["day"]) is not None:
            text, _, _ = _take(sentence, *match.span())
            why = f"'{shortened(text)}' is still to come"
            yield Issue(Part.DATE, why, "Give the day that it happened.")
    for match in _matches(words.last, sentence):
        number = _weekday(match["day"])
        if number is not None:
            back = (today.weekday() - number - 1) % 7 + 1
            text, _, _ = _take(sentence, *match.span())
            yield NamedDay(text, today - timedelta(days=back), by_weekday=True)
    for match in re.finditer(words.weekday, sentence.folded):
        back = (today.weekday() - (_weekday(match.group()) or 0)) % 7
        text, _, before = _take(sentence, *match.span())
        yield before or _this_weekday(text, today - timedelta(days=back), today)


def _matches(ways: Sequence[re.Pattern[str]], sentence: Sentence) -> Iterator[re.Match[str]]:
    for way in ways:
        yield from way.finditer(sentence.folded)


def _this_weekday(text: str, day: date, today: date) -> NamedDay | Issue:
    if day == today:
        why = f"'{shortened(text)}' can be today or a week ago"
        return Issue(Part.DATE, why, f"Write {day} or {day - timedelta(days=7)}.")
    return NamedDay(text, day, by_weekday=True)


def _ago(hours: int, text: str, now: datetime) -> NamedDay | Issue:
    try:
        time = now - timedelta(hours=hours)
    except OverflowError:
        return Issue(Part.DATE, f"'{shortened(text)}' is no day of the calendar", _HINT)
    if hours < 24:  # to the hour: nobody says it more exactly
        exact = Moment.at(time.replace(minute=0, second=0, microsecond=0))
        return NamedDay(text, time.date(), exact)
    return NamedDay(text, time.date())
