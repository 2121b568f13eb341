# title: FirstLight, the patches alone, to a GeoPackage
# python: firstlight
import os
from pathlib import Path

from task import OUT

from firstlight.core.shapes.geopackage import VectorLayer, write_geopackage
from firstlight.core.shapes.patches import trace_patches

patches = trace_patches(Path(os.environ["BENCH_CLASSES"]), (1,), 0.0, lambda: False)
rows = [(patch.outline, {"code": patch.code}) for patch in patches.found]
layer = VectorLayer("patches", "Patches", {"code": int}, rows)
write_geopackage(OUT / "outline.gpkg", patches.grid.crs, (layer,))
