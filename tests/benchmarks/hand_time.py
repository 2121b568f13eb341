"""Time HAND of an invented relief of 3600 x 3600 pixels of 30 m, by FirstLight or by pyflwdir.

    .venv/bin/python tests/benchmarks/hand_time.py firstlight
    PEERS/bin/python tests/benchmarks/hand_time.py pyflwdir

Both fill depressions, let each pixel drain to its steepest neighbour, and call drainage what at
least 1 km² drains through. pyflwdir (0.5.12 was looked at) is warm: what numba makes of it is made
on a small relief before the clock starts.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

import numpy as np
from make_scene import octaves

SIDE, PIXEL_M, DRAINAGE_KM2 = 3600, 30.0, 1.0


def relief(side: int) -> Any:
    """Heights in metres, float32."""
    return 1000 + 200 * octaves(np.arange(side), side, 7, 0.5)


def by_firstlight(heights: Any) -> Any:
    """HAND by the product."""
    from firstlight.core.terrain.hand import height_above_drainage

    return height_above_drainage(heights, (PIXEL_M, PIXEL_M), DRAINAGE_KM2)


def by_pyflwdir(heights: Any) -> Any:
    """HAND as pyflwdir's documentation does it."""
    import pyflwdir

    filled, directions = pyflwdir.dem.fill_depressions(heights, outlets="edge", nodata=-9999.0)
    place = (PIXEL_M, 0, 0, 0, -PIXEL_M, 0)
    flow = pyflwdir.from_array(directions, ftype="d8", transform=place, latlon=False)
    drains = flow.upstream_area("cell") >= DRAINAGE_KM2 * 1e6 / PIXEL_M**2
    found = flow.hand(drain=drains, elevtn=filled)
    return np.where(found < 0, np.nan, found)


def main() -> None:
    """Print seconds and the mean, by which two can be seen to do the same."""
    warnings.simplefilter("ignore")
    run = {"firstlight": by_firstlight, "pyflwdir": by_pyflwdir}[sys.argv[1]]
    run(relief(240))
    heights = relief(SIDE)
    cpu, wall = time.process_time(), time.perf_counter()
    found = run(heights)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{sys.argv[1]}: {wall:.1f} s, CPU {cpu:.1f} s, mean HAND {np.nanmean(found):.2f} m")


if __name__ == "__main__":
    main()
