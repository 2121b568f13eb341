"""Burn severity end to end: against whole arrays in double precision, with nodata, cloud and stacks
on different grids.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.algorithms.burn import EDGES, SEVERITY, BurnSeverity, classify
from firstlight.core.cli import main
from firstlight.core.errors import AlgorithmError, Cancelled, ExtentMismatchError, InputError
from firstlight.core.maps.burn_severity import BURN_SEVERITY
from firstlight.core.monitor import Event, Progress, RecordingMonitor
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.masks import SCL_CLEAR
from support.rasters import read_band, read_values, write_raster
from support.run import run_operation, small_tiles
from support.stacks import CLASS, LANDSAT, S2, write_stack
from support.waiting import stop_at

SHAPE = (150, 170)
TRUE_EDGES = [-0.25, -0.1, 0.1, 0.27, 0.44, 0.66]


def bands(seed: int, shape: tuple[int, int] = SHAPE, gap: float = 0.03) -> dict[str, Any]:
    """Reflectance 0.05 to 0.6 as Sentinel-2 stores it, with some nodata."""
    random = np.random.default_rng(seed)
    made = {name: random.integers(1500, 7000, shape, dtype=np.uint16) for name in ("nir", "swir22")}
    for data in made.values():
        data[random.random(shape) < gap] = 0
    return made


def dated(day: str) -> dict[str, str]:
    return {"sensor": "sentinel2", "datetime": f"{day}T10:00:00Z"}


def run(pre: Path, post: Path, output: Path, **more: str) -> Any:
    return run_operation(BURN_SEVERITY, pre=pre, post=post, output=output, **more)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack of a date, only read."""
    return write_stack(tmp_path_factory.mktemp("first"), bands(1))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack of another date, only read."""
    return write_stack(tmp_path_factory.mktemp("second"), bands(2))


@pytest.mark.thorough
def test_a_run_that_was_stopped_goes_on_from_its_tiles_though_it_joins_the_stacks_again(
    tmp_path: Path,
) -> None:
    pre, post = (
        write_stack(tmp_path / name, bands(seed)) for seed, name in enumerate(("pre", "post"))
    )
    other = write_stack(
        tmp_path / "other", bands(9), origin=(600005.0, 5200020.0)
    )  # half a pixel aside: warped by a nested VRT

    def is_fifth_tile(event: Event) -> bool:
        return isinstance(event, Progress) and "tile 5 " in event.detail

    for name, after in (("same", post), ("warped", other)):
        values = {"pre": pre, "post": after, "resume": True}
        whole = BURN_SEVERITY.make_params(
            {**values, "output": tmp_path / name / "whole", "resume": False}
        )
        params = BURN_SEVERITY.make_params({**values, "output": tmp_path / name / "resumed"})
        settings = small_tiles(serial_below_tiles=100)
        BURN_SEVERITY.run(whole, settings, RecordingMonitor())
        with pytest.raises(Cancelled), stop_at(is_fifth_tile) as stopped:
            BURN_SEVERITY.run(params, settings, stopped)
        monitor = RecordingMonitor()
        BURN_SEVERITY.run(params, settings, monitor)
        first = next(
            event.detail
            for event in monitor.events
            if isinstance(event, Progress) and "tile" in event.detail
        )
        assert first.startswith("tile 6 ")
        for layer in ("dnbr.tif", "severity.tif"):
            assert (params.output / layer).read_bytes() == (whole.output / layer).read_bytes()


def nbr(pixels: dict[str, Any], scale: float = 0.0001, offset: float = -0.1) -> Any:
    nir, swir = (
        np.where(pixels[n] == 0, np.nan, pixels[n] * scale + offset) for n in ("nir", "swir22")
    )
    return (nir - swir) / (nir + swir)


CBI_EDGES = {"rdnbr": [0.069, 0.316, 0.641], "rbr": [0.035, 0.130, 0.298]}


def classes_of(change: Any, index: str = "dnbr") -> Any:
    """Codes by the published limits of each index; of the relative forms 3, 4, 5, 7."""
    edges = CBI_EDGES.get(index, TRUE_EDGES)
    codes = np.array([3, 4, 5, 7] if index in CBI_EDGES else [1, 2, 3, 4, 5, 6, 7])
    return np.where(np.isnan(change), 255, codes[np.digitize(np.round(change, 6), edges)]).astype(
        np.uint8
    )


FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "dnbr": lambda pre, post: pre - post,
    "rdnbr": lambda pre, post: (pre - post) / np.sqrt(np.maximum(np.abs(pre), 0.001)),
    "rbr": lambda pre, post: (pre - post) / (pre + 1.001),
}


@pytest.mark.parametrize("index", FORMS)
def test_index_and_classes_equal_double_precision(tmp_path: Path, index: str) -> None:
    before, after = bands(1), bands(2)
    pre, post = write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after)
    result = run(pre, post, tmp_path / "out", index=index).value
    truth = FORMS[index](nbr(before), nbr(after))
    got = read_values(tmp_path / "out" / f"{index}.tif")
    assert np.array_equal(np.isnan(got), np.isnan(truth))
    # RdNBR divides by the root of an NBR near zero, of which single precision keeps fewer digits
    assert np.nanmax(np.abs(got - truth) / np.maximum(1, np.abs(truth))) < (
        5e-5 if index == "rdnbr" else 1e-6
    )
    assert np.array_equal(read_band(tmp_path / "out" / "severity.tif"), classes_of(truth, index))
    assert result.statistics["mean"] == pytest.approx(np.nanmean(truth), rel=1e-4)
    assert result.statistics["max"] == pytest.approx(np.nanmax(truth), rel=1e-4)


@pytest.mark.thorough
@pytest.mark.parametrize("offset", ["none", "auto"])
def test_masks_are_dilated_in_metres_alike_in_every_tile(tmp_path: Path, offset: str) -> None:
    from scipy.ndimage import distance_transform_edt

    dates = [bands(1, gap=0), bands(2, gap=0)]
    for date, (row, col) in zip(dates, ((60, 58), (20, 124))):
        date["scl"] = np.full(SHAPE, 4, np.uint8)
        date["scl"][row : row + 4, col : col + 4] = 9
    pre, post = (write_stack(tmp_path / str(number), date) for number, date in enumerate(dates))
    told = run(pre, post, tmp_path / "out", mask_dilation="75", offset=offset).value
    near = [distance_transform_edt(date["scl"] == 4) <= 7.5 for date in dates]
    assert np.array_equal(read_band(tmp_path / "out" / "severity.tif") == 255, near[0] | near[1])
    assert np.array_equal(np.isnan(read_values(tmp_path / "out" / "dnbr.tif")), near[0] | near[1])
    assert told.provenance["parameters"]["mask_dilation_m"] == 75


def test_an_edge_belongs_to_the_class_above_it() -> None:
    assert list(EDGES) == TRUE_EDGES
    values = np.array(
        [
            [
                -0.2501,
                -0.25,
                -0.1001,
                -0.1,
                0.0999,
                0.1,
                0.2699,
                0.27,
                0.4399,
                0.44,
                0.6599,
                0.66,
                1.3,
            ]
        ]
    )
    assert classify(values.astype(np.float32)).tolist() == [[1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]]
    noise = np.array([[0.27 - 3e-8]], np.float32)  # how 0.27 comes out of float32
    assert classify(noise).tolist() == [[5]]


def test_an_edge_reached_from_whole_numbers(tmp_path: Path) -> None:
    """NBR 0.5 before and 0.23 after, in numbers as stored: a dNBR of exactly 0.27."""
    before = {"nir": np.full((4, 4), 4000, np.uint16), "swir22": np.full((4, 4), 2000, np.uint16)}
    after = {"nir": np.full((4, 4), 7150, np.uint16), "swir22": np.full((4, 4), 4850, np.uint16)}
    before["swir22"][:] = 2000
    pre = write_stack(tmp_path / "a", before)
    assert nbr(before)[0, 0] == pytest.approx(0.5)
    assert nbr(after)[0, 0] == pytest.approx(0.23)
    run(pre, write_stack(tmp_path / "b", after), tmp_path / "out")
    assert (read_band(tmp_path / "out" / "severity.tif") == 5).all()


@pytest.mark.parametrize("mask", ["scl", "qa_pixel"])
def test_cloud_and_shadow_on_either_date_are_not_observed(tmp_path: Path, mask: str) -> None:
    random = np.random.default_rng(5)
    before, after = bands(1), bands(2)
    if mask == "scl":
        masks = [random.integers(0, 12, SHAPE).astype(np.uint8) for _ in range(2)]
        clear = [np.isin(one, list(SCL_CLEAR)) for one in masks]
    else:
        masks = [
            random.choice([21824, 21952, 22280, 23888, 54596, 1, 30048], SHAPE).astype(np.uint16)
            for _ in range(2)
        ]
        clear = [
            np.isin(one, [21824, 21952, 30048]) for one in masks
        ]  # clear land, clear water, clear snow (USGS LSDS-1619)
    before[mask], after[mask] = masks
    result = run(
        write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out"
    ).value
    truth = np.where(clear[0] & clear[1], nbr(before) - nbr(after), np.nan)
    water = 6 if mask == "scl" else 21952
    unburned = (masks[0] == water) & (masks[1] == water) & ~np.isnan(truth)
    assert np.array_equal(
        read_band(tmp_path / "out" / "severity.tif"), np.where(unburned, 3, classes_of(truth))
    )
    assert np.array_equal(np.isnan(read_values(tmp_path / "out" / "dnbr.tif")), np.isnan(truth))
    assert result.statistics["not_observed"]["pixels"] == np.isnan(truth).sum()
    assert not [warning for warning in result.warnings if "no cloud mask" in warning]


def test_without_a_mask_a_warning_says_so(first: Path, second: Path, tmp_path: Path) -> None:
    result = run(
        first,
        second,
        tmp_path / "out",
    ).value
    assert (
        sum(
            re.search(r"has no cloud mask \(.*\): cloud in it is taken for ground", one) is not None
            for one in result.warnings
        )
        == 2
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_negative_reflectance_is_not_observed(tmp_path: Path, swapped: bool) -> None:
    """Dark water: NBR 1.4 before and 0.6 after would be "high severity", the other way round "high
    regrowth".
    """
    before = {"nir": np.full((8, 8), 1120, np.uint16), "swir22": np.full((8, 8), 980, np.uint16)}
    after = {"nir": np.full((8, 8), 1400, np.uint16), "swir22": np.full((8, 8), 1100, np.uint16)}
    if swapped:
        before, after = after, before
    run(write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out")
    assert (read_band(tmp_path / "out" / "severity.tif") == 255).all()
    assert np.isnan(read_values(tmp_path / "out" / "dnbr.tif")).all()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("nir", "swir"), [(900, 950), (950, 900), (1000, 950), (950, 1000), (1000, 1000)]
)
@pytest.mark.parametrize("date", [0, 1])
def test_two_negative_bands_are_no_reflectance_either(
    tmp_path: Path, nir: int, swir: int, date: int
) -> None:
    """Their ratio lies within -1..1 as that of land does; so does that of zero and a
    negative one.
    """
    dates = [
        {name: np.full((8, 8), 3000, np.uint16) for name in ("nir", "swir22")} for _ in range(2)
    ]
    dates[date]["nir"][2, 3], dates[date]["swir22"][2, 3] = nir, swir
    run(
        write_stack(tmp_path / "a", dates[0]),
        write_stack(tmp_path / "b", dates[1]),
        tmp_path / "out",
    )
    unseen = read_band(tmp_path / "out" / "severity.tif") == 255
    assert (unseen[2, 3], unseen.sum()) == (True, 1)


@pytest.mark.thorough
@pytest.mark.parametrize(("mask", "water", "ground"), [("scl", 6, 4), ("qa_pixel", 21952, 21824)])
def test_water_on_both_dates_has_not_burned(
    tmp_path: Path, mask: str, water: int, ground: int
) -> None:
    """SCL 6, and QA_PIXEL's clear water (USGS LSDS-1619); on one date only it may be fresh char."""
    before, after = bands(1, gap=0), bands(2, gap=0)
    kind = np.uint8 if mask == "scl" else np.uint16
    pre, post = np.full(SHAPE, ground, kind), np.full(SHAPE, ground, kind)
    pre[:60], post[30:90] = water, water
    before[mask], after[mask] = pre, post
    run(write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out")
    dnbr = nbr(before) - nbr(after)
    truth = classes_of(dnbr)
    assert len(np.unique(truth[30:60])) == 7
    truth[30:60] = 3
    assert np.array_equal(read_band(tmp_path / "out" / "severity.tif"), truth)
    assert np.nanmax(np.abs(read_values(tmp_path / "out" / "dnbr.tif") - dnbr)) < 1e-6


def test_areas_add_up_and_shares_are_of_what_was_observed(tmp_path: Path) -> None:
    before, after = bands(1, gap=0.2), bands(2)
    result = run(
        write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out"
    )
    told = json.loads(json.dumps(result.json_data()))["statistics"]
    codes = read_band(tmp_path / "out" / "severity.tif")
    seen = (codes != 255).sum()
    for row in told["classes"]:
        count = int((codes == row["code"]).sum())
        assert row["pixels"] == count
        assert row["area_ha"] == pytest.approx(count / 100)  # 10 m pixels
        assert row["area_km2"] == pytest.approx(count / 1e4)
        assert row["observed_percent"] == pytest.approx(100 * count / seen)
    assert told["not_observed"]["pixels"] == codes.size - seen
    assert told["not_observed"]["percent"] == pytest.approx(100 * (codes.size - seen) / codes.size)
    assert told["burned"]["area_km2"] == pytest.approx(((codes >= 4) & (codes <= 7)).sum() / 1e4)
    assert told["total"]["area_km2"] == pytest.approx(codes.size / 1e4)
    assert [row["code"] for row in told["classes"]] == [1, 2, 3, 4, 5, 6, 7]


def test_all_cloud_is_a_result_and_not_unburned(tmp_path: Path) -> None:
    before, after = bands(1), bands(2)
    after["scl"] = np.full(SHAPE, 9, np.uint8)
    result = run(
        write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out"
    ).value
    assert result.statistics["not_observed"]["percent"] == 100.0
    assert result.statistics["mean"] is None
    assert all(
        row["pixels"] == 0 and row["observed_percent"] is None
        for row in result.statistics["classes"]
    )
    assert any("No pixel was observed on both dates" in warning for warning in result.warnings)


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (90, 1)])
def test_tiny_stacks(tmp_path: Path, shape: tuple[int, int]) -> None:
    before, after = bands(1, shape, 0), bands(2, shape, 0)
    run(write_stack(tmp_path / "a", before), write_stack(tmp_path / "b", after), tmp_path / "out")
    assert np.array_equal(
        read_band(tmp_path / "out" / "severity.tif"), classes_of(nbr(before) - nbr(after))
    )


