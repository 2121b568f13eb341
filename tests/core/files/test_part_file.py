"""A file while it comes: whatever happens to part and journal, the next run goes on from bytes that
are proven.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from firstlight.core.errors import BandDownloadError, DiskFullError
from firstlight.core.files import part_file as module
from firstlight.core.files.atomic import part_of, write_all
from firstlight.core.files.journal import MARK_BYTES, Origin
from firstlight.core.files.journal import journal_of as journal_of_part
from firstlight.core.files.part_file import QUEUED_CHUNKS, PartFile
from support.disks import fill
from support.waiting import PATIENCE_S, wait_until

URL = "http://h/nir.tif"
CHUNK = 64 * 1024
DATA = np.random.default_rng(11).bytes(5 * MARK_BYTES // 2)
ORIGIN = Origin(URL, '"v1"', len(DATA))


def journal_of(target: Path) -> Path:
    return journal_of_part(part_of(target))


def a_part(folder: Path, algorithm: str = "sha256") -> PartFile:
    return PartFile(folder / "nir.tif", "nir", threading.Event(), algorithm)


def feed(
    part: PartFile, data: bytes, origin: Origin = ORIGIN, resume: bool = False, chunk: int = CHUNK
) -> None:
    part.begin(origin, resume)
    try:
        for start in range(0, len(data), chunk):
            part.write(data[start : start + chunk])
    finally:
        part.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A part of all of DATA, with its journal."""
    feed(a_part(tmp_path), DATA)
    return tmp_path / "nir.tif"


def journal(target: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in journal_of(target).read_text().splitlines() if line.strip()
    ]


def proven(target: Path, url: str = URL) -> int:
    part = a_part(target.parent)
    origin = part.load(url)
    assert (origin is None) == (part.size == 0)
    assert part.hexdigest("sha256") == hashlib.sha256(DATA[: part.size]).hexdigest()
    return part.size


def test_bytes_sums_and_marks_agree(tmp_path: Path) -> None:
    part = a_part(tmp_path, "md5")
    feed(part, DATA)
    assert part.path.read_bytes() == DATA
    assert part.size == len(DATA)
    assert part.hexdigest("sha256") == hashlib.sha256(DATA).hexdigest()
    assert part.hexdigest("md5") == hashlib.md5(DATA).hexdigest()
    first, *marks = journal(part.target)
    assert first == {"url": URL, "validator": '"v1"', "total": len(DATA)}
    assert [mark["sha256"] for mark in marks] == [
        hashlib.sha256(DATA[: mark["span"][1]]).hexdigest() for mark in marks
    ]
    assert marks[-1]["span"][1] == len(DATA)
    gaps = np.diff([0, *(mark["span"][1] for mark in marks)])
    assert (gaps <= MARK_BYTES + CHUNK).all()


def test_all_of_it_is_proven(target: Path) -> None:
    assert proven(target) == len(DATA)


def test_the_other_sum_is_proven_too(tmp_path: Path) -> None:
    feed(a_part(tmp_path), DATA)
    part = a_part(tmp_path, "sha512")
    assert part.load(URL) == ORIGIN
    assert part.hexdigest("sha512") == hashlib.sha512(DATA).hexdigest()


def test_nothing_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    assert proven(tmp_path / "nir.tif") == 0


def test_another_address_is_another_file(target: Path) -> None:
    assert proven(target, "http://h/red.tif") == 0


@pytest.mark.parametrize("name", ["part", "journal"])
def test_one_without_the_other_is_nothing(target: Path, name: str) -> None:
    {"part": part_of, "journal": journal_of}[name](target).unlink()
    assert proven(target) == 0


def test_a_file_that_lost_its_end_is_proven_up_to_the_last_mark_before(target: Path) -> None:
    marks = [entry["span"][1] for entry in journal(target)[1:]]
    os.truncate(part_of(target), len(DATA) - 1)
    assert proven(target) == marks[-2]
    os.truncate(part_of(target), marks[0])
    assert proven(target) == marks[0]
    os.truncate(part_of(target), marks[0] - 1)
    assert proven(target) == 0


def test_bytes_behind_the_last_mark_do_not_count(target: Path) -> None:
    with part_of(target).open("ab") as file:
        file.write(b"more")
    assert proven(target) == len(DATA)
    part = a_part(target.parent)
    part.load(URL)
    part.begin(ORIGIN, resume=True)
    part.close()
    assert part.path.read_bytes() == DATA


