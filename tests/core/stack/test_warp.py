"""Bands that lie otherwise than the first: where their pixels come to lie, and what is
said of it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.errors import ExtentMismatchError
from firstlight.core.raster.facts import read_facts
from firstlight.core.raster.grid import split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.raster.vrt_sources import check_vrt_sources
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.core.types import Radiometry
from support.rasters import ramp, read_band, write_raster

LEFT, TOP = 600000.0, 5200020.0
DN = Radiometry(nodata=0.0)


def places(shape: tuple[int, int] = (64, 64)) -> Any:
    """Stored numbers that tell where they are: 1000 + east in metres + 3 × south in tens
    of metres.
    """
    rows, cols = np.indices(shape)
    return (1000 + 10 * cols + 30 * rows).astype(np.uint16)


def warped_copy(source: Path, target: Path, crs: str, **profile: Any) -> Path:
    """The same picture in another coordinate system, by rasterio."""
    import rasterio
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    with rasterio.open(source) as src:
        transform, width, height = calculate_default_transform(
            src.crs, crs, src.width, src.height, *src.bounds
        )
        data = np.zeros((height, width), src.dtypes[0])
        reproject(
            src.read(1),
            data,
            src_transform=src.transform,
            src_crs=src.crs,
            src_nodata=0,
            dst_transform=transform,
            dst_crs=crs,
            dst_nodata=0,
            resampling=Resampling.nearest,
        )
    return write_raster(target, data, epsg=None, crs=crs, transform=transform, **profile)


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3857"])
def test_a_band_in_another_coordinate_system_comes_to_lie_where_it_belongs(
    tmp_path: Path, crs: str
) -> None:
    red = write_raster(tmp_path / "red.tif", places())
    nir = warped_copy(red, tmp_path / "nir.tif", crs)
    stack = create_band_stack(
        {"red": BandSource(red, radiometry=DN), "nir": BandSource(nir, radiometry=DN)},
        tmp_path / "s.vrt",
        ["red", "nir"],
    )
    assert stack.grid == read_facts(red).grid
    assert (
        stack.warnings[0]
        == f"Band 'nir' was warped from {crs} to EPSG:32632, the coordinate system of band 'red'"
    )
    got, want = read_band(stack.path, 2).astype(int), places().astype(int)
    inner = (slice(3, -3), slice(3, -3))
    assert (got[inner] > 0).all()
    # made by nearest neighbour, half a pixel of it at the most off: 5 m east and 5 m south are 5 +
    # 15
    assert np.abs(got - want)[inner].max() <= 40
    assert abs((got - want)[inner].mean()) < 2, "no shift"
    check_vrt_sources(stack.path)


def test_the_first_band_decides_the_coordinate_system(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", places())
    nir = warped_copy(red, tmp_path / "nir.tif", "EPSG:32633")
    sources = {"nir": BandSource(nir, radiometry=DN), "red": BandSource(red, radiometry=DN)}
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["nir", "red"])
    assert stack.grid == read_facts(nir).grid
    assert (
        stack.warnings[0]
        == "Band 'red' was warped from EPSG:32632 to EPSG:32633, the coordinate system of band "
        "'nir'"
    )


def test_a_finer_band_from_elsewhere_makes_the_pixels_smaller_but_does_not_move_them(
    tmp_path: Path,
) -> None:
    coarse = write_raster(tmp_path / "swir16.tif", places((32, 32)), resolution=20.0)
    fine = warped_copy(
        write_raster(tmp_path / "f.tif", places()), tmp_path / "red.tif", "EPSG:32633"
    )
    sources = {"swir16": BandSource(coarse, radiometry=DN), "red": BandSource(fine, radiometry=DN)}
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["swir16", "red"])
    assert stack.grid.resolution == (10.0, 10.0)
    assert stack.grid.bounds == read_facts(coarse).grid.bounds


@pytest.mark.parametrize(
    ("transform", "data", "why"),
    [
        ((10.0, 0.0, LEFT, 0.0, 10.0, TOP - 640.0), places()[::-1], "upside down"),
        ((0.0, 10.0, LEFT, -10.0, 0.0, TOP), places().T, "rotated"),
    ],
    ids=["upside down", "a quarter turn"],
)
def test_a_crooked_band_is_put_straight_to_the_pixel(
    tmp_path: Path, transform: Any, data: Any, why: str
) -> None:
    red = write_raster(tmp_path / "red.tif", places())
    nir = write_raster(tmp_path / "nir.tif", data, transform=transform)
    sources = {"red": BandSource(red, radiometry=DN), "nir": BandSource(nir, radiometry=DN)}
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["red", "nir"])
    assert np.array_equal(read_band(stack.path, 2), places())
    assert stack.warnings == (f"Band 'nir' was warped to a north-up grid: the pixels lie {why}",)


def gcp_raster(path: Path, count: int, nodata: float | None = None) -> tuple[Path, list[Any]]:
    """An image that runs north-west to south-east, placed by points on a bent surface."""
    import rasterio
    from rasterio.control import GroundControlPoint

    def lonlat(row: float, col: float) -> tuple[float, float]:
        return (
            10 + col / 900 - row / 4000 + 2e-7 * row * col,
            47 - row / 1300 - col / 5000 + 3e-7 * col**2,
        )

    spots = [(r, c) for r in np.linspace(0, 64, count) for c in np.linspace(0, 64, count)]
    points = [GroundControlPoint(r, c, *lonlat(r, c)) for r, c in spots]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=1,
        dtype="uint16",
        gcps=points,
        crs="EPSG:4326",
        nodata=nodata,
    ) as out:
        out.write(places(), 1)
    return path, points


def test_ground_control_points_place_a_band_where_they_say(tmp_path: Path) -> None:
    vv, points = gcp_raster(tmp_path / "vv.tif", 5)
    stack = create_band_stack({"vv": BandSource(vv, radiometry=DN)}, tmp_path / "s.vrt")
    assert stack.grid.crs == "EPSG:4326"
    assert stack.warnings[0].startswith(
        "Band 'vv' was warped to EPSG:4326 by ground control points, without"
    )
    got = read_band(stack.path, 1).astype(int)
    a, _, c, _, e, f = stack.grid.transform
    seen = 0
    for point in points:
        row, col = int((point.y - f) / e), int((point.x - c) / a)
        if 3 < point.row < 61 and 3 < point.col < 61:
            # the point lies on a corner of four pixels
            assert (
                abs(got[row, col] - (1000 + 10 * (point.col - 0.5) + 30 * (point.row - 0.5))) <= 45
            )
            seen += 1
    assert seen == 9


def test_a_real_radar_image_lies_where_its_own_points_say(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    import rasterio

    sources = {name: shared(f"s1-grd-india-gcp/iw-{name}.tiff") for name in ("vv", "vh")}
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["vv", "vh"], resample_method="nearest")
    assert [band.radiometry.nodata for band in stack.bands] == [0.0, 0.0]
    assert any(
        "No nodata value is known for 'vv', which covers only a part of the stack: 0 is taken" in w
        for w in stack.warnings
    )
    a, _, c, _, e, f = stack.grid.transform
    same = off = 0
    with rasterio.open(sources["vv"]) as raw:
        points, pixels = raw.gcps[0], raw.read(1)
    got = read_band(stack.path, 1)
    for point in points:
        row, col = (point.y - f) / e, (point.x - c) / a
        if not (2 <= point.row <= pixels.shape[0] - 3 and 2 <= point.col <= pixels.shape[1] - 3):
            continue
        around = pixels[
            int(point.row) - 1 : int(point.row) + 2, int(point.col) - 1 : int(point.col) + 2
        ]
        same += bool(np.isin(got[int(row), int(col)], around))
        off += 1
    assert off > 100
    assert same == off, "each point shows one of the nine pixels around it"
    check_vrt_sources(stack.path)


def test_hidden_nodata_does_not_bleed_and_bands_of_a_file_are_told_apart_when_warped(
    tmp_path: Path,
) -> None:
    both = np.stack([np.full((64, 64), 500, np.uint16), np.full((64, 64), 3000, np.uint16)])
    both[1, 20:30, 20:40] = 0
    from rasterio.warp import transform_bounds

    left, _, _, top = transform_bounds("EPSG:32632", "EPSG:32633", LEFT, TOP - 640, LEFT + 640, TOP)
    two = write_raster(tmp_path / "two.tif", both, epsg=32633, origin=(left, top), nodata=None)
    red = write_raster(tmp_path / "red.tif", places())
    sources = {"red": BandSource(red, radiometry=DN), "nir": BandSource(two, 2, DN)}
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["red", "nir"])
    got = read_band(stack.path, 2)
    assert set(np.unique(got)) == {0, 3000}
    assert 150 < (got[12:40, 12:48] == 0).sum() < 260, "a hole of 200 pixels, and about its size"


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
def test_classes_are_never_blended_when_warped(tmp_path: Path, method: str) -> None:
    classes = np.random.default_rng(2).choice(np.array([4, 8, 11], np.uint8), (64, 64))
    red = write_raster(tmp_path / "red.tif", places())
    scl = warped_copy(write_raster(tmp_path / "c.tif", classes), tmp_path / "scl.tif", "EPSG:32633")
    sources = {
        "red": red,
        "scl": BandSource(scl, radiometry=Radiometry(nodata=0.0, unit="class"), is_class=True),
    }
    stack = create_band_stack(sources, tmp_path / "s.vrt", ["red", "scl"], resample_method=method)
    assert set(np.unique(read_band(stack.path, 2))) <= {0, 4, 8, 11}


def test_boxes_that_overlap_are_not_enough(tmp_path: Path) -> None:
    """A slanted band whose box reaches into the stack, and whose pixels do not."""
    red = write_raster(tmp_path / "red.tif", places((8, 8)))
    slanted = write_raster(
        tmp_path / "nir.tif",
        places((200, 3)),
        transform=(7.0, 7.0, LEFT - 20, 7.0, -7.0, TOP + 140),
    )
    sources = {"red": BandSource(red, radiometry=DN), "nir": BandSource(slanted, radiometry=DN)}
    with pytest.raises(ExtentMismatchError, match="band 'nir' does not overlap the others"):
        create_band_stack(sources, tmp_path / "s.vrt", ["red", "nir"])


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A scene's folder: a stack over a band of the next zone, one placed by points, and one of
    hidden nodata.
    """
    folder = tmp_path / "scene ü & co"
    folder.mkdir()
    red = write_raster(folder / "red.tif", places())
    sources = {
        "red": BandSource(red, radiometry=DN),
        "nir": BandSource(warped_copy(red, folder / "nir.tif", "EPSG:32633"), radiometry=DN),
        "swir16": BandSource(
            write_raster(folder / "swir.tif", ramp((32, 32)), resolution=20.0, nodata=None),
            radiometry=DN,
        ),
    }
    create_band_stack(sources, folder / "s.vrt", list(sources))
    return folder


