"""A table of items searched as a catalogue is: area, time and collection → pages of items, the
newest first.

Groups of rows that lie elsewhere or in another time, by their statistics, are passed over; of the
others boxes and times are read, and whole rows only of what fits. Whoever takes the items compares
their outlines with the area, as with those of any server.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from ...addresses.gate import LOCAL_CATALOG
from ...errors import DiscoveryError
from ...gdal.environment import object_options, remote_gdal
from ...gdal.object_files import forget, object_folder
from ...gdal.vsi_file import VsiFile
from ...monitor import Level, Progress
from ...settings import Settings
from ...stac.home import local_path, public_url
from ...stac.paging import Page
from ...stac.query import SearchForm
from ...stac.transport import Transport
from ..access import Access, gate_of
from .arrow_part import NO_TIME, ArrowPart
from .boxes import cover, may_touch, touching, usable
from .finder import RowFinder, RowQuestion
from .hits import Hits, Numbers
from .place import STORES, PartPlace, parts_of
from .rows import item_of

LOOKED_AT = 2000
"""Rows whose box is compared with their outline before the column of boxes is believed."""
FIRST_PAGE, LARGEST_PAGE = 100, 800
"""Items; each page is twice the one before."""
MOST_ALIKE = 10_000
"""Items of one and the same time that are given together."""
OPEN_PARTS = 4


class ItemTable:
    """A table that is searched.

    Parameters
    ----------
    address : str
        As the user wrote it.
    url : str
        Of the catalogue.
    settings : Settings
        Logins, proxies, waits.
    transport : Transport
        Is told what a person should know, and whether to stop.
    finder : RowFinder, optional
        Looks through the table where that is worth it.

    Raises
    ------
    DiscoveryError
        If it is not there.
    """

    def __init__(
        self,
        address: str,
        url: str,
        settings: Settings,
        transport: Transport,
        finder: RowFinder | None = None,
    ) -> None:
        self._parts = parts_of(_plain(address), url)
        self._url = url
        self._access = Access(settings)
        self._transport = transport
        self._finder = finder
        self._open: OrderedDict[int, ArrowPart] = OrderedDict()
        self._lost = 0

    def __enter__(self) -> ItemTable:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._open.values():
            part.close()
        self._open.clear()

    def collections(self) -> tuple[str, ...]:
        """All collections that it has items of; empty where it names none.

        Raises
        ------
        DiscoveryError
            If it cannot be read.
        """
        found: set[str] = set()
        for number in range(len(self._parts)):
            found |= self._part(number).collections(self._transport.check_stop)
        return tuple(sorted(found))

    def pages(self, form: SearchForm, collection: str) -> Iterator[Page]:
        """Items whose box touches the area, and whose time the period.

        Parameters
        ----------
        form : SearchForm
            Area and period count.
        collection : str
            Only of this one; empty: of all.

        Raises
        ------
        DiscoveryError
            If it cannot be read.
        Cancelled
            If it was asked to stop.
        """
        hits = self._elsewhere(form, collection)
        if hits is None:
            hits = self._find(form, collection).newest_first()
        begin, size = 0, FIRST_PAGE
        while begin < len(hits):
            end = _end_of_page(hits, begin, size)
            for url, items in self._items(hits[begin:end]):
                yield Page(items, url, True)
            begin, size = end, min(LARGEST_PAGE, 2 * size)

    def _elsewhere(self, form: SearchForm, collection: str) -> Numbers | None:
        """Rows as :meth:`~.hits.Hits.newest_first` has them, that somebody else has found; None
        where nobody is worth asking.
        """
        if self._finder is None:
            return None
        numbers = range(len(self._parts))
        question = RowQuestion(
            tuple(place.address for place in self._parts),
            sum(self._part(number).rows for number in numbers),
            form.aoi,
            None if form.period is None else _period(*form.period),
            collection,
            boxes=False,
        )
        tell = partial(self._transport.tell, level=Level.INFO)
        if not self._finder.takes(question, tell):
            return None
        sound = not any(self._is_odd(self._part(number)) for number in numbers)
        events = self._transport.events
        stop = threading.Event() if events is None else events.stop
        found = self._finder.find(replace(question, boxes=sound), stop)
        if found.cut:
            self._tell_incomplete(f"{self._name} has more rows of this search than are looked at")
        hits = np.empty((len(found.places), 4), np.int64)
        hits[:, :2] = found.places[:, :2]
        for number in sorted({int(one) for one in found.places[:, 1]}):
            mine = found.places[:, 1] == number
            hits[mine, 2:] = self._part(number).places_of(found.places[mine, 2])
        return hits

    def _find(self, form: SearchForm, collection: str) -> Hits:
        hits, self._lost = Hits(), 0
        period = None if form.period is None else _period(*form.period)
        total, zones = len(self._parts), True
        for number in range(total):
            part = self._part(number)
            zones = zones and part.has_zone
            outlines = not part.has_box or self._is_wrong(part)
            for group in range(part.groups):
                self._transport.check_stop()
                self._progress((number + group / part.groups) / total)
                if self._may_hold(part, group, form, period, outlines):
                    self._look(hits, number, group, form, period, collection, outlines)
        if not zones:
            text = f"Times in {self._name} have no time zone: they are taken as UTC"
            self._transport.tell(text, Level.INFO)
        if hits.cut:
            self._tell_incomplete(f"{self._name} has more rows of this search than are looked at")
        if self._lost:
            rows = "1 row" if self._lost == 1 else f"{self._lost} rows"
            self._tell_incomplete(f"{rows} of {self._name} say nowhere where they are")
        return hits

    def _may_hold(
        self,
        part: ArrowPart,
        group: int,
        form: SearchForm,
        period: tuple[int, int] | None,
        outlines: bool,
    ) -> bool:
        """Whether a group may hold what is looked for, by the file's statistics."""
        times = None if period is None else part.time_limits(group)
        if period and times and (times[1] < period[0] or times[0] > period[1]):
            return False
        limits = None if outlines else part.box_limits(group)
        return limits is None or may_touch(*limits, form.aoi.boxes)

    def _look(
        self,
        hits: Hits,
        number: int,
        group: int,
        form: SearchForm,
        period: tuple[int, int] | None,
        collection: str,
        outlines: bool,
    ) -> None:
        part, begin, lost = self._part(number), 0, 0
        found: list[tuple[Numbers, Numbers]] = []
        for boxes, first, last, mine in part.look(group, collection, outlines):
            self._transport.check_stop()
            odd = mine & ~usable(boxes)
            if odd.any() and not outlines and part.has_outline:
                # a box that nobody can believe: the outlines of the group tell
                self._look(hits, number, group, form, period, collection, True)
                return
            lost += int(odd.sum())
            wanted = mine & touching(boxes, form.aoi.boxes)
            if period is not None:
                unknown = first == NO_TIME
                wanted &= unknown | ((first <= period[1]) & (last >= period[0]))
            rows = np.flatnonzero(wanted)
            found.append((rows + begin, first[rows]))
            begin += len(boxes)
        self._lost += lost
        for rows, times in found:
            hits.add(number, group, rows, times)

    def _is_odd(self, part: ArrowPart) -> bool:
        """Whether the boxes of the first rows say that boxes cannot be used alone."""
        if not part.has_corners or self._is_wrong(part):
            return True
        boxes, _ = part.boxes_and_outlines(LOOKED_AT)
        return not usable(boxes).all()

    def _is_wrong(self, part: ArrowPart) -> bool:
        """Whether the column of boxes does not hold the outlines; a person is told."""
        if not part.has_outline:
            return False
        boxes, outlines = part.boxes_and_outlines(LOOKED_AT)
        wrong = int((~cover(boxes, outlines)).sum())
        if wrong:
            text = (
                f"{part.name}: of {wrong} of the first {len(boxes)} rows the box does not hold the "
                "outline. The boxes are not used"
            )
            self._transport.tell(text)
        return wrong > 0

    def _items(self, hits: Numbers) -> Iterator[tuple[str, list[Any]]]:
        """The items of some hits, in their order; together as long as they are of one file."""
        rows: dict[tuple[int, int, int], Mapping[str, Any]] = {}
        groups: dict[tuple[int, int], list[int]] = {}
        wanted = [(int(part), int(group), int(row)) for _, part, group, row in hits]
        for part, group, row in wanted:
            groups.setdefault((part, group), []).append(row)
        for (part, group), places in sorted(groups.items()):
            self._transport.check_stop()
            whole = self._part(part).whole_rows(group, places)
            for place, one in zip(sorted(places), whole):
                rows[part, group, place] = item_of(one)
        run: list[Any] = []
        url = ""
        for part, group, row in wanted:
            if run and self._parts[part].url != url:
                yield url, run
                run = []
            url = self._parts[part].url
            item = rows[part, group, row]
            if item.get("bbox") is None and item.get("geometry") is None:
                self._lost += 1
            else:
                run.append(item)
        if run:
            yield url, run

    def _part(self, number: int) -> ArrowPart:
        """A file of it, open; the ones used last stay so."""
        part = self._open.pop(number, None)
        if part is None:
            part = open_part(self._parts[number], self._url, self._access)
        self._open[number] = part
        while len(self._open) > OPEN_PARTS:
            self._open.popitem(last=False)[1].close()
        return part

    @property
    def _name(self) -> str:
        return self._transport.home.name

    def _tell_incomplete(self, text: str) -> None:
        self._transport.incomplete = text
        self._transport.tell(f"The list may not be complete. {text}")

    def _progress(self, share: float) -> None:
        if self._transport.events is not None:
            text = "Looking through the table"
            self._transport.events.put(Progress(share, text))


