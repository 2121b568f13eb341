"""Thumbnails of scenes: fetched and decoded off the main thread, a few at a time, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage, QImageReader

from ..core.discovery.access import Access
from ..core.download.thumbnails import fetch_thumbnail, thumbnail_href
from ..core.errors import AccessError, DiscoveryError
from ..core.monitor import EventQueue, Level, Monitor, Note
from ..core.operation import Operation, OperationResult
from ..core.settings import Settings
from ..core.types import SceneItem
from ..core.workers import run_parallel

SIDE = 256
"""Pixels of the longer side of what is kept."""
MOST_PIXELS = 40_000_000
"""Of a picture that is decoded at all; it would take 160 MB."""
FORMATS = ("png", "jpeg", "jpg", "webp")
MOST_KEPT = 400
"""About 100 MB."""
AT_ONCE = 4
BATCH = 8
Key = tuple[str, str, str]


def key_of(scene: SceneItem) -> Key:
    """What tells one scene from another."""
    return scene.catalog, scene.collection, scene.id


def has_picture(scene: SceneItem) -> bool:
    """Whether the catalogue offers a picture of it."""
    return thumbnail_href(scene) is not None


@dataclass(frozen=True, kw_only=True)
class ThumbnailParams:
    """Whose pictures."""

    scenes: tuple[SceneItem, ...] = ()


def load_thumbnails(
    params: ThumbnailParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Fetch and decode; one that cannot be had is noted, and hinders no other."""
    access = Access(settings)
    events = EventQueue(monitor)

    def load(scene: SceneItem) -> QImage | None:
        try:
            content = fetch_thumbnail(scene, settings, access)
            return None if content is None else decode(content, scene.id)
        except (AccessError, DiscoveryError) as error:
            events.put(Note(Level.DEBUG, str(error)))
            return None

    images = run_parallel(load, params.scenes, AT_ONCE, events)
    pictures = {key_of(scene): image for scene, image in zip(params.scenes, images)}
    return OperationResult(data=None, text="", value=pictures)


THUMBNAILS = Operation(
    name="thumbnails",
    title="Pictures of scenes",
    group="",
    summary="Fetches the small pictures of scenes.",
    params=ThumbnailParams,
    run=load_thumbnails,
)
"""Of the dock alone: pictures are Qt's."""


def decode(content: bytes, name: str) -> QImage:
    """The picture, made small; safe on any thread.

    Raises
    ------
    DiscoveryError
        If it is none, of another format, or of more pixels than a thumbnail has.
    """
    failure = f"The picture of {name} cannot be shown"
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    if bytes(reader.format()).decode() not in FORMATS:
        raise DiscoveryError(failure, "it is no PNG, JPEG or WebP", "")
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MOST_PIXELS:
        raise DiscoveryError(failure, "its size is that of no thumbnail", "")
    if max(size.width(), size.height()) > SIDE:
        reader.setScaledSize(size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise DiscoveryError(failure, reader.errorString(), "")
    return image


class ThumbnailStore(QObject):
    """The pictures that are there, and those that are on their way.

    Parameters
    ----------
    jobs : JobList
        Fetches them, as short questions that no list shows.
    """

    arrived = pyqtSignal(object)
    """Carries the set of keys whose answer has come, be it that there is no picture."""

    def __init__(self, jobs: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._kept: OrderedDict[Key, QImage | None] = OrderedDict()
        self._wanted: OrderedDict[Key, SceneItem] = OrderedDict()
        self._job: Any = None

    def image(self, scene: SceneItem) -> QImage | None:
        """Its picture; None where there is none, or not yet."""
        return self._kept.get(key_of(scene))

    def is_known(self, scene: SceneItem) -> bool:
        """True once the answer is there."""
        return key_of(scene) in self._kept

    def want(self, scenes: Iterable[SceneItem]) -> None:
        """Ask for the pictures of these scenes before any other that was asked for."""
        for scene in reversed(list(scenes)):
            key = key_of(scene)
            if key in self._kept:
                self._kept.move_to_end(key)
            elif thumbnail_href(scene) is None:
                self._keep({key: None})
            else:
                self._wanted[key] = scene
                self._wanted.move_to_end(key, last=False)
        self._go_on()

    def forget_wanted(self) -> None:
        """Other scenes are shown: nobody waits for these any more."""
        self._wanted.clear()

    def close_down(self) -> None:
        """Fetch nothing more."""
        self.forget_wanted()
        if self._job is not None:
            self._jobs.cancel(self._job)

    def _go_on(self) -> None:
        if self._job is not None or not self._wanted:
            return
        batch = [self._wanted.popitem(last=False)[1] for _ in range(min(BATCH, len(self._wanted)))]
        params = ThumbnailParams(scenes=tuple(batch))
        job = self._job = self._jobs.start(THUMBNAILS, params, kept=False)
        job.ended.connect(lambda: self._take(job, batch))

    def _take(self, job: Any, batch: list[SceneItem]) -> None:
        self._job = None
        # A batch that failed as a whole is not asked for again and again.
        found = job.result.value if job.result is not None else {key_of(one): None for one in batch}
        self._keep(found)
        self.arrived.emit(set(found))
        self._go_on()

    def _keep(self, found: dict[Key, QImage | None]) -> None:
        self._kept.update(found)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
