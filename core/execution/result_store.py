"""A store for finished tiles that workers on other computers write to, and this one reads: a folder
that all of them see, or object storage. Nothing but facts then passes through a scheduler.

How an engine uses it::

    driver                                             worker
    store = new_store(place)
    store.open()
    sees(store, name) for each worker             ◄──    probe(store, name)      (once)
    groups = group_tiles(tiles, slots)
    send work_of(work, group), store, group     ──►    do_group(work, store, group, name)
    store.look(group.number)  (again and again)           begin, has → skip, put | fail
      done   → store.collect(…), store.taken(…)
      failed → store.failure(…): raise it, or give the tile to a new group elsewhere
    store.sweep()             (always, also after a failure)

A tile is put as a part of its own that is then given its name: two attempts at it write the same
bytes under the same name. What was taken stays behind as an empty mark, so that an attempt that
comes later skips it. A worker looks for the mark ``open`` before each tile: when the run has ended,
however it ended, it stops there. What a killed run has left is swept by the next one with the same
key.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from .. import errors
from ..errors import EngineError, FirstLightError, SceneReadError, StoreError
from ..files.atomic import reason_of
from ..raster.grid import Window
from .engine import Result
from .store_files import StoreFiles, files_at
from .tile_groups import Made, TileGroup

OPEN, BEGUN = "open", "begun"
FAILED = ".failed"
PREFIX = "firstlight-"
SUFFIX = ".part"
_HINT = "Is there room, and may the workers write there? Or choose another processing.store."


@runtime_checkable
class Storable(Protocol[Result]):
    """Work whose results can be written to a file."""

    def __call__(self, tile: Window) -> Result:
        """The result of one tile."""

    def pack(self, result: Result) -> bytes:
        """A result as bytes; never empty."""

    def unpack(self, data: bytes) -> Result:
        """The result again.

        Raises
        ------
        ValueError
            If the bytes are not those that were packed.
        """


@runtime_checkable
class Adopts(Protocol[Made]):
    """Who takes results and can take over the files in which they lie: nothing is copied then."""

    def adopt(self, path: Path) -> Made | None:
        """The result in a file, which is moved away; None where that cannot be done, and the file
        stays.

        Raises
        ------
        ValueError
            If the bytes are not those that were packed.
        """


@dataclass(frozen=True)
class StorePlace:
    """Where stores of runs that make the same file may lie."""

    base: str
    """A folder, or ``s3://bucket/prefix`` (``gs://``, ``az://``)."""
    target: str
    """What is made: its whole path."""


@dataclass(frozen=True)
class Seen:
    """What lies in the store of one group."""

    begun: bool = False
    """A worker has begun with it."""
    done: frozenset[int] = frozenset()
    """Numbers of finished tiles, those that were taken among them."""
    failed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class StoredFailure:
    """Why a tile failed, and where."""

    error: FirstLightError
    worker: str


@dataclass(frozen=True)
class ResultStore:
    """The store of one run; a value, which may be sent to workers. Tiles go by their number in the
    run, and lie with their group.

    Every method raises StoreError where the store cannot be written or read.
    """

    base: str
    """A folder, or ``s3://bucket/prefix`` (``gs://``, ``az://``)."""
    name: str
    """Of this run."""

    @cached_property
    def _files(self) -> StoreFiles:
        return files_at(self.base)

    def open(self) -> None:
        """Make it, and let workers write."""
        with self._named("cannot be made"):
            self._files.make_place()
            self._files.make(self.name)
            self._files.write(f"{self.name}/{OPEN}", self.name.encode())

    def is_open(self) -> bool:
        """Whether workers may go on: the run is still under way, and this is its store."""
        with suppress(OSError):
            return self._files.read(f"{self.name}/{OPEN}") == self.name.encode()
        return False

    def begin(self, group: int) -> None:
        """A worker begins with a group."""
        with self._named("cannot be written"):
            self._files.make(f"{self.name}/{group}")
            self._files.write(f"{self.name}/{group}/{BEGUN}", b"")

    def has(self, group: int, tile: int) -> bool:
        """Whether a tile is there, or was there and was taken."""
        with self._named("cannot be read"):
            return self._files.has(self._tile(group, tile))

    def put(self, group: int, tile: int, data: bytes) -> None:
        """Keep a finished tile."""
        with self._named("cannot be written"):
            self._files.write(self._tile(group, tile), data)

    def fail(self, group: int, tile: int, error: FirstLightError, worker: str) -> None:
        """Keep why a tile failed."""
        with self._named("cannot be written"):
            text = json.dumps({**_fields_of(error), "worker": worker})
            self._files.write(f"{self._tile(group, tile)}{FAILED}", text.encode())

    def look(self, group: int) -> Seen:
        """What is there of a group."""
        with self._named("cannot be read"):
            names = self._files.names(f"{self.name}/{group}")
        failed = frozenset(int(one[: -len(FAILED)]) for one in names if one.endswith(FAILED))
        done = frozenset(int(one) for one in names if one.isdecimal())
        return Seen(BEGUN in names, done, failed - done)

    def get(self, group: int, tile: int) -> bytes:
        """A finished tile; empty where it was taken."""
        with self._named("cannot be read"):
            return self._files.read(self._tile(group, tile))

    def collect(self, work: Storable[Result], group: int, tile: int, take: object) -> Result:
        """A finished tile, for who takes it.

        Raises
        ------
        ValueError
            If the bytes are not those that were packed.
        """
        path = self._files.path(self._tile(group, tile))
        if path is not None and isinstance(take, Adopts):
            with self._named("cannot be read"):
                adopted: Result | None = take.adopt(path)
            if adopted is not None:
                return adopted
        return work.unpack(self.get(group, tile))

    def taken(self, group: int, tile: int) -> None:
        """A tile is in safety elsewhere: only an empty mark stays."""
        with self._named("cannot be written"):
            self._files.write(self._tile(group, tile), b"")

    def failure(self, group: int, tile: int) -> StoredFailure:
        """Why a tile failed."""
        with self._named("cannot be read"):
            text = self._files.read(f"{self._tile(group, tile)}{FAILED}")
        return _failure_of(json.loads(text))

    def sweep(self) -> None:
        """Remove the store; workers that still compute for it stop at their next tile."""
        with self._named("cannot be removed"):
            self._files.remove(self.name)

    def sweep_older(self, key: str) -> None:
        """Remove what killed runs of the same key have left."""
        with self._named("cannot be read"):
            names = self._files.names("")
            for name in names:
                if name.startswith(f"{PREFIX}{key}-") and name != self.name:
                    self._files.remove(name)

    def _tile(self, group: int, tile: int) -> str:
        return f"{self.name}/{group}/{tile}"

    def _named(self, what: str) -> _Named:
        return _Named(f"The store of finished tiles at {self.base} {what}")


