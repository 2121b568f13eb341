"""Items and files that disagree, through the mosaic: right numbers, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.cli import main
from support.rasters import write_raster
from support.stac_server import make_item

RED, NIR = 500, 3000
RIGHT = (NIR - RED) / (NIR + RED)


def make_scene(
    folder: Path, collection: str, dtype: str, nodata: float, scale: float | None
) -> Path:
    """Two bands whose left half is empty; returns the file with the item."""
    assets: dict[str, Any] = {}
    random = np.random.default_rng(5)
    for key, mean in (("B04", RED), ("B08", NIR)):
        data = random.normal(mean, 3, (120, 120)).clip(0, np.iinfo(dtype).max).astype(dtype)
        data[:, :60] = nodata
        path = write_raster(folder / f"{key}.tif", data, nodata=nodata)
        if scale is not None:
            with rasterio.open(path, "r+") as raster:
                raster.scales = (scale,)
        assets[key] = {"href": path.as_uri(), "type": "image/tiff; application=geotiff"}
    box = (10.28, 46.9, 10.35, 46.96)
    item = make_item("A", box, collection=collection, assets=assets)
    target = folder / "items.json"
    target.write_text(json.dumps(item), encoding="utf-8")
    return target


def ndvi(folder: Path, items: Path) -> tuple[int, np.ndarray[Any, Any]]:
    target = folder / "ndvi.tif"
    with rasterio.open(folder / "B04.tif") as raster:
        from rasterio.warp import transform_bounds

        area = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    text = ",".join(f"{value:.6f}" for value in area)
    command = ["mosaic", "--items", str(items), "--area", text, "--index", "NDVI"]
    code = main([*command, "--rule", "first", "--output", str(target)])
    if not target.exists():
        return code, np.empty(0)
    with rasterio.open(target) as raster:
        return code, np.where(raster.read_masks(1) > 0, raster.read(1), np.nan)


@pytest.mark.parametrize(
    ("collection", "dtype", "nodata", "scale"),
    [
        ("HLSS30.v2.0", "int16", -9999, 0.0001),
        ("hls2-s30", "int16", -9999, None),
        ("my-own-reflectance", "int16", -999, 0.0001),
    ],
)
def test_ndvi_is_right_over_the_half_that_holds_data(
    tmp_path: Path, collection: str, dtype: str, nodata: float, scale: float | None
) -> None:
    code, values = ndvi(tmp_path, make_scene(tmp_path, collection, dtype, nodata, scale))
    assert code == 0
    assert np.nanmean(values) == pytest.approx(RIGHT, abs=0.01)
    assert 0.4 < np.isfinite(values).mean() < 0.6


@pytest.mark.parametrize(
    ("collection", "dtype", "nodata", "why"),
    [
        ("my-own-reflectance", "int16", -999, "no scale is known"),
        ("sentinel-2-l2a", "int16", -9999, "-9999 where 0 was assumed"),
        ("sentinel-2-l2a", "uint8", 0, "8-bit"),
    ],
)
def test_what_cannot_be_known_is_refused_with_the_reason(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    collection: str,
    dtype: str,
    nodata: float,
    why: str,
) -> None:
    items = make_scene(tmp_path, collection, dtype, nodata, None)
    code, _ = ndvi(tmp_path, items)
    assert code != 0
    assert why in "".join(capsys.readouterr())
