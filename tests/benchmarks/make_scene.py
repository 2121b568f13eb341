"""Make the scenes that the benchmarks run on: two dates of one Sentinel-2-like tile, as COGs with
STAC items.

    python tests/benchmarks/make_scene.py build/bench/scene              10980 x 10980, as a
    Sentinel-2 tile python tests/benchmarks/make_scene.py build/bench/small --size 1024

The pixels are invented, but compress about as real ones do, which decides what a codec and a line
have to carry: relief and moisture in ten octaves, field parcels with sharp edges, water, cloud, a
burnt area on the second date, an edge without data, and noise in every pixel. The same size gives
the same pixels on every machine and in every library version that keeps numpy's PCG64. Works in
strips: the memory grows with the width, not with the area.

Needs numpy and rasterio.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

EPSG = 32632
WEST, NORTH = 600_000.0, 5_100_000.0
STRIP = 1024
"""Rows worked on at once."""
DATES = {"before": "2024-07-01T10:30:00Z", "after": "2024-08-15T10:30:00Z"}


@dataclass(frozen=True)
class Band:
    """How a band answers to what is on the ground, in stored numbers (reflectance x 10000)."""

    resolution: int
    mean: float
    relief: float
    """Per standard deviation of the relief."""
    plants: float
    """Per standard deviation of the vegetation."""
    noise: float
    """Standard deviation of the sensor's noise and of what is finer than a pixel."""
    water: float
    burnt: float
    """What is left of the value after the fire."""


BANDS = {
    "blue": Band(10, 1400, 120, -70, 36, 1300, 0.92),
    "green": Band(10, 1650, 150, -30, 36, 1350, 0.88),
    "red": Band(10, 1800, 200, -180, 36, 1200, 0.93),
    "nir": Band(10, 3500, 340, 460, 44, 1100, 0.55),
    "swir16": Band(20, 3200, 320, -250, 40, 1060, 1.12),
    "swir22": Band(20, 2400, 280, -310, 40, 1040, 1.33),
}
SCL_NODATA, SCL_PLANTS, SCL_BARE, SCL_WATER, SCL_CLOUD = 0, 4, 5, 6, 9


def octaves(rows: npt.NDArray[np.int64], size: int, seed: int, roughness: float) -> Floats:
    """Value noise for some rows of a square: random lattices, each half as wide as the last,
    interpolated and added up.

    Parameters
    ----------
    rows : array of int, shape (n,)
        Which rows.
    size : int
        Width of the square, pixels.
    roughness : float
        By how much each finer lattice is fainter: 0.5 is smooth, 0.8 rough.

    Returns
    -------
    array, shape (n, size), float32
        Mean about 0, standard deviation about 1.
    """
    total = np.zeros((len(rows), size), np.float32)
    weight, power, step = 1.0, 0.0, float(size) / 3
    for octave in range(10):
        if step < 2:
            break
        nodes = int(size / step) + 2
        lattice = np.random.default_rng([seed, octave]).standard_normal((nodes, nodes), np.float32)
        down, across = rows / step, np.arange(size) / step
        i, j = down.astype(np.int64), across.astype(np.int64)
        t, u = (down - i).astype(np.float32)[:, None], (across - j).astype(np.float32)
        lines = lattice[i] * (1 - t) + lattice[i + 1] * t
        total += np.float32(weight) * (lines[:, j] * (1 - u) + lines[:, j + 1] * u)
        power += weight**2 * (
            4 / 9
        )  # the variance that linear interpolation leaves, on average, in two directions
        weight, step = weight * roughness, step / 2
    return total / np.float32(max(power, 1e-6) ** 0.5)


