"""Lay copies of one scene beside each other: many scenes for the benchmarks of scale, made in
seconds.

    python tests/benchmarks/make_grid.py build/bench/scene build/bench/scene/grid

Nine scenes in three columns and three rows, 100 km apart as Sentinel-2 tiles are, so that they
overlap by 9.8 km; the third column in the next UTM zone. All hold the same pixels under another
georeference: what is to be read, decoded, computed and written is the same as of nine different
scenes. About 0.4 GB a scene. Needs rasterio.

    python tests/benchmarks/make_grid.py build/bench/scene build/bench/scene/fires --one-zone \
        --bands nir,swir22 --dates before,after

Both dates of nine places in one zone, 4.7 GB, for the burn severity of ``linear.py``.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from make_scene import EPSG, NORTH, WEST

STEP = 100_000.0
BANDS, DATES = "red,nir", "before"
SIDE = 3


def place(row: int, col: int, step: float, one_zone: bool = False) -> tuple[int, float, float]:
    """EPSG code, west and north of a scene of the grid."""
    from rasterio.warp import transform

    x, y = WEST + col * step, NORTH - row * step
    if one_zone or col < SIDE - 1:
        return EPSG, x, y
    [other_x], [other_y] = transform(f"EPSG:{EPSG}", f"EPSG:{EPSG + 1}", [x], [y])
    return EPSG + 1, round(other_x, -1), round(other_y, -1)


def make_item(
    item: dict[str, Any], name: str, bands: list[str], where: tuple[int, float, float]
) -> dict[str, Any]:
    """The STAC item of one scene, described from that of the scene it is a copy of."""
    from rasterio.warp import transform_geom

    epsg, west, north = where
    made = json.loads(json.dumps(item))
    made["id"] = name
    made["properties"]["proj:epsg"] = epsg
    made["assets"] = {band: made["assets"][band] for band in bands}
    for band, asset in made["assets"].items():
        pixel = asset["proj:transform"][0]
        asset["href"] = f"{name}/{band}.tif"
        asset["proj:transform"] = [pixel, 0, west, 0, -pixel, north]
        asset.pop("file:checksum")
    size = pixel * asset["proj:shape"][0]
    east, south = west + size, north - size
    ring = [[west, north], [east, north], [east, south], [west, south], [west, north]]
    made["geometry"] = transform_geom(
        f"EPSG:{epsg}", "EPSG:4326", {"type": "Polygon", "coordinates": [ring]}
    )
    lons, lats = zip(*(point[:2] for point in made["geometry"]["coordinates"][0]))
    made["bbox"] = [min(lons), min(lats), max(lons), max(lats)]
    return made


def main() -> None:
    """Read the command line and write the scenes."""
    import rasterio
    from rasterio.transform import from_origin

    parser = argparse.ArgumentParser(description="Lay copies of a scene beside each other.")
    parser.add_argument("scene", type=Path, help="what make_scene.py made")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bands", default=BANDS, help=f"comma-separated ({BANDS})")
    parser.add_argument("--dates", default=DATES, help=f"before,after ({DATES})")
    parser.add_argument(
        "--one-zone", action="store_true", help="the third column in the zone of the others"
    )
    given = parser.parse_args()
    dates, bands = given.dates.split(","), given.bands.split(",")
    found = json.loads((given.scene / "items.json").read_text(encoding="utf-8"))["features"]
    by_date = {date: next(one for one in found if one["id"].endswith(date)) for date in dates}
    step = STEP * found[0]["assets"]["red"]["proj:shape"][0] // 10_980 // 20 * 20
    items = []
    for number in range(SIDE * SIDE):
        where = place(number // SIDE, number % SIDE, step, given.one_zone)
        for date, item in by_date.items():
            name = f"grid_{number}" if len(dates) == 1 else f"grid_{number}_{date}"
            items.append(make_item(item, name, bands, where))
            for band, asset in items[-1]["assets"].items():
                path = given.folder / asset["href"]
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(given.scene / item["assets"][band]["href"], path)
                pixel = asset["proj:transform"][0]
                with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as copy:
                    copy.crs, copy.transform = (
                        f"EPSG:{where[0]}",
                        from_origin(where[1], where[2], pixel, pixel),
                    )
            print(items[-1]["id"], where, flush=True)
    (given.folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": items}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