@pytest.mark.thorough
def test_scaling_matters_as_published_for_landsat(tmp_path: Path) -> None:
    """Stored Landsat numbers give another dNBR than reflectance: their offset is a fifth of the
    whole scale.
    """
    before = {"nir": np.full((5, 5), 18000, np.uint16), "swir22": np.full((5, 5), 10000, np.uint16)}
    after = {"nir": np.full((5, 5), 11000, np.uint16), "swir22": np.full((5, 5), 13500, np.uint16)}
    run(
        write_stack(tmp_path / "a", before, LANDSAT),
        write_stack(tmp_path / "b", after, LANDSAT),
        tmp_path / "out",
    )
    got = read_values(tmp_path / "out" / "dnbr.tif")[0, 0]
    assert got == pytest.approx((0.295 - 0.075) / 0.37 - (0.1025 - 0.17125) / 0.27375, abs=1e-6)
    raw = nbr(before, 1, 0) - nbr(after, 1, 0)
    assert abs(raw[0, 0] - got) > 0.4
    assert (read_band(tmp_path / "out" / "severity.tif") == 7).all()
    assert (classes_of(raw) != 7).all()
    plain = Radiometry(1.0, 0.0, 0.0, "")
    result = run(
        write_stack(tmp_path / "c", before, plain),
        write_stack(tmp_path / "d", after, plain),
        tmp_path / "raw",
    ).value
    assert any(
        "No scale is known for nir, swir22 of s.vrt" in warning for warning in result.warnings
    )
    assert not any(
        "their difference may be no change of the ground" in warning for warning in result.warnings
    )
    result = run(tmp_path / "a" / "s.vrt", tmp_path / "d" / "s.vrt", tmp_path / "mixed").value
    [mixed] = [
        warning
        for warning in result.warnings
        if "their difference may be no change of the ground" in warning
    ]
    assert mixed.startswith(
        f"{tmp_path / 'a' / 's.vrt'} has reflectance, {tmp_path / 'd' / 's.vrt'} stored numbers"
    )
    called = Radiometry(
        1.0, 0.0, 0.0, "reflectance"
    )  # as `flight stack` calls local files that state no scale
    result = run(
        write_stack(tmp_path / "e", before, called),
        write_stack(tmp_path / "f", after, called),
        tmp_path / "called",
    ).value
    assert any(
        "No scale is known for nir, swir22 of s.vrt" in warning for warning in result.warnings
    )


