"""The question of a search in the forms that servers take: from the fullest to the plainest.

What a server does not do is done here, so each form finds the same scenes: without ``sortby``, with
the polygon's box, with dates to the second, in smaller pages, by GET instead of POST.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..times import format_time
from ..types import Aoi
from .body import Json
from .trouble import NO_STAC

NEWEST_FIRST = (
    {"field": "properties.datetime", "direction": "desc"},
    {"field": "id", "direction": "asc"},
)
PAGE_SIZES = (100, 50, 20, 5)
"""Items to ask for in a page; the next smaller one where a page is too large for the server."""
NOT_ASKED = "https://stac.invalid/search"
"""pystac-client wants an address where a question is written, too."""
LONGEST_ADDRESS = 6000
"""Characters; servers and proxies refuse from 8 kB on, some with a broken connection."""


@dataclass(frozen=True)
class SearchForm:
    """What is searched, and how it is asked for."""

    aoi: Aoi
    collections: tuple[str, ...] = ()
    """Any of them; empty: all."""
    period: tuple[Any, Any] | None = None
    """First and last moment; None: any."""
    method: str = "POST"
    methods: tuple[str, ...] = ("POST", "GET")
    """Those that may be tried."""
    sorts: bool = False
    box: int | None = None
    """Number of the area's box that is asked for; None: its polygon."""
    to_the_second: bool = False
    limit: int = PAGE_SIZES[0]
    alias: str = ""
    """Another name of the collection, in the items that come."""
    is_alias: Callable[[str], bool] = lambda name: False
    """Whether a collection's name may be such another one."""
    features: bool = False
    """Items of one collection by OGC API Features, which knows neither polygon nor order."""

    def query(self) -> dict[str, Any]:
        """Names and values, as in the body of a POST (STAC API, Item Search).

        pystac-client writes them where it is installed, which QGIS does not bring; a test holds
        what is written without it to the same.
        """
        try:
            from pystac_client import ItemSearch
        except ImportError:
            return self.query_by_itself()
        asked = ItemSearch(
            NOT_ASKED,
            method="POST",
            limit=self.limit,
            collections=list(self.collections) if not self.features else None,
            intersects=dict(self.aoi.geometry) if self.box is None else None,
            bbox=list(self.aoi.boxes[self.box]) if self.box is not None else None,
            datetime=self._dates() if self.period is not None else None,
            sortby=list(NEWEST_FIRST) if self.sorts else None,
        )
        written: dict[str, Any] = asked.get_parameters()
        return {name: value for name, value in written.items() if value}

    def query_by_itself(self) -> dict[str, Any]:
        """The same without pystac-client."""
        asked: dict[str, Any] = {"limit": self.limit}
        if self.collections and not self.features:
            asked["collections"] = list(self.collections)
        if self.box is None:
            asked["intersects"] = dict(self.aoi.geometry)
        else:
            asked["bbox"] = list(self.aoi.boxes[self.box])
        if self.period is not None:
            asked["datetime"] = self._dates()
        if self.sorts:
            asked["sortby"] = [dict(field) for field in NEWEST_FIRST]
        return asked

    def meets(self, box: Any) -> bool:
        """Whether a box of a catalogue touches the area's; true where it is damaged."""
        corners = box if isinstance(box, list) else []
        numbers = [one for one in corners if isinstance(one, (int, float)) and math.isfinite(one)]
        if len(numbers) not in (4, 6) or len(numbers) != len(corners):
            return True
        half = len(numbers) // 2
        (west, south), (east, north) = numbers[:2], numbers[half : half + 2]
        spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
        return any(
            left <= box_east and box_west <= right and south <= box_north and box_south <= north
            for box_west, box_south, box_east, box_north in self.aoi.boxes
            for left, right in spans
        )

    def _dates(self) -> str:
        first, last = (format_time(moment) for moment in self.period or ())
        return f"{first}/{last}" if self.to_the_second else f"{first}/{last[:-1]}.999999Z"

    def boxes(self) -> Iterator[SearchForm]:
        """One form for each box; itself where it asks for the polygon."""
        if self.box is None:
            yield self
        else:
            for number in range(len(self.aoi.boxes)):
                yield replace(self, box=number)

    def fitting(self) -> SearchForm:
        """The same with the box instead of a polygon that is too long for an address."""
        is_long = self.method == "GET" and len(str(as_parameters(self.query()))) > LONGEST_ADDRESS
        return (_boxed(self) or self) if is_long else self

    def differences(self, other: SearchForm) -> str:
        """How it asks otherwise than another form, for a person."""
        words = {
            "by GET": self.method != other.method,
            "without order": self.sorts != other.sorts,
            "with the box of the area": self.box != other.box,
            "with dates to the second": self.to_the_second != other.to_the_second,
            f"for pages of {self.limit}": self.limit != other.limit,
        }
        return ", ".join(text for text, differs in words.items() if differs)


