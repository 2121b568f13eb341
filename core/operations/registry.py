"""All operations, in the order the doors show them."""

from __future__ import annotations

from ..maps.burn_severity import BURN_SEVERITY
from ..maps.burned_area import BURNED_AREA
from ..maps.fuse import FUSE
from ..maps.index import INDEX
from ..maps.sar_water import SAR_WATER
from ..maps.structural_damage import STRUCTURAL_DAMAGE
from ..maps.thermal_anomaly import THERMAL_ANOMALY
from ..maps.water import WATER_OPERATION
from ..maps.wind_damage import WIND_DAMAGE
from ..operation import Operation
from .cache import CACHE
from .clear_sky import CLEAR_SKY
from .discover import DISCOVER
from .event import EVENT
from .info import INFO
from .ingest import INGEST
from .mosaic import MOSAIC
from .pairs import PAIRS
from .repair import REPAIR
from .results import RESULTS
from .stack import STACK
from .terrain import TERRAIN
from .validate import VALIDATE

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
