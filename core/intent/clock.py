"""The time of day that a sentence names: always in UTC, or with its distance from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..text import shortened
from .folded import Sentence
from .issue import Issue, Part
from .vocabulary import vocabulary

ZONE = r"(?P<zone>utc|gmt|z|(?:utc|gmt)?\s*[+-]\s*\d{1,2}(?::?\d{2})?)"
_LEAD = r"(?:(?<![^\W_])(?:at|um|gegen|a|vers|a las|a la|as|around|about|ca\.?)\s+)?"
_HALF = r"(?P<half>[ap])\.?\s?m\.?(?![^\W_])"
_AFTER = rf"(?:\s*(?:{_HALF}|(?:uhr|hrs|h)(?![^\W_])))?(?:\s*{ZONE}(?![^\W_]))?"
_PATTERNS = (
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}})(?:\.\d+)?)?{_AFTER}",
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{1,2}})\s?h\s?(?P<m>\d{{2}})(?![^\W_])(?:\s*{ZONE}(?![^\W_]))?",
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{1,2}})\.(?P<m>\d{{2}})\s*(?:uhr)(?:\s*{ZONE}(?![^\W_]))?",
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{1,2}})\s*(?:uhr|h|heures?|horas?|o'clock)(?![^\W_])"
    rf"(?:\s*{ZONE}(?![^\W_]))?",
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{1,2}})\s*{_HALF}(?:\s*{ZONE}(?![^\W_]))?",
    rf"{_LEAD}(?<![\w.:])(?P<h>\d{{2}})(?P<m>\d{{2}})\s?(?P<zone>utc|gmt|z)(?![^\W_])",
)
_HINT = "Write it in UTC: 14:00 UTC."


@dataclass(frozen=True)
class Clock:
    """A time of day."""

    text: str
    """As it was written."""
    iso: str
    """``14:00:00+00:00``: for the end of an ISO time."""
    has_zone: bool


def find_clocks(sentence: Sentence) -> Iterator[Clock | Issue]:
    """Take the times of day out of a sentence."""
    zones = re.compile(rf"\s*{vocabulary().words['zones']}")
    for pattern in _PATTERNS:
        for match in re.finditer(pattern, sentence.folded):
            named = zones.match(sentence.folded, match.end())
            end = named.end() if named else match.end()
            text = sentence.take(match.start(), end)
            if named:
                why = f"the time '{shortened(text)}' is not in UTC"
                yield Issue(Part.DATE, why, _HINT)
            else:
                yield _clock(match.groupdict(), text)


def _clock(parts: dict[str, str | None], text: str) -> Clock | Issue:
    hour, minute, second = (int(parts.get(name) or 0) for name in "hms")
    half = parts.get("half")
    if half and not 1 <= hour <= 12:
        hour = 99
    elif half:
        hour = hour % 12 + (12 if half == "p" else 0)
    offset = _offset(parts.get("zone"))
    if hour > 23 or minute > 59 or second > 59 or offset is None:
        return Issue(Part.DATE, f"'{shortened(text)}' is no time of day", _HINT)
    iso = f"{hour:02}:{minute:02}:{second:02}{offset}"
    return Clock(text, iso, bool(parts.get("zone")))


def _offset(zone: str | None) -> str | None:
    """``+02:00``; None where there is no such distance from UTC."""
    found = re.search(r"([+-])\s*(\d{1,2})(?::?(\d{2}))?$", zone or "")
    if found is None:
        return "+00:00"
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    return f"{found[1]}{hours:02}:{minutes:02}"
