"""Try a Dask cluster: the same look as before a computation, and nothing computed."""

from __future__ import annotations

from dataclasses import dataclass

from ...execution.dask_cluster.connection import open_cluster
from ...monitor import EventQueue, Monitor, Progress
from ...operation import Operation, OperationResult
from ...params import Kind, param
from ...settings import Settings
from ...workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class ClusterParams:
    """The cluster."""

    address: str = param(
        kind=Kind.TEXT, title="Address", help="Of the scheduler: tcp://127.0.0.1:8786."
    )


def run_cluster(params: ClusterParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Connect, compare versions and code, and tell who is there.

    Raises
    ------
    DependencyError
        If Dask distributed is not installed.
    EngineError
        If nothing answers, there is no worker, or versions or FirstLight's code differ.
    """
    events = EventQueue(monitor)
    address, limit = params.address, settings.tile_timeout_s
    monitor.emit(Progress(0.0, f"Asking the cluster at {address}"))

    def ask() -> tuple[int, int, str]:
        with open_cluster(address, (), limit, events.stop) as engine:
            return len(engine.threads), sum(engine.threads.values()), engine.version

    workers, threads, version = run_in_background(ask, events)
    who = (
        f"one worker with {threads} threads"
        if workers == 1
        else f"{workers} workers with {threads} threads"
    )
    text = (
        f"The Dask cluster at {address} can be used: {who}, Dask {version}, and the same Python, "
        "numpy, GDAL and FirstLight as here."
    )
    data = {"address": address, "workers": workers, "threads": threads, "dask": version}
    return OperationResult(data, text)


CLUSTER = Operation(
    name="check-cluster",
    title="Try a cluster",
    group="Help",
    summary="Asks a Dask cluster whether it can compute for FirstLight.",
    params=ClusterParams,
    run=run_cluster,
)
"""Asked on the page of options; no door lists it."""
