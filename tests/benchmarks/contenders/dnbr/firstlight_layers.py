# title: FirstLight, two stacks and the layers of burn severity, no outline and catalogue
# python: firstlight
from task import LATER, OUT, SOURCE

from firstlight.core.algorithms.burn import BurnSeverity, severity_kernel
from firstlight.core.execution.apply import apply_layers
from firstlight.core.maps.burn_severity import BANDS
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operations.stack import STACK
from firstlight.core.raster.reader import RasterReader
from firstlight.core.recipes.inputs import StackRequest, open_inputs
from firstlight.core.settings import resolve_settings

settings, monitor, stacks = resolve_settings(), RecordingMonitor(), {}
for name, folder in (("pre", SOURCE), ("post", LATER)):
    bands = tuple(f"{band}={folder}/{band}.tif" for band in ("nir", "swir22"))
    stacks[name] = OUT / f"{name}.vrt"
    STACK.run(
        STACK.make_params({"sensor": "sentinel2", "band": bands, "output": stacks[name]}),
        settings,
        monitor,
    )
wanted = {name: StackRequest(stack, BANDS) for name, stack in stacks.items()}
inputs = open_inputs("Burn severity", wanted, OUT, monitor)
kernel = severity_kernel(BurnSeverity("dnbr", inputs.masks), inputs.bands)
paths = [OUT / f"{layer.name}.tif" for layer in kernel.layers]
with RasterReader(inputs.path) as reader:
    apply_layers(reader, inputs.indexes, kernel, paths, settings, monitor)
