"""Several catalogues asked together: one list, in which an acquisition stands once, as the best
provider has it, with the other ones' offers beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Union
from urllib.parse import urlsplit

from ..discovery.stac_client import SceneSearch
from ..errors import DiscoveryError, known
from ..monitor import Event, EventQueue, Level, Monitor, Note, Progress
from ..settings import Settings
from ..types import SceneItem
from ..workers import run_parallel
from .acquisition import SAME_PASS, same_acquisition
from .choice import can_open

OPTIMISED = (".tif", ".tiff", "")
"""Endings of files that can be read in parts; JPEG 2000 and archives cannot, in practice."""


@dataclass
class _Source:
    """One catalogue's search, and how far it has come."""

    search: SceneSearch
    reach: datetime | None = None
    """Time of the oldest scene that it gave; None before the first."""
    over: bool = False
    failure: DiscoveryError | None = None

    def ask(self, events: EventQueue) -> list[SceneItem]:
        """Its next scenes; a failure ends its part only."""
        scenes: list[SceneItem] = []
        try:
            scenes = self.search.next(_Relay(events))
        except DiscoveryError as error:
            self.failure = error
        self.over = not scenes or not self.search.has_more
        if scenes:
            self.reach = min(scene.datetime for scene in scenes)
        return scenes


class _Relay:
    """Hands on what one of several searches tells, but for its share of the whole."""

    def __init__(self, events: EventQueue) -> None:
        self._events = events

    def emit(self, event: Event) -> None:
        """Pass a sentence on."""
        if not isinstance(event, Progress):
            self._events.put(event)

    def cancelled(self) -> bool:
        """True if all are to stop."""
        return self._events.stop.is_set()


class JointSearch:
    """One search of several catalogues for one sensor, the newest scenes first, as
    :class:`SceneSearch` is of one.

    A catalogue that fails is told of in one sentence, and the others' scenes are listed. Scenes are
    given only as far back as every catalogue has told all, so that none is listed twice.

    Parameters
    ----------
    searches : sequence of SceneSearch
        In the order of choice: of two offers that are as good the first one's is taken.
    """

    def __init__(self, searches: Sequence[SceneSearch], settings: Settings) -> None:
        self.query = searches[0].query
        self.catalogs = tuple(search.catalog for search in searches)
        self._sources = [_Source(search) for search in searches]
        self._settings = settings
        self._waiting: list[SceneItem] = []
        self._found = False
        self._told: list[DiscoveryError] = []

    @property
    def left_out(self) -> Counter[str]:
        """Why scenes are not listed, and how many: of each reason the catalogue with the most."""
        counts: Counter[str] = Counter()
        for source in self._sources:
            counts |= source.search.left_out
        return counts

    @property
    def has_more(self) -> bool:
        """True if :meth:`next` may give more; certain only when it is False."""
        return bool(self._waiting) or any(not source.over for source in self._sources)

    def next(self, monitor: Monitor) -> list[SceneItem]:
        """The next scenes, at most ``query.limit``; empty where there are no more.

        Raises
        ------
        DiscoveryError
            If no catalogue can be searched, or one cannot and the others have nothing.
        Cancelled
            If the monitor asked to stop.
        """
        events, limit = EventQueue(monitor), self.query.limit
        titles = joined_titles([source.search for source in self._sources])
        events.put(Progress(0.0, f"Searching {titles}"))
        groups = self._complete_groups()
        while len(groups) < limit and (due := self._due()):
            for scenes in run_parallel(lambda one: one.ask(events), due, len(due), events):
                self._waiting += scenes
            groups = self._complete_groups()
        events.pump(lambda: True)
        self._found = self._found or bool(groups)
        self._tell_failures(monitor)
        given = groups[:limit]
        taken = {id(scene) for group in given for scene in group}
        self._waiting = [scene for scene in self._waiting if id(scene) not in taken]
        return [self._best(group) for group in given]

    def _due(self) -> list[_Source]:
        """Those to ask before more can be said: the ones that have told least far back."""
        going = [source for source in self._sources if not source.over]
        reaches = [source.reach for source in going if source.reach is not None]
        if len(reaches) < len(going):
            return [source for source in going if source.reach is None]
        return [source for source in going if source.reach == max(reaches)]

    def _complete_groups(self) -> list[list[SceneItem]]:
        """The acquisitions of which every catalogue has told by now, the newest first."""
        reaches = [one.reach for one in self._sources if not one.over and one.reach is not None]
        groups = group_offers(self._waiting)
        if not reaches:
            return groups
        last = max(reaches) + SAME_PASS
        return [group for group in groups if group[-1].datetime >= last]

    def _best(self, group: Sequence[SceneItem]) -> SceneItem:
        """The offer to take, with the others that can be opened as its alternatives."""
        names = [source.search.catalog.name for source in self._sources]
        order = {name: place for place, name in reversed(list(enumerate(names)))}
        ranked = sorted(
            group,
            key=lambda scene: (
                not can_open(scene, self._settings),
                not scene.access.is_open,
                not _is_optimised(scene),
                len(scene.missing_bands),
                order.get(scene.catalog, len(order)),
            ),
        )
        others = tuple(scene for scene in ranked[1:] if can_open(scene, self._settings))
        return replace(ranked[0], alternatives=others)

    def _tell_failures(self, monitor: Monitor) -> None:
        """Name the catalogues that could not be searched, each once.

        Raises
        ------
        DiscoveryError
            If nothing was found in the others.
        """
        failed = [one for one in self._sources if one.failure is not None]
        failures = [one.failure for one in failed if one.failure is not None]
        if failures and not self._found:
            raise _joint_failure(failed, self._sources)
        good = joined_titles([one.search for one in self._sources if one.failure is None])
        for failure in failures:
            if failure not in self._told:
                text = f"{failure.what}: {failure.why}; the list is of {good or 'what came before'}"
                monitor.emit(Note(Level.WARNING, text))
        self._told += failures


