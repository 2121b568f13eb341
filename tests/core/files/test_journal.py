"""One journal for all that comes in pieces, and the journals that version 0.1 has left."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from firstlight.core.download.mirror_file import MirrorFile
from firstlight.core.errors import BandDownloadError
from firstlight.core.files.atomic import WriteFailure
from firstlight.core.files.journal import MARK_BYTES, Journal, Origin, Proof
from firstlight.core.files.part_file import PartFile
from support.journals import rewrite_as_0_1

OLDER = Path(__file__).resolve().parents[2] / "fixtures" / "journals_0_1"
"""Written by the code of version 0.1 while it took parts of DATA."""
URL = "http://h/nir.tif"
DATA = np.random.default_rng(11).bytes(5 * MARK_BYTES // 2)
ORIGIN = Origin(URL, '"v1"', len(DATA))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    failure = WriteFailure("Band download failed for 'nir'", error=BandDownloadError)
    return Journal(tmp_path / "nir.tif.part.jsonl", failure)


def a_proof(start: int, stop: int) -> Proof:
    return Proof(start, stop, hashlib.sha256(DATA[start:stop]).hexdigest())


def test_origin_and_proofs_come_back_as_they_were_noted(journal: Journal) -> None:
    proofs = [a_proof(0, 10), a_proof(5000, 6000), a_proof(0, 20)]
    journal.begin(ORIGIN)
    for proof in proofs:
        journal.note(proof)
    assert journal.read() == (ORIGIN, proofs)


def test_nothing_there_says_nothing(journal: Journal) -> None:
    assert journal.read() == (None, [])


def test_a_new_beginning_forgets_what_was_there(journal: Journal) -> None:
    journal.begin(ORIGIN, [a_proof(0, 10), a_proof(10, 20)])
    journal.begin(ORIGIN, [a_proof(0, 10)])
    assert journal.read() == (ORIGIN, [a_proof(0, 10)])
    journal.begin(Origin("http://h/red.tif"))
    assert journal.read() == (Origin("http://h/red.tif"), [])


def test_what_holds_is_not_written_anew(journal: Journal) -> None:
    journal.begin(ORIGIN, [a_proof(0, 10)])
    before = (journal.path.stat().st_ino, journal.path.read_bytes())
    journal.begin(ORIGIN, [a_proof(0, 10)])
    assert (journal.path.stat().st_ino, journal.path.read_bytes()) == before


def test_many_threads_note_whole_lines(journal: Journal) -> None:
    journal.begin(ORIGIN)
    proofs = [a_proof(number, number + 9) for number in range(200)]
    workers = [
        threading.Thread(target=lambda part=part: [journal.note(one) for one in part])
        for part in (proofs[n::4] for n in range(4))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(journal.read()[1]) == sorted(proofs)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_a_crash_cut_short_harms_no_later_one(journal: Journal, cut: int) -> None:
    journal.begin(ORIGIN, [a_proof(0, 10)])
    os.truncate(journal.path, journal.path.stat().st_size - cut)
    journal.note(a_proof(0, 20))
    assert journal.read()[0] == ORIGIN
    assert journal.read()[1][-1] == a_proof(0, 20)


def test_a_planted_link_is_not_written_through(journal: Journal, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    journal.path.symlink_to(victim)
    with pytest.raises(BandDownloadError):
        journal.note(a_proof(0, 10))
    journal.begin(ORIGIN)
    assert victim.read_text() == "theirs"
    assert not journal.path.is_symlink()


# ---- journals of version 0.1


def left_by_0_1(tmp_path: Path, name: str, data: bytes) -> Path:
    (tmp_path / name).write_bytes(data)
    shutil.copy(OLDER / f"{name}.jsonl", tmp_path)
    return tmp_path / name.split(".part")[0]


def test_a_part_of_0_1_goes_on_where_it_stopped(tmp_path: Path) -> None:
    target = left_by_0_1(tmp_path, "nir.tif.part", DATA[:2_200_000])
    part = PartFile(target, "nir", threading.Event())
    assert part.load(URL) == ORIGIN
    assert part.size == 2_200_000
    part.begin(ORIGIN, resume=True)
    part.write(DATA[part.size :])
    part.close()
    assert part.hexdigest("sha256") == hashlib.sha256(DATA).hexdigest()
    again = PartFile(target, "nir", threading.Event())
    assert (again.load(URL), again.size) == (ORIGIN, len(DATA))


def test_a_part_of_0_1_is_cut_back_to_what_its_marks_prove(tmp_path: Path) -> None:
    spoilt = bytearray(DATA[:2_200_000])
    spoilt[1_700_000] ^= 1
    target = left_by_0_1(tmp_path, "nir.tif.part", bytes(spoilt))
    part = PartFile(target, "nir", threading.Event())
    part.load(URL)
    assert part.size == 1_500_000


def test_the_date_of_a_part_of_0_1_is_its_validator(tmp_path: Path) -> None:
    target = left_by_0_1(tmp_path, "red.tif.part", DATA[:700_000])
    part = PartFile(target, "red", threading.Event())
    origin = part.load("http://h/red.tif")
    assert origin == Origin("http://h/red.tif", "Tue, 03 Mar 2026 10:00:00 GMT", None)
    assert origin.etag is None
    assert part.size == 700_000


def test_a_mirror_of_0_1_keeps_its_pieces(tmp_path: Path) -> None:
    pieces = [(0, 32768), (500_000, 600_000), (900_000, 1_000_000)]
    holes = bytearray(len(DATA))
    for start, stop in pieces:
        holes[start:stop] = DATA[start:stop]
    holes[950_000] ^= 1
    left_by_0_1(tmp_path, "nir.tif.mirror.part", bytes(holes))
    mirror = MirrorFile(tmp_path / "nir.tif", "nir")
    mirror.begin(ORIGIN, len(DATA))
    assert mirror.missing([(0, 32768), (550_000, 650_000), (900_000, 1_000_000)]) == [
        (600_000, 650_000),
        (900_000, 1_000_000),
    ]
    mirror.begin(Origin(URL, '"v2"', len(DATA)), len(DATA))
    assert mirror.missing([(0, 32768)]) == [(0, 32768)], "the file is another one now"


@pytest.mark.parametrize("name", ["nir.tif.part", "nir.tif.mirror.part"])
def test_the_tests_own_older_journals_are_like_the_real_ones(tmp_path: Path, name: str) -> None:
    """Those that other tests rewrite."""
    journal = Journal(tmp_path / f"{name}.jsonl", WriteFailure("x"))
    shutil.copy(OLDER / journal.path.name, journal.path)
    real = journal.path.read_text().splitlines()
    origin, proofs = journal.read()
    assert origin is not None
    journal.begin(origin, proofs[1:])
    assert journal.path.read_text().splitlines()[0] not in real
    rewrite_as_0_1(journal.path, mirror="mirror" in name)
    assert set(journal.path.read_text().splitlines()) <= set(real)
    assert journal.read() == (origin, proofs[1:])
