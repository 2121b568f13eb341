"""Compares the demo's NDVI with one computed here from the source's own files, without any code of FirstLight.

::

    .venv/bin/python scripts/check_demo.py build/demo build/sample
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import rasterio

LIMIT = 1e-6


def main(demo: Path, scene: Path) -> int:
    """Print the largest difference; 0 where it is small enough everywhere."""
    outcome = json.loads((demo / "outcome.json").read_text())
    paths = [Path(layer["path"]) for layer in outcome["layers"] if "NDVI" in layer["name"].upper()]
    if len(paths) != 1:
        print(f"The demo's NDVI cannot be checked: {len(paths)} of its layers are called NDVI. See {demo}.", file=sys.stderr)
        return 1
    with rasterio.open(scene / "source" / "red_band.nc") as file:
        red, origin = file.read(1).astype("float64"), file.transform
    with rasterio.open(scene / "source" / "nir_band.nc") as file:
        nir = file.read(1).astype("float64")
    # The same scale for both bands and no offset: they cancel out.
    expected = (nir - red) / (nir + red)
    with rasterio.open(paths[0]) as file:
        # The stack may reach further than the 10 m bands, as its 20 m bands do.
        row, col = file.index(origin.c + origin.a / 2, origin.f + origin.e / 2)
        window = ((row, row + red.shape[0]), (col, col + red.shape[1]))
        found = file.read(1, window=window, masked=True).astype("float64")
    if found.shape != expected.shape:
        print(
            f"The demo's NDVI is wrong: it covers {found.shape} of {expected.shape} source pixels. See {paths[0]}.",
            file=sys.stderr,
        )
        return 1
    valid = ~np.ma.getmaskarray(found) & np.isfinite(found.filled(np.nan))
    if not valid.all():  # the source has no gaps
        print(
            f"The demo's NDVI is wrong: {(~valid).sum()} of {valid.size} pixels have no value. See {paths[0]}.", file=sys.stderr
        )
        return 1
    worst = float(np.abs(found.filled(np.nan) - expected).max())
    print(f"NDVI against numpy on the source bands: {valid.sum()} pixels, largest difference {worst:.1e} (limit {LIMIT:.0e})")
    if worst > LIMIT:
        print(f"The demo's NDVI is wrong: it differs by {worst:g}. See {paths[0]}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