Search = Union[SceneSearch, JointSearch]


def joined_titles(searches: Iterable[Search]) -> str:
    """Titles of the catalogues, for a sentence."""
    asked = (one for search in searches for one in search.catalogs)
    return " and ".join(dict.fromkeys(one.title for one in asked))


def group_offers(scenes: Iterable[SceneItem]) -> list[list[SceneItem]]:
    """Scenes by acquisition, the newest first; each catalogue's offers once in a group."""
    groups: list[list[SceneItem]] = []
    for scene in sorted(scenes, key=lambda scene: (-scene.datetime.timestamp(), scene.id)):
        for group in reversed(groups):
            if group[0].datetime - scene.datetime > SAME_PASS:
                groups.append([scene])
                break
            catalogs = {other.catalog for other in group}
            if scene.catalog not in catalogs and same_acquisition(group[0], scene):
                group.append(scene)
                break
        else:
            groups.append([scene])
    return groups


def _is_optimised(scene: SceneItem) -> bool:
    """Whether every band's file can be read in parts."""
    return all(
        PurePosixPath(urlsplit(asset.href).path).suffix.lower() in OPTIMISED
        for asset in scene.bands.values()
    )


def _joint_failure(failed: Sequence[_Source], asked: Sequence[_Source]) -> DiscoveryError:
    """One sentence on all catalogues that failed; the others have nothing."""
    first = known(failed[0].failure, "these have failed")
    empty = joined_titles([one.search for one in asked if one.failure is None])
    nothing = f"; {empty} has nothing of it" if empty else ""
    if len(failed) == 1:
        return DiscoveryError(first.what, f"{first.why}{nothing}", first.hint)
    titles = joined_titles([one.search for one in failed])
    whys = (f"{one.search.catalog.title}: {one.failure.why}" for one in failed if one.failure)
    return DiscoveryError(f"Searching {titles} failed", f"{'; '.join(whys)}{nothing}", first.hint)
