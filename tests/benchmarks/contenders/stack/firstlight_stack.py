# title: FirstLight, stack and validate with the defaults
# python: firstlight
# What `flight stack` and `flight validate` do, in one process.
import sys
import time

from task import BANDS, OUT, SOURCE, report

from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.operations.validate import ValidateParams, run_validate
from firstlight.core.settings import resolve_settings

began = time.perf_counter()
settings, monitor, stack = resolve_settings(), RecordingMonitor(), OUT / "stack.vrt"
STACK.run(
    STACK.make_params(
        {
            "sensor": "sentinel2",
            "band": tuple(f"{band}={SOURCE}/{band}.tif" for band in BANDS),
            "output": stack,
        }
    ),
    settings,
    monitor,
)
found = run_validate(ValidateParams(path=stack), settings, monitor)
if found.status != "done":
    sys.exit(found.text)
report(began)
