# title: FirstLight, stack and water from radar by Otsu: water, confidence, outline, items
# python: firstlight
# What `flight stack` and `flight sar-water --method otsu` do, in one process; the filter is the
# default one, refined Lee.
from task import OUT, RADAR

from firstlight.core.maps.sar_water import SAR_WATER, SarWaterParams
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.settings import resolve_settings

settings, monitor, stack = resolve_settings(), RecordingMonitor(), OUT / "stack.vrt"
bands = (f"vv={RADAR}",)
STACK.run(
    STACK.make_params({"sensor": "sentinel1", "unit": "power", "band": bands, "output": stack}),
    settings,
    monitor,
)
params = SarWaterParams(post=stack, method="otsu", speckle="refined-lee", output=OUT)
print(SAR_WATER.run(params, settings, monitor).text.replace("\n", " | "))