def test_a_smaller_stack_on_the_same_grid_is_compared_pixel_by_pixel(tmp_path: Path) -> None:
    before, after = bands(1), bands(2)
    part = {name: data[20:100, 30:150] for name, data in after.items()}
    post = write_stack(tmp_path / "b", part, origin=(600300.0, 5199820.0))
    result = run(write_stack(tmp_path / "a", before), post, tmp_path / "out").value
    truth = (nbr(before) - nbr(after))[20:100, 30:150]
    assert np.array_equal(read_band(tmp_path / "out" / "severity.tif"), classes_of(truth))
    assert any(
        "Only what both stacks cover is mapped: 38 % of s.vrt" in warning
        for warning in result.warnings
    )
    assert not any("another grid" in warning for warning in result.warnings)


def smooth(x: Any, y: Any, level: float, cx: float = 600850.0, cy: float = 5199270.0) -> Any:
    """A plane over the ground, in stored numbers: interpolation of any kind gives it back."""
    return level + 0.8 * (x - cx) + 0.5 * (y - cy)


def plane(
    origin: tuple[float, float], resolution: float, shape: tuple[int, int], level: float
) -> Any:
    rows, cols = np.indices(shape)
    x, y = origin[0] + (cols + 0.5) * resolution, origin[1] - (rows + 0.5) * resolution
    return np.round(smooth(x, y, level)).astype(np.uint16)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("origin", "resolution", "shape"),
    [
        ((600005.0, 5200015.0), 10.0, SHAPE),
        ((600000.0, 5200020.0), 20.0, (75, 85)),
        ((599990.0, 5200040.0), 30.0, (60, 60)),
    ],
    ids=["half a pixel off", "20 m", "30 m between the lines"],
)
def test_reflectance_on_another_grid_is_interpolated(
    tmp_path: Path, origin: tuple[float, float], resolution: float, shape: tuple[int, int]
) -> None:
    home = (600000.0, 5200020.0)
    before = {
        name: plane(home, 10.0, SHAPE, level) for name, level in (("nir", 5000), ("swir22", 3000))
    }
    after = {
        name: plane(origin, resolution, shape, level)
        for name, level in (("nir", 3000), ("swir22", 4500))
    }
    post = write_stack(tmp_path / "b", after, resolution=resolution, origin=origin)
    result = run(write_stack(tmp_path / "a", before), post, tmp_path / "out").value
    import rasterio

    with rasterio.open(tmp_path / "out" / "dnbr.tif") as dataset:
        assert dataset.res == (10.0, 10.0)
        assert (dataset.transform.c - home[0]) % 10 == 0
        got = np.where(dataset.read(1) == -9999, np.nan, dataset.read(1))
        rows, cols = np.indices(got.shape)
        x, y = dataset.transform.c + (cols + 0.5) * 10, dataset.transform.f - (rows + 0.5) * 10
    there = [{name: smooth(x, y, level) for name, level in levels} for levels in LEVELS]
    truth = nbr(there[0]) - nbr(there[1])
    inner = np.s_[6:-6, 6:-6]
    assert np.nanmax(np.abs(got - truth)[inner]) < 0.001  # rounding of stored numbers
    assert np.isfinite(got[inner]).all()
    assert any(
        "lies on another grid" in one and "Reflectance was interpolated" in one
        for one in result.warnings
    )


