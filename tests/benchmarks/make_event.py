"""Cut two overlapping tiles out of both dates of a scene, with a catalogue: an event for the
benchmarks.

    python tests/benchmarks/make_event.py build/bench/scene build/bench/scene/event

Each tile has 0.55 of the columns, so that they share a tenth of them; the burnt
area lies across both. ``items.json`` holds the four items, their hrefs
relative to it. Pixels are the scene's own: what a contender makes of both tiles can be compared
with the scene. Needs rasterio.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from make_scene import BANDS, EPSG

NAMES = (*BANDS, "scl")
SHARE = 0.55
"""Of the scene's columns, in each tile."""
GRAIN = 20
"""Tiles begin at whole pixels of 20 m on every grid, also of the overviews' first level."""


def tile_columns(size: int) -> dict[str, tuple[int, int]]:
    """First column and the one after the last of both tiles, in pixels of 10 m."""
    width = int(size * SHARE) // GRAIN * GRAIN
    start = (size - width) // GRAIN * GRAIN
    return {"west": (0, width), "east": (start, start + width)}


def cut(source: Path, target: Path, columns: tuple[int, int], rows: tuple[int, int]) -> list[float]:
    """Write one tile of a band as a COG like the scene's; the six numbers of its transform."""
    import rasterio
    from rasterio.shutil import copy as copy_raster
    from rasterio.windows import Window

    draft = target.with_suffix(".draft.tif")
    with rasterio.open(source) as band:
        step = round(band.res[0] / 10)
        first, top = columns[0] // step, rows[0] // step
        width, height = (columns[1] - columns[0]) // step, (rows[1] - rows[0]) // step
        window = Window(first, top, width, height)
        profile = {
            "driver": "GTiff",
            "dtype": band.dtypes[0],
            "count": 1,
            "width": width,
            "height": height,
            "crs": band.crs,
            "nodata": band.nodata,
            "transform": band.window_transform(window),
        }
        with rasterio.open(draft, "w", **profile) as out:
            out.write(band.read(1, window=window), 1)
        side = str(band.block_shapes[0][0])
    options = {"compress": "DEFLATE", "predictor": "2", "blocksize": side}
    options["overview_resampling"] = "MODE" if source.stem == "scl" else "AVERAGE"
    copy_raster(draft, target, driver="COG", num_threads="ALL_CPUS", **options)
    draft.unlink()
    return list(profile["transform"])[:6]


def main() -> None:
    """Read the command line and write the tiles."""
    from rasterio.warp import transform_geom

    parser = argparse.ArgumentParser(description="Cut two tiles out of a scene.")
    parser.add_argument("scene", type=Path, help="what make_scene.py made")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    found = json.loads((given.scene / "items.json").read_text(encoding="utf-8"))["features"]
    items = []
    for item in found:
        size = item["assets"]["red"]["proj:shape"][0]
        rows = (0, size)
        for tile, columns in tile_columns(size).items():
            made = json.loads(json.dumps(item))
            made["id"] = f"{item['id']}_{tile}"
            (given.folder / made["id"]).mkdir(parents=True, exist_ok=True)
            for name in NAMES:
                asset = made["assets"][name]
                path = given.folder / made["id"] / f"{name}.tif"
                transform = cut(given.scene / asset["href"], path, columns, rows)
                step = round(transform[0] / 10)
                asset["href"] = f"{made['id']}/{name}.tif"
                asset["proj:transform"] = transform
                asset["proj:shape"] = [
                    (rows[1] - rows[0]) // step,
                    (columns[1] - columns[0]) // step,
                ]
                asset["file:size"] = path.stat().st_size
                asset.pop("file:checksum")
            west, north = transform[2], transform[5]
            east = west + 10 * (columns[1] - columns[0])
            south = north - 10 * (rows[1] - rows[0])
            ring = [[west, north], [east, north], [east, south], [west, south], [west, north]]
            made["geometry"] = transform_geom(
                f"EPSG:{EPSG}", "EPSG:4326", {"type": "Polygon", "coordinates": [ring]}
            )
            lons, lats = zip(*(point[:2] for point in made["geometry"]["coordinates"][0]))
            made["bbox"] = [min(lons), min(lats), max(lons), max(lats)]
            items.append(made)
            print(made["id"], flush=True)
    (given.folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": items}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
