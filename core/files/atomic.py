"""Files that are there whole or not at all: written as ``NAME.part``, then given their name.

A folder may be shared. Whatever lies under the name of the part is therefore removed, never opened:
a link that somebody has planted there would be written through. The half file of a run that was
killed goes the same way.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from ..errors import DiskFullError, FirstLightError, RasterError

SIDE_SUFFIXES = (".aux.xml", ".ovr", ".msk", "-journal", "-wal", "-shm")
"""Files that GDAL puts beside a raster, and SQLite beside a GeoPackage, that it writes."""
LEAST_FREE_BYTES = 1 << 20
"""A disk with less room counts as full where a library does not say why it failed."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class WriteFailure:
    """Sentence and class for a disk that does not take a file."""

    what: str
    """What failed: ``Writing dnbr.tif failed``."""
    hint: str = "Choose another folder."
    error: type[FirstLightError] = RasterError
    full_hint: str = "Free some room and run again."

    @contextmanager
    def named(self, path: Path) -> Iterator[None]:
        """Name any OSError inside, which concerns ``path``.

        Raises
        ------
        DiskFullError
            If the disk, or the user's share of it, is full.
        FirstLightError
            :attr:`error`, for any other reason.
        """
        try:
            yield
        except OSError as error:
            raise self.of(error, path) from error

    def of(self, error: OSError, path: Path) -> FirstLightError:
        """The error that says so."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return self.full(path)
        reason = reason_of(error)
        if str(path) not in self.what:
            reason = f"{path} cannot be written ({reason})"
        return self.error(self.what, reason, self.hint)

    def refuse_folder(self, path: Path) -> None:
        """Find out before the work, not after it, that a name is taken by a folder.

        Raises
        ------
        FirstLightError
            :attr:`error`, if it is.
        """
        if path.is_dir():
            reason = "a folder has this name" if str(path) in self.what else f"{path} is a folder"
            raise self.error(self.what, reason, "Choose another name.")

    def full(self, path: Path) -> DiskFullError:
        """The error of a full disk."""
        return DiskFullError(self.what, f"the disk of {path.parent} is full", self.full_hint)


def reason_of(error: Exception) -> str:
    """The reason that an error gives, on one line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__


def write_whole(
    path: Path, content: bytes | str, failure: WriteFailure, make_folder: bool = False
) -> None:
    """Write a file under its name, whole or not at all.

    Parameters
    ----------
    content : bytes or str
        Text is written as UTF-8, its line ends as they are.
    make_folder : bool
        Make the folder that the file is to lie in, where it is not there.

    Raises
    ------
    DiskFullError, FirstLightError
        As ``failure`` names it; an older file stays as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    if make_folder:
        with failure.named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, failure, empty=False) as part:
        fill_file(part, data)


def fill_file(path: Path, data: bytes) -> None:
    """Write a part or a scratch file anew.

    Raises
    ------
    OSError
        If something else has its name again at once, or the disk does not take it.
    """
    with create_file(path) as file:
        write_all(file, data)


@contextmanager
def whole_file(path: Path, failure: WriteFailure, empty: bool = True) -> Iterator[Path]:
    """Give ``path`` what the block writes to the yielded name, once the block ends well.

    For libraries that write to a path: the files that they leave beside the part are removed.

    Parameters
    ----------
    empty : bool
        Create the part as an empty file. False where the library writes only what is not there.

    Raises
    ------
    DiskFullError, FirstLightError
        As ``failure`` names any OSError; a RasterError of the block's own becomes a DiskFullError
        where the disk has no room left. An older file stays as it was.
    """
    failure.refuse_folder(path)
    with scratch_file(part_of(path), failure, empty) as part:
        with failure.named(path):
            yield part
        put_in_place(part, path, failure)


@contextmanager
def scratch_file(path: Path, failure: WriteFailure, empty: bool = True) -> Iterator[Path]:
    """Hold a file that is gone when the block ends, with what a library has put beside it.

    Parameters
    ----------
    empty : bool
        As in :func:`whole_file`.

    Raises
    ------
    DiskFullError, FirstLightError
        As ``failure`` names what hinders it; a RasterError of the block's own becomes a
        DiskFullError where the disk has no room left.
    """
    with failure.named(path):
        _clear(path)
        if empty:
            create_file(path).close()
    try:
        yield path
    except RasterError as error:
        if is_full(path.parent):
            raise failure.full(path) from error
        raise
    finally:
        with suppress(OSError):  # Windows keeps what is open; the next run removes it
            _clear(path)


def put_in_place(part: Path, path: Path, failure: WriteFailure) -> None:
    """Give a file that is whole its name, in place of an older one.

    Raises
    ------
    DiskFullError, FirstLightError
        As ``failure`` names it; the part stays.
    """
    with failure.named(path):
        if not stat.S_ISREG(part.lstat().st_mode):
            raise OSError(errno.ELOOP, f"{part} is not a plain file")
    try:
        part.replace(path)
    except PermissionError as error:
        if not path.exists():
            raise failure.of(error, path) from error
        # Windows replaces nothing that is open.
        hint = "Is it open in another program? Close it and run again."
        raise failure.error(f"{path} cannot be replaced", reason_of(error), hint) from error
    except OSError as error:
        raise failure.of(error, path) from error


def create_file(path: Path) -> FileIO:
    """A new, unbuffered file for reading and writing in place of whatever has its name.

    Raises
    ------
    OSError
        If something has this name again at once, or the disk does not take it.
    """
    with suppress(FileNotFoundError):
        path.unlink()
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINKS | _BINARY
    return FileIO(os.open(path, flags, 0o666), "r+")


def open_file(path: Path, flags: int = os.O_RDWR) -> FileIO:
    """A file of an earlier run, unbuffered, to go on with.

    Raises
    ------
    OSError
        If it is not there, is a link, or has a second name: then it is not ours alone.
    """
    file = FileIO(os.open(path, flags | _NO_LINKS | _BINARY, 0o666), "r+")
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or path.is_symlink():
        file.close()
        raise OSError(errno.ELOOP, "it is not a plain file of its own", str(path))
    return file


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, in front of it a line end for a line that a crash has cut short.

    Raises
    ------
    OSError
        If it is not a plain file of its own, or the disk does not take the line.
    """
    with open_to_append(path) as file:
        add_line(file, line)


def open_to_append(path: Path) -> FileIO:
    """A file for :func:`add_line`; made where it is not there.

    Raises
    ------
    OSError
        If it is not a plain file of its own, or cannot be made.
    """
    return open_file(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)


def add_line(file: FileIO, line: str) -> None:
    """Add a line as :func:`append_line` does.

    Raises
    ------
    OSError
        If the disk does not take it.
    """
    write_all(file, f"\n{line}\n".encode())


def write_all(file: Any, chunk: bytes) -> None:
    """Write to an unbuffered file, which may take less than it is given."""
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def part_of(path: Path) -> Path:
    """The name of a file while it is written."""
    return path.with_name(f"{path.name}.part")


def remove_quietly(*paths: Path) -> None:
    """Remove files, if they are there and can be removed."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _clear(half: Path) -> None:
    """Remove a half file and what a library has put beside it."""
    for path in (half, *(half.with_name(half.name + suffix) for suffix in SIDE_SUFFIXES)):
        path.unlink(missing_ok=True)


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has hardly any room; False where nobody knows."""
    try:
        return shutil.disk_usage(folder).free < LEAST_FREE_BYTES
    except OSError:
        return False
