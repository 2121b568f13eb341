# title: FirstLight, the whole perimeter: sieved, simplified, as one and as patches
# python: firstlight
import os
from pathlib import Path

from task import OUT

from firstlight.core.products.perimeter import PerimeterFacts, PerimeterRule, write_perimeter

rule, about = PerimeterRule((1,)), PerimeterFacts("Burned", "dNBR")
write_perimeter(Path(os.environ["BENCH_CLASSES"]), OUT / "perimeter.gpkg", rule, about)