def parcels(rows: npt.NDArray[np.int64], size: int, seed: int) -> Floats:
    """Slanting fields of about 37 x 23 pixels, each of one random value (standard normal)."""
    table = np.random.default_rng(seed).standard_normal(1 << 16, np.float32)
    y, x = rows[:, None], np.arange(size)[None, :]
    along, aside = (94 * x + 34 * y) // 3700, (94 * y - 34 * x) // 2300
    values: Floats = table[(along * 73_856_093 ^ aside * 19_349_663) & 0xFFFF]
    return values


@dataclass(frozen=True)
class Ground:
    """What is on the ground in one strip; all of shape (rows, size)."""

    relief: Floats
    plants: Floats
    water: Mask
    cloud: Mask
    burnt: Mask
    empty: Mask


def ground(start: int, stop: int, size: int) -> Ground:
    """What is on the ground in some rows."""
    rows = np.arange(start, stop)
    relief = octaves(rows, size, 1, 0.65)
    plants = np.float32(0.8) * octaves(rows, size, 2, 0.7) + np.float32(0.5) * parcels(
        rows, size, 3
    )
    y, x = rows[:, None] / size, np.arange(size)[None, :] / size
    return Ground(
        relief=relief,
        plants=plants,
        water=octaves(rows, size, 4, 0.5) > 1.5,
        cloud=octaves(rows, size, 5, 0.55) > 1.8,
        burnt=((x - 0.55) / 0.15) ** 2 + ((y - 0.5) / 0.1) ** 2 + 0.3 * relief < 1,
        empty=np.broadcast_to(x + 0.25 * y < 0.06, relief.shape),
    )


