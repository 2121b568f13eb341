"""All operations, in the order the doors show them."""

from __future__ import annotations

from ..comparison.compare import COMPARE
from ..maps.registry import MAPS
from ..operation import Operation
from ..series.series import SERIES
from .archives.catalogs import CATALOGS
from .archives.context import CONTEXT
from .clear_sky import CLEAR_SKY
from .describe import DESCRIBE
from .discover import DISCOVER
from .event import EVENT
from .following.follow import FOLLOW
from .following.forecast import FORECAST
from .following.passes import PASSES
from .help.accounts import ACCOUNTS
from .help.cache import CACHE
from .help.doctor import DOCTOR
from .help.sample import SAMPLE
from .impact.exposure import EXPOSURE
from .impact.scenario import SCENARIO
from .info import INFO
from .ingest import INGEST
from .mosaic import MOSAIC
from .pairs import PAIRS
from .repair import REPAIR
from .report.package import PACKAGE
from .report.print_event import PRINT
from .results import RESULTS
from .stack import STACK
from .terrain import TERRAIN
from .understand import UNDERSTAND
from .validate import VALIDATE

OPERATIONS: tuple[Operation, ...] = (
    EVENT,
    UNDERSTAND,
    FOLLOW,
    DISCOVER,
    CLEAR_SKY,
    PAIRS,
    PASSES,
    FORECAST,
    INGEST,
    STACK,
    DESCRIBE,
    REPAIR,
    VALIDATE,
    MOSAIC,
    *MAPS,
    EXPOSURE,
    SCENARIO,
    COMPARE,
    SERIES,
    TERRAIN,
    CONTEXT,
    RESULTS,
    PRINT,
    PACKAGE,
    CACHE,
    CATALOGS,
    ACCOUNTS,
    INFO,
    DOCTOR,
    SAMPLE,
)


def get_operation(name: str) -> Operation:
    """The operation of that name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {operation.name: operation for operation in OPERATIONS}[name]
