"""Search catalogues for scenes of a sensor: what they send, read, filtered and in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..errors import AccessError, AreaError, Cancelled, DiscoveryError, known
from ..monitor import EventQueue, Level, Monitor, Note, Progress
from ..settings import Settings
from ..stac.home import Home
from ..stac.items import whole_item
from ..stac.landing import CHILDREN, Landing, collections_of, open_catalogue
from ..stac.links import links_of
from ..stac.paging import Page, search_pages
from ..stac.query import SearchForm
from ..stac.static import walk
from ..stac.transport import Transport
from ..stac.trouble import Trouble
from ..types import Aoi, SceneItem, SearchQuery
from ..workers import run_in_background
from .access import AUTHENTICATION_HINT, gate_of
from .band_config import Sensor, get_sensor
from .catalogs import Catalog, choose_collections, get_catalog, is_level_1
from .coverage import covered_percent
from .item_product import sensor_of
from .linked.scene_factors import read_scene_factors
from .linked.small_file import SmallFiles
from .scene_parser import last_moment, parse_item
from .session import InsecureRedirect, new_session
from .stac_fields import StacObject

if TYPE_CHECKING:
    from .table.finder import RowFinder

MOST_ITEMS = 10_000
"""Maximum number of items to fetch from a server that cannot sort: all are fetched before the
newest can be told.
"""


class SceneSearch:
    """One search of one catalogue for one sensor: the newest scenes first, more of them on request.

    The server's pages are kept, so that asking for more goes on where the last answer ended.
    Collection, dates, area, cloud limit and platform are always applied here: some servers answer a
    query they do not understand with nothing at all, others forget it on the second page. Only
    sorting is left to servers that state that they can, as long as they do.

    Parameters
    ----------
    query : SearchQuery
        ``query.limit`` is the number of scenes at a time.
    sensor : Sensor, optional
        Whose bands are read; by default the one that the query names.
    finder : RowFinder, optional
        Finds rows of a table where that is worth it.
    """

    def __init__(
        self,
        query: SearchQuery,
        settings: Settings,
        sensor: Sensor | None = None,
        finder: RowFinder | None = None,
    ) -> None:
        self.query = query
        self._catalog = get_catalog(query.catalog)
        self._sensor = sensor or get_sensor(query.sensor)
        self._files = SmallFiles(settings)
        self._source = _Source(query, self._catalog, self._sensor, settings, finder)
        self._pages: Iterator[Page] | None = None
        self._waiting: list[SceneItem] = []
        self._seen: set[str] = set()
        self._given = 0
        self._broken: list[DiscoveryError] = []
        self.left_out: Counter[str] = Counter()
        """Why scenes of the catalogue are not listed, and how many."""
        self.exhausted = False
        """Nothing more will come."""

    @property
    def catalog(self) -> Catalog:
        """The catalogue that is asked."""
        return self._catalog

    @property
    def catalogs(self) -> tuple[Catalog, ...]:
        """The same, as of a search of several."""
        return (self._catalog,)

    def next(self, monitor: Monitor) -> list[SceneItem]:
        """The next scenes, at most ``query.limit``; empty where there are no more.

        Raises
        ------
        DiscoveryError
            If the catalogue cannot be searched, or no item be read, and nothing came before.
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
        self._tell_broken(events)
        if self.exhausted and not self._waiting and not self._given:
            self._source.check_complete()
        limit = self.query.limit
        self._waiting.sort(key=lambda scene: (-scene.datetime.timestamp(), scene.id))
        ready, self._waiting = self._waiting[:limit], self._waiting[limit:]
        self._given += len(ready)
        return ready

    def _fetch(self, events: EventQueue) -> None:
        """Fetch pages until there are enough scenes; all pages where the server does not sort."""
        if self._pages is None:
            self._pages = self._source.pages()
        self._source.transport.events = events
        limit, fetched, sorts = self.query.limit, 0, True
        while not self.exhausted and (len(self._waiting) < limit or not sorts):
            if events.stop.is_set():
                raise Cancelled()
            if fetched >= MOST_ITEMS:
                break
            page = next(self._pages, None)
            sorts = page.sorts if page is not None else sorts
            fetched += self._keep(page, events)
        if fetched >= MOST_ITEMS and not self.exhausted:
            text = (
                f"{self._catalog.title} holds more than {MOST_ITEMS} scenes of this search: "
                "narrow the dates"
            )
            events.put(Note(Level.WARNING, text))

    def _keep(self, page: Page | None, events: EventQueue) -> int:
        """Keep the wanted scenes of a page and tell; returns the page's number of items. Without a
        page the search is over.
        """
        if page is None:
            self.exhausted = True
            return 0
        scenes = (self._wanted(item, page.url, events) for item in page.items)
        self._waiting += [scene for scene in scenes if scene is not None]
        count = len(self._waiting)
        text = "1 scene found" if count == 1 else f"{count} scenes found"
        events.put(Progress(min(1.0, count / self.query.limit), text))
        return len(page.items)

    def _tell_broken(self, events: EventQueue) -> None:
        """One sentence on items that cannot be read, a failure where no other came."""
        broken, self._broken = self._broken, []
        if not broken:
            return
        every = len(broken) + len(self._seen)
        first = broken[0]
        if not self._seen:
            why = first.why if len(broken) == 1 else f"{len(broken)} of {every} items, {first.why}"
            raise DiscoveryError(first.what, why, first.hint)
        if len(broken) == 1:
            events.put(Note(Level.WARNING, str(first)))
            return
        text = f"{len(broken)} of {every} items of {self._catalog.title} cannot be read: {first}"
        events.put(Note(Level.WARNING, text))

    @property
    def has_more(self) -> bool:
        """True if :meth:`next` may give more; certain only when it is False."""
        return bool(self._waiting) or not self.exhausted

    def _wanted(self, item: Any, page_url: str, events: EventQueue) -> SceneItem | None:
        sensor, query = self._sensor, self.query
        left_out: tuple[str, ...] = ()
        if isinstance(item, Mapping):
            if self._source.is_foreign(item):
                return None
            item, left_out = whole_item(item, page_url, self._source.transport.home)
        name = self._catalog.name
        try:
            item = read_scene_factors(item, name, self._files, events.stop)
            scene = parse_item(item, sensor, name, fallback_bbox=query.aoi.boxes[0])
        except DiscoveryError as error:
            self._broken.append(error)
            return None
        if scene.id in self._seen:
            return None
        self._seen.add(scene.id)
        covered = covered_percent(scene.footprint, query.aoi)
        why = self._why_not(item, scene, covered)
        if why:
            self.left_out[why] += 1
            return None
        missing = [name for name in scene.missing_bands if name in sensor.required]
        if missing:
            events.put(Note(Level.WARNING, f"Scene {scene.id} has no {', '.join(missing)}"))
        notes = tuple(f"Its address of {key} is a file of this computer" for key in left_out)
        return replace(scene, coverage_percent=covered, notes=(*scene.notes, *notes))

    def _why_not(self, item: StacObject, scene: SceneItem, covered: float | None) -> str:
        """The reason why a scene is not one of the search's; empty where it is."""
        if not _has_platform(scene, self._sensor):
            return f"of {scene.platform}"
        if not _in_time(item, scene, self.query, self._sensor):
            return "of another time"
        if _is_cloudier(scene, self.query):
            return f"with more than {self.query.max_cloud_percent:g} % cloud"
        beside = covered == 0 or (covered is None and not _near(scene, self.query.aoi))
        return "beside the area" if beside else ""  # some servers compare boxes only


