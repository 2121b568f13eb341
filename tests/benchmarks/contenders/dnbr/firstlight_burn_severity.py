# title: FirstLight, two stacks and burn severity with the defaults: index, classes, outline, items
# python: firstlight
# What `flight stack` (twice) and `flight burn-severity` do, in one process. The others write the
# index alone.
from task import LATER, OUT, SOURCE

from firstlight.core.maps.burn_severity import BURN_SEVERITY, BurnSeverityParams
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import resolve_settings

settings, monitor, stacks = resolve_settings(), RecordingMonitor(), []
for name, folder in (("before", SOURCE), ("after", LATER)):
    bands = tuple(f"{band}={folder}/{band}.tif" for band in ("nir", "swir22"))
    stacks.append(OUT / f"{name}.vrt")
    STACK.run(
        STACK.make_params({"sensor": "sentinel2", "band": bands, "output": stacks[-1]}),
        settings,
        monitor,
    )
BURN_SEVERITY.run(BurnSeverityParams(pre=stacks[0], post=stacks[1], output=OUT), settings, monitor)
