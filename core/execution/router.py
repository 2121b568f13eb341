"""Choice of the engine for a job: by its tiles, the memory that is free, the processor's cores, and
what the user says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from ..enums import EngineName
from ..errors import EngineError, known
from ..settings import Settings
from ..text import size_text
from .dask_cluster.connection import open_cluster
from .dask_cluster.local_cluster import local_cluster
from .engine import Engine, SerialEngine
from .memory import engines_under_way, promised, unpromised_bytes
from .result_store import StorePlace
from .spark_cluster.connection import open_spark
from .spark_cluster.place import SparkPlace
from .threads import ThreadsEngine

MEMORY_SHARE = 0.5
"""Share of the free memory that tiles may take: the rest is for QGIS, for the system's cache of
files, and for error.
"""


REMOTE_THREADS = 4
"""So many may wait for a network however few cores there are; each holds a tile."""


@dataclass(frozen=True)
class Job:
    """Facts of a job by which an engine is chosen."""

    tiles: int
    """Still to be computed."""
    tile_bytes: int
    """Memory that one tile takes while it is under way."""
    remote: bool = False
    """The pixels come over a network: reading is mostly waiting."""
    files: tuple[tuple[str, int], ...] = ()
    """Path and size in bytes of what is read on this computer; workers elsewhere must find the
    same.
    """
    place: StorePlace | None = None
    """Where workers elsewhere may put finished tiles, if they see it."""


@dataclass(frozen=True)
class Choice:
    """An engine, and why."""

    engine: EngineName
    """Never ``AUTO``."""
    workers: int
    """Tiles under way at once, on this computer."""
    cluster: str
    """Address of the scheduler or of Spark's master; empty: a cluster of this computer's own, or
    none.
    """
    reason: str
    """One sentence, for a person."""
    is_plain: bool = False
    """What anybody expects of this computer: nobody need be told before."""

    @property
    def title(self) -> str:
        """A few words, for where there is no room for the sentence."""
        if self.engine == EngineName.SPARK:
            return f"Spark at {self.cluster}"
        if self.engine == EngineName.CLUSTER:
            return f"Dask cluster {self.cluster or 'on this computer'}"
        return _count(self.workers) if self.engine == EngineName.THREADS else "one after the other"


def choose_engine(job: Job, settings: Settings, free: int | None = None) -> Choice:
    """Choose an engine.

    One tile needs no other thread; several are done by threads, very many by the cluster, where one
    is configured. Remote pixels are read by threads whatever ``serial_below_tiles`` says. A single
    core, or memory for a single tile, leaves nothing but one after the other on this computer.

    Parameters
    ----------
    job : Job
    settings : Settings
        ``engine``, ``cluster``, ``serial_below_tiles``, ``cluster_from_tiles`` and ``workers``
        count.
    free : int, optional
        Free memory in bytes; by default what the system says, without what other jobs of this
        process count on.
    """
    wanted = settings.engine
    tiles = "1 tile" if job.tiles == 1 else f"{job.tiles} tiles"
    asked = f"{tiles}, as asked for"
    elsewhere = _elsewhere(job.tiles, settings)
    many = "" if wanted == elsewhere else tiles
    if elsewhere == EngineName.SPARK:
        from_tiles = settings.spark_from_tiles
        reason = f"{many}, from {from_tiles} on Spark is used" if many else "as asked for"
        return _on_spark(settings, reason)
    if elsewhere == EngineName.CLUSTER:
        from_tiles = settings.cluster_from_tiles
        reason = f"{many}, from {from_tiles} on the cluster is used" if many else "as asked for"
        return _on_cluster(settings, reason)
    workers, limit = _threads(job, settings, unpromised_bytes() if free is None else free)
    if wanted == EngineName.SERIAL:
        return _one_by_one(asked)
    if wanted == EngineName.THREADS:
        return _on_threads(workers, asked + limit)
    return _choose_here(job, settings, tiles, workers, limit)


def is_elsewhere(tiles: int, settings: Settings) -> bool:
    """Whether so many tiles would go to workers outside of this process."""
    return _elsewhere(tiles, settings) is not None


def _elsewhere(tiles: int, settings: Settings) -> EngineName | None:
    """The engine outside of this process that is asked for, or that so many tiles go to."""
    if settings.engine in (EngineName.CLUSTER, EngineName.SPARK):
        return settings.engine
    if settings.engine == EngineName.AUTO:
        if settings.spark and tiles >= settings.spark_from_tiles:
            return EngineName.SPARK
        if settings.cluster and tiles >= settings.cluster_from_tiles:
            return EngineName.CLUSTER
    return None


def _choose_here(job: Job, settings: Settings, tiles: str, workers: int, limit: str) -> Choice:
    """Serial or threads, by the job itself."""
    if workers == 1:
        return _one_by_one(tiles + (limit or ", one core"))
    if job.tiles < settings.serial_below_tiles:
        if job.tiles <= 1 or not job.remote:
            few = f"{tiles}, fewer than {settings.serial_below_tiles}"
            return replace(_one_by_one(few if job.tiles > 1 else tiles), is_plain=True)
        tiles += ", read over the network"
    elif job.tiles >= settings.cluster_from_tiles:
        from_tiles = settings.cluster_from_tiles
        tiles += f", from {from_tiles} on a cluster would be used, but none is configured"
    elif not limit:
        return replace(_on_threads(workers, tiles), is_plain=True)
    return _on_threads(workers, tiles + limit)


def _on_cluster(settings: Settings, reason: str) -> Choice:
    cluster = settings.cluster
    title = f"at {cluster}" if cluster else "of this computer's own processes"
    sentence = f"Engine: Dask cluster {title} ({reason})."
    workers = settings.worker_count
    if not cluster:
        workers = max(1, workers // (1 + engines_under_way()))
    return Choice(EngineName.CLUSTER, workers, cluster, sentence)


def _on_spark(settings: Settings, reason: str) -> Choice:
    sentence = f"Engine: Spark at {settings.spark} ({reason})."
    if settings.spark.startswith("local["):
        sentence += " On one computer, threads are quicker and take less memory."
    return Choice(EngineName.SPARK, settings.worker_count, settings.spark, sentence)


def _one_by_one(reason: str) -> Choice:
    sentence = f"Engine: serial, one tile after the other ({reason})."
    return Choice(EngineName.SERIAL, 1, "", sentence)


def _on_threads(workers: int, reason: str) -> Choice:
    sentence = f"Engine: {_count(workers)} on this computer ({reason})."
    return Choice(EngineName.THREADS, workers, "", sentence)


@contextmanager
def open_engine(
    choice: Choice,
    job: Job,
    settings: Settings,
    stop: threading.Event,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Engine]:
    """The chosen engine, ready for work; a cluster of this computer's own lives as long as the
    block. ``tell`` gets what a person should know of it.

    Raises
    ------
    DependencyError, EngineError
        If a cluster cannot be used; see :mod:`.dask_cluster.connection`.
    """
    if choice.engine == EngineName.SPARK:
        place = spark_place(settings)
        store = known(job.place, "layers are files")
        with open_spark(place, store, job.files, settings.tile_timeout_s, stop) as engine:
            yield engine
        return
    join = partial(
        open_cluster,
        files=job.files,
        limit_s=settings.tile_timeout_s,
        stop=stop,
        place=job.place,
        tell=tell,
    )
    if choice.cluster:
        with join(choice.cluster) as engine:
            yield engine
        return
    with promised(choice.workers * job.tile_bytes):
        if choice.engine == EngineName.SERIAL:
            yield SerialEngine()
        elif choice.engine == EngineName.THREADS:
            yield ThreadsEngine(choice.workers)
        else:
            with (
                local_cluster(choice.workers, stop) as own,
                join(own.address, workers=choice.workers, credentials=own.credentials) as engine,
            ):
                yield engine


def spark_place(settings: Settings) -> SparkPlace:
    """Where Spark is, by the settings.

    Raises
    ------
    EngineError
        If they name no master.
    """
    if not settings.spark:
        raise EngineError(
            "Spark cannot be used",
            "no master is known",
            "Give the address of one, spark://host:7077, or choose another engine.",
        )
    return SparkPlace(
        settings.spark,
        settings.spark_host,
        settings.spark_python,
        settings.spark_driver_python,
        settings.spark_secret_file,
        settings.spark_sedona_jar,
    )


def thread_count(remote: bool, settings: Settings) -> int:
    """One for each core; where pixels come over a network, as many as requests are allowed at once:
    most of them wait.
    """
    return (
        max(settings.worker_count, min(settings.parallel_requests, REMOTE_THREADS))
        if remote
        else settings.worker_count
    )


def _threads(job: Job, settings: Settings, free: int | None) -> tuple[int, str]:
    """Number of threads, and the limit that keeps it below one for each core."""
    wanted = thread_count(job.remote, settings)
    room = wanted if free is None else max(1, int(free * MEMORY_SHARE) // max(1, job.tile_bytes))
    if room >= wanted:
        return wanted, ""
    limit = (
        f", {size_text(free or 0)} of memory free and {size_text(job.tile_bytes)} needed "
        "for each tile"
    )
    return room, limit


def _count(workers: int) -> str:
    return f"{workers} thread{'s' if workers != 1 else ''}"
