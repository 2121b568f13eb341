"""The bytes of one file while they come: ``x.tif.part``, and a journal beside it that proves them.

The journal says what was asked and, every megabyte, the sha2-256 of all bytes so far. After a
crash, a power cut or a stop the part is read once and cut back to the last mark that its bytes
agree with; the download goes on from there. So nothing needs to be forced to the disk while it
comes, and a part that anything else has touched is found out.
"""

from __future__ import annotations

import errno
import hashlib
import json
import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import BandDownloadError, DiskFullError

MARK_BYTES = 1 << 20
QUEUED_CHUNKS = 16
"""How far the network may be ahead of the disk."""
LOOK_S = 0.1
"""How often a waiting thread looks whether it should stop."""
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Origin:
    """What a part is a part of: enough to ask for the rest of the same."""

    url: str
    """Without its query, which may hold a token."""
    etag: str | None = None
    """Only a strong one: others do not promise equal bytes (RFC 9110, 8.8.1)."""
    modified: str | None = None
    """``Last-Modified``, where there is no strong ETag."""
    total: int | None = None
    """Bytes in the whole file."""

    @property
    def validator(self) -> str | None:
        """For ``If-Range``; None: the rest cannot be asked for safely."""
        return self.etag or self.modified


class PartFile:
    """One file while it comes. Chunks are hashed and written by a thread of its own, so that the
    network does not wait.

    Parameters
    ----------
    target : Path
        The file's final name.
    name : str
        For the sentences: ``'nir'``.
    stop : threading.Event
        When it is set, what has come is written and the file closed, even if the network thread
        hangs.
    algorithm : str
        A checksum wanted besides sha2-256 (hashlib's name).
    """

    def __init__(
        self, target: Path, name: str, stop: threading.Event, algorithm: str = "sha256"
    ) -> None:
        self.target = target
        self.path = part_of(target)
        self.size = 0
        """Bytes on the disk, once :meth:`close` or :meth:`load` is over."""
        self._name = name
        self._stop = stop
        self._algorithms = {"sha256", algorithm}
        self._journal_path = journal_of(target)
        self._sums: dict[str, Any] = {}
        self._chunks: queue.Queue[bytes | None] = queue.Queue(QUEUED_CHUNKS)
        self._writer: threading.Thread | None = None
        self._error: OSError | None = None
        self._proven = False
        self._reset()

    def load(self, url: str) -> Origin | None:
        """Prove what is there already; :attr:`size` tells how much. None where there is nothing to
        go on from.
        """
        self._reset()
        origin, marks = _read_journal(self._journal_path)
        self._proven = False
        if origin is None or origin.url != url or not marks:
            return None
        try:
            with self.path.open("rb") as file:
                for mark in marks:
                    sums = {name: one.copy() for name, one in self._sums.items()}
                    if (
                        not hash_file(file, mark[0] - self.size, sums.values())
                        or sums["sha256"].hexdigest() != mark[1]
                    ):
                        break
                    self._sums, self.size = sums, mark[0]
        except OSError:
            self._reset()
        self._proven = self.size == marks[-1][0]
        return origin if self.size else None

    def begin(self, origin: Origin, resume: bool) -> None:
        """Take bytes from now on: behind what :meth:`load` has proven, or from the first byte.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        if not resume:
            self._reset()
        with disk_errors(self._name, self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not resume and is_shared(self.path):
                # a second name of a finished file: writing here would spoil that one
                self.path.unlink()
            part = self.path.open("r+b" if resume else "wb", buffering=0)
            try:
                if resume:
                    part.truncate(self.size)
                    part.seek(self.size)
                # Marks that hold stay: were they written anew, a crash just then would lose what
                # they prove.
                journal = self._journal_path.open(
                    "a" if resume and self._proven else "w", encoding="utf-8"
                )
            except OSError:
                part.close()
                raise
        self._chunks = queue.Queue(QUEUED_CHUNKS)
        self._error = None
        self._writer = threading.Thread(
            target=self._write_all, args=(part, journal, origin), daemon=True
        )
        self._writer.start()

    def write(self, chunk: bytes) -> None:
        """Hand over a chunk; waits while the disk is far behind.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk did not take an earlier one.
        """
        while True:
            self._raise_disk_error()
            try:
                self._chunks.put(chunk, timeout=LOOK_S)
            except queue.Full:
                if self._stop.is_set():
                    return  # the writer has stopped
            else:
                return

    def close(self) -> None:
        """Wait until all is written, mark it and close. May be called again.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            while writer.is_alive():
                with suppress(queue.Full):
                    self._chunks.put(None, timeout=LOOK_S)
                    break
            writer.join()
        self._raise_disk_error()

    def hexdigest(self, algorithm: str) -> str:
        """The sum of all bytes."""
        return str(self._sums[algorithm].hexdigest())

    def commit(self) -> None:
        """Give the file its name; the journal has done its work.

        Raises
        ------
        BandDownloadError
            If the name cannot be taken.
        """
        with disk_errors(self._name, self.target):
            self.path.replace(self.target)
        remove_quietly(self._journal_path)

    def discard(self) -> None:
        """Remove part and journal: what came is of no use."""
        self._reset()
        remove_quietly(self.path)
        remove_quietly(self._journal_path)

    def _reset(self) -> None:
        self.size = 0
        self._sums = {name: hashlib.new(name, usedforsecurity=False) for name in self._algorithms}

    def _write_all(self, part: Any, journal: Any, origin: Origin) -> None:
        """The writer thread."""
        marked = 0
        try:
            with part, journal:
                # In front a line end, for a line that a crash has cut short.
                journal.write(f"\n{json.dumps(asdict(origin))}\n")
                while True:
                    if self.size - marked >= MARK_BYTES:
                        marked = self._mark(journal)
                    try:
                        chunk = self._chunks.get(timeout=LOOK_S)
                    except queue.Empty:
                        if self._stop.is_set():
                            break
                        continue
                    if chunk is None:
                        break
                    write_all(part, chunk)
                    for one in self._sums.values():
                        one.update(chunk)
                    self.size += len(chunk)
                self._mark(journal)
        except OSError as error:
            self._error = error
        finally:
            if self.size == 0:
                # nothing came; done here, for after a stop nobody else may touch what a new run may
                # have begun
                remove_quietly(self.path)
                remove_quietly(self._journal_path)

    def _mark(self, journal: Any) -> int:
        journal.write(f"{json.dumps({'bytes': self.size, 'sha256': self.hexdigest('sha256')})}\n")
        journal.flush()
        return self.size

    def _raise_disk_error(self) -> None:
        if self._error is not None:
            with disk_errors(self._name, self.path):
                raise self._error


