"""The store that workers write finished tiles to: in a folder, and in object storage that checks
signatures.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.cog.codec import pick_codec
from firstlight.core.cog.piece_bytes import pack_pieces, unpack_pieces
from firstlight.core.cog.pieces import Piece, make_spans
from firstlight.core.cog.raster_spec import RasterSpec
from firstlight.core.errors import Cancelled, EngineError, RasterError, SceneReadError
from firstlight.core.execution.result_store import (
    ResultStore,
    Seen,
    StorePlace,
    do_group,
    new_store,
    probe,
    sees,
)
from firstlight.core.execution.tile_groups import TileGroup
from firstlight.core.raster.grid import Window
from firstlight.core.types import Grid
from support.object_server import ObjectServer, object_server
from support.rasters import noise

GRID = Grid("EPSG:32633", (10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0), (200, 200))
TILES = TileGroup(3, tuple((number, Window(0, 10 * number, 10, 10)) for number in (7, 8, 9)))


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    with object_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(params=["folder", "objects"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both kinds of places."""
    if request.param == "folder":
        (tmp_path / "shared").mkdir()
        return str(tmp_path / "shared")
    request.getfixturevalue("storage")
    return "s3://bucket/some/prefix"


@dataclass
class Work:
    """Notes which tiles it was asked for; fails for some."""

    broken: dict[int, Exception] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def __call__(self, tile: Window) -> int:
        self.asked.append(tile.col)
        if tile.col in self.broken:
            raise self.broken[tile.col]
        return tile.col

    def pack(self, result: int) -> bytes:
        return str(result).encode()

    def unpack(self, data: bytes) -> int:
        return int(data)


def left_in(base: str) -> list[str]:
    """Names of everything that is in a place."""
    from firstlight.core.execution.store_files import files_at

    return files_at(base).names("")


def test_a_tile_comes_back_as_it_was_put(base: str) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    store.open()
    assert store.look(3) == Seen()
    do_group(Work(), store, TILES)
    assert store.look(3) == Seen(True, frozenset({7, 8, 9}))
    assert [store.get(3, number) for number in (7, 8, 9)] == [b"70", b"80", b"90"]
    store.sweep()
    assert left_in(base) == []


def test_what_is_there_or_was_taken_is_not_done_again(base: str) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    store.open()
    store.begin(3)
    store.put(3, 7, b"70")
    store.put(3, 8, b"80")
    store.taken(3, 8)
    work = Work()
    do_group(work, store, TILES)
    assert work.asked == [90]
    assert store.get(3, 8) == b""
    assert store.look(3).done == {7, 8, 9}


def test_a_failed_tile_says_why_and_the_others_follow(base: str) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    store.open()
    errors: dict[int, Exception] = {
        70: SceneReadError("Scene S1 cannot be read", "it is gone", "Look.", "S1"),
        80: RasterError("Reading failed", "the disk is gone"),
    }
    do_group(Work(errors), store, TILES, "tcp://worker")
    seen = store.look(3)
    assert (seen.done, seen.failed) == ({9}, {7, 8})
    failure = store.failure(3, 7)
    assert failure.worker == "tcp://worker"
    assert isinstance(failure.error, SceneReadError)
    assert failure.error.scene_id == "S1"
    assert str(failure.error) == str(errors[70])
    assert type(store.failure(3, 8).error) is RasterError


def test_an_error_that_takes_other_words_is_told_all_the_same(tmp_path: Path) -> None:
    store = new_store(StorePlace(str(tmp_path), "a.tif"))
    store.open()
    do_group(Work({70: Cancelled("Reading")}), store, TILES)
    assert type(store.failure(3, 7).error) is EngineError
    assert "Reading: stopped by the user" in str(store.failure(3, 7).error)


def test_a_tile_that_succeeds_later_has_not_failed(base: str) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    store.open()
    do_group(Work({70: RasterError("Reading failed", "a moment")}), store, TILES)
    do_group(Work(), store, TILES)
    assert store.look(3) == Seen(True, frozenset({7, 8, 9}))


def test_workers_stop_when_the_run_is_over(base: str) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    work = Work()
    with pytest.raises(EngineError, match="this worker does not see it, or its run is over"):
        do_group(work, store, TILES)  # it has not begun
    assert work.asked == []
    store.open()

    class Stopping(Work):
        def __call__(self, tile: Window) -> int:
            store.sweep()
            return super().__call__(tile)

    stopping = Stopping()
    if base.startswith("s3:"):  # what comes too late is taken there, and swept by the next run
        with pytest.raises(EngineError, match="its run is over"):
            do_group(stopping, store, TILES)
        assert len(left_in(base)) == 1
        new_store(StorePlace(base, "a.tif"))
    else:
        with pytest.raises(EngineError, match=f"finished tiles at {base} cannot be written: No su"):
            do_group(stopping, store, TILES)
    assert stopping.asked == [70]
    assert left_in(base) == []