def _near(scene: SceneItem, aoi: Aoi) -> bool:
    """Whether the box of a scene without a footprint touches the area, or cannot tell."""
    try:
        box = Aoi.from_bounds(*scene.bbox)
    except AreaError:
        return True
    return covered_percent(box.geometry, aoi) != 0


def _has_platform(scene: SceneItem, sensor: Sensor) -> bool:
    """One of the sensor's platforms, or an unknown one."""
    return not (sensor.platforms and scene.platform) or scene.platform in sensor.platforms


def _in_time(item: StacObject, scene: SceneItem, query: SearchQuery, sensor: Sensor) -> bool:
    """Within the dates asked for; a scene that states a span instead of a moment is within them
    where the span meets them.
    """
    if not sensor.dated:
        return True
    end = query.end.replace(microsecond=0) + timedelta(seconds=1)
    return scene.datetime < end and last_moment(item, scene.datetime) >= query.start


def _is_cloudier(scene: SceneItem, query: SearchQuery) -> bool:
    limit = query.max_cloud_percent
    return limit is not None and scene.cloud_percent is not None and scene.cloud_percent > limit


class _Source:
    """The pages of one search, of whatever kind the catalogue is; every failure is a
    DiscoveryError.
    """

    def __init__(
        self,
        query: SearchQuery,
        catalog: Catalog,
        sensor: Sensor,
        settings: Settings,
        finder: RowFinder | None,
    ) -> None:
        self._query = query
        self._catalog = catalog
        self._sensor = sensor
        self._failure = f"Searching {catalog.title} ({catalog.url}) failed"
        self._settings = settings
        self._finder = finder
        self._walked = False
        self._table_collection = ""
        self._asked = ""
        self._lists = True
        timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        home = Home.of(catalog.address)
        session = new_session(settings, gate=gate_of(catalog.url))
        self.transport = Transport(session, home, timeout, settings.retry_delay_s)

    def check_complete(self) -> None:
        """Nothing is wanted of what came: that there is nothing is known only of all.

        Raises
        ------
        DiscoveryError
            If more is there, or may be.
        """
        why = self.transport.incomplete
        if why:
            hint = "Narrow the dates and the area, or choose another catalogue."
            raise DiscoveryError(self._failure, f"none of what came is wanted, and {why}", hint)

    def is_foreign(self, item: StacObject) -> bool:
        """Of another sensor: where the whole catalogue is walked, which holds all kinds."""
        wanted = self._table_collection or self._query.collection
        if not self._walked:
            return False
        if wanted:
            return item.get("collection") not in (None, wanted)
        return sensor_of(item) not in (None, self._sensor.name)

    def pages(self) -> Iterator[Page]:
        """The pages of the first collection that has any."""
        with discovery_errors(self._failure):
            if self._catalog.is_table:
                yield from self._of_table()
                return
            landing = open_catalogue(self.transport)
            if not landing.search_urls:
                yield from self._walk(landing)
                return
            try:
                yield from self._search(landing)
            except Trouble as trouble:
                if landing.answer is None or trouble.status not in (404, 405, 501):
                    raise
                if not any(True for _ in self._children(landing)):
                    raise
                yield from self._walk(landing)

    def _of_table(self) -> Iterator[Page]:
        """As an API has them: of one collection, the best where it has several that would do; of
        those without a name, what each item itself is.
        """
        self._walked = True
        names = self._catalog.collections.get(self._query.sensor, ())
        wanted = self._query.collection
        address, url = self._catalog.address, self._catalog.url
        from .table.item_table import ItemTable

        with ItemTable(address, url, self._settings, self.transport, self._finder) as table:
            listed = table.collections()
            if wanted and listed:
                chosen = self._chosen((wanted,), listed)
            else:
                chosen = choose_collections(names, self._sensor.name, listed, False)
            self._table_collection = chosen
            yield from table.pages(self._form(()), chosen)

    def _children(self, landing: Landing) -> Iterator[Any]:
        if landing.answer is not None:
            yield from links_of(landing.answer.tree, *CHILDREN)

    def _walk(self, landing: Landing) -> Iterator[Page]:
        answer = known(landing.answer, "only what answered is walked through")
        self._walked = True
        yield from walk(self.transport, answer, self._form(()))

    def _search(self, landing: Landing) -> Iterator[Page]:
        if landing.collection:
            yield from self._pages_of(landing, landing.collection)
            return
        names = self._first_names(landing)
        for name in names:
            came = False
            for page in self._pages_of(landing, name):
                came = came or bool(page.items)
                yield page
            if came:
                return
        if self._catalog.exact or self._query.collection:
            yield from self._search_listed(landing, names)
        elif not self._lists:
            why = "it does not list its collections, and nothing came of"
            hint = "Name one of its own with ‘discover.collection’."
            raise DiscoveryError(self._failure, f"{why} {', '.join(names)}", hint)

    def _first_names(self, landing: Landing) -> tuple[str, ...]:
        """Collections to search, without asking which there are where they are known."""
        if self._query.collection:
            return (self._query.collection,)
        known = self._catalog.collections.get(self._query.sensor, ())
        if not known:
            title = self._sensor.title
            raise DiscoveryError(
                self._failure,
                f"it has no {title} scenes",
                f"It has: {', '.join(self._catalog.collections)}.",
            )
        if self._catalog.exact:
            return known[:1]
        listed = collections_of(self.transport, landing)
        self._lists = listed is not None
        if listed is None:
            return known
        return (self._chosen(known, tuple(listed)),)

    def _search_listed(self, landing: Landing, names: tuple[str, ...]) -> Iterator[Page]:
        """Search once more where nothing came because the collection has another name now."""
        listed = collections_of(self.transport, landing)
        if listed is None or set(names) <= set(listed):
            return
        yield from self._pages_of(landing, self._chosen(names, tuple(listed)))

    def _chosen(self, names: tuple[str, ...], listed: tuple[str, ...]) -> str:
        sensor = self._sensor.name
        chosen = choose_collections(names, sensor, listed, bool(self._query.collection))
        if not chosen:
            few = ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")
            raise DiscoveryError(
                self._failure,
                f"it has none of the collections {', '.join(names)}",
                f"Name one of its own collections: {few}.",
            )
        if chosen not in names:
            text = f"{self._catalog.title}: the collection {chosen} is searched"
            self.transport.tell(text, Level.INFO)
        return chosen

    def _pages_of(self, landing: Landing, name: str) -> Iterator[Page]:
        self._asked = name
        form = self._form((name,))
        if landing.items:
            form = replace(form, features=True, box=0)
        else:
            form = replace(form, sorts=landing.sorts)
        form = replace(form, methods=landing.methods, method=landing.methods[0])
        yield from search_pages(self.transport, landing, form)

    def _form(self, collections: tuple[str, ...]) -> SearchForm:
        query = self._query
        period = (query.start, query.end) if self._sensor.dated else None
        return SearchForm(
            query.aoi,
            collections,
            period,
            limit=self._catalog.page_size,
            is_alias=self._is_alias,
        )

    def _is_alias(self, name: str) -> bool:
        """Whether items of a collection may be those of the one that was asked for: of the same
        sensor and level.
        """
        asked = self._asked
        return bool(choose_collections((asked,), self._sensor.name, (name,), False)) and (
            is_level_1(name) == is_level_1(asked)
        )


@contextmanager
def discovery_errors(failure: str) -> Iterator[None]:
    """Failures of the catalogue, as one sentence each."""
    try:
        yield
    except InsecureRedirect as error:
        hint = "Give the address that begins with https, or choose another catalogue."
        raise DiscoveryError(failure, str(error), hint) from error
    except AccessError as error:  # of the login for the catalogue's host
        raise DiscoveryError(failure, f"{error.what}: {error.why}", error.hint) from error
    except Trouble as error:
        if error.status in (401, 403):
            why = f"HTTP {error.status}: STAC catalog requires authentication"
            raise DiscoveryError(failure, why, AUTHENTICATION_HINT) from error
        raise DiscoveryError(failure, error.reason, error.hint) from error