@pytest.mark.parametrize(
    "place", [0, MARK_BYTES - 1, MARK_BYTES, 2 * MARK_BYTES - 1, len(DATA) - 1]
)
def test_a_flipped_byte_ends_what_is_proven_before_its_mark(target: Path, place: int) -> None:
    marks = [0, *(entry["span"][1] for entry in journal(target)[1:])]
    with part_of(target).open("r+b") as file:
        file.seek(place)
        file.write(bytes([DATA[place] ^ 1]))
    assert proven(target) == max(mark for mark in marks if mark <= place)


def test_after_damage_the_rest_is_fetched_anew_and_proven_again(target: Path) -> None:
    with part_of(target).open("r+b") as file:
        file.seek(2 * MARK_BYTES - 5)
        file.write(b"xxxxx")
    part = a_part(target.parent)
    assert part.load(URL) == ORIGIN
    feed(part, DATA[part.size :], resume=True)
    assert part.path.read_bytes() == DATA
    assert part.hexdigest("sha256") == hashlib.sha256(DATA).hexdigest()
    assert proven(target) == len(DATA)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "3",
        '"bytes"',
        "[1, 2]",
        "{}",
        '{"bytes": 7}',
        '{"bytes": "7", "sha256": "x"}',
        '{"bytes": null, "sha256": "x"}',
        '{"bytes": -7, "sha256": "x"}',
        '{"url": 3, "validator": null}',
        '{"url": "http://h/nir.tif", "validator": 3}',
        '{"span": [0, 7]}',
        '{"span": [7], "sha256": "x"}',
        '{"span": [0, 7, 9], "sha256": "x"}',
        '{"span": ["0", 7], "sha256": "x"}',
        '{"span": [0, -7], "sha256": "x"}',
        '{"bytes": 20',
    ],
)
def test_a_garbage_line_is_passed_over(target: Path, line: str) -> None:
    lines = journal_of(target).read_text().splitlines()
    for place in (0, 2, len(lines)):
        journal_of(target).write_text("\n".join([*lines[:place], line, *lines[place:]]))
        assert proven(target) == len(DATA)


@pytest.mark.parametrize("line", ['{"bytes": 1e999, "sha256": "x"}', "[" * 100_000])
def test_a_mad_line_is_passed_over_too(target: Path, line: str) -> None:
    with journal_of(target).open("a") as file:
        file.write(f"{line}\n")
    assert proven(target) == len(DATA)


def test_a_journal_of_other_bytes_is_no_journal(target: Path) -> None:
    journal_of(target).write_bytes(b"\xff\xfe\0\0" * 100)
    assert proven(target) == 0


@pytest.mark.parametrize("cut", [1, 30, 70])
def test_a_line_that_was_cut_short_costs_one_mark_and_harms_no_later_one(
    target: Path, cut: int
) -> None:
    journal_of(target).write_bytes(journal_of(target).read_bytes()[:-cut])
    marks = [entry["span"][1] for entry in journal(target)[1:]] if cut == 1 else None
    part = a_part(target.parent)
    part.load(URL)
    if marks is None:
        assert len(DATA) - MARK_BYTES - CHUNK <= part.size < len(DATA)
    feed(part, DATA[part.size :], resume=True)
    assert proven(target) == len(DATA)


def test_marks_that_hold_are_never_written_anew(target: Path) -> None:
    """A crash while they were would lose what they prove."""
    os.truncate(part_of(target), len(DATA))
    before = journal_of(target).read_bytes()
    part = a_part(target.parent)
    part.load(URL)
    part.begin(ORIGIN, resume=True)
    assert journal_of(target).read_bytes().startswith(before)
    part.close()
    assert journal_of(target).read_bytes().startswith(before)


def test_a_mark_that_was_wrong_does_not_stand_in_the_way_of_later_ones(target: Path) -> None:
    lines = journal_of(target).read_text().splitlines()
    wrong = next(number for number, line in enumerate(lines) if '"span": [0, 2' in line)
    lines[wrong] = json.dumps({**json.loads(lines[wrong]), "sha256": "0" * 64})
    journal_of(target).write_text("\n".join(lines) + "\n")
    part = a_part(target.parent)
    part.load(URL)
    assert 0 < part.size < len(DATA)
    feed(part, DATA[part.size :], resume=True)
    assert proven(target) == len(DATA)


