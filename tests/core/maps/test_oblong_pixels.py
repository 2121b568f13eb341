"""Maps of rasters whose pixels are not square: values, hectares and metres are those of the
ground.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from firstlight.core.raster.facts import read_facts
from support.rasters import read_values
from support.run import run_operation
from support.stacks import S2, write_stack
from support.thorough import few

SHAPE = (120, 140)
SIZES = [(10.0, 20.0), (20.0, 10.0), (10.0, 60.0)]
GRASS = {"green": 0.08, "red": 0.05, "nir": 0.40, "swir16": 0.22, "swir22": 0.11}
WATER = {"green": 0.06, "red": 0.03, "nir": 0.01, "swir16": 0.004, "swir22": 0.003}
CHAR = {"green": 0.05, "red": 0.06, "nir": 0.09, "swir16": 0.16, "swir22": 0.17}


def scene(folder: Path, size: tuple[float, float], surface: Any, place: Any, **more: Any) -> Path:
    """Grass, and another surface in a place, with the noise of a sensor."""
    random = np.random.default_rng(1)
    bands = {}
    for name, grass in GRASS.items():
        value = np.where(place, surface[name], grass) * random.normal(1, 0.04, SHAPE)
        bands[name] = np.clip((value - S2.offset) / S2.scale, 1, 65535).astype(np.uint16)
    transform = rasterio.Affine(size[0], 0, 600000, 0, -size[1], 5200000)
    return write_stack(folder, {**bands, **more}, S2, transform=transform)


def square(rows: slice, cols: slice) -> Any:
    place = np.zeros(SHAPE, bool)
    place[rows, cols] = True
    return place


@pytest.mark.parametrize("size", SIZES)
def test_an_index_keeps_its_pixels(tmp_path: Path, size: tuple[float, float]) -> None:
    stack = scene(tmp_path / "a", size, WATER, square(slice(40, 80), slice(30, 90)))
    run_operation("index", name="NDVI", stack=stack, output=tmp_path / "ndvi.tif")
    red, nir = (
        read_values(tmp_path / f"a/{name}.tif") * S2.scale + S2.offset for name in ("red", "nir")
    )
    got = read_values(tmp_path / "ndvi.tif")
    sure = (red > 0) & (nir > 0)
    np.testing.assert_allclose(got[sure], ((nir - red) / (nir + red))[sure], atol=2e-3)
    facts = read_facts(tmp_path / "ndvi.tif")
    assert (facts.grid.resolution, facts.grid.shape) == (size, SHAPE)


@few("size", SIZES, 2)
def test_a_flood_is_as_large_as_its_ground(tmp_path: Path, size: tuple[float, float]) -> None:
    lake = square(slice(40, 80), slice(30, 90))
    stack = scene(tmp_path / "a", size, WATER, lake)
    result = run_operation("water", output=tmp_path / "out", stack=stack).value
    found = read_values(tmp_path / "out" / "water.tif") == 1
    assert (found == lake).mean() > 0.99
    hectares = float(found.sum()) * size[0] * size[1] / 1e4
    told = result.to_dict()["statistics"]["water"]
    assert told["area_km2"] * 100 == pytest.approx(hectares, rel=1e-2)


@pytest.mark.thorough
@few("size", SIZES, 2)
def test_hectares_and_metres_of_a_fire_are_those_of_the_ground(
    tmp_path: Path, size: tuple[float, float]
) -> None:
    hectare = size[0] * size[1] / 1e4
    small, large = square(slice(10, 15), slice(10, 16)), square(slice(50, 80), slice(40, 80))
    clear = np.full(SHAPE, 4, np.uint8)
    cloudy = clear.copy()
    cloudy[100, 120] = 9
    pre = scene(tmp_path / "pre", size, CHAR, small & False, scl=clear)
    post = scene(tmp_path / "post", size, CHAR, small | large, scl=cloudy)
    out = tmp_path / "out"
    run_operation(
        "burned-area", pre=pre, post=post, output=out, min_area=31 * hectare, mask_dilation=65
    )
    codes = read_values(out / "burned.tif")
    assert not (codes[small] == 1).any()
    assert (codes[large] == 1).mean() > 0.95
    rows, cols = np.indices(SHAPE)
    metres = np.hypot((rows - 100) * size[1], (cols - 120) * size[0])
    assert (codes[metres <= 65] == 255).all()
    assert not (codes[(abs(rows - 100) > 7) | (abs(cols - 120) > 7)] == 255).any()
