"""Make the classes that outlines are drawn of: 1 inside, 0 elsewhere, as COGs of 512 x 512 tiles.

    python tests/benchmarks/make_classes.py build/bench/scene

``classes/noise.tif`` is what a limit of 0.025 makes of the scene's dNBR, its noise and parcels with
it; ``classes/patches.tif`` are 50 patches with ragged coasts and holes, some of which touch.

Needs numpy and rasterio, and for the noise a scene of that size.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from make_scene import octaves

STRIP = 1024
PATCHES = 50
LIMIT = 0.025

Rows = Callable[[int, int], npt.NDArray[np.bool_]]


def noise(scene: Path) -> tuple[Rows, Any]:
    """Where dNBR of stored numbers is above the limit; 20 m pixels are repeated."""
    import rasterio
    from rasterio.windows import Window

    opened = [
        [rasterio.open(scene / date / f"{band}.tif") for band in ("nir", "swir22")]
        for date in ("before", "after")
    ]

    def rows(start: int, stop: int) -> npt.NDArray[np.bool_]:
        found = []
        for nir, swir in opened:
            fine = nir.read(1, window=Window(0, start, nir.width, stop - start)).astype(np.float32)
            coarse = swir.read(
                1, window=Window(0, start // 2, swir.width, -(-stop // 2) - start // 2)
            )
            other = coarse.repeat(2, 0).repeat(2, 1)[: fine.shape[0], : fine.shape[1]]
            total = fine + other
            found.append(np.where(total > 0, (fine - other) / np.maximum(total, 1), 0))
        return np.asarray(found[0] - found[1] >= LIMIT)

    return rows, opened[0][0]


def patches(size: int) -> Rows:
    """Discs of many sizes whose edges a rough relief moves in and out."""
    random = np.random.default_rng(50)
    middle = random.uniform(0.06, 0.94, (PATCHES, 2)) * size
    radius = size * 0.004 * np.exp(random.uniform(0, 2.6, PATCHES))

    def rows(start: int, stop: int) -> npt.NDArray[np.bool_]:
        relief = octaves(np.arange(start, stop), size, 50, 0.7)
        inside = np.zeros(relief.shape, np.bool_)
        y, x = np.arange(start, stop)[:, None], np.arange(size)[None, :]
        for (row, col), reach in zip(middle, radius):
            far = 2.5 * reach
            top, bottom = (
                int(np.clip(row + side - start, 0, stop - start)) for side in (-far, far)
            )
            left, right = (int(np.clip(col + side, 0, size)) for side in (-far, far))
            part = slice(top, bottom), slice(left, right)
            away = np.hypot(y[part[0]] - row, x[:, part[1]] - col) / reach
            inside[part] |= away + 0.45 * relief[part] < 1
        return inside

    return rows


def write(path: Path, size: int, rows: Rows, crs: Any, transform: Any) -> None:
    """Write a COG strip by strip."""
    import rasterio
    from rasterio.shutil import copy
    from rasterio.windows import Window

    path.parent.mkdir(exist_ok=True)
    draft, count = path.with_suffix(".draft.tif"), 0
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "width": size, "height": size}
    with rasterio.open(draft, "w", **profile, crs=crs, transform=transform, nodata=0) as target:
        for start in range(0, size, STRIP):
            stop = min(size, start + STRIP)
            strip = rows(start, stop)
            count += int(strip.sum())
            target.write(strip.astype(np.uint8), 1, window=Window(0, start, size, stop - start))
    copy(draft, path, driver="COG", compress="ZSTD", level=1, blocksize=512)
    draft.unlink()
    print(f"{path}: {count / size**2:.2%} inside", flush=True)


def main() -> None:
    """Read the command line and write both."""
    import rasterio

    parser = argparse.ArgumentParser(description="Make the classes for the benchmark of outlines.")
    parser.add_argument("folder", type=Path, help="a scene of make_scene.py")
    folder = parser.parse_args().folder
    rows, like = noise(folder)
    write(folder / "classes" / "noise.tif", like.width, rows, like.crs, like.transform)
    with rasterio.open(folder / "before" / "nir.tif") as like:
        size = like.width
        write(folder / "classes" / "patches.tif", size, patches(size), like.crs, like.transform)


if __name__ == "__main__":
    main()