def test_a_start_from_the_first_byte_forgets_all(target: Path) -> None:
    part = a_part(target.parent)
    part.load(URL)
    other = Origin(URL, '"v2"', 3)
    feed(part, b"new", other)
    assert part.path.read_bytes() == b"new"
    assert part.hexdigest("sha256") == hashlib.sha256(b"new").hexdigest()
    again = a_part(target.parent)
    assert again.load(URL) == other
    assert again.size == 3


def test_the_final_name_comes_last_and_alone(target: Path) -> None:
    part = a_part(target.parent)
    part.load(URL)
    target.write_bytes(b"old")
    part.commit()
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == ["nir.tif"]


def test_discarded_is_gone(target: Path) -> None:
    part = a_part(target.parent)
    part.load(URL)
    part.discard()
    assert list(target.parent.iterdir()) == []
    assert (part.size, part.hexdigest("sha256")) == (0, hashlib.sha256().hexdigest())


def test_nothing_that_came_leaves_nothing_behind(tmp_path: Path) -> None:
    feed(a_part(tmp_path), b"")
    assert list(tmp_path.iterdir()) == []


def test_what_has_come_is_marked_soon_after_a_stop_though_the_feeding_thread_hangs(
    tmp_path: Path,
) -> None:
    part = a_part(tmp_path)
    part.begin(ORIGIN, resume=False)
    part.write(DATA[:1000])
    part._stop.set()  # the thread that feeds sits in a read and does nothing
    wait_until(lambda: proven(part.target) == 1000)
    part.close()


def test_a_feeder_is_let_go_after_a_stop_though_the_queue_is_full(tmp_path: Path) -> None:
    part = a_part(tmp_path)
    part._chunks.maxsize = 1
    part._chunks.put(b"x")  # a disk that takes nothing: no writer runs
    part._stop.set()
    part.write(b"y")  # comes back


