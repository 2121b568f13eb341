"""Search STAC APIs, page by page. The only module that knows pystac-client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..errors import Cancelled, DiscoveryError
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..settings import Settings
from ..types import SceneItem, SearchQuery, format_time
from ..workers import run_in_background
from .access import AUTHENTICATION_HINT
from .band_config import Sensor, get_sensor
from .catalogs import Catalog, get_catalog
from .coverage import covered_percent
from .scene_parser import parse_item
from .session import new_session
from .stac_fields import StacObject

PAGE_SIZE = 100
NEWEST_FIRST = [
    {"field": "properties.datetime", "direction": "desc"},
    {"field": "id", "direction": "asc"},
]
UNREACHABLE = (
    "it cannot be reached",
    "Check the network and the proxy, or choose another catalogue.",
)
"""Reason and hint."""
MOST_ITEMS = 10_000
"""Maximum number of items to fetch from a server that cannot sort: all are fetched before the
newest can be told.
"""


class SceneSearch:
    """One search of one catalogue for one sensor: the newest scenes first, more of them on request.

    The server's page generator is kept, so that asking for more goes on where the last answer
    ended. Collection, dates, area, cloud limit and platform are always applied here: some servers
    answer a query they do not understand with nothing at all, others forget it on the second page.
    Only sorting is left to servers that state that they can.

    Parameters
    ----------
    query : SearchQuery
        ``query.limit`` is the number of scenes at a time.
    """

    def __init__(self, query: SearchQuery, settings: Settings) -> None:
        self.query = query
        self._settings = settings
        self._catalog = get_catalog(query.catalog)
        self._sensor = get_sensor(query.sensor)
        self._pages: Iterator[tuple[list[Any] | None, bool]] | None = None
        self._waiting: list[SceneItem] = []
        self._seen: set[str] = set()
        self.exhausted = False
        """Nothing more will come."""

    def next(self, monitor: Monitor) -> list[SceneItem]:
        """The next scenes, at most ``query.limit``; empty where there are no more.

        Raises
        ------
        DiscoveryError
            If the catalogue cannot be searched and nothing came before it failed.
        Cancelled
            If the monitor asked to stop; the search is over then.
        """
        events = EventQueue(monitor)
        events.put(Progress(0.0, f"Searching {self._catalog.title} for {self._sensor.title}"))
        try:
            return run_in_background(lambda: self._next(events), events)
        except Cancelled:
            # the page being fetched is lost, and what comes after it cannot be asked for
            self.exhausted = True
            raise

    def _next(self, events: EventQueue) -> list[SceneItem]:
        try:
            self._fetch(events)
        except DiscoveryError as error:
            self.exhausted = True
            if not self._waiting:
                raise
            events.put(Note(Level.WARNING, f"The list is not complete. {error}"))
        limit = self.query.limit
        self._waiting.sort(key=lambda scene: (-scene.datetime.timestamp(), scene.id))
        ready, self._waiting = self._waiting[:limit], self._waiting[limit:]
        return ready

    def _fetch(self, events: EventQueue) -> None:
        """Fetch pages until there are enough scenes; all pages where the server does not sort."""
        if self._pages is None:
            self._pages = _pages(self.query, self._catalog, self._sensor, self._settings)
        limit, fetched, sorts = self.query.limit, 0, True
        while not self.exhausted and (len(self._waiting) < limit or not sorts):
            if events.stop.is_set():
                raise Cancelled()
            if fetched >= MOST_ITEMS:
                break
            items, sorts = next(self._pages, (None, sorts))
            fetched += self._keep(items, events)
        if fetched >= MOST_ITEMS and not self.exhausted:
            text = (
                f"{self._catalog.title} holds more than {MOST_ITEMS} scenes of this search: "
                "narrow the dates"
            )
            events.put(Note(Level.WARNING, text))

    def _keep(self, items: list[Any] | None, events: EventQueue) -> int:
        """Keep the wanted scenes of a page and tell; returns the page's number of items. Without a
        page the search is over.
        """
        if items is None:
            self.exhausted = True
            return 0
        scenes = (self._wanted(item, events) for item in items)
        self._waiting += [scene for scene in scenes if scene is not None]
        count = len(self._waiting)
        text = "1 scene found" if count == 1 else f"{count} scenes found"
        events.put(Progress(min(1.0, count / self.query.limit), text))
        return len(items)

    @property
    def has_more(self) -> bool:
        """True if :meth:`next` may give more; certain only when it is False."""
        return bool(self._waiting) or not self.exhausted

    def _wanted(self, item: Any, events: EventQueue) -> SceneItem | None:
        sensor, query = self._sensor, self.query
        try:
            scene = parse_item(item, sensor, self._catalog.name, fallback_bbox=query.aoi.boxes[0])
        except DiscoveryError as error:
            events.put(Note(Level.WARNING, str(error)))
            return None
        if scene.id in self._seen or not _has_platform(scene, sensor):
            return None
        self._seen.add(scene.id)
        if not _in_time(item, scene, query, sensor) or _is_cloudier(scene, query):
            return None
        covered = covered_percent(scene.footprint, query.aoi)
        if covered == 0:
            return None  # the server compared boxes only
        missing = [name for name in scene.missing_bands if name in sensor.required]
        if missing:
            events.put(Note(Level.WARNING, f"Scene {scene.id} has no {', '.join(missing)}"))
        return replace(scene, coverage_percent=covered)


def _has_platform(scene: SceneItem, sensor: Sensor) -> bool:
    """One of the sensor's platforms, or an unknown one."""
    return not (sensor.platforms and scene.platform) or scene.platform in sensor.platforms


