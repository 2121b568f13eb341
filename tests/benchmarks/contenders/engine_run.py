"""What the contenders of the engines share: NDVI of the scene by one engine, timed after the engine
has started.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace

from spark_run import spark_cluster
from task import OUT, SOURCE, report

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.execution.apply import apply_layers
from firstlight.core.execution.dask_cluster.connection import open_cluster
from firstlight.core.execution.dask_cluster.local_cluster import local_cluster
from firstlight.core.execution.engine import Engine, SerialEngine
from firstlight.core.execution.result_store import StorePlace
from firstlight.core.execution.router import spark_place
from firstlight.core.execution.spark_cluster.connection import open_spark
from firstlight.core.execution.threads import ThreadsEngine
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import resolve_settings

NOT_HERE = 77


def run(engine: str, workers: int = 1, store: bool = True) -> None:
    """Compute, and say how long it took without imports, stack and start."""
    settings, stack = resolve_settings(), OUT / "stack.vrt"
    bands = tuple(f"{band}={SOURCE}/{band}.tif" for band in ("red", "nir"))
    STACK.run(
        STACK.make_params({"sensor": "sentinel2", "band": bands, "output": stack}),
        settings,
        RecordingMonitor(),
    )

    def compute(chosen: Engine) -> None:
        began = time.perf_counter()
        with RasterReader(stack) as reader:
            names = {band.description: band.index for band in reader.facts.bands}
            kernel = index_kernel("NDVI", names)
            apply_layers(
                reader,
                names,
                kernel,
                (OUT / "ndvi.tif",),
                replace(settings, workers=workers),
                RecordingMonitor(),
                engine=chosen,
            )
        report(began)

    if engine == "serial":
        compute(SerialEngine())
    elif engine == "threads":
        compute(ThreadsEngine(workers))
    elif engine == "spark":
        place = StorePlace(str(OUT), str(OUT / "ndvi.tif"))
        with (
            spark_cluster() as found,
            open_spark(
                spark_place(replace(settings, **found)), place, (), 300, threading.Event()
            ) as spark,
        ):
            compute(spark)
    else:
        try:
            import distributed  # noqa: F401
        except ImportError:
            print("the library distributed")
            sys.exit(NOT_HERE)
        stop = threading.Event()
        place = StorePlace(str(OUT), str(OUT / "ndvi.tif")) if store else None
        with (
            local_cluster(workers, stop) as own,
            open_cluster(own.address, [], 300, stop, workers, own.credentials, place) as cluster,
        ):
            compute(cluster)