class SlowDisk:
    """A file that takes one chunk when it is told to, and notes how far the network is ahead."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)

    def write_all(self, file: Any, chunk: bytes) -> None:
        self.go.acquire(timeout=PATIENCE_S)
        file.write(chunk)


def test_memory_stays_bounded_when_the_disk_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    monkeypatch.setattr(module, "write_all", disk.write_all)
    part = a_part(tmp_path)
    size, count = 256 * 1024, 3 * QUEUED_CHUNKS
    fed = 0

    def feeder() -> None:
        nonlocal fed
        for number in range(count):
            part.write(bytes([number]) * size)
            fed += 1
        part.close()

    tracemalloc.start()
    part.begin(ORIGIN, resume=False)
    thread = threading.Thread(target=feeder)
    thread.start()
    wait_until(lambda: fed >= QUEUED_CHUNKS)
    time.sleep(0.2)  # it would go on; a slow computer can only fail to notice
    ahead = fed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for _ in range(count):
        disk.go.release()
    thread.join(PATIENCE_S)
    assert ahead <= QUEUED_CHUNKS + 2
    assert peak < (QUEUED_CHUNKS + 4) * size
    assert part.path.read_bytes() == b"".join(bytes([number]) * size for number in range(count))


def test_an_unbuffered_file_may_take_less_than_it_is_given() -> None:
    taken: list[bytes] = []

    class Stingy:
        def write(self, view: memoryview) -> int:
            taken.append(bytes(view[:3]))
            return len(taken[-1])

    write_all(Stingy(), b"0123456789")
    assert b"".join(taken) == b"0123456789"


def test_a_disk_that_fills_up_keeps_what_it_took(small_disk: Path) -> None:
    part = a_part(small_disk)
    with pytest.raises(
        DiskFullError,
        match=rf"^Band download failed for 'nir': the disk of {small_disk} is full\. Free some",
    ):
        feed(part, DATA)
    kept = proven(small_disk / "nir.tif")
    assert kept >= MARK_BYTES
    assert (small_disk / "nir.tif.part").read_bytes()[:kept] == DATA[:kept]


def test_a_full_disk_is_met_again_by_every_call(small_disk: Path) -> None:
    part = a_part(small_disk)
    for _ in range(2):
        with pytest.raises(DiskFullError):
            feed(part, DATA)


def test_no_room_for_the_first_byte_leaves_nothing(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(DiskFullError):
        feed(a_part(small_disk), DATA)
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_file_that_may_grow_no_more_is_named_and_goes_on_later(tmp_path: Path) -> None:
    script = (
        "import resource, sys, threading\n"
        "from pathlib import Path\n"
        "from firstlight.core.files.part_file import *\n"
        "from firstlight.core.files.journal import *\n"
        "from firstlight.core.errors import FirstLightError\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({3 * MARK_BYTES // 2}, "
        f"{3 * MARK_BYTES // 2}))\n"
        "part = PartFile(Path(sys.argv[1]), 'nir', threading.Event())\n"
        "data = Path(sys.argv[2]).read_bytes()\n"
        f"part.begin(Origin({URL!r}, '\"v1\"', len(data)), False)\n"
        "try:\n"
        f"    for n in range(0, len(data), {CHUNK}): part.write(data[n:n+{CHUNK}])\n"
        "    part.close()\n"
        "except FirstLightError as error: print(type(error).__name__, error)\n"
    )
    source = tmp_path / "source"
    source.write_bytes(DATA)
    words = [sys.executable, "-c", script, str(tmp_path / "nir.tif"), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stdout.startswith("BandDownloadError Band download failed for 'nir': "), done.stderr
    assert "cannot be written (File too large). Choose another folder." in done.stdout
    kept = proven(tmp_path / "nir.tif")
    assert MARK_BYTES <= kept <= 3 * MARK_BYTES // 2


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    journal_of(tmp_path / "nir.tif").mkdir()
    with pytest.raises(BandDownloadError, match=r"nir\.tif\.part\.jsonl is a folder"):
        feed(a_part(tmp_path), DATA)


def test_a_part_that_is_a_second_name_of_a_finished_file_is_not_written_through(
    tmp_path: Path,
) -> None:
    finished = tmp_path / "other project.tif"
    finished.write_bytes(b"finished")
    os.link(finished, part_of(tmp_path / "nir.tif"))
    feed(a_part(tmp_path), DATA)
    assert finished.read_bytes() == b"finished"


steps = st.lists(
    st.tuples(
        st.lists(st.integers(1, 900), max_size=6),  # chunks
        st.sampled_from(["stop", "kill"]),
        st.floats(0, 1),  # of the file
        st.floats(0, 1),  # of the journal
        st.booleans(),  # flip a byte as well
    ),
    max_size=6,
)


@rules(max_examples=40, deadline=None)
@given(steps=steps, size=st.integers(1, 3000), mark=st.sampled_from([1, 100, 1000]))
def test_any_sequence_of_chunks_kills_and_resumes_ends_with_the_right_bytes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], size: int, mark: int
) -> None:
    folder = tmp_path_factory.mktemp("part")
    whole = DATA[:size]
    origin = Origin(URL, '"v1"', size)
    target = folder / "nir.tif"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MARK_BYTES", mark)
        for chunks, end, of_file, of_journal, flip in steps:
            part = a_part(folder, "md5")
            known = part.load(URL)
            assert known in (None, origin)
            assert part.hexdigest("sha256") == hashlib.sha256(whole[: part.size]).hexdigest()
            part.begin(origin, resume=known is not None)
            place = part.size
            for count in chunks:
                if piece := whole[place : place + count]:
                    part.write(piece)
                place += len(piece)
            part.close()
            if end == "kill":  # neither file need have reached the disk
                for path, share in ((part.path, of_file), (journal_of(target), of_journal)):
                    if path.exists():
                        os.truncate(path, int(path.stat().st_size * share))
                if flip and part.path.exists() and (length := part.path.stat().st_size):
                    with part.path.open("r+b") as file:
                        file.seek(int((length - 1) * of_journal))
                        file.write(b"\xaa")
        part = a_part(folder, "md5")
        known = part.load(URL)
        part.begin(origin, resume=known is not None)
        part.write(whole[part.size :] or b"")
        part.close()
    assert part.hexdigest("sha256") == hashlib.sha256(whole).hexdigest()
    assert part.hexdigest("md5") == hashlib.md5(whole).hexdigest()
    part.commit()
    assert target.read_bytes() == whole
    assert [path.name for path in folder.iterdir()] == ["nir.tif"]
