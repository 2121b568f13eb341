# title: FirstLight, stack and index with the defaults
# python: firstlight
# What `flight stack` and `flight index` do, in one process. Building the stack is in the time,
# which the peers do not have to.
from task import OUT, SOURCE

from firstlight.core.maps.index import IndexParams, compute_index
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import resolve_settings

settings, monitor, stack = resolve_settings(), RecordingMonitor(), OUT / "stack.vrt"
bands = tuple(f"{band}={SOURCE}/{band}.tif" for band in ("red", "nir"))
STACK.run(
    STACK.make_params({"sensor": "sentinel2", "band": bands, "output": stack}),
    settings,
    monitor,
)
compute_index(IndexParams(name="NDVI", stack=stack, output=OUT / "ndvi.tif"), settings, monitor)
