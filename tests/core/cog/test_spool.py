"""The spool: what was finished is found again; what was cut short is not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from firstlight.core.cog.spool import Spool


def fill(path: Path, key: str = "one", count: int = 3) -> bytes:
    spool = Spool(path, key)
    for number in range(count):
        spool.append({"number": number}, [bytes([number]) * 100, b"rest"])
    spool.close()
    return path.read_bytes()


def test_what_was_put_in_is_read_in_any_order_by_many_threads(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    found = {}

    def put(numbers: range) -> None:
        for number in numbers:
            found[number] = spool.append({"number": number}, [str(number).encode() * 50, b"x"])

    threads = [threading.Thread(target=put, args=(range(start, 200, 4),)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in sorted(found, key=str):
        record = found[number]
        assert record is not None
        assert [spool.read(part) for part in record.parts] == [str(number).encode() * 50, b"x"]
    spool.close()


def test_the_same_key_finds_all_and_goes_on(tmp_path: Path) -> None:
    fill(tmp_path / "s")
    spool = Spool(tmp_path / "s", "one")
    assert [record.head["number"] for record in spool.records] == [0, 1, 2]
    assert spool.read(spool.records[2].parts[0]) == b"\x02" * 100
    spool.append({"number": 3}, [b"new"])
    spool.close()
    again = Spool(tmp_path / "s", "one")
    assert [record.head["number"] for record in again.records] == [0, 1, 2, 3]
    assert again.read(again.records[3].parts[0]) == b"new"
    again.close()


@pytest.mark.parametrize("key", ["two", ""])
def test_another_key_or_none_begins_anew(tmp_path: Path, key: str) -> None:
    fill(tmp_path / "s")
    spool = Spool(tmp_path / "s", key)
    assert spool.records == []
    spool.close()


def test_a_file_cut_anywhere_loses_only_what_was_cut(tmp_path: Path) -> None:
    whole = fill(tmp_path / "s")
    ends = [len(fill(tmp_path / f"t{count}", count=count)) for count in range(4)]
    for cut in range(len(whole) + 1):
        (tmp_path / "s").write_bytes(whole[:cut])
        spool = Spool(tmp_path / "s", "one")
        numbers = [record.head["number"] for record in spool.records]
        spool.append({"number": 9}, [b"next"])
        spool.close()
        assert numbers == list(range(sum(cut >= end for end in ends[1:]))), cut
        again = Spool(tmp_path / "s", "one")
        assert [record.head["number"] for record in again.records] == [*numbers, 9], cut
        again.close()


def test_a_damaged_record_and_all_behind_it_are_dropped(tmp_path: Path) -> None:
    whole = bytearray(fill(tmp_path / "s"))
    whole[whole.index(b"\x01" * 100) + 5] ^= 1
    (tmp_path / "s").write_bytes(whole)
    spool = Spool(tmp_path / "s", "one")
    assert [record.head["number"] for record in spool.records] == [0]
    spool.close()
    assert (tmp_path / "s").read_bytes() == fill(tmp_path / "t", count=1)


def test_a_foreign_file_is_not_taken_for_a_spool(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"something else entirely, and long enough")
    spool = Spool(tmp_path / "s", "one")
    assert spool.records == []
    spool.close()


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.close()
    assert spool.append({}, [b"late"]) is None
