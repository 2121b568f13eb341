"""Where a result store keeps its files: a folder that all computers see, or object storage."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..files.atomic import create_file, open_file, remove_quietly, write_all
from ..gdal.object_files import (
    list_objects,
    object_folder,
    object_size,
    read_object,
    remove_objects,
    write_object,
)

REMOVE_TRIES = 20
REMOVE_WAIT_S = 0.1
"""A worker that is writing while a folder is removed ends within so many looks."""


class StoreFiles(Protocol):
    """Small files below one place, each whole or not there. Every method may raise OSError."""

    def make_place(self) -> None:
        """Make the place itself, where it is not there."""

    def make(self, name: str) -> None:
        """Make a folder; its parent is there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file in a folder that is there, in place of an older one."""

    def read(self, name: str) -> bytes:
        """All of a file."""

    def path(self, name: str) -> Path | None:
        """Where a file lies on this computer; None where no file system has it."""

    def has(self, name: str) -> bool:
        """Whether a file is there, be it empty."""

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, besides files that are being written; nothing where it is not
        there.
        """

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it."""


def files_at(place: str) -> StoreFiles:
    """The files below a folder, or below ``s3://bucket/prefix``."""
    name = object_folder(place)
    return FolderFiles(place) if name is None else ObjectFiles(name)


@dataclass(frozen=True)
class FolderFiles:
    """Files in a folder."""

    place: str

    def make_place(self) -> None:
        """See :class:`StoreFiles`."""
        Path(self.place).mkdir(parents=True, exist_ok=True)

    def make(self, name: str) -> None:
        """See :class:`StoreFiles`."""
        (Path(self.place) / name).mkdir(exist_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """See :class:`StoreFiles`. Two workers that write the same file do not meet: each has a
        part of its own, and the last one that is ready gives it its name.
        """
        path = Path(self.place) / name
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.part")
        try:
            with create_file(part) as file:
                write_all(file, data)
            part.replace(path)
        except OSError:
            remove_quietly(part)
            raise

    def read(self, name: str) -> bytes:
        """See :class:`StoreFiles`. A link that somebody has planted is not followed."""
        with open_file(Path(self.place) / name, os.O_RDONLY) as file:
            return bytes(file.read())

    def path(self, name: str) -> Path | None:
        """See :class:`StoreFiles`."""
        return Path(self.place) / name

    def has(self, name: str) -> bool:
        """See :class:`StoreFiles`."""
        return (Path(self.place) / name).is_file()

    def names(self, folder: str) -> list[str]:
        """See :class:`StoreFiles`."""
        try:
            with os.scandir(Path(self.place) / folder) as entries:
                return [one.name for one in entries if one.is_dir() or _is_whole(one.name)]
        except FileNotFoundError:
            return []

    def remove(self, folder: str) -> None:
        """See :class:`StoreFiles`. Under another name first: who still writes then finds no folder,
        and the name is free at once.
        """
        path = Path(self.place) / folder
        gone = path.with_name(f"{path.name}.gone")
        with suppress(OSError):  # Windows keeps the name while a file is open in it
            path.replace(gone)
            path = gone
        for _ in range(REMOVE_TRIES):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                return
            time.sleep(REMOVE_WAIT_S)
        shutil.rmtree(path)


@dataclass(frozen=True)
class ObjectFiles:
    """Objects below a prefix; a folder is there as soon as something lies in it."""

    place: str
    """GDAL's name: ``/vsis3/bucket/prefix``."""

    def make_place(self) -> None:
        """See :class:`StoreFiles`."""

    def make(self, name: str) -> None:
        """See :class:`StoreFiles`."""

    def write(self, name: str, data: bytes) -> None:
        """See :class:`StoreFiles`. An object is there once its last byte has come."""
        write_object(f"{self.place}/{name}", data)

    def read(self, name: str) -> bytes:
        """See :class:`StoreFiles`."""
        return read_object(f"{self.place}/{name}")

    def path(self, name: str) -> Path | None:
        """See :class:`StoreFiles`."""
        return None

    def has(self, name: str) -> bool:
        """See :class:`StoreFiles`."""
        return object_size(f"{self.place}/{name}") >= 0

    def names(self, folder: str) -> list[str]:
        """See :class:`StoreFiles`."""
        return list_objects(f"{self.place}/{folder}".rstrip("/"))

    def remove(self, folder: str) -> None:
        """See :class:`StoreFiles`."""
        remove_objects(f"{self.place}/{folder}")


def _is_whole(name: str) -> bool:
    return not name.endswith(".part")