def test_a_folder_with_nested_vrts_can_be_moved(mixed: Path, tmp_path: Path) -> None:
    before = [read_band(mixed / "s.vrt", index) for index in (1, 2, 3)]
    assert len(list(mixed.glob("s.*.*.vrt"))) == 2
    assert not any(
        str(tmp_path) in path.read_text(encoding="utf-8") for path in mixed.glob("*.vrt")
    )
    shutil.move(mixed, tmp_path / "moved")
    assert all(
        np.array_equal(read_band(tmp_path / "moved" / "s.vrt", n), old)
        for n, old in enumerate(before, start=1)
    )


def test_the_same_inputs_give_the_same_bytes_in_nested_vrts_too(mixed: Path) -> None:
    before = {path.name: path.read_bytes() for path in mixed.glob("*.vrt")}
    sources = {
        n: BandSource(mixed / f, radiometry=DN)
        for n, f in (("red", "red.tif"), ("nir", "nir.tif"), ("swir16", "swir.tif"))
    }
    create_band_stack(sources, mixed / "s.vrt", list(sources))
    assert {path.name: path.read_bytes() for path in mixed.glob("*.vrt")} == before
    assert all(len(text) < 10_000 for text in before.values())


def test_many_threads_read_what_one_reads(mixed: Path) -> None:
    with RasterReader(mixed / "s.vrt") as reader:
        alone = {
            (index, w): reader.read_stored(index, w)
            for index in (1, 2, 3)
            for w in split_windows((64, 64), 17)
        }
        wrong: list[object] = []

        def work() -> None:
            for index in (1, 2, 3):
                for w in split_windows((64, 64), 17):
                    part = reader.read_stored(index, w)
                    if not np.array_equal(part, alone[index, w]):
                        wrong.append((index, w))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@pytest.mark.parametrize(
    ("data", "is_class", "chosen"),
    [
        (places(), False, 0.0),
        (places().astype(np.int16), False, -32768.0),
        (places().astype(np.float32), False, float("nan")),
        ((places() % 11).astype(np.uint8), True, 255.0),
    ],
    ids=["uint16", "int16", "float32", "classes"],
)
def test_what_a_band_without_nodata_does_not_reach_is_never_data(
    tmp_path: Path, data: Any, is_class: bool, chosen: float
) -> None:
    red = write_raster(tmp_path / "red.tif", places((80, 80)), nodata=0)
    nir = write_raster(tmp_path / "nir.tif", data, nodata=None, origin=(LEFT + 100, TOP - 50))
    stack = create_band_stack(
        {"red": red, "nir": BandSource(nir, is_class=is_class)}, tmp_path / "s.vrt", ["red", "nir"]
    )
    assert np.array_equal(
        np.float64(stack.bands[1].radiometry.nodata or 0), np.float64(chosen), equal_nan=True
    )
    with RasterReader(stack.path) as reader:
        gone = np.isnan(reader.read(2, split_windows(stack.grid.shape, 10_000)[0]))
    want = np.ones(stack.grid.shape, bool)
    want[5:69, 10:74] = False
    if chosen == 0:
        want[5:69, 10:74] = data == 0
    assert np.array_equal(gone, want)
    assert any(
        f"No nodata value is known for 'nir', which covers only a part of the stack: {chosen:g}"
        in w
        for w in stack.warnings
    )


