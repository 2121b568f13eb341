"""All operations, in the order the doors show them."""

from __future__ import annotations

from .base import Operation
from .burn_severity import BURN_SEVERITY
from .cache import CACHE
from .clear_sky import CLEAR_SKY
from .discover import DISCOVER
from .index import INDEX
from .info import INFO
from .ingest import INGEST
from .mosaic import MOSAIC
from .pairs import PAIRS
from .repair import REPAIR
from .sar_water import SAR_WATER
from .stack import STACK
from .terrain import TERRAIN
from .validate import VALIDATE
from .water import WATER_OPERATION
from .wind_damage import WIND_DAMAGE

OPERATIONS: tuple[Operation, ...] = (
    DISCOVER,
    CLEAR_SKY,
    PAIRS,
    INGEST,
    STACK,
    REPAIR,
    VALIDATE,
    MOSAIC,
    INDEX,
    BURN_SEVERITY,
    SAR_WATER,
    WATER_OPERATION,
    WIND_DAMAGE,
    TERRAIN,
    CACHE,
    INFO,
)


def get_operation(name: str) -> Operation:
    """The operation of that name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {operation.name: operation for operation in OPERATIONS}[name]