def test_classes_on_another_grid_are_never_interpolated(tmp_path: Path) -> None:
    """Half a pixel off, shadow (3) beside cloud (9): their mean would be water (6), which
    is clear.
    """
    before, after = bands(1, gap=0), bands(2, gap=0)
    after["scl"] = np.where(np.indices(SHAPE).sum(axis=0) % 2 == 0, 3, 9).astype(np.uint8)
    post = write_stack(tmp_path / "b", after, origin=(600005.0, 5200015.0))
    run(write_stack(tmp_path / "a", before), post, tmp_path / "out")
    assert (read_band(tmp_path / "out" / "severity.tif") == 255).all()


LEVELS = ((("nir", 5000), ("swir22", 3000)), (("nir", 3000), ("swir22", 4500)))


@pytest.mark.thorough
def test_a_stack_of_the_next_zone_is_warped(tmp_path: Path) -> None:
    from rasterio.warp import transform

    home = (696000.0, 5200020.0)  # between zones 32 and 33
    before = {name: plane(home, 10.0, SHAPE, level + 600) for name, level in LEVELS[0]}
    xs, ys = transform("EPSG:32632", "EPSG:32633", [home[0] - 500], [home[1] + 500])
    corner = (round(xs[0], -1), round(ys[0], -1))
    shape = (260, 280)
    rows, cols = np.indices(shape)
    x, y = corner[0] + (cols.ravel() + 0.5) * 10, corner[1] - (rows.ravel() + 0.5) * 10
    x32, y32 = (
        np.asarray(one).reshape(shape) for one in transform("EPSG:32633", "EPSG:32632", x, y)
    )
    center = (home[0] + 850.0, home[1] - 750.0)
    before = {
        name: np.round(smooth(*xy_of(home, SHAPE), level, *center)).astype(np.uint16)
        for name, level in LEVELS[0]
    }
    after = {
        name: np.round(smooth(x32, y32, level, *center)).astype(np.uint16)
        for name, level in LEVELS[1]
    }
    scl = np.full(shape, 4, np.uint8)
    after["scl"] = np.where(x32 > center[0], 9, scl)
    pre = write_stack(tmp_path / "a", before, origin=home)
    result = run(
        pre, write_stack(tmp_path / "b", after, epsg=32633, origin=corner), tmp_path / "out"
    ).value
    assert any(
        "lies on another grid than s.vrt: in EPSG:32633" in warning for warning in result.warnings
    )
    x, y = xy_of(home, SHAPE)
    truth = nbr({n: smooth(x, y, v, *center) for n, v in LEVELS[0]}) - nbr(
        {n: smooth(x, y, v, *center) for n, v in LEVELS[1]}
    )
    got = read_values(tmp_path / "out" / "dnbr.tif")
    assert got.shape == SHAPE
    seen = x < center[0] - 10
    assert np.abs(got - truth)[seen].max() < 0.001
    assert np.isnan(got[x > center[0] + 10]).all()
    assert set(np.unique(read_band(tmp_path / "out" / "severity.tif")[x > center[0] + 10])) == {255}


