"""Tiles that workers have written to files: taken over with their files where that can be, and the
layer has the same bytes either way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.cog.file_block import FileBlock
from firstlight.core.cog.piece_bytes import pack_pieces, read_pieces
from firstlight.core.enums import EngineName
from firstlight.core.errors import RasterError
from firstlight.core.execution.engine import Delivery, SerialEngine, Take
from firstlight.core.execution.piece_taker import PieceTaker
from firstlight.core.execution.result_store import Adopts, ResultStore, StorePlace, do_group
from firstlight.core.execution.result_store import new_store as new_store_at
from firstlight.core.execution.tile_groups import group_tiles
from firstlight.core.raster.grid import Window
from support.rasters import noise
from support.run import run_kernel
from support.stacks import write_stack


class ByStore:
    """An engine whose one worker writes to a store in a folder.

    Parameters
    ----------
    base : Path
        The folder.
    harm : callable
        Gets each tile's file before it is collected.
    """

    name = EngineName.SERIAL

    def __init__(self, base: Path, harm: Callable[[Path], None] = lambda _: None) -> None:
        self.base, self.harm = base, harm
        self.offered: list[bool] = []
        """For each tile, whether its file has gone."""

    def run(
        self,
        work: Any,
        tiles: Sequence[Window],
        stop: threading.Event,
        take: Take[Any] | None = None,
    ) -> list[Any]:
        delivery = Delivery(take)
        store = new_store_at(StorePlace(str(self.base), "made.tif"))
        store.open()
        for group in group_tiles(tiles, 2):
            do_group(work, store, group)
            for number, tile in group.tiles:
                self._collect(work, store, (group.number, number), tile, delivery)
        store.sweep()
        return delivery.kept

    def _collect(
        self,
        work: Any,
        store: ResultStore,
        place: tuple[int, int],
        tile: Window,
        delivery: Delivery[Any],
    ) -> None:
        path = self.base / store.name / str(place[0]) / str(place[1])
        self.harm(path)
        result = store.collect(work, *place, delivery.take)
        self.offered.append(not path.exists())
        delivery(place[1], tile, result)
        store.taken(*place)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """25 tiles of 64 pixels."""
    return write_stack(tmp_path, {"red": noise((310, 300), 0), "nir": noise((310, 300), 1)})


@pytest.fixture
def serial(stack: Path, tmp_path: Path) -> bytes:
    run_kernel(stack, tmp_path / "serial.tif", engine=SerialEngine())
    return (tmp_path / "serial.tif").read_bytes()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "made.tif"


def test_files_are_taken_over_and_nothing_of_them_stays(
    stack: Path, serial: bytes, out: Path
) -> None:
    left = out.with_name("made.tif.taken.part")
    left.mkdir()
    (left / "0").write_bytes(b"of a run that was killed")
    engine = ByStore(out.parent)
    run_kernel(stack, out, engine=engine)
    assert out.read_bytes() == serial
    assert engine.offered == [True] * 25
    assert list(out.parent.iterdir()) == [out]


def test_a_store_on_another_file_system_is_copied_from(
    stack: Path, serial: bytes, out: Path, small_disk: Path
) -> None:
    engine = ByStore(small_disk)
    run_kernel(stack, out, engine=engine)
    assert out.read_bytes() == serial
    assert engine.offered == [False] * 25


def test_a_run_that_may_be_resumed_has_all_in_its_journal(
    stack: Path, serial: bytes, out: Path
) -> None:
    engine = ByStore(out.parent)
    run_kernel(stack, out, engine=engine, resume=True)
    assert out.read_bytes() == serial
    assert engine.offered == [False] * 25


@pytest.mark.thorough
def test_a_name_that_somebody_has_taken_is_left_alone(
    stack: Path, serial: bytes, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "kept").write_bytes(b"theirs")
    out.with_name("made.tif.taken.part").symlink_to(tmp_path / "theirs")
    run_kernel(stack, out, engine=ByStore(out.parent))
    assert out.read_bytes() == serial
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["kept"]


def change_the_end(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))


def test_a_block_that_was_harmed_is_found_out_before_the_layer_has_its_name(
    stack: Path, out: Path
) -> None:
    def harm(path: Path) -> None:
        data = bytearray(path.read_bytes())
        size = int.from_bytes(data[4:8], "little")
        data[12 + size + 5] ^= 1  # in the first block, behind the head
        path.write_bytes(data)

    with pytest.raises(RasterError, match=r"was changed while it was in use\. Run it again"):
        run_kernel(stack, out, engine=ByStore(out.parent, harm))
    assert not out.exists()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "checksum differs"),
        (change_the_end, "checksum differs"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "checksum differs"),
        (lambda path: path.write_bytes(b"FLtp"), "no pieces of a tile"),
    ],
    ids=["cut", "changed", "longer", "another file"],
)
def test_a_file_that_was_harmed_stays_and_is_refused(
    stack: Path, out: Path, harm: Callable[[Path], None], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        run_kernel(stack, out, engine=ByStore(out.parent, harm))


def test_blocks_are_read_from_the_name_that_the_file_has_later(tmp_path: Path) -> None:
    from firstlight.core.cog.codec import pick_codec
    from firstlight.core.cog.pieces import make_spans
    from firstlight.core.cog.raster_spec import RasterSpec
    from firstlight.core.types import Grid

    grid = Grid("EPSG:32632", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (200, 200))
    spec = RasterSpec(grid, "float32", -9999.0, block=32)
    made = list(make_spans(spec, pick_codec("zstd"), Window(64, 64, 64, 64), noise((64, 64), 1)))
    before, later = tmp_path / "before", tmp_path / "later"
    before.write_bytes(pack_pieces([made]))
    [[piece]] = read_pieces(before, later)
    before.rename(later)
    for (index, block), (same, data) in zip(piece.blocks, made[0].blocks, strict=True):
        assert index == same
        assert isinstance(block, FileBlock)
        assert block.read() == data
    assert pack_pieces([[piece]]) == later.read_bytes()


def test_a_taker_of_pieces_is_one_that_adopts() -> None:
    assert issubclass(PieceTaker, Adopts)