def test_a_killed_run_s_store_is_swept_by_the_next_for_the_same_file_only(base: str) -> None:
    killed, other = new_store(StorePlace(base, "a.tif")), new_store(StorePlace(base, "b.tif"))
    for store in (killed, other):
        store.open()
        do_group(Work(), store, TILES)
    new_store(StorePlace(base, "a.tif")).open()
    assert not killed.is_open()
    assert other.is_open()
    assert other.look(3).done == {7, 8, 9}
    assert len(left_in(base)) == 2


def test_a_worker_that_sees_another_folder_is_found_out(base: str, tmp_path: Path) -> None:
    store = new_store(StorePlace(base, "a.tif"))
    store.open()
    probe(store, "tcp://one")
    assert sees(store, "tcp://one")
    assert not sees(store, "tcp://two")
    elsewhere = ResultStore(str(tmp_path / "elsewhere"), store.name)
    probe(elsewhere, "tcp://three")  # no folder of that name there
    (tmp_path / "elsewhere" / store.name).mkdir(parents=True)
    (tmp_path / "elsewhere" / store.name / "open").write_bytes(b"another run's")
    probe(elsewhere, "tcp://three")
    assert not sees(elsewhere, "tcp://three")


def test_storage_that_takes_nothing_is_one_sentence(storage: ObjectServer) -> None:
    store = new_store(StorePlace("s3://bucket/prefix", "a.tif"))
    store.open()
    storage.full = True
    with pytest.raises(EngineError, match="finished tiles at s3://bucket/prefix cannot be written"):
        do_group(Work(), store, TILES)


def test_a_wrong_key_is_one_sentence(
    storage: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(EngineError, match="finished tiles at s3://bucket/prefix cannot be") as told:
        new_store(StorePlace("s3://bucket/prefix", "a.tif")).open()
    assert "processing.store" in str(told.value)
    assert "wrong" not in str(told.value)
    assert storage.objects == {}


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"cannot be (made|read): Not a directory"):
        new_store(StorePlace(str(tmp_path / "file" / "folder"), "a.tif")).open()


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    store = new_store(StorePlace(str(tmp_path), "a.tif"))
    store.open()
    store.begin(3)
    (tmp_path / "secret").write_bytes(b"not to be read")
    os.symlink(tmp_path / "secret", tmp_path / store.name / "3" / "7")
    with pytest.raises(EngineError, match="cannot be read"):
        store.get(3, 7)
    store.put(3, 7, b"70")  # in place of the link
    assert store.get(3, 7) == b"70"
    assert (tmp_path / "secret").read_bytes() == b"not to be read"


def test_two_attempts_at_once_leave_one_whole_tile(tmp_path: Path) -> None:
    store = new_store(StorePlace(str(tmp_path), "a.tif"))
    store.open()
    store.begin(3)
    data = os.urandom(1 << 20)
    threads = [threading.Thread(target=store.put, args=(3, 7, data)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(3, 7) == data
    assert sorted(os.listdir(tmp_path / store.name / "3")) == ["7", "begun"]


def pieces(dtype: str = "float32", **more: Any) -> list[Piece]:
    spec = RasterSpec(GRID, dtype, -9999.0 if dtype == "float32" else 255, block=32, **more)
    values = noise((64, 64), 1) if dtype == "float32" else noise((64, 64), 1).astype(np.uint8) % 3
    return list(make_spans(spec, pick_codec("zstd"), Window(64, 64, 64, 64), values))


@pytest.mark.parametrize(
    "made", [pieces(), pieces("uint8", resampling="nearest"), []], ids=["numbers", "classes", "0"]
)
def test_pieces_are_the_same_after_the_way(made: list[Piece]) -> None:
    [first, second] = unpack_pieces(pack_pieces([made, made[:1]]))
    assert len(second) == len(made[:1])
    for one, other in zip(made, first, strict=True):
        assert (one.place, one.blocks, one.statistics) == (
            other.place,
            other.blocks,
            other.statistics,
        )
        assert (one.rest is None) == (other.rest is None)
        if one.rest is not None and other.rest is not None:
            assert one.rest.dtype == other.rest.dtype
            assert np.array_equal(one.rest, other.rest)


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data[:40] + b"x" + data[41:],
        lambda data: b"",
        lambda data: json.dumps({}).encode(),
    ],
    ids=["cut", "changed", "empty", "another file"],
)
def test_pieces_that_were_harmed_are_refused(harm: Any) -> None:
    with pytest.raises(ValueError, match=r"checksum differs|no pieces of a tile"):
        unpack_pieces(harm(pack_pieces([pieces()])))
