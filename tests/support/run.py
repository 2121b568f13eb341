"""Operations and kernels, run as tests run them: on small tiles, with two workers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.algorithms.kernel import Kernel
from firstlight.core.execution.apply import apply_layers
from firstlight.core.execution.engine import Engine
from firstlight.core.execution.layer_statistics import LayerStatistics
from firstlight.core.monitor import Monitor, RecordingMonitor
from firstlight.core.operation import Operation, OperationResult
from firstlight.core.operations.registry import get_operation
from firstlight.core.raster.reader import RasterReader
from firstlight.core.settings import Settings


def small_tiles(tile: int = 64, **changes: Any) -> Settings:
    """Settings for rasters of a few hundred pixels: several tiles, two workers."""
    return dataclasses.replace(Settings(), tile_size=tile, workers=2, **changes)


def run_operation(
    operation: Operation | str,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **params: Any,
) -> OperationResult:
    """Run an operation (itself or its name) through its declared parameters, on small tiles unless
    ``settings`` say otherwise.
    """
    operation = get_operation(operation) if isinstance(operation, str) else operation
    return operation.run(
        operation.make_params(params), settings or small_tiles(), monitor or RecordingMonitor()
    )


def run_kernel(
    stack: Path,
    output: Path,
    kernel: Kernel | None = None,
    engine: Engine | None = None,
    settings: Settings | None = None,
    monitor: Monitor | None = None,
    **layer: Any,
) -> LayerStatistics:
    """Apply a kernel of one layer (NDVI unless given) to a stack whose bands bear their names;
    ``layer`` goes to :func:`apply_layers`.
    """
    with RasterReader(stack) as reader:
        bands = {band.description: band.index for band in reader.facts.bands}
        applied = apply_layers(
            reader,
            bands,
            kernel or index_kernel("NDVI", bands),
            (output,),
            settings or small_tiles(),
            monitor or RecordingMonitor(),
            engine=engine,
            **layer,
        )
    return applied.layers[0]