def xy_of(origin: tuple[float, float], shape: tuple[int, int]) -> tuple[Any, Any]:
    rows, cols = np.indices(shape)
    return origin[0] + (cols + 0.5) * 10, origin[1] - (rows + 0.5) * 10


def test_stacks_apart_are_an_error_that_names_them(first: Path, tmp_path: Path) -> None:
    post = write_stack(tmp_path / "b", bands(2), origin=(700000.0, 5200020.0))
    with pytest.raises(
        ExtentMismatchError,
        match=r"s.vrt and s.vrt cannot be compared: they have no area in common \(s.vrt: 6000",
    ):
        run(first, post, tmp_path / "out")
    assert not (tmp_path / "out" / "dnbr.tif").exists()


def test_a_missing_band_and_one_stack_twice_are_named(first: Path, tmp_path: Path) -> None:
    pre = first
    post = write_stack(tmp_path / "b", {"nir": bands(2)["nir"]})
    with pytest.raises(AlgorithmError, match=r"has no band swir22 \(it has nir\)"):
        run(pre, post, tmp_path / "out")
    with pytest.raises(InputError, match="both stacks are"):
        run(pre, pre, tmp_path / "out")


def test_an_input_is_never_replaced(second: Path, tmp_path: Path) -> None:
    one = bands(1)
    for name, data in one.items():
        write_raster(tmp_path / f"{name}.tif", data)
    (tmp_path / "nir.tif").rename(tmp_path / "dnbr.tif")
    sources = {
        "nir": BandSource(tmp_path / "dnbr.tif", radiometry=S2),
        "swir22": BandSource(tmp_path / "swir22.tif", radiometry=S2),
    }
    create_band_stack(sources, tmp_path / "s.vrt")
    before = (tmp_path / "dnbr.tif").read_bytes()
    with pytest.raises(InputError, match=r"dnbr\.tif cannot be written: it is an input"):
        run(tmp_path / "s.vrt", second, tmp_path)
    assert (tmp_path / "dnbr.tif").read_bytes() == before


