"""Groups of neighbouring tiles, who does them, and what is sent with them."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.algorithms.indices import index_kernel
from firstlight.core.algorithms.kernel import Kernel
from firstlight.core.cog.codec import pick_codec
from firstlight.core.enums import AreaMask
from firstlight.core.execution.tile_groups import (
    GROUPS_PER_SLOT,
    Lanes,
    TileGroup,
    group_tiles,
    inside,
    work_of,
)
from firstlight.core.execution.tile_work import TileWork
from firstlight.core.mosaic.band_reader import BandLocation
from firstlight.core.mosaic.reader import MosaicReader
from firstlight.core.mosaic.scene_plan import MosaicPlan, MosaicScene
from firstlight.core.raster.grid import Window, common, in_columns, split_windows
from firstlight.core.raster.reader import RasterReader
from firstlight.core.shapes.area_pixels import area_pixels
from firstlight.core.types import Grid, Radiometry
from support.areas import slanted
from support.rasters import noise
from support.stacks import write_stack


@pytest.mark.parametrize(
    ("shape", "slots", "side"),
    [
        ((11, 11), 2, 4),  # a scene: 9 groups
        ((11, 21), 2, 4),
        ((42, 42), 2, 8),
        ((42, 42), 40, 2),  # 441 groups for 160 wanted
        ((3, 3), 4, 1),  # fewer tiles than groups are wanted
        ((1, 1), 64, 1),
    ],
)
def test_groups_are_the_largest_squares_that_keep_all_busy(
    shape: tuple[int, int], slots: int, side: int
) -> None:
    tiles = split_windows((shape[0] * 64 - 3, shape[1] * 64 - 60), 64)
    groups = group_tiles(tiles, slots)
    assert sorted(number for group in groups for number, _ in group.tiles) == [*range(len(tiles))]
    assert all(tiles[number] == tile for group in groups for number, tile in group.tiles)
    assert max(max(group.box.rows, group.box.cols) for group in groups) <= 64 * side
    assert len(groups) == -(-shape[0] // side) * -(-shape[1] // side)
    assert side == 1 or len(groups) >= GROUPS_PER_SLOT * slots
    for group in groups:
        assert group.box.row % (64 * side) == group.box.col % (64 * side) == 0


def test_no_source_block_lies_in_two_groups() -> None:
    """Blocks of powers of two of pixels, as large as a group at most."""
    groups = group_tiles(split_windows((8192, 8192), 512), 4)
    for block in (256, 512, 1024, 2048):
        owners: dict[tuple[int, int], set[int]] = {}
        for group in groups:
            for _, tile in group.tiles:
                place = (tile.row // block, tile.col // block)
                owners.setdefault(place, set()).add(group.number)
        assert all(len(owner) == 1 for owner in owners.values())


def test_missing_tiles_leave_no_empty_groups() -> None:
    tiles = split_windows((640, 640), 64)
    left = [tile for tile in tiles if tile.row >= 320]
    groups = group_tiles(left, 1)
    assert sum(len(group.tiles) for group in groups) == 50
    assert all(group.tiles for group in groups)
    assert group_tiles([], 3) == []


def test_groups_follow_each_other_as_the_tiles_do() -> None:
    tiles = in_columns(split_windows((1024, 1024), 64), 512)
    groups = group_tiles(tiles, 2)
    places = [(group.box.col // 512, group.box.row) for group in groups]
    assert places == sorted(places)


def test_each_worker_has_its_own_stretch_and_helps_when_it_is_through() -> None:
    lanes = Lanes([*range(12)], {"a": 1, "b": 2})
    assert len(lanes) == 12
    there = ("a", "b")
    assert [lanes.next_for("a", there) for _ in range(4)] == [0, 1, 2, 3]
    assert lanes.next_for("b", there) == 4
    assert lanes.next_for("a", there) == 11  # from the end of the other's
    assert [lanes.next_for("b", there) for _ in range(6)] == [5, 6, 7, 8, 9, 10]
    assert lanes.next_for("b", there) is None
    assert len(lanes) == 0


def test_all_is_done_once_whoever_comes_and_goes() -> None:
    lanes = Lanes([*range(100)], {"a": 1, "b": 1})
    workers = ["a", "b", "late"]
    done = [lanes.next_for(workers[turn % 3], workers) for turn in range(100)]
    assert sorted(job for job in done if job is not None) == [*range(100)]
    assert [job for job in done[::3] if job is not None][:10] == [*range(10)]


def test_what_failed_goes_to_another_worker_first_of_all() -> None:
    lanes = Lanes([1, 2, 3], {"a": 1, "b": 1})
    lanes.again(9, ["a"])
    assert lanes.next_for("a", ("a", "b")) == 1
    assert lanes.next_for("b", ("a", "b")) == 9
    lanes.again(9, ["a"])
    assert lanes.next_for("a", ("a",)) == 9  # there is no other


@pytest.mark.parametrize("halo", [0, 3, 40])
def test_a_window_with_its_halo_stays_in_the_raster(halo: int) -> None:
    assert inside(Window(0, 64, 64, 36), halo, (100, 100)) == Window(
        0, max(0, 64 - halo), min(100, 64 + halo), min(100, 36 + halo)
    )


SIDE = 128
GRID = Grid("EPSG:32633", (10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0), (16 * SIDE, 16 * SIDE))


def make_plan(count: int) -> MosaicPlan:
    """Scenes anywhere, some outside."""
    draw = np.random.default_rng(5)
    scenes = []
    for number in range(count):
        row, col = (int(value) for value in draw.integers(-300, 2100, 2))
        bands = {
            name: BandLocation(name, GRID, Radiometry(), False, lambda again: ("", None))  # type: ignore[arg-type,return-value]
            for name in ("red", "nir")
        }
        scenes.append(MosaicScene(f"S{number}", bands, Window(row, col, 250, 310)))
    return MosaicPlan(GRID, ("red", "nir"), tuple(scenes))


def test_a_group_s_part_of_a_mosaic_has_the_scenes_of_its_tiles_in_their_order() -> None:
    plan = make_plan(300)
    tiles = split_windows(GRID.shape, SIDE)
    for group in group_tiles(tiles, 4):
        part = plan.part(group.box)
        assert 0 < len(part.scenes) < len(plan.scenes) / 2
        for _, tile in group.tiles:
            naive = [
                (scene, both)
                for scene in plan.scenes
                if (both := common(scene.window, tile)) is not None
            ]
            assert part.in_window(tile) == naive
            assert plan.in_window(tile) == naive


def test_the_halo_s_scenes_travel_too() -> None:
    plan = make_plan(300)
    kernel = index_kernel("NDVI", ["red", "nir"])
    around = dataclasses.replace(kernel, halo=SIDE)
    with MosaicReader(plan) as reader:
        for one in (kernel, around):
            work = TileWork(reader, {"red": 1, "nir": 2}, one, (), ())
            sent = work_of(work, TileGroup(0, ((0, Window(2 * SIDE, 3 * SIDE, SIDE, SIDE)),)))
            assert isinstance(sent, TileWork)
            assert isinstance(sent.source, MosaicReader)
            side = 3 * SIDE if one.halo else SIDE
            corner = (SIDE, 2 * SIDE) if one.halo else (2 * SIDE, 3 * SIDE)
            wanted = plan.in_window(Window(*corner, side, side))
            assert sent.source.plan.scenes == tuple(scene for scene, _ in wanted)


def test_a_part_of_a_stack_gives_the_same_tile(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"red": noise((130, 130), 0), "nir": noise((130, 130), 1)})
    kernel: Kernel = index_kernel("NDVI", ["red", "nir"])
    with RasterReader(stack) as reader:
        work = TileWork(reader, {"red": 1, "nir": 2}, kernel, (), (pick_codec("zstd"),))
        assert work.part(Window(0, 0, 64, 64)) == work


def test_a_group_is_sent_the_rows_of_the_area_that_it_has(tmp_path: Path) -> None:
    grid = Grid("EPSG:32632", (10.0, 0.0, 600000.0, 0.0, -10.0, 5200020.0), (170, 210))
    stack = write_stack(tmp_path, {"red": noise((170, 210), 0), "nir": noise((170, 210), 1)})
    area = area_pixels(slanted(grid), grid, AreaMask.SHAPE)
    kernel: Kernel = index_kernel("NDVI", ["red", "nir"])
    with RasterReader(stack) as reader:
        work = TileWork(reader, {"red": 1, "nir": 2}, kernel, (), (), area)
        box = Window(64, 32, 32, 96)
        part = work.part(box).area
    assert part is not None
    assert 0 < len(part.runs) <= 2 * box.rows < len(area.runs)
    for tile in (box, Window(70, 40, 5, 9)):
        assert area.inside(tile).any()
        assert np.array_equal(part.inside(tile), area.inside(tile))


def test_a_function_is_sent_as_it_is() -> None:
    def work(tile: Window) -> int:
        return tile.row

    assert work_of(work, TileGroup(0, ((0, Window(0, 0, 1, 1)),))) is work


def test_stretches_are_as_long_as_the_workers_are_strong() -> None:
    lanes = Lanes([*range(90)], {"a": 1, "b": 2, "c": 6})
    begins = [lanes.next_for(worker, "abc") for worker in "abc"]
    assert begins == [0, 10, 30]
    assert all(one < other for one, other in pairwise(begins))  # type: ignore[operator]
