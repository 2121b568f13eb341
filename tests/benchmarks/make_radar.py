"""Make a radar scene with lakes and a river, and beside it where the water is: for ``radar`` only.

    python tests/benchmarks/make_radar.py build/bench/scene/radar             10 000 × 10 000 pixels
    python tests/benchmarks/make_radar.py build/bench/small/radar --size 1024

``vv.tif`` is backscatter in linear power, float32, as terrain-corrected scenes of Sentinel-1 are
delivered, with the speckle of 4.4 looks; ``truth.tif`` is 1 where water is and 0 elsewhere. Both
are COGs. Lakes and river grow with the scene, so that the share of water stays. The same size gives
the same pixels. Works in strips. Needs numpy and rasterio.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from make_scene import EPSG, NORTH, STRIP, WEST, octaves, parcels

LOOKS = 4.4
LAND_DB, RELIEF_DB, PARCEL_DB, WATER_DB = -9.0, 0.9, 0.9, -21.0
LAKES = ((0.22, 0.25, 0.12, 0.08), (0.70, 0.20, 0.06, 0.10), (0.80, 0.75, 0.13, 0.09))
"""Middle (across, down) and half axes, in shares of the scene."""
RIVER = 0.004
"""Half its width."""


def water(rows: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.bool_]:
    """Where water is in some rows; the shores of the lakes are ragged, the river winds."""
    y, x = rows[:, None] / size, np.arange(size)[None, :] / size
    ragged = 0.15 * octaves(rows, size, 11, 0.6)
    there = np.abs(x - 0.48 - 0.06 * np.sin(9 * y) - 0.015 * np.sin(37 * y)) < RIVER
    for across, down, width, height in LAKES:
        there |= ((x - across) / width) ** 2 + ((y - down) / height) ** 2 + ragged < 1
    return there


def strip(
    start: int, stop: int, size: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Power, and where water is, of some rows."""
    rows = np.arange(start, stop)
    level = (
        LAND_DB + RELIEF_DB * octaves(rows, size, 12, 0.65) + PARCEL_DB * parcels(rows, size, 13)
    )
    there = water(rows, size)
    level[there] = WATER_DB
    speckle = np.random.default_rng([14, start]).standard_gamma(LOOKS, level.shape) / LOOKS
    return (10 ** (level / 10) * speckle).astype(np.float32), there


def main() -> None:
    """Read the command line and write both files."""
    import rasterio
    from rasterio.shutil import copy as copy_raster
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    parser = argparse.ArgumentParser(description="Make a radar scene for the benchmarks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=10_000, help="pixels a side (10000)")
    parser.add_argument("--tile", type=int, default=512, help="width of the COGs' tiles (512)")
    given = parser.parse_args()
    size = given.size
    given.folder.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": size,
        "width": size,
        "crs": f"EPSG:{EPSG}",
        "transform": from_origin(WEST, NORTH, 10, 10),
    }
    drafts = [given.folder / "vv.draft.tif", given.folder / "truth.draft.tif"]
    share = 0
    with (
        rasterio.open(drafts[0], "w", dtype="float32", nodata=np.nan, **profile) as power,
        rasterio.open(drafts[1], "w", dtype="uint8", **profile) as truth,
    ):
        for start in range(0, size, STRIP):
            stop = min(size, start + STRIP)
            values, there = strip(start, stop, size)
            place = Window(0, start, size, stop - start)
            power.write(values, 1, window=place)
            truth.write(there.astype(np.uint8), 1, window=place)
            share += int(there.sum())
    for draft, predictor, resampling in zip(drafts, ("3", "2"), ("AVERAGE", "MODE")):
        path = draft.with_name(draft.name.replace(".draft", ""))
        copy_raster(
            draft,
            path,
            driver="COG",
            compress="DEFLATE",
            predictor=predictor,
            blocksize=str(given.tile),
            num_threads="ALL_CPUS",
            overview_resampling=resampling,
        )
        draft.unlink()
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
    print(f"{share / size**2:.1%} water")


if __name__ == "__main__":
    main()
