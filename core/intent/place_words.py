"""Where a sentence says that it happened: coordinates, a file, a name, and how far around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import AreaError
from ..text import shortened
from .folded import TAKEN, Sentence
from .issue import Issue, Part
from .vocabulary import vocabulary

SUFFIXES = (
    *("gpkg", "geojson", "json", "shp", "kml", "kmz", "gml", "fgb", "gpx", "tab", "sqlite", "dxf"),
    *("parquet", "geojsonl", "zip"),
)
KM = {"km": 1.0, "m": 0.001, "mi": 1.609344, "nmi": 1.852}
_QUOTED = re.compile(r'"([^"\x00]*)"|«([^»\x00]*)»')
_FILE = re.compile(rf"(?<!\S)\S+\.(?:{'|'.join(SUFFIXES)})(?![^\W_])")
_SHAPE = re.compile(r"(?<![^\W_])(?:multi)?polygon\s*[zm]{0,2}\s*\(")
_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_NO_DISTANCE = r"(?!\.?\d)(?!\s*(?:km|nmi|mi|m)(?![^\W_]))"
_ANGLE = (
    rf"(?:[nsewo](?![^\W\d_])\s*)?{_NUMBER}{_NO_DISTANCE}\s*°?(?:\s*\d+(?:\.\d+)?\s*')?"
    rf"(?:\s*\d+(?:\.\d+)?\s*(?:\"|''))?(?:\s*[nsewo](?![^\W_]))?"
)
_POINTS = re.compile(
    rf"(?<![\w.,])(?:geo:)?{_ANGLE}(?:\s*[,;/]\s*{_ANGLE}|\s+{_ANGLE})+"
    rf"(?:[\s,;]+\d+(?:[.,]\d+)?\s*(?:km|nmi|mi|m)(?![^\W_]))?(?![^\W_])"
)
_DISTANCE = (
    r"(?<![\w.,])(?P<size>\d+(?:[.,]\d+)?)\s*(?P<unit>km|nmi|mi|m|kilomet(?:er|ern|ers|re|res)|"
    r"kilometros?|quilometros?|met(?:er|ern|ers|re|res)|metros?|miles?|meilen)(?![^\W_])"
)
NEGATION = "no"
"""Is *in the* in Portuguese, where a place follows."""
_LINKS = re.compile(r"\s*(?:,|(?<![^\W_])(?:and|und|et|y|e)(?![^\W_]))\s*$")


@dataclass
class Where:
    """What a sentence says of the place."""

    given: str = ""
    """Coordinates, WKT or the name of a file, for ``parse_area``."""
    names: list[str] = field(default_factory=list)
    """The place first, then what it lies in."""
    radius_km: float | None = None
    issues: list[Issue] = field(default_factory=list)


def take_given(sentence: Sentence) -> Where:
    """Take quoted names, files, shapes and coordinates out of a sentence."""
    where = Where()
    given: list[str] = []
    for match in _QUOTED.finditer(sentence.folded):
        content = sentence.written(*match.span(1 if match[1] is not None else 2))
        sentence.take(*match.span())
        if _FILE.fullmatch(content.lower().replace(" ", "_")):
            given.append(content)
        elif content:
            where.names.append(content)
    shape = _SHAPE.search(sentence.folded)
    if shape:
        given.append(sentence.take(shape.start(), _closing(sentence.folded, shape.end())))
    given += [sentence.take(*match.span()) for match in _FILE.finditer(sentence.folded)]
    if len(given) > 1:
        told = " and ".join(f"'{shortened(one)}'" for one in given)
        where.issues.append(Issue(Part.AREA, f"{told} are several areas", "Give one."))
    where.given = given[0] if given else ""
    return where


def take_coordinates(sentence: Sentence, where: Where) -> None:
    """Take coordinates and distances out of a sentence, after its days."""
    from ..shapes.coordinates import read_coordinates

    for match in _POINTS.finditer(sentence.folded):
        text = sentence.written(*match.span())
        try:
            is_place = len(re.findall(_NUMBER, text)) == 4 or read_coordinates(text) is not None
        except AreaError:
            is_place = True  # said by whoever reads it
        if is_place:
            sentence.take(*match.span())
            if where.given:
                told = f"'{shortened(where.given)}' and '{shortened(text)}'"
                where.issues.append(Issue(Part.AREA, f"{told} are several areas", "Give one."))
            where.given = where.given or text
    around = rf"(?:{vocabulary().words['around']}\s*)*{_DISTANCE}"
    for match in re.finditer(around, sentence.folded):
        text = sentence.take(*match.span())
        radius = float(match["size"].replace(",", ".")) * _unit_km(match["unit"])
        if where.radius_km not in (None, radius):
            why = f"'{shortened(text)}' is a second distance"
            where.issues.append(Issue(Part.AREA, why, "Give one."))
        where.radius_km = radius


def take_names(sentence: Sentence, where: Where) -> tuple[str, ...]:
    """Take the names of places out of what is left.

    Returns
    -------
    tuple of str
        Words that are not understood.
    """
    marked, bare, unread = list[str](), list[str](), list[str]()
    for start, end in sentence.runs():
        for begin, stop, has_mark in _pieces(sentence, start, end):
            name = _named(sentence.written(begin, stop).strip(" ,;.:!?-\n\t"))
            if name and re.search(r"[^\W_]", name):
                (marked if has_mark else bare).append(name)
            elif name:
                unread.append(name)
    named = where.names or where.given
    if marked and not where.given:
        where.names += [part for name in marked for part in _parts(name)]
    elif marked:
        unread += marked
    if bare and not marked and not named:
        if len(bare) == 1:
            where.names += _parts(bare[0])
        else:
            told = " or ".join(f"'{shortened(name)}'" for name in bare)
            hint = "Write at before the place, or put its name into quotes."
            where.issues.append(Issue(Part.AREA, f"the place can be {told}", hint))
    else:
        unread += bare
    return tuple(unread)


def _pieces(sentence: Sentence, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Parts of a run that may be names: begin, end, and whether a word says that a place follows.

    Words that say nothing are left out; so are articles alone.
    """
    words, folded = vocabulary().words, sentence.folded
    marks = [
        match.span()
        # "a" is an article too, "à" is none; in Villeneuve-sur-Lot "sur" is of the name
        for match in re.compile(rf"(?<!-)(?:{words['at']}|\ba\b(?!'))(?!-)").finditer(
            folded, start, end
        )
        if match.group() != "a" or sentence.written(*match.span()) in ("à", "À")
    ]
    # of Algemesí, directly behind what was understood
    first = re.match(rf"\s*{words['of']}\s*", folded[start:end])
    if start and folded[start - 1] == TAKEN and first is not None:
        marks = [
            (start, start + first.end()),
            *(one for one in marks if one[0] >= start + first.end()),
        ]
    borders = [start, *(mark[0] for mark in marks), end]
    begins = [start, *(mark[1] for mark in marks)]
    for number, begin in enumerate(begins):
        low, high = _trimmed(folded, begin, borders[number + 1], at_place=number > 0)
        if low < high:
            yield low, high, number > 0
        elif number and folded[slice(*marks[number - 1])] == NEGATION:
            yield *marks[number - 1], False