@pytest.mark.thorough
def test_dates_that_look_swapped_and_sensors_that_differ_are_told(tmp_path: Path) -> None:
    pre = write_stack(tmp_path / "a", bands(1), tags=dated("2024-08-01"))
    post = write_stack(tmp_path / "b", bands(2), tags=dated("2024-06-01"))
    result = run(pre, post, tmp_path / "out")
    assert any("is not younger than the one before" in warning for warning in result.value.warnings)
    right = run(post, pre, tmp_path / "right")
    assert not any("younger" in warning for warning in right.value.warnings)
    outline, unseen, severity, index, sure = right.layers
    assert {one.group for one in right.layers} == {
        "Burn severity 2024-06-01 to 2024-08-01, Sentinel-2"
    }
    assert (outline.path.name, outline.style) == ("perimeter.gpkg", "perimeter")
    assert (unseen.path.name, unseen.style) == ("not_observed.gpkg", "not_observed")
    assert severity.acquired is not None
    assert severity.acquired.isoformat() == "2024-08-01T10:00:00+00:00"
    assert (severity.style, index.style, sure.style) == ("severity", "dnbr", "likelihood")
    assert [one.title for one in right.layers] == [
        "Outline",
        "Not observed",
        "Burn severity",
        "Burn ratio change (dNBR)",
        "Confidence that it burned (%)",
    ], "the group tells the dates"
    assert "class limits are generic" in severity.abstract