def test_a_nodata_value_that_the_type_cannot_hold_is_named_and_ignored(tmp_path: Path) -> None:
    red = write_raster(tmp_path / "red.tif", places())
    stack = create_band_stack(
        {"red": BandSource(red, radiometry=Radiometry(nodata=-9999.0))}, tmp_path / "s.vrt"
    )
    assert (
        stack.warnings[0]
        == "Band 'red' is said to have nodata -9999, which no uint16 can be: it is ignored"
    )
    assert stack.bands[0].radiometry.nodata is None


def test_a_real_scene_with_a_band_of_the_next_zone(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    scene = shared("s2-l2a-29RKH")
    nir = warped_copy(scene / "B08.tif", tmp_path / "nir.tif", "EPSG:32630")
    sources = {
        "red": BandSource(scene / "B04.tif", radiometry=DN),
        "nir": BandSource(nir, radiometry=DN),
        "swir16": BandSource(scene / "B11.tif", radiometry=DN),
        "scl": BandSource(
            scene / "SCL.tif", radiometry=Radiometry(nodata=0.0, unit="class"), is_class=True
        ),
    }
    stack = create_band_stack(sources, tmp_path / "s.vrt", list(sources))
    assert stack.grid == read_facts(scene / "B04.tif").grid
    got, truth = read_band(stack.path, 2).astype(int), read_band(scene / "B08.tif", 1).astype(int)
    both = (got > 0) & (truth > 0)
    assert both.mean() > 0.98 * (truth > 0).mean()
    assert abs(np.median((got - truth)[both])) <= 1
    shifts = {
        (dr, dc): np.abs(
            got[10:-10, 10:-10] - truth[10 + dr : -10 + dr or None, 10 + dc : -10 + dc or None]
        )[both[10:-10, 10:-10]].mean()
        for dr in (-1, 0, 1)
        for dc in (-1, 0, 1)
    }
    assert min(shifts, key=lambda shift: shifts[shift]) == (0, 0), "no shift fits better than none"
    assert set(np.unique(read_band(stack.path, 4))) <= set(
        np.unique(read_band(scene / "SCL.tif", 1))
    )


@pytest.mark.parametrize(
    "scene",
    ["LC08_L2SP_008059_20191201_20200825_02_T1", "LC08_L2SR_099120_20191129_20201016_02_T2"],
)
def test_a_real_landsat_scene_keeps_every_pixel(
    shared: Callable[[str], Path], tmp_path: Path, scene: str
) -> None:
    folder = shared(f"landsat-c2l2-stactools/{scene}")
    sources = {
        name: folder / f"{scene}_{key}.TIF"
        for name, key in (("red", "SR_B4"), ("nir08", "SR_B5"), ("qa", "QA_PIXEL"))
    }
    stack = create_band_stack(
        {**sources, "qa": BandSource(sources["qa"], is_class=True)},
        tmp_path / "s.vrt",
        list(sources),
    )
    for index, path in enumerate(sources.values(), start=1):
        assert np.array_equal(read_band(stack.path, index), read_band(path, 1))
