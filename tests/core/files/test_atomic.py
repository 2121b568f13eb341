"""A file is there whole or not at all, and nobody else's file is written through its half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firstlight.core.errors import Cancelled, DiskFullError, IngestionError, RasterError
from firstlight.core.files.atomic import (
    WriteFailure,
    append_line,
    create_file,
    open_file,
    part_of,
    put_in_place,
    scratch_file,
    whole_file,
    write_whole,
)
from support.disks import fill

FAILURE = WriteFailure("The record cannot be written", "Choose another folder.", IngestionError)
OLD, NEW = b"the older one", b"the new one\n" * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is to be replaced."""
    path = tmp_path / "record.json"
    path.write_bytes(OLD)
    return path


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that takes no new names, for root too."""
    attributes = sys.platform == "linux" and os.geteuid() == 0
    if attributes:
        if subprocess.run(["mount", "--bind", str(folder), str(folder)], check=False).returncode:
            pytest.skip("this root may not mount")
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    else:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if attributes:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        else:
            folder.chmod(0o700)


@pytest.mark.parametrize("content", [NEW, NEW.decode(), "grün\r\nrot\n", b""])
def test_text_and_bytes_arrive_as_they_are(path: Path, content: bytes | str) -> None:
    write_whole(path, content, FAILURE)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_may_be_read_by_whom_the_umask_allows(path: Path) -> None:
    plain = path.with_name("plain")
    plain.write_bytes(b"")
    write_whole(path, NEW, FAILURE)
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_folder_is_made_only_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "record.json"
    with pytest.raises(IngestionError, match=r"record\.json.* cannot be written \(No such file"):
        write_whole(path, NEW, FAILURE)
    write_whole(path, NEW, FAILURE, make_folder=True)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [RasterError("Reading x", "it is cut"), Cancelled(), KeyError()])
def test_what_fails_inside_leaves_the_older_file_and_no_half(path: Path, error: Exception) -> None:
    def half_way() -> None:
        with whole_file(path, FAILURE) as part:
            part.write_bytes(NEW)
            raise error

    with pytest.raises(type(error)):
        half_way()
    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


def test_what_a_library_puts_beside_its_file_goes_with_the_half(path: Path) -> None:
    with whole_file(path, FAILURE) as part:
        part.write_bytes(NEW)
        for suffix in (".aux.xml", ".ovr", "-journal", "-wal"):
            Path(f"{part}{suffix}").write_bytes(b"x")
    assert path.read_bytes() == NEW
    assert list(path.parent.iterdir()) == [path]


def test_gdal_writes_where_it_is_told_with_its_side_files(tmp_path: Path) -> None:
    from osgeo import gdal

    path = tmp_path / "a.tif"
    with whole_file(path, FAILURE) as part:
        dataset = gdal.GetDriverByName("GTiff").Create(str(part), 64, 64, 1)
        dataset.GetRasterBand(1).Fill(7)
        dataset.BuildOverviews("NEAREST", [2])
        dataset.GetRasterBand(1).ComputeStatistics(False)
        dataset.GetRasterBand(1).GetHistogram()
        dataset.GetRasterBand(1).SetMetadata({"a": "b"}, "xml:other")
        dataset = None
    assert gdal.Open(str(path)).ReadAsArray().min() == 7
    assert list(tmp_path.iterdir()) == [path]


def test_a_geopackage_is_written_where_nothing_is(tmp_path: Path) -> None:
    from osgeo import ogr

    path = tmp_path / "a.gpkg"
    part_of(path).write_bytes(b"half of an older run")
    with whole_file(path, FAILURE, empty=False) as part:
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(part))
        dataset.CreateLayer("one")
        dataset = None
    assert ogr.Open(str(path)).GetLayerCount() == 1


# ---- what others have put there


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
@pytest.mark.parametrize("kind", ["link", "dangling link", "second name", "pipe"])
@pytest.mark.parametrize("writer", ["bytes", "library", "scratch"])
def test_a_thing_planted_under_the_halfs_name_is_not_written_through(
    path: Path, kind: str, writer: str
) -> None:
    victim = path.with_name("victim")
    if kind != "dangling link":
        victim.write_bytes(b"theirs")
    part = part_of(path)
    if kind == "second name":
        os.link(victim, part)
    elif kind == "pipe":
        os.mkfifo(part)
    else:
        part.symlink_to(victim)
    if writer == "bytes":
        write_whole(path, NEW, FAILURE)
    elif writer == "library":
        with whole_file(path, FAILURE) as half, half.open("wb") as file:
            file.write(NEW)
    else:
        with scratch_file(part, FAILURE) as half:
            half.write_bytes(NEW)
            assert not half.is_symlink()
    assert path.read_bytes() == (OLD if writer == "scratch" else NEW)
    assert not path.is_symlink()
    if kind == "dangling link":
        assert not victim.exists()
    else:
        assert victim.read_bytes() == b"theirs"


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
@pytest.mark.parametrize("kind", ["link", "second name"])
def test_a_file_to_go_on_with_is_opened_only_if_it_is_ours_alone(path: Path, kind: str) -> None:
    other = path.with_name("other")
    if kind == "link":
        other.symlink_to(path)
    else:
        os.link(path, other)
    for opened in (lambda: open_file(other), lambda: append_line(other, "x")):
        with pytest.raises(OSError):
            opened()
    assert path.read_bytes() == OLD


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_half_that_became_a_link_is_not_given_the_name(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_bytes(b"theirs")

    def swapped() -> None:
        with whole_file(path, FAILURE) as part:
            part.unlink()
            part.symlink_to(victim)

    with pytest.raises(IngestionError):
        swapped()
    assert path.read_bytes() == OLD
    assert victim.read_bytes() == b"theirs"


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_planted_at_the_last_moment_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the removal of what was there and the new file."""
    victim = path.with_name("victim")
    victim.write_bytes(b"theirs")
    unlink = Path.unlink

    def unlink_and_plant(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok=True)
        if self == part_of(path):
            self.symlink_to(victim)

    monkeypatch.setattr(Path, "unlink", unlink_and_plant)
    with pytest.raises(IngestionError, match="File exists"):
        write_whole(path, NEW, FAILURE)
    assert (path.read_bytes(), victim.read_bytes()) == (OLD, b"theirs")