def _plain(address: str) -> str:
    return str(local_path(address)) if address.startswith("file:") else address


def try_table(address: str, url: str, settings: Settings) -> None:
    """Open the first file of a table.

    Raises
    ------
    DiscoveryError, AccessError, DependencyError
        If that cannot be done, or it is no table of items.
    """
    open_part(parts_of(_plain(address), url)[0], url, Access(settings)).close()


def open_part(place: PartPlace, url: str, access: Access) -> ArrowPart:
    """A file of a table, open.

    Parameters
    ----------
    url : str
        Of the catalogue: its own gate holds for redirects.

    Raises
    ------
    DiscoveryError
        If it cannot be read.
    AccessError
        If it must not be had, or the login cannot be used.
    """
    name = public_url(place.address) if "://" in place.address else place.address
    if place.address.startswith(STORES):
        inside = object_folder(place.address) or ""
        return _through_gdal(name, inside, object_options, str)
    if not place.address.startswith(("http://", "https://")):
        return ArrowPart(name, place.address)
    address = access.url(place.address, url if "://" in url else LOCAL_CATALOG, "")
    opened, options = access.reach(address, gate_of(url))
    inside = f"/vsicurl/{opened}"
    return _through_gdal(
        name, inside, partial(remote_gdal, options), lambda why: options.told(why, opened)
    )


def _through_gdal(name: str, inside: str, options: Any, told: Any) -> ArrowPart:
    forget(inside)  # the file may be another one than last time
    try:
        file = VsiFile(inside, options, told)
    except OSError as error:
        failure = f"The table {name} cannot be read"
        raise DiscoveryError(failure, error.strerror or str(error), "Check the address.") from error
    return ArrowPart(name, file)


def _period(first: datetime, last: datetime) -> tuple[int, int]:
    """Microseconds since 1970; the last second is of it to its end."""
    end = last.replace(microsecond=0) + timedelta(seconds=1)
    return int(first.timestamp() * 1e6), int(end.timestamp() * 1e6)


def _end_of_page(hits: Numbers, begin: int, size: int) -> int:
    """Items of one time are given together: which of them comes first, their ids say."""
    end = min(len(hits), begin + size)
    most = min(len(hits), begin + MOST_ALIKE)
    while end < most and hits[end, 0] == hits[end - 1, 0]:
        end += 1
    return end
