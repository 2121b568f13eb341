"""A map in a few words: the number to quote, how sure it is, and the areas behind it."""

from __future__ import annotations

from collections.abc import Sequence

from ..algorithms.kernel import NOT_OBSERVED_COLOR
from ..operation import AreaRow, ResultSummary
from .results import MapResult, MapStatistics

ALIKE_PERCENT = 5.0
"""Maps may be compared whose observed shares differ by no more: one that saw half of a flood says
nothing of how large it is.
"""
WIDE = 0.2
"""Half an interval, as a share of the area, from which on the area is told as "about"; a judgement:
with a fifth more or less in doubt, the second digit of a number says nothing.
"""


def summarise(
    result: MapResult, title: str = "", others: Sequence[tuple[str, MapResult]] = ()
) -> ResultSummary:
    """Put a map into a few words.

    Parameters
    ----------
    result : MapResult
        The map to quote; one with an extent.
    title : str
        Its name, where there are others.
    others : sequence of (title, MapResult)
        Other maps of the same event.
    """
    figures = result.figures
    area = figures.share_of(figures.extents[0]).area_km2
    word = _word(result)
    if area is None:
        return ResultSummary("area not known", "", "", _not_observed(result), _rows(result))
    said = [f"The number is that of {title}."] if others and title else []
    said += _why(figures)
    for name, other in others:
        theirs = other.figures.share_of(other.figures.extents[0]).area_km2
        if theirs is not None and _comparable(result, other):
            said.append(f"{name} shows {theirs:.2f} km².")
    headline = _headline(figures, area, word)
    return ResultSummary(
        headline, _range(figures, area), " ".join(said), _not_observed(result), _rows(result)
    )


def _least(figures: MapStatistics) -> float | None:
    """Square kilometres that there are at least, by a method that misses more than it takes in
    wrongly; None for others, and where nothing is left of the area.
    """
    interval = figures.interval
    if not figures.least or interval is None or interval.low >= interval.high:
        return None
    return interval.low / 1e6 if round(interval.low / 1e6, 2) else None


def _range(figures: MapStatistics, area: float) -> str:
    """``15.40 to 17.52 km²``; the mapped area where the least is the number to quote."""
    interval = figures.interval
    if interval is None or interval.low >= interval.high:
        return ""
    if figures.least:
        low = interval.low / 1e6
        return f"{area:.2f} km² mapped" if _least(figures) else f"At least {low:.2f} km²"
    return f"{interval.low / 1e6:.2f} to {interval.high / 1e6:.2f} km²"


def _why(figures: MapStatistics) -> list[str]:
    """What the range is made of, as sentences."""
    interval = figures.interval
    if interval is None or interval.low >= interval.high:
        return []
    if figures.noise is None:
        return [
            "The range takes in an edge half a pixel farther in or out; what the method misses, or "
            "takes in wrongly, is not in it."
        ]
    said = [
        "The range holds in 95 of 100 cases, by the confidence of the pixels and an edge half a "
        "pixel farther in or out; what the method cannot see is not in it.",
    ]
    if figures.sure_percent is not None:
        said.append(f"{figures.sure_percent:.0f} % of the area have a confidence of 90 % or more.")
    return [*said, *filter(None, (figures.least,))]


def _word(result: MapResult) -> str:
    """What is mapped, in the words of its class where that is one: ``flooded``."""
    subject = result.figures.extents[0]
    named = [
        row.map_class.name.partition(" (")[0]
        for row in result.figures.main.rows
        if row.map_class.code in subject.codes
    ]
    return (named[0] if len(named) == 1 else subject.name.replace("_", " ")).lower()


def _headline(figures: MapStatistics, area: float, word: str) -> str:
    """The number in one line, in words no surer than its interval."""
    least, interval = _least(figures), figures.interval
    if least is not None:
        return _at_least(least, word)
    if interval is not None and (interval.high - interval.low) / 2e6 > WIDE * area > 0:
        return _about(area, word)
    return _plain(area, word)


def _plain(area: float, word: str) -> str:
    """Usual words as a whole, since each language puts them its own way."""
    usual = {
        "affected": f"{area:.2f} km² affected",
        "burned": f"{area:.2f} km² burned",
        "changed": f"{area:.2f} km² changed",
        "damaged": f"{area:.2f} km² damaged",
        "flooded": f"{area:.2f} km² flooded",
        "water": f"{area:.2f} km² water",
    }
    return usual.get(word) or f"{area:.2f} km² {word}"


def _about(area: float, word: str) -> str:
    usual = {
        "affected": f"About {area:.2f} km² affected",
        "burned": f"About {area:.2f} km² burned",
        "changed": f"About {area:.2f} km² changed",
        "damaged": f"About {area:.2f} km² damaged",
        "flooded": f"About {area:.2f} km² flooded",
        "water": f"About {area:.2f} km² water",
    }
    return usual.get(word) or f"About {area:.2f} km² {word}"


def _at_least(area: float, word: str) -> str:
    usual = {
        "affected": f"At least {area:.2f} km² affected",
        "flooded": f"At least {area:.2f} km² flooded",
        "water": f"At least {area:.2f} km² water",
    }
    return usual.get(word) or f"At least {area:.2f} km² {word}"


def _comparable(one: MapResult, other: MapResult) -> bool:
    """Whether both maps saw about the same share, and are about the same."""
    shares = [each.figures.main.not_observed_percent for each in (one, other)]
    alike = one.figures.extents[0].name == other.figures.extents[0].name
    known = [share for share in shares if share is not None]
    return alike and len(known) == 2 and abs(known[0] - known[1]) <= ALIKE_PERCENT


def _not_observed(result: MapResult) -> str:
    unseen, percent = result.figures.main.not_observed, result.figures.main.not_observed_percent
    if percent is None or not unseen.pixels:
        return ""
    area = "" if unseen.area_km2 is None else f" ({unseen.area_km2:.2f} km²)"
    return f"{percent:.1f} % of the map was not observed{area}"


def _rows(result: MapResult) -> tuple[AreaRow, ...]:
    main, codes = result.figures.main, result.figures.extents[0].codes
    rows = [
        AreaRow(
            row.map_class.name,
            row.map_class.color,
            row.ground.area_km2,
            row.observed_percent,
            row.map_class.code in codes,
        )
        for row in main.rows
    ]
    unseen = AreaRow(
        "Not observed",
        NOT_OBSERVED_COLOR,
        main.not_observed.area_km2,
        main.not_observed_percent,
        observed=False,
    )
    return (*rows, unseen)
