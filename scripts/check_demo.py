"""Compares what the demo made with the truth, without any code of FirstLight: NDVI with one
computed here from the source's own files, the maps of the simulated events with what was simulated.

::

    .venv/bin/python scripts/check_demo.py build/demo build/sample
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.warp import Resampling, reproject

LIMIT = 1e-6
LEAST_AGREEMENT = 0.95
"""Of the wildfire's severity classes, outside cloud."""
LEAST_OVERLAP = {
    "fuse/consensus.tif": 0.90,
    "sar-water/flooded.tif": 0.90,
    "water/flooded.tif": 0.95,
}
"""Of flooded pixels, intersection over union, outside cloud."""
OUTSIDE, NOT_OBSERVED = 254, 255


def check_ndvi(demo: Path, scene: Path) -> int:
    """Print the largest difference; 0 where it is small enough everywhere."""
    outcome = json.loads((demo / "outcome.json").read_text())
    paths = [Path(layer["path"]) for layer in outcome["layers"] if "NDVI" in layer["name"].upper()]
    if len(paths) != 1:
        print(
            f"The demo's NDVI cannot be checked: {len(paths)} of its layers are called NDVI. "
            f"See {demo}.",
            file=sys.stderr,
        )
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
            f"The demo's NDVI is wrong: it covers {found.shape} of {expected.shape} source "
            f"pixels. See {paths[0]}.",
            file=sys.stderr,
        )
        return 1
    valid = ~np.ma.getmaskarray(found) & np.isfinite(found.filled(np.nan))
    if not valid.all():  # the source has no gaps
        print(
            f"The demo's NDVI is wrong: {(~valid).sum()} of {valid.size} pixels have no value. "
            f"See {paths[0]}.",
            file=sys.stderr,
        )
        return 1
    worst = float(np.abs(found.filled(np.nan) - expected).max())
    print(
        f"NDVI against numpy on the source bands: {valid.sum()} pixels, largest difference "
        f"{worst:.1e} (limit {LIMIT:.0e})"
    )
    if worst > LIMIT:
        print(
            f"The demo's NDVI is wrong: it differs by {worst:g}. See {paths[0]}.", file=sys.stderr
        )
        return 1
    return 0


def own_folder(demo: Path, name: str) -> Path:
    """The folder that the event was given, named by its kind, day and place."""
    [folder] = (demo / "results" / name).iterdir()
    return folder


def check_fire(demo: Path, scene: Path) -> int:
    """Print how many pixels have the class that was simulated; 0 where enough have."""
    folder, truth = own_folder(demo, "fire"), scene / "events" / "truth" / "fire"
    codes = read(folder / "burn-severity" / "severity.tif")
    expected = on_grid(truth / "severity.tif", folder / "burn-severity" / "severity.tif")
    seen = (
        (codes < OUTSIDE)
        & (expected != NOT_OBSERVED)
        & ~hidden(truth, folder / "burn-severity" / "severity.tif")
    )
    share = float((codes == expected)[seen].mean())
    least = 100 * LEAST_AGREEMENT
    print(
        f"Wildfire: {100 * share:.1f} % of {seen.sum()} clear pixels have the simulated "
        f"severity (at least {least:g})"
    )
    return int(share < LEAST_AGREEMENT)


def check_flood(demo: Path, scene: Path) -> int:
    """Print how well each map of the flood covers what was simulated; 0 where all do."""
    folder, truth = own_folder(demo, "flood"), scene / "events" / "truth" / "flood"
    failed = 0
    for name, least in LEAST_OVERLAP.items():
        codes = read(folder / name)
        flooded = on_grid(truth / "flooded.tif", folder / name)
        seen = (codes < OUTSIDE) & (flooded != NOT_OBSERVED)
        if not name.startswith("sar"):  # radar sees through cloud
            seen &= ~hidden(truth, folder / name)
        found, there = codes == 1, flooded == 1
        overlap = float((found & there & seen).sum() / ((found | there) & seen).sum())
        print(f"Flood: {name} overlaps {overlap:.3f} with the simulated one (at least {least:g})")
        failed |= int(overlap < least)
    return failed


def read(path: Path) -> np.ndarray:
    """The first band."""
    with rasterio.open(path) as file:
        return file.read(1)


def on_grid(path: Path, like: Path) -> np.ndarray:
    """Classes on another raster's grid, by nearest neighbour; 255 where there are none."""
    with rasterio.open(path) as source, rasterio.open(like) as target:
        made = np.full(target.shape, NOT_OBSERVED, np.uint8)
        reproject(
            source.read(1),
            made,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=target.transform,
            dst_crs=target.crs,
            src_nodata=NOT_OBSERVED,
            dst_nodata=NOT_OBSERVED,
            resampling=Resampling.nearest,
        )
    return made


def hidden(truth: Path, like: Path) -> np.ndarray:
    """Where cloud or shadow was simulated on either date, also where the scene's own mask misses
    it.
    """
    return (
        on_grid(truth / "hidden_before.tif", like) | on_grid(truth / "hidden_after.tif", like)
    ) != 0


def main(demo: Path, scene: Path) -> int:
    """Check all that there is; the exit code."""
    failed = check_ndvi(demo, scene)
    for name, check in (("fire", check_fire), ("flood", check_flood)):
        if (demo / "results" / name).is_dir():  # the demo of an outage maps no event
            failed |= check(demo, scene)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
