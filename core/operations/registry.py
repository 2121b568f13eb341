"""All operations, in the order the doors show them."""

from __future__ import annotations

from .base import Operation
from .burn_severity import BURN_SEVERITY
from .burned_area import BURNED_AREA
from .cache import CACHE
from .clear_sky import CLEAR_SKY
from .discover import DISCOVER
from .event import EVENT
from .fuse import FUSE
from .index import INDEX
from .info import INFO
from .ingest import INGEST
from .mosaic import MOSAIC
from .pairs import PAIRS
from .repair import REPAIR
from .results import RESULTS
from .sar_water import SAR_WATER
from .stack import STACK
from .structural_damage import STRUCTURAL_DAMAGE
from .terrain import TERRAIN
from .thermal_anomaly import THERMAL_ANOMALY
from .validate import VALIDATE
from .water import WATER_OPERATION
from .wind_damage import WIND_DAMAGE

OPERATIONS: tuple[Operation, ...] = (
    EVENT,
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
    BURNED_AREA,
    THERMAL_ANOMALY,
    SAR_WATER,
    WATER_OPERATION,
    WIND_DAMAGE,
    STRUCTURAL_DAMAGE,
    FUSE,
    TERRAIN,
    RESULTS,
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