FILES = {
    "rbr": "rbr.tif",
    "severity": "severity.tif",
    "dnbr": "dnbr.tif",
    "confidence": "confidence.tif",
    "perimeter": "perimeter.gpkg",
    "not_observed": "not_observed.gpkg",
}


def test_the_command_line_keeps_its_contract(
    first: Path, second: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pre, post = first, second
    words = [
        "burn-severity",
        "--pre",
        str(pre),
        "--post",
        str(post),
        "--output",
        str(tmp_path / "new" / "out"),
        "--index",
        "rbr",
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"outputs", "statistics", "warnings", "provenance"}
    provenance = told["outputs"].pop("provenance")
    assert (
        json.loads(Path(provenance).read_text(encoding="utf-8"))["properties"][
            "firstlight:operation"
        ]
        == "burn-severity"
    )
    folder = tmp_path / "new" / "out"
    assert told["outputs"] == {name: str(folder / file) for name, file in FILES.items()}
    assert told["provenance"]["reference"].endswith("doi:10.3390/rs6031827")
    assert told["provenance"]["parameters"] == {
        "index": "rbr",
        "offset": "none",
        "mask_dilation_m": 0.0,
    }
    assert told["provenance"]["class_limits"] == {"index": "rbr", "between": [0.035, 0.13, 0.298]}
    files = {
        Path(file["path"]): file["size_bytes"]
        for file in told["provenance"]["inputs"]["pre"]["files"]
    }
    assert files[first.parent / "nir.tif"] == (first.parent / "nir.tif").stat().st_size
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "Not observed (cloud, shadow, no data)" in text
    assert "class limits are generic" in text


def test_the_file_carries_names_colours_and_the_caveat(
    first: Path, second: Path, tmp_path: Path
) -> None:
    import rasterio

    run(
        first,
        second,
        tmp_path / "out",
    )
    with rasterio.open(tmp_path / "out" / "severity.tif") as dataset:
        assert dataset.nodata == 255
        for one in SEVERITY:
            assert dataset.tags()[f"class_{one.code}"] == one.name
            assert dataset.colormap(1)[one.code][:3] == one.color
        assert "generic" in dataset.tags()["note"]
    with rasterio.open(tmp_path / "out" / "dnbr.tif") as dataset:
        assert (dataset.dtypes[0], dataset.scales[0], dataset.descriptions[0]) == (
            "float32",
            1.0,
            "dnbr",
        )


def test_the_relative_forms_by_hand() -> None:
    """NBR 0.6 before and 0.1 after, and a bare place with NBR 0 before."""
    values = {
        "pre.nir": np.array([[0.4, 0.2]], np.float32),
        "pre.swir22": np.array([[0.1, 0.2]], np.float32),
        "post.nir": np.array([[0.22, 0.18]], np.float32),
        "post.swir22": np.array([[0.18, 0.22]], np.float32),
    }
    change, codes, _ = BurnSeverity("dnbr")(values)
    assert change[0] == pytest.approx([0.5, 0.1], abs=1e-6)
    assert codes.tolist() == [[6, 4]]
    assert BurnSeverity("rdnbr")(values)[0][0] == pytest.approx(
        [0.5 / math.sqrt(0.6), 0.1 / math.sqrt(0.001)], abs=1e-5
    )
    assert BurnSeverity("rbr")(values)[0][0] == pytest.approx([0.5 / 1.601, 0.1 / 1.001], abs=1e-6)


def test_a_real_scene_against_itself_a_day_later_has_not_burned(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    """Sentinel-2 before, and the same with its vegetation scorched in one square: only that square
    burned.
    """
    import rasterio

    source = shared("s2-l2a-29RKH")
    rule = Radiometry(0.0001, 0.0, 0.0, "reflectance")
    files = {"nir": "B08.tif", "swir22": "B12.tif", "scl": "SCL.tif"}
    sources = {
        name: BandSource(
            source / file, radiometry=CLASS if name == "scl" else rule, is_class=name == "scl"
        )
        for name, file in files.items()
    }
    create_band_stack(sources, tmp_path / "pre.vrt", band_order=list(sources))
    with rasterio.open(source / "B08.tif") as dataset:
        profile, data = dataset.profile, dataset.read(1)
    square = np.zeros(data.shape, bool)
    square[300:500, 200:450] = True
    burned = np.where(square, np.maximum(data // 4, 1), data).astype(data.dtype)
    with rasterio.open(tmp_path / "B08.tif", "w", **profile) as target:
        target.write(burned, 1)
    create_band_stack(
        {**sources, "nir": BandSource(tmp_path / "B08.tif", radiometry=rule)},
        tmp_path / "post.vrt",
        list(sources),
    )
    run(tmp_path / "pre.vrt", tmp_path / "post.vrt", tmp_path / "out")
    codes = read_band(tmp_path / "out" / "severity.tif")
    assert codes.shape == data.shape
    assert set(np.unique(codes[~square])) <= {3, 255}
    seen = codes[square & (codes != 255)]
    assert seen.size > 10000
    assert (seen >= 4).mean() > 0.99
