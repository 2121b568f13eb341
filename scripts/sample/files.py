"""What all parts of the sample write alike: cloud-optimised GeoTIFFs, their STAC facts, JSON."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class SampleError(Exception):
    """The sample catalogue cannot be made or served; the text is for a person."""


def write_cog(target: Path, bands: Any, crs: str, transform: Any, **options: Any) -> None:
    """Write an array (bands, rows, cols) as a cloud-optimised GeoTIFF with overviews.

    ``nodata``, ``photometric``, ``overview_resampling`` and ``tags`` are options.
    """
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    resampling = options.pop("overview_resampling", "average")
    tags = options.pop("tags", {})
    count, rows, cols = bands.shape
    grid = {"width": cols, "height": rows, "crs": crs, "transform": transform}
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=count, dtype=bands.dtype.name, **grid, **options
        ) as file:
            file.write(bands)
            file.update_tags(**tags)
        with memory.open() as file:
            # Small blocks: the scenes are small, and a reader is to have something to choose from.
            copy(
                file,
                target,
                driver="COG",
                compress="DEFLATE",
                predictor="YES",
                blocksize=128,
                overview_resampling=resampling,
            )


def write_png(target: Path, picture: Any) -> None:
    """Write a small picture, three bands of 8 bits: as a catalogue offers it, without a place."""
    from osgeo import gdal

    target.parent.mkdir(parents=True, exist_ok=True)
    drawn = gdal.GetDriverByName("MEM").Create("", picture.shape[2], picture.shape[1], 3)
    for number, band in enumerate(picture, start=1):
        drawn.GetRasterBand(number).WriteArray(band)
    if gdal.GetDriverByName("PNG").CreateCopy(str(target), drawn) is None:
        raise SampleError(f"{target} cannot be written")


def file_facts(path: Path, href: str) -> dict[str, Any]:
    """What the STAC extensions ``proj`` and ``file`` say of a raster."""
    import rasterio

    with rasterio.open(path) as file:
        shape, transform = list(file.shape), list(file.transform)[:6]
        epsg = file.crs.to_epsg()
    return {
        "href": href,
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "proj:epsg": epsg,
        "proj:shape": shape,
        "proj:transform": transform,
        "file:size": path.stat().st_size,
        # A multihash: 0x12 says sha2-256, 0x20 that 32 bytes follow.
        "file:checksum": f"1220{sha256(path)}",
    }


def to_lonlat(points: list[tuple[float, float]], crs: str) -> list[list[float]]:
    """Points in a reference system → [longitude, latitude]."""
    from rasterio.warp import transform

    lons, lats = transform(crs, "EPSG:4326", [x for x, _ in points], [y for _, y in points])
    return [[round(lon, 7), round(lat, 7)] for lon, lat in zip(lons, lats)]


def box_of(ring: list[list[float]]) -> list[float]:
    """West, south, east, north of a ring of [longitude, latitude]."""
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    return [min(lons), min(lats), max(lons), max(lats)]


def sha256(path: Path) -> str:
    """Of a file's bytes; nothing where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def write_json(path: Path, tree: Any) -> None:
    """Write JSON for people to read too."""
    path.write_text(json.dumps(tree, indent=1) + "\n")


def is_made(folder: Path, recipe: str) -> bool:
    """Whether a folder was completed by this recipe."""
    mark = folder / _MARK
    return mark.is_file() and mark.read_text().strip() == recipe


@contextmanager
def made_anew(folder: Path, recipe: str) -> Iterator[Path]:
    """A folder to fill; it takes the place of ``folder`` only when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield work
        (work / _MARK).write_text(f"{recipe}\n")
        work.chmod(0o755)
        # Only a complete folder ever has the name; an older one makes way first.
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


_MARK = "recipe.sha256"