def _in_time(item: StacObject, scene: SceneItem, query: SearchQuery, sensor: Sensor) -> bool:
    """Within the dates asked for; a scene that states a span instead of a moment is the server's to
    judge.
    """
    if not sensor.dated or not item["properties"].get("datetime"):
        return True
    return query.start <= scene.datetime < query.end.replace(microsecond=0) + timedelta(seconds=1)


def _is_cloudier(scene: SceneItem, query: SearchQuery) -> bool:
    limit = query.max_cloud_percent
    return limit is not None and scene.cloud_percent is not None and scene.cloud_percent > limit


def _pages(
    query: SearchQuery, catalog: Catalog, sensor: Sensor, settings: Settings
) -> Iterator[tuple[list[Any], bool]]:
    """The items of each page as they come, and whether the server sorts; every failure is a
    DiscoveryError.
    """
    failure = f"Searching {catalog.title} ({catalog.url}) failed"
    with _discovery_errors(failure):
        client = _connect(catalog, settings)
        collection = _collection(query, catalog, sensor, client, failure)
        sorts = bool(client.conforms_to("SORT"))
        dates = f"{format_time(query.start)}/{format_time(query.end)[:-1]}.999999Z"
        search = client.search(
            collections=[collection],
            intersects=dict(query.aoi.geometry),
            datetime=dates if sensor.dated else None,
            limit=PAGE_SIZE,
            **({"sortby": NEWEST_FIRST} if sorts else {}),
        )
        for page in search.pages_as_dicts():
            # Some next links drop the whole query and go on with everything the server has.
            yield (
                [
                    item
                    for item in page.get("features") or ()
                    if _collection_of(item) in (None, collection)
                ],
                sorts,
            )


def _connect(catalog: Catalog, settings: Settings) -> Any:
    import pystac_client
    from pystac_client.stac_api_io import StacApiIO

    timeout = (settings.connect_timeout_s, settings.read_timeout_s)
    stac_io = StacApiIO(timeout=timeout)
    # the client's own session sends its headers wherever the catalogue's links lead
    stac_io.session = new_session(settings, retries=2)
    # without a timeout of its own, the client waits for ever
    return pystac_client.Client.open(catalog.url, stac_io=stac_io, timeout=timeout)


@contextmanager
def _discovery_errors(failure: str) -> Iterator[None]:
    """Failures of pystac-client and of what it is built on, as one sentence each."""
    import pystac
    import requests
    from pystac_client.errors import ClientTypeError
    from pystac_client.exceptions import APIError
    from pystac_client.warnings import PystacClientWarning

    try:
        yield
    except requests.Timeout as error:
        raise DiscoveryError(
            failure, "it did not answer in time", "Try again, or choose another catalogue."
        ) from error
    except requests.ConnectionError as error:
        raise DiscoveryError(failure, *UNREACHABLE) from error
    except APIError as error:
        raise DiscoveryError(failure, *_api_reason(error)) from error
    except PystacClientWarning as error:
        raise DiscoveryError(
            failure,
            f"it cannot be searched ({_short(error)})",
            "Is the URL a STAC API with item search?",
        ) from error
    except (
        *(requests.RequestException, ValueError, KeyError, TypeError, AttributeError),
        *(pystac.STACError, pystac.STACTypeError, ClientTypeError),
    ) as error:  # pystac reports a body that is no STAC as any of these
        raise DiscoveryError(
            failure,
            f"the answer is no STAC ({type(error).__name__}: {_short(error)})",
            "Is the URL a STAC API?",
        ) from error


def _collection(
    query: SearchQuery, catalog: Catalog, sensor: Sensor, client: Any, failure: str
) -> str:
    """The collection to search: the one asked for, else the catalogue's first for the sensor."""
    if query.collection:
        return query.collection
    names = catalog.collections.get(query.sensor, ())
    if not names:
        raise DiscoveryError(
            failure,
            f"it has no {sensor.title} scenes",
            f"It has: {', '.join(catalog.collections)}.",
        )
    if catalog.exact:
        return names[0]
    offered = {collection.id for collection in client.get_collections()}
    for name in names:
        if name in offered:
            return name
    raise DiscoveryError(
        failure,
        f"it has none of the collections {', '.join(names)}",
        "Name one of its own collections.",
    )


def _collection_of(item: Any) -> Any:
    return item.get("collection") if isinstance(item, Mapping) else None


def _api_reason(error: Any) -> tuple[str, str]:
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return f"HTTP {status}: STAC catalog requires authentication", AUTHENTICATION_HINT
    if status:
        return f"HTTP {status}: {_short(error)}", "Try again later, or choose another catalogue."
    if "Max retries" in str(error) or "Connection" in str(error):
        return UNREACHABLE
    return _short(error), "Try again later, or choose another catalogue."


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else f"{text[:157]}…"
