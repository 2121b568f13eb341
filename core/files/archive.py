"""Files of a folder, a zip or a tar, by their names in it: listed and read, never unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..errors import InputError

ARCHIVES = (".zip", ".tar")
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")
"""Compressed as a whole: to read a pixel, all before it would have to be unpacked."""
MOST_FILES = 20_000
MOST_DEPTH = 8
"""Folders in folders; a SAFE has five."""


@dataclass(frozen=True)
class FileSet:
    """A folder or an archive, and the names of the files in it."""

    path: Path
    names: tuple[str, ...]
    """With slashes, relative to the folder."""

    @property
    def is_archive(self) -> bool:
        """True for a zip or a tar."""
        return is_archive(self.path)

    def read(self, name: str, most: int) -> bytes:
        """The first bytes of a file.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        try:
            if not self.is_archive:
                with (self.path / name).open("rb") as file:
                    return file.read(most)
            return _read_member(self.path, name, most)
        # a password; a damaged directory, checksum or compression
        except _unreadable() as error:
            raise _failed(self.path, f"{name} in it cannot be read ({_said(error)})") from error


def is_archive(path: Path) -> bool:
    """Tell whether a path is named like an archive that is read in place."""
    return path.name.lower().endswith(ARCHIVES)


def list_files(path: Path) -> FileSet:
    """List a folder with all that is below it, or an archive.

    Raises
    ------
    InputError
        If it cannot be read, is compressed as a whole, or holds more than ``MOST_FILES``.
    """
    if path.name.lower().endswith(COMPRESSED):
        why = "it is compressed as a whole, and no pixel in it can be reached alone"
        raise _failed(path, why, "Unpack it, and give the folder.")
    if not path.is_dir() and not is_archive(path):
        raise _failed(path, "it is no folder, zip or tar")
    try:
        names = _members(path) if is_archive(path) and path.is_file() else tuple(_walk(path))
    except _unreadable() as error:
        raise _failed(path, f"it cannot be read ({_said(error)})") from error
    if len(names) > MOST_FILES:
        why = f"it holds more than {MOST_FILES} files"
        raise _failed(path, why, "Give the scene's own folder.")
    return FileSet(path, tuple(sorted(names)))


def archive_names(path: Path) -> tuple[str, ...]:
    """Names of the files in an archive, kept from call to call while it does not change.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return _members(path)
    except _unreadable() as error:
        raise _failed(path, f"it cannot be read ({_said(error)})") from error


def _unreadable() -> tuple[type[Exception], ...]:
    import tarfile
    import zipfile

    usual = (OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError)
    return (*usual, zipfile.BadZipFile, tarfile.TarError)


def _failed(path: Path, why: str, hint: str = "Is it complete? Download it again.") -> InputError:
    return InputError(f"{path} cannot be used", why, hint)


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _walk(folder: Path) -> Iterator[str]:
    """Names below a folder; links to folders are not followed."""
    count = 0
    for place, folders, files in os.walk(folder):
        inner = Path(place).relative_to(folder)
        if len(inner.parts) >= MOST_DEPTH:
            folders.clear()
        for file in files:
            yield (inner / file).as_posix()
            count += 1
            if count > MOST_FILES:
                return


def _members(path: Path) -> tuple[str, ...]:
    stat = path.stat()
    return _listed(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _listed(name: str, _changed_ns: int, _size: int) -> tuple[str, ...]:
    """Whole files only: in a tar no links, which lead elsewhere."""
    import tarfile
    import zipfile

    if name.lower().endswith(".tar"):
        with tarfile.open(name, "r:") as archive:
            return tuple(one.name.removeprefix("./") for one in archive if one.isfile())
    with zipfile.ZipFile(name) as packed:
        return tuple(one.filename for one in packed.infolist() if not one.is_dir())


def _read_member(path: Path, name: str, most: int) -> bytes:
    import tarfile
    import zipfile

    if path.name.lower().endswith(".tar"):
        with tarfile.open(path, "r:") as tar:
            for one in tar:
                if one.isfile() and one.name.removeprefix("./") == name:
                    file = tar.extractfile(one)
                    return b"" if file is None else file.read(most)
        raise KeyError("it is not there")
    with zipfile.ZipFile(path) as archive, archive.open(name) as member:
        return member.read(most)