@contextmanager
def disk_errors(name: str, path: Path) -> Iterator[None]:
    """Name what the disk says; kept apart from the network, whose errors are OSErrors too.

    Raises
    ------
    DiskFullError, BandDownloadError
        For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        what = f"Band download failed for '{name}'"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Free some room and run again: it goes on from where it stopped."
            raise DiskFullError(what, f"the disk of {path.parent} is full", hint) from error
        raise BandDownloadError(
            what, f"{path} cannot be written ({error.strerror})", "Choose another folder."
        ) from error


def write_all(file: Any, chunk: bytes) -> None:
    """Write to an unbuffered file, which may take less than it is given."""
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def is_shared(path: Path) -> bool:
    """Whether a file has more than one name."""
    try:
        return path.lstat().st_nlink > 1
    except OSError:
        return False


def part_of(target: Path) -> Path:
    """The name of a file while it is coming."""
    return target.with_name(f"{target.name}.part")


def journal_of(target: Path) -> Path:
    """The name of the journal of a file that is coming."""
    return target.with_name(f"{target.name}.part.jsonl")


def remove_quietly(path: Path) -> None:
    """Remove a half file, if it is there and can be removed."""
    with suppress(OSError):
        path.unlink()


def _read_journal(path: Path) -> tuple[Origin | None, list[tuple[int, str]]]:
    """What was asked, and the marks in rising order; a line that a crash has cut short is
    left out.
    """
    origin: Origin | None = None
    marks: list[tuple[int, str]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None, []
    for line in lines:
        try:
            entry = json.loads(line)
            if "url" in entry:
                origin = Origin(**entry)
            elif entry["bytes"] > (marks[-1][0] if marks else 0):
                marks.append((int(entry["bytes"]), str(entry["sha256"])))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return origin, marks


def hash_file(file: Any, count: int, sums: Iterable[Any]) -> bool:
    """Read ``count`` bytes into the sums; False where the file ends before."""
    while count > 0:
        chunk = file.read(min(READ_BYTES, count))
        if not chunk:
            return False
        for one in sums:
            one.update(chunk)
        count -= len(chunk)
    return True