class _Named:
    """Any OSError inside as a StoreError."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise StoreError(self._what, reason_of(error), _HINT) from error


def new_store(place: StorePlace) -> ResultStore:
    """A store for one run, not yet made; what killed runs for the same target have left is removed.

    Raises
    ------
    StoreError
        If the place cannot be read.
    """
    key = hashlib.sha256(place.target.encode()).hexdigest()[:8]
    store = ResultStore(place.base, f"{PREFIX}{key}-{uuid.uuid4().hex[:12]}{SUFFIX}")
    store.sweep_older(key)
    return store


def probe(store: ResultStore, worker: str) -> None:
    """Write what :func:`sees` looks for; runs on a worker. Nothing happens where the worker sees
    another folder under the same name.
    """
    with suppress(EngineError):
        if store.is_open():
            store._files.write(f"{store.name}/{_probe_name(worker)}", worker.encode())


def sees(store: ResultStore, worker: str) -> bool:
    """Whether a worker that was asked to :func:`probe` writes what this computer reads."""
    with suppress(OSError):
        return store._files.read(f"{store.name}/{_probe_name(worker)}") == worker.encode()
    return False


def _probe_name(worker: str) -> str:
    return f"probe-{hashlib.sha256(worker.encode()).hexdigest()[:12]}"


def do_group(work: Storable[Any], store: ResultStore, group: TileGroup, worker: str = "") -> None:
    """All tiles of a group that are not in the store yet, one after the other; runs on a worker.

    A tile that fails leaves its reason in the store, and the next one follows.

    Raises
    ------
    StoreError
        If the store cannot be written, is not seen here, or the run is over.
    """
    for place, (number, tile) in enumerate(group.tiles):
        if not store.is_open():
            raise StoreError(
                f"The store of finished tiles at {store.base} cannot be used",
                "this worker does not see it, or its run is over",
                _HINT,
            )
        if place == 0:
            store.begin(group.number)
        if store.has(group.number, number):
            continue
        try:
            data = work.pack(work(tile))
        except FirstLightError as error:
            store.fail(group.number, number, error, worker)
        else:
            store.put(group.number, number, data)


def _fields_of(error: FirstLightError) -> dict[str, str]:
    fields = {"kind": type(error).__name__, "what": error.what, "why": error.why}
    fields["hint"] = error.hint
    if isinstance(error, SceneReadError):
        fields["scene_id"] = error.scene_id
    return fields


def _failure_of(fields: dict[str, str]) -> StoredFailure:
    """The error of the same class; an EngineError for one that takes other words."""
    words = (fields["what"], fields["why"], fields["hint"])
    kind = getattr(errors, fields["kind"], EngineError)
    error: FirstLightError
    if kind is SceneReadError:
        error = SceneReadError(*words, fields.get("scene_id", ""))
    elif isinstance(kind, type) and getattr(kind, "__init__", None) is FirstLightError.__init__:
        error = kind(*words)
    else:
        error = EngineError(*words)
    return StoredFailure(error, fields["worker"])