def test_a_link_under_the_name_itself_is_replaced_not_followed(path: Path) -> None:
    victim = path.with_name("victim")
    path.rename(victim)
    path.symlink_to(victim)
    write_whole(path, NEW, FAILURE)
    assert (path.read_bytes(), victim.read_bytes()) == (NEW, OLD)


def test_a_folder_under_the_halfs_name_is_named(path: Path) -> None:
    part_of(path).mkdir()
    with pytest.raises(IngestionError, match=r"^The record cannot be written: .*record\.json"):
        write_whole(path, NEW, FAILURE)
    assert path.read_bytes() == OLD


def test_a_folder_under_the_name_is_found_out_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.mkdir()
    with (
        pytest.raises(IngestionError, match=r"record\.json is a folder\. Choose another name\."),
        whole_file(path, FAILURE),
    ):
        pytest.fail("the work was begun")


# ---- what the disk says


def test_a_full_disk_is_named_and_leaves_the_older_file(small_disk: Path) -> None:
    path = small_disk / "record.json"
    path.write_bytes(OLD)
    fill(small_disk)
    with pytest.raises(
        DiskFullError,
        match=rf"^The record cannot be written: the disk of {small_disk} is full\. Free some room",
    ):
        write_whole(path, NEW, FAILURE)
    assert path.read_bytes() == OLD
    assert sorted(p.name for p in small_disk.iterdir()) == ["filler", "record.json"]


def test_a_library_that_fails_for_want_of_room_is_named_so(small_disk: Path) -> None:
    path = small_disk / "a.tif"
    fill(small_disk, leave_bytes=1 << 19)
    with pytest.raises(DiskFullError), whole_file(path, FAILURE):
        raise RasterError("Writing a.tif failed", "TIFFAppendToStrip: Write error")
    assert not path.exists()


def test_a_library_that_fails_for_another_reason_is_left_to_say_so(path: Path) -> None:
    with pytest.raises(RasterError, match="no such band"), whole_file(path, FAILURE):
        raise RasterError("Writing a.tif failed", "no such band")


def test_a_folder_that_may_only_be_read_is_named(path: Path) -> None:
    with (
        read_only(path.parent),
        pytest.raises(
            IngestionError, match=r"record\.json.* cannot be written \(.*\)\. Choose another folder"
        ),
    ):
        write_whole(path, NEW, FAILURE)
    assert path.read_bytes() == OLD


def test_a_file_that_cannot_be_replaced_is_named_as_open_elsewhere(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace what is open; here the system call is made to answer so."""

    def refused(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(
        IngestionError, match=r"record\.json cannot be replaced: .*open in another program\? Close"
    ):
        write_whole(path, NEW, FAILURE)
    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


def test_the_half_stays_where_only_the_name_is_refused(path: Path) -> None:
    part = part_of(path)
    part.write_bytes(NEW)
    with read_only(path.parent), pytest.raises(IngestionError):
        put_in_place(part, path, FAILURE)
    assert part.read_bytes() == NEW


def test_a_new_file_is_never_one_that_is_there(path: Path) -> None:
    with create_file(path) as file:
        file.write(b"x")
        assert os.fstat(file.fileno()).st_nlink == 1
    assert path.read_bytes() == b"x"


# ---- kills

WRITER = """
import sys
from pathlib import Path
from firstlight.core.errors import IngestionError
from firstlight.core.files.atomic import WriteFailure, whole_file
path = Path(sys.argv[1])
with whole_file(path, WriteFailure("x", error=IngestionError)) as part:
    part.write_bytes(b"the new one\\n" * 500)
    print("half", flush=True)
    sys.stdin.readline()
    part.write_bytes(b"the new one\\n" * 1000)
print("whole", flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("after", ["half", "whole"])
def test_a_kill_leaves_the_older_or_the_whole_and_the_next_run_cleans_up(
    path: Path, after: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        if after == "whole":
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "whole\n"
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes() == (OLD if after == "half" else NEW)
    assert part_of(path).exists() == (after == "half")
    write_whole(path, b"next", FAILURE)
    assert path.read_bytes() == b"next"
    assert list(path.parent.iterdir()) == [path]


def test_readers_see_the_older_or_the_new_file_and_never_a_mixture(path: Path) -> None:
    contents = [bytes([65 + number]) * 100_000 for number in range(8)]
    path.write_bytes(contents[0])
    seen: list[bytes] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(path.read_bytes())
            time.sleep(0)

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents * 10:
        write_whole(path, content, FAILURE)
    done.set()
    reader.join()
    assert set(seen) <= set(contents)
