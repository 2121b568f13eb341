"""Files of the newest run of a weather model that a catalogue lists, by the fields of its items."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..discovery.access import gate_of
from ..discovery.catalogs import Catalog
from ..discovery.session import new_session
from ..discovery.stac_client import discovery_errors
from ..errors import NoScenesError
from ..monitor import EventQueue
from ..settings import Settings
from ..stac.home import Home
from ..stac.items import whole_item
from ..stac.landing import open_catalogue
from ..stac.paging import Page, search_pages
from ..stac.query import SearchForm
from ..stac.static import walk
from ..stac.transport import Transport
from ..times import parse_time
from ..types import Aoi

STREAMS, TYPES = ("oper", "scda"), ("fc",)
"""Of ECMWF: the single forecast of the main runs and of those between them, not the ensemble, the
waves or probabilities (ECMWF open data, *file-naming convention*).
"""
GRIB = "application/wmo-grib2"
PAGE = 1000
"""Items asked for at once: a run has an item for each step, stream and type."""
LONGEST_STEP = timedelta(hours=6)


@dataclass(frozen=True)
class ForecastFile:
    """The file of one step."""

    run: datetime
    end: datetime
    """What the step is a forecast of."""
    href: str
    index_href: str
    """Lines that tell where each field is in it; empty where there is none."""
    collection: str


@dataclass(frozen=True)
class Question:
    """What is looked for."""

    aoi: Aoi
    since: datetime
    until: datetime
    catalog: Catalog
    collection: str


def find_files(question: Question, settings: Settings, events: EventQueue) -> list[ForecastFile]:
    """The steps of the newest run that reaches into the time asked for, the earliest first.

    Raises
    ------
    NoScenesError
        If there is none.
    DiscoveryError
        If the catalogue cannot be searched.
    """
    catalog = question.catalog
    failure = f"Searching {catalog.title} ({catalog.url}) failed"
    with discovery_errors(failure):
        every = [file for item in _items(question, settings, events) for file in _files(item)]
    newest: dict[datetime, dict[datetime, ForecastFile]] = {}
    for file in every:
        if file.run <= question.since + LONGEST_STEP and question.since < file.end:
            newest.setdefault(file.run, {})[file.end] = file
    if not newest:
        raise NoScenesError(
            "No forecast found for the area",
            f"{catalog.title} lists none of {question.collection} for these days",
            "Choose another catalogue or collection, or other days.",
        )
    steps = newest[max(newest)]
    return [steps[end] for end in sorted(steps)]


def _items(
    question: Question, settings: Settings, events: EventQueue
) -> Iterator[Mapping[str, Any]]:
    """Items of the collection whose step ends in the time asked for."""
    catalog = question.catalog
    home = Home.of(catalog.address)
    session = new_session(settings, gate=gate_of(catalog.url))
    timeout = (settings.connect_timeout_s, settings.read_timeout_s)
    transport = Transport(session, home, timeout, settings.retry_delay_s)
    transport.events = events
    landing = open_catalogue(transport)
    period = (question.since - LONGEST_STEP, question.until)
    form = SearchForm(question.aoi, (question.collection,), period, limit=PAGE)
    pages: Iterator[Page]
    if landing.search_urls:
        methods = landing.methods
        pages = search_pages(
            transport,
            landing,
            SearchForm(
                *(form.aoi, form.collections, form.period, methods[0], methods, landing.sorts),
                limit=PAGE,
            ),
        )
    elif landing.answer is not None:
        pages = walk(transport, landing.answer, form)
    else:
        pages = iter(())
    for page in pages:
        transport.check_stop()
        for item in page.items:
            if isinstance(item, Mapping):
                yield whole_item(dict(item), page.url, home)[0]


def _files(item: Mapping[str, Any]) -> Iterator[ForecastFile]:
    """The GRIB files of an item: one of a step, or one for each step of a run."""
    properties = item.get("properties")
    assets = item.get("assets")
    if not isinstance(properties, Mapping) or not isinstance(assets, Mapping):
        return
    stream, kind = properties.get("ecmwf:stream"), properties.get("ecmwf:type")
    if stream not in (None, *STREAMS) or kind not in (None, *TYPES):
        return
    for key, asset in assets.items():
        if not isinstance(asset, Mapping) or not _is_grib(asset):
            continue
        step = _step(asset.get("ecmwf:step") or properties.get("ecmwf:step"))
        times = _times(properties, step)
        index = assets.get("index") or assets.get(str(key).replace("grib2", "index"))
        href = index.get("href") if isinstance(index, Mapping) and index is not asset else None
        if times is not None:
            yield ForecastFile(
                *times,
                str(asset["href"]),
                href if isinstance(href, str) else "",
                str(item.get("collection") or ""),
            )


def _is_grib(asset: Mapping[str, Any]) -> bool:
    href = asset.get("href")
    named = isinstance(href, str) and re.search(r"\.(?:grib2?|grb2?)(?:$|\?)", href) is not None
    return isinstance(href, str) and (str(asset.get("type", "")).lower() == GRIB or named)


def _step(text: object) -> timedelta | None:
    found = re.fullmatch(r"(\d{1,4})h", str(text))
    return timedelta(hours=int(found[1])) if found else None


def _times(
    properties: Mapping[str, Any], step: timedelta | None
) -> tuple[datetime, datetime] | None:
    """Run and end of a step; the extension *forecast* has a run and a horizon, ECMWF's items two
    times of their own.
    """
    run = _time(
        properties.get("ecmwf:reference_datetime")
        or properties.get("forecast:reference_datetime")
        or properties.get("start_datetime")
    )
    if run is None:
        return None
    if step is not None:
        return run, run + step
    end = _time(properties.get("ecmwf:forecast_datetime") or properties.get("datetime"))
    return None if end is None else (run, end)


def _time(text: object) -> datetime | None:
    try:
        return parse_time(str(text)) if text else None
    except ValueError:
        return None
