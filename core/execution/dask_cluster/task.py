"""What is sent to a worker of Dask, and what is kept of it here; how it answers where something
failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from ...errors import EngineError, FirstLightError
from ...raster.grid import Window
from ..engine import Result
from ..result_store import ResultStore, Storable, do_group
from ..tile_groups import TileGroup


@dataclass(frozen=True)
class Failure:
    """Answer of a worker where a tile failed."""

    error: FirstLightError
    worker: str


@dataclass(frozen=True)
class SentBack(Generic[Result]):
    """The work of one tile, whose result is the answer; a failure comes back as a value, together
    with whose it is.
    """

    work: Callable[[Window], Result]

    def __call__(self, group: TileGroup) -> Result | Failure:
        """Do it; runs on a worker."""
        from distributed import get_worker

        [(_, tile)] = group.tiles
        try:
            return self.work(tile)
        except FirstLightError as error:
            return Failure(error, str(get_worker().address))


@dataclass(frozen=True)
class Stored:
    """The work of a group of tiles, whose results go to a store; the answer is whether it did."""

    work: Storable[Any]
    store: ResultStore

    def __call__(self, group: TileGroup) -> Failure | None:
        """Do it; runs on a worker."""
        from distributed import get_worker

        worker = str(get_worker().address)
        try:
            do_group(self.work, self.store, group, worker)
        except FirstLightError as error:
            return Failure(error, worker)
        return None


def load_libraries() -> None:
    """Load what tiles need, so that a worker's first one does not wait for it; runs there."""
    from ...gdal.reading_choice import reading
    from .. import tile_work  # noqa: F401 - all that it imports

    with reading().surroundings():
        pass


@dataclass
class GroupJob:
    """A group of tiles on its way, as the sender keeps it."""

    group: TileGroup
    tries: int = 0
    heard: float = 0.0
    """When it was sent, begun with, or one of its tiles came."""
    begun: bool = False
    answered: float = 0.0
    """When the worker came back; 0: it has not."""
    future: Any = None
    worker: str = ""
    """To which it was given."""
    shunned: tuple[str, ...] = ()
    """Workers on which it failed."""
    left: dict[int, Window] = field(default_factory=dict)
    """Tiles that were not handed on yet, by their numbers."""
    fetching: set[int] = field(default_factory=set)
    """Of these, those that a thread is busy with."""


def outcome_of(future: Any, limit_s: float) -> Any:
    """The result of a task, or a :class:`Failure`; waits."""
    from asyncio import CancelledError
    from asyncio import TimeoutError as LateError
    from concurrent.futures import CancelledError as OldCancelledError

    error: BaseException | None
    try:
        if future.status != "error":
            return future.result(timeout=limit_s)
        error = future.exception(timeout=limit_s)
    except (CancelledError, OldCancelledError, LateError, TimeoutError, OSError) as caught:
        error = caught
    reason = " ".join(str(error).split()) or type(error).__name__
    return Failure(EngineError("The tile failed", reason), "")