def _trimmed(folded: str, begin: int, end: int, at_place: bool) -> tuple[int, int]:
    """Without words that say nothing: before a name, and behind it those that may stand there."""
    words = [
        (begin + match.start(), begin + match.end(), match.group().rstrip("'"))
        for match in re.finditer(r"[^\W_]+'?|[^\w\s]|_", folded[begin:end])
    ]
    known, behind = vocabulary().nothing, vocabulary().behind
    articles = vocabulary().articles
    if all(word in known or word in articles or word in ",.;:!?-()" for _, _, word in words):
        return begin, begin
    while (
        words
        and not at_place
        and ((words[0][2] in known and words[0][2] not in articles) or words[0][2] in ",.;:!?-")
    ):
        words.pop(0)
    # an article stays where it begins a name: La Palma; the one before "of" says nothing
    while len(words) > 1 and not at_place and words[0][2] in articles and words[1][2] in known:
        words.pop(0)
        while words and words[0][2] in known and words[0][2] not in articles:
            words.pop(0)
    while words and (words[-1][2] in behind or words[-1][2] in ",.;:!?-"):
        words.pop()
    return (words[0][0], words[-1][1]) if words else (begin, begin)


def _named(name: str) -> str:
    """A name without the article of the sentence; one that is written large is the place's: *in der
    Eifel*, *in La Palma*.
    """
    first, _, rest = name.partition(" ")
    is_small = first.islower() and rest[:1].isupper()
    return rest if is_small and first.rstrip("'’") in vocabulary().articles else name


def _parts(name: str) -> list[str]:
    """``Algemesí, Valencia`` → both."""
    parts = (_LINKS.sub("", part).strip(" .;:") for part in name.split(","))
    return [part for part in parts if part]


def _closing(folded: str, start: int) -> int:
    """End of the bracket that opens before ``start``."""
    depth = 1
    for place in range(start, len(folded)):
        depth += {"(": 1, ")": -1}.get(folded[place], 0)
        if not depth:
            return place + 1
    return len(folded)


def _unit_km(unit: str) -> float:
    if unit in KM:
        return KM[unit]
    if unit.startswith(("mil", "meil")):
        return KM["mi"]
    return 1.0 if unit.startswith(("k", "q")) else KM["m"]
