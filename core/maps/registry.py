"""All maps, in the order the doors show them."""

from __future__ import annotations

from ..recipes.map_operation import MapOperation
from .burn_severity import BURN_SEVERITY
from .burned_area import BURNED_AREA
from .fuse import FUSE
from .index import INDEX
from .sar_water import SAR_WATER
from .structural_damage import STRUCTURAL_DAMAGE
from .thermal_anomaly import THERMAL_ANOMALY
from .water import WATER_MAP
from .wind_damage import WIND_DAMAGE

MAPS: tuple[MapOperation, ...] = (
    INDEX,
    BURN_SEVERITY,
    BURNED_AREA,
    THERMAL_ANOMALY,
    SAR_WATER,
    WATER_MAP,
    WIND_DAMAGE,
    STRUCTURAL_DAMAGE,
    FUSE,
)


def get_map(name: str) -> MapOperation:
    """Look a map up by its operation's name: ``burn-severity``.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {operation.name: operation for operation in MAPS}[name]