def as_parameters(query: Json) -> list[tuple[str, str]]:
    """A query as the parameters of a GET (STAC API, Item Search)."""
    return [(name, _as_text(name, value)) for name, value in query.items() if value is not None]


def _as_text(name: str, value: Any) -> str:
    if name == "sortby" and isinstance(value, (list, tuple)):
        signs = {"desc": "-", "asc": "+"}
        return ",".join(signs.get(one["direction"], "") + one["field"] for one in value)
    if isinstance(value, (list, tuple)) and not any(isinstance(v, Mapping) for v in value):
        return ",".join(str(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value)


Change = Callable[[SearchForm], "SearchForm | None"]


def _boxed(form: SearchForm) -> SearchForm | None:
    return replace(form, box=0) if form.box is None else None


def _unsorted(form: SearchForm) -> SearchForm | None:
    return replace(form, sorts=False) if form.sorts else None


def _whole_seconds(form: SearchForm) -> SearchForm | None:
    dated = form.period is not None and not form.to_the_second
    return replace(form, to_the_second=True) if dated else None


def _smaller(form: SearchForm) -> SearchForm | None:
    sizes = [size for size in PAGE_SIZES if size < form.limit]
    return replace(form, limit=sizes[0]) if sizes else None


def _smaller_as_said(reason: str) -> Change:
    """The largest page that a refusal's words name, where they name one."""
    numbers = [int(text) for text in re.findall(r"(?<![\d.])\d{1,4}(?![\d.])", reason)]

    def change(form: SearchForm) -> SearchForm | None:
        sizes = [number for number in numbers if 0 < number < form.limit]
        return replace(form, limit=max(sizes)) if sizes else None

    return change


def _by_get(form: SearchForm) -> SearchForm | None:
    able = form.method == "POST" and "GET" in form.methods
    return replace(form, method="GET").fitting() if able else None


def _by_post(form: SearchForm) -> SearchForm | None:
    """Only where the catalogue offers no POST: a form that became a GET was refused as a POST."""
    able = form.method == "GET" and form.methods == ("GET", "POST")
    return replace(form, method="POST", methods=("POST",)) if able else None


LIMIT = r"limit|page.?size|too (?:large|many|big)|result window"
NAMED: tuple[tuple[str, Change], ...] = (
    (r"sort", _unsorted),
    (r"datetime|date.?time|rfc.?3339|interval", _whole_seconds),
    (LIMIT, _smaller),
    (r"intersects|geometr|polygon|geojson|coordinates|vert(?:ex|ices)|ur[il].*long", _boxed),
    (r"method not allowed|post", _by_get),
)
"""What a refusal's words point at."""
PLAINER: tuple[Change, ...] = (_unsorted, _boxed)
"""For servers that answer what they do not understand with nothing at all."""


def eased(form: SearchForm, status: int | None, reason: str, heavy: bool) -> SearchForm | None:
    """The next form to try after a refusal; None where there is none left."""
    return next((new for change in _order(status, reason, heavy) if (new := change(form))), None)


def heeded(form: SearchForm) -> SearchForm | None:
    """The next form to try after an answer to something else, of a server that does not heed the
    polygon, or the body; None where there is none left.
    """
    return _boxed(form) or _by_get(form)


def plainer(form: SearchForm) -> SearchForm | None:
    """The next form to try after an empty answer; None where emptiness is established."""
    return next((new for change in PLAINER if (new := change(form))), None)


def _order(status: int | None, reason: str, heavy: bool) -> Iterator[Change]:
    page_of_another_kind = status == 200 and NO_STAC in reason and not heavy
    if page_of_another_kind or status in (401, 403, 404, 405, 406, 411, 415, 501):
        yield from (_by_get, _by_post)
        if status != 501:
            return
    if status == 429 or status == 503 or (status is None and not heavy):
        return
    if status in (413, 414, 431):
        yield from (_boxed, _smaller, _by_get)
        return
    said = reason.lower()
    if re.search(LIMIT, said):
        yield _smaller_as_said(reason.partition(": ")[2])
    yield from (change for words, change in NAMED if re.search(words, said))
    if heavy:
        yield from (_smaller, _unsorted, _boxed, _by_get)
    else:
        yield from (_unsorted, _boxed, _whole_seconds, _smaller, _by_get, _by_post)
