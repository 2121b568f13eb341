"""The numbers at the end of the way equal those computed from the source bands in double
precision.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.rasters import read_values, write_raster
from support.scene import World, band_pixels, small_world

Flight = Callable[..., tuple[int, str, str]]


def compare(layer: str, nir: Any, red: Any, offset: float) -> None:
    """Against whole numbers: the scale cancels, so the quotient of stored numbers (minus the shift)
    is the truth.
    """
    got = read_values(layer)
    shift = round(offset * 10000)
    n, r = nir.astype(np.int64) + shift, red.astype(np.int64) + shift
    missing = (nir == 0) | (red == 0) | (n + r == 0)
    assert np.array_equal(np.isnan(got), missing)
    n, r, got = n[~missing], r[~missing], got[~missing]
    truth = (n - r) / (n + r)
    inside = np.abs(truth) <= 1
    assert inside.mean() > 0.5
    assert np.abs(got - truth)[inside].max() < 1e-6
    # Where one reflectance is negative the sum cancels: single precision keeps as many digits as
    # that leaves.
    condition = (np.abs(n) + np.abs(r)) / np.abs(n + r)
    assert (np.abs(got - truth) <= 2e-7 * condition * np.maximum(1, np.abs(truth))).all()


@pytest.mark.parametrize("form", ["vrt", "geotiff"])
def test_ndvi_of_the_ingested_world_equals_independent_numpy(
    ingest: Flight, world: World, form: str
) -> None:
    code, out, err = ingest("--json", "--index", "NDVI", "--output-format", form)
    assert code == 0, err
    compare(json.loads(out)[0]["outputs"]["NDVI"], world.pixels["nir"], world.pixels["red"], -0.1)


@pytest.mark.parametrize(
    ("properties", "offset"),
    [
        ({"earthsearch:boa_offset_applied": True}, 0.0),
        ({"earthsearch:boa_offset_applied": False}, -0.1),
    ],
)
def test_the_offset_is_applied_once(
    flight: Flight, tmp_path: Path, properties: dict[str, Any], offset: float
) -> None:
    from support.scene import AREA

    with small_world(tmp_path / "served", **properties) as world:
        words = [
            "--catalog",
            world.url,
            "--area",
            AREA,
            "--start",
            "2024-06-01",
            "--end",
            "2024-06-30",
            "--output",
            tmp_path / "out",
        ]
        code, out, _ = flight("ingest", *words, "--json", "--index", "NDVI")
        assert code == 0
        compare(
            json.loads(out)[0]["outputs"]["NDVI"], world.pixels["nir"], world.pixels["red"], offset
        )


def test_nodata_in_one_band_is_no_data_in_the_index_and_not_zero(
    ingest: Flight, world: World
) -> None:
    pixels = dict(world.pixels)
    for name, part in (("nir", np.s_[10:30, 10:40]), ("red", np.s_[20:50, 30:60])):
        data = band_pixels(name, (128, 128)).copy()
        data[part] = 0
        pixels[name] = data
        path = write_raster(world.folder / f"{name}.tif", data)
        asset = world.api.items[0]["assets"][name]
        asset["file:size"] = path.stat().st_size
        del asset["file:checksum"]
    code, out, _ = ingest("--json", "--index", "NDVI")
    assert code == 0
    layer = json.loads(out)[0]["outputs"]["NDVI"]
    compare(layer, pixels["nir"], pixels["red"], -0.1)
    assert np.isnan(read_values(layer)[10:50, 30:40]).sum() > 0


def test_an_index_over_two_resolutions_uses_the_interpolated_band(
    ingest: Flight, world: World
) -> None:
    code, out, _ = ingest("--json", "--index", "NBR")
    assert code == 0
    got = read_values(json.loads(out)[0]["outputs"]["NBR"])
    swir = world.pixels["swir22"].astype(np.float64)
    rows = (np.arange(128) + 0.5) / 2 - 0.5
    y0 = np.clip(np.floor(rows).astype(int), 0, 62)
    f = rows - y0
    fine = swir[y0] * (1 - f)[:, None] + swir[y0 + 1] * f[:, None]
    fine = fine[:, y0] * (1 - f) + fine[:, y0 + 1] * f
    stored = np.floor(fine + 0.5)  # the stack holds whole numbers
    nir, swir22 = world.pixels["nir"] * 0.0001 - 0.1, stored * 0.0001 - 0.1
    bright = (nir > 0.02) & (swir22 > 0.02)
    bright[:2], bright[-2:], bright[:, :2], bright[:, -2:] = False, False, False, False
    nir, swir22, got = nir[bright], swir22[bright], got[bright]
    truth = (nir - swir22) / (nir + swir22)
    a_step = 0.0001 * 2 * nir / (nir + swir22) ** 2  # a tie may be rounded the other way
    assert bright.sum() > 1000
    assert (np.abs(got - truth) <= a_step + 1e-6).all()
    assert np.median(np.abs(got - truth)) < 1e-6


def test_statistics_in_the_answer_are_those_of_the_layer(
    ingest: Flight, flight: Flight, tmp_path: Path
) -> None:
    _, out, _ = ingest("--json")
    stack = json.loads(out)[0]["output_path"]
    code, out, _ = flight(
        "index", "NDWI", "--stack", stack, "--output", tmp_path / "w.tif", "--json"
    )
    told = json.loads(out)["statistics"]
    values = read_values(tmp_path / "w.tif")
    inside = values[(values >= -1) & (values <= 1)]
    assert code == 0
    assert told["mean"] == pytest.approx(inside.mean(), abs=1e-7)
    assert (told["min"], told["max"]) == (inside.min(), inside.max())
