"""Make many dates of one tile out of the two of a scene: for the benchmark of a median.

    python tests/benchmarks/make_dates.py build/bench/scene build/bench/scene/dates [COUNT]

Twenty dates of a band of 20 m, in turns one of the scene's four files of that size, and each with
clouds of its own over a third of it. 1.3 GB, less where files can be linked. Needs rasterio.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

BAND, MASK = "swir16", "scl"
SOURCES = ("before/swir16", "after/swir16", "before/swir22", "after/swir22")
CLOUD = 9
PATCH = 450
"""Pixels a side of a cloud."""


def write_mask(source: Path, target: Path, number: int) -> None:
    """The scene's own classes with clouds of this date."""
    import numpy as np
    import rasterio

    with rasterio.open(source) as scene:
        classes, profile = scene.read(1), scene.profile
    rows, cols = np.indices(classes.shape, sparse=True)
    shown = ((rows + 211 * number) // PATCH + (cols + 97 * number) // PATCH + number) % 3 == 0
    classes[shown & (classes != 0)] = CLOUD
    options = {"driver": "COG", "compress": "DEFLATE", "blocksize": 1024}
    kept = {name: profile[name] for name in ("width", "height", "count", "dtype", "crs")}
    kept |= {"transform": profile["transform"], "nodata": 0, "overview_resampling": "NEAREST"}
    with rasterio.open(target, "w", **kept, **options) as made:
        made.write(classes, 1)


def make_item(item: dict[str, Any], number: int) -> dict[str, Any]:
    """The STAC item of a date."""
    made: dict[str, Any] = json.loads(json.dumps(item))
    made["id"] = f"date_{number:02}"
    made["properties"]["datetime"] = f"2024-06-{number + 1:02}T10:30:00Z"
    made["assets"] = {name: made["assets"][name] for name in (BAND, MASK)}
    for name, asset in made["assets"].items():
        asset["href"] = f"{made['id']}/{name}.tif"
        for of_the_file in ("file:checksum", "file:size"):
            asset.pop(of_the_file, None)
    return made


def main(scene: Path, folder: Path, count: int) -> None:
    """Write the dates and their items."""
    item = json.loads((scene / "items.json").read_text(encoding="utf-8"))["features"][0]
    items = [make_item(item, number) for number in range(count)]
    for number, one in enumerate(items):
        place = folder / one["id"]
        place.mkdir(parents=True, exist_ok=True)
        source, target = scene / f"{SOURCES[number % 4]}.tif", place / f"{BAND}.tif"
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        write_mask(scene / "before" / f"{MASK}.tif", place / f"{MASK}.tif", number)
    (folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": items}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20)