def band_strip(name: str, date: str, start: int, there: Ground) -> npt.NDArray[np.uint16]:
    """One band's stored numbers in one strip, on its own grid."""
    band = BANDS[name]
    values = (
        np.float32(band.mean)
        + np.float32(band.relief) * there.relief
        + np.float32(band.plants) * there.plants
    )
    if date == "after":
        values[there.burnt] *= np.float32(band.burnt)
    else:
        values[there.cloud] += np.float32(4200)
    values[there.water] = band.water
    noise = np.random.default_rng([list(BANDS).index(name), list(DATES).index(date), start])
    values += np.float32(band.noise) * noise.standard_normal(values.shape, np.float32)
    values = np.clip(values, 1, 16_000)
    values[there.empty] = 0
    if band.resolution == 20:
        rows, columns = values.shape
        values = values.reshape(rows // 2, 2, columns // 2, 2).mean((1, 3))
        values[there.empty[::2, ::2]] = 0
    return values.astype(np.uint16)


def scl_strip(date: str, there: Ground) -> npt.NDArray[np.uint8]:
    """The scene classification in one strip, on the 20 m grid."""
    classes = np.where(there.plants > 0, SCL_PLANTS, SCL_BARE).astype(np.uint8)
    classes[there.water] = SCL_WATER
    if date == "before":
        classes[there.cloud] = SCL_CLOUD
    classes[there.empty] = SCL_NODATA
    return classes[::2, ::2]


def _strips(size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size, STRIP):
        yield start, min(size, start + STRIP)


def write_scene(folder: Path, size: int, tile: int, dates: tuple[str, ...]) -> None:
    """Write all bands of the dates and ``items.json``; the assets' hrefs are relative to
    that file.
    """
    import rasterio
    from rasterio.shutil import copy as copy_raster
    from rasterio.transform import from_origin
    from rasterio.windows import Window

    names = [*BANDS, "scl"]
    with ExitStack() as stack:
        drafts = {}
        for date in dates:
            (folder / date).mkdir(parents=True, exist_ok=True)
            for name in names:
                resolution = BANDS[name].resolution if name in BANDS else 20
                side = size * 10 // resolution
                drafts[date, name] = stack.enter_context(
                    rasterio.open(
                        folder / date / f"{name}.draft.tif",
                        "w",
                        driver="GTiff",
                        dtype="uint16" if name in BANDS else "uint8",
                        count=1,
                        height=side,
                        width=side,
                        crs=f"EPSG:{EPSG}",
                        nodata=0,
                        transform=from_origin(WEST, NORTH, resolution, resolution),
                    )
                )
        for start, stop in _strips(size):
            there = ground(start, stop, size)
            for (date, name), draft in drafts.items():
                strip = (
                    band_strip(name, date, start, there)
                    if name in BANDS
                    else scl_strip(date, there)
                )
                place = Window(0, start * draft.height // size, draft.width, strip.shape[0])
                draft.write(strip, 1, window=place)
    items = []
    for date in dates:
        for name in names:
            draft_path, path = folder / date / f"{name}.draft.tif", folder / date / f"{name}.tif"
            options = {
                "compress": "DEFLATE",
                "predictor": "2",
                "blocksize": str(tile),
                "num_threads": "ALL_CPUS",
            }
            options["overview_resampling"] = "AVERAGE" if name in BANDS else "MODE"
            copy_raster(draft_path, path, driver="COG", **options)
            draft_path.unlink()
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
        items.append(stac_item(folder, date, size))
    (folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": items}, indent=1), encoding="utf-8"
    )


def stac_item(folder: Path, date: str, size: int) -> dict[str, Any]:
    """The STAC item of one date, with projection, raster and file extensions.

    Scale 0.0001 without an offset, as Sentinel-2 had before 2022: an index is then the same from
    stored numbers and from reflectance, so that peers that know no scale compute the same thing.
    """
    from rasterio.warp import transform_geom

    east, south = WEST + 10 * size, NORTH - 10 * size
    ring = [[WEST, NORTH], [east, NORTH], [east, south], [WEST, south], [WEST, NORTH]]
    shape = transform_geom(f"EPSG:{EPSG}", "EPSG:4326", {"type": "Polygon", "coordinates": [ring]})
    lons, lats = zip(*(point[:2] for point in shape["coordinates"][0]))
    assets = {}
    for name in [*BANDS, "scl"]:
        resolution = BANDS[name].resolution if name in BANDS else 20
        path = folder / date / f"{name}.tif"
        facts = {
            "nodata": 0,
            "data_type": "uint16" if name in BANDS else "uint8",
            "spatial_resolution": resolution,
        }
        assets[name] = {
            "href": f"{date}/{name}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            "proj:shape": [size * 10 // resolution] * 2,
            "proj:transform": [resolution, 0, WEST, 0, -resolution, NORTH],
            "raster:bands": [{**facts, "scale": 0.0001, "offset": 0} if name in BANDS else facts],
            "file:size": path.stat().st_size,
            "file:checksum": "1220" + _sha256(path),  # multihash: sha2-256, 32 bytes
        }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": f"bench_{size}_{date}",
        "collection": "sentinel-2-l2a",
        "geometry": shape,
        "bbox": [min(lons), min(lats), max(lons), max(lats)],
        "properties": {
            "datetime": DATES[date],
            "platform": "sentinel-2b",
            "proj:epsg": EPSG,
            "eo:cloud_cover": 3.0,
        },
        "links": [],
        "assets": assets,
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def main() -> None:
    """Read the command line and write the scenes."""
    parser = argparse.ArgumentParser(description="Make the scenes for the benchmarks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--size",
        type=int,
        default=10_980,
        help="pixels of 10 m along each side, an even number (10980)",
    )
    parser.add_argument(
        "--tile",
        type=int,
        default=1024,
        help="width of the COGs' tiles (1024, as Sentinel-2 COGs have)",
    )
    parser.add_argument("--dates", default=",".join(DATES), help="before,after")
    given = parser.parse_args()
    if given.size < 64 or given.size % 2:
        parser.error("--size must be even and at least 64")
    dates = tuple(given.dates.split(","))
    if not set(dates) <= set(DATES):
        parser.error(f"--dates knows {', '.join(DATES)}")
    write_scene(given.folder, given.size, given.tile, dates)


if __name__ == "__main__":
    main()
