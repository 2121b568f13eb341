"""The bytes of one file while they come: ``x.tif.part``, and a journal beside it that proves them.

After a crash, a power cut or a stop the part is read once and cut back to the last mark that its
bytes agree with; the download goes on from there.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from ..errors import BandDownloadError, FirstLightError
from .atomic import (
    WriteFailure,
    create_file,
    open_file,
    part_of,
    put_in_place,
    remove_quietly,
    write_all,
)
from .journal import MARK_BYTES, Journal, Origin, Proof, hash_file, journal_of

QUEUED_CHUNKS = 4
"""How far the network may be ahead of the disk; each has a megabyte at most."""
LOOK_S = 0.1
"""How often a waiting thread looks whether it should stop."""


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
        self._failure = band_failure(name)
        self._stop = stop
        self._algorithms = {"sha256", algorithm}
        self._journal = Journal(journal_of(self.path), self._failure)
        self._proofs: list[Proof] = []
        self._sums: dict[str, Any] = {}
        self._chunks: queue.Queue[bytes | None] = queue.Queue(QUEUED_CHUNKS)
        self._writer: threading.Thread | None = None
        self._error: FirstLightError | None = None
        self._reset()

    def load(self, url: str) -> Origin | None:
        """Prove what is there already; :attr:`size` tells how much. None where there is nothing to
        go on from.
        """
        self._reset()
        origin, proofs = self._journal.read()
        if origin is None or origin.url != url:
            return None
        try:
            with open_file(self.path) as file:
                for proof in proofs:
                    if proof.start == 0 and proof.stop > self.size and not self._take(file, proof):
                        break
        except OSError:
            self._reset()
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
        with self._failure.named(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = open_file(self.path) if resume else create_file(self.path)
        try:
            with self._failure.named(self.path):
                part.truncate(self.size)
                part.seek(self.size)
            self._journal.begin(origin, self._proofs)
        except FirstLightError:
            part.close()
            if not resume:
                remove_quietly(self.path)
            raise
        self._chunks = queue.Queue(QUEUED_CHUNKS)
        self._error = None
        self._writer = threading.Thread(target=self._write_all, args=(part,), daemon=True)
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
        DiskFullError, BandDownloadError
            If the name cannot be taken.
        """
        put_in_place(self.path, self.target, self._failure)
        self._journal.remove()

    def discard(self) -> None:
        """Remove part and journal: what came is of no use."""
        self._reset()
        remove_quietly(self.path)
        self._journal.remove()

    def _reset(self) -> None:
        self.size = 0
        self._proofs = []
        self._sums = {name: hashlib.new(name, usedforsecurity=False) for name in self._algorithms}

    def _take(self, file: FileIO, proof: Proof) -> bool:
        """Read on to the end of a proof; False where the bytes do not agree with it."""
        sums = {name: digest.copy() for name, digest in self._sums.items()}
        whole = hash_file(file, proof.stop - self.size, sums.values())
        if not whole or sums["sha256"].hexdigest() != proof.sha256:
            return False
        self._sums, self.size = sums, proof.stop
        self._proofs.append(proof)
        return True

    def _write_all(self, part: FileIO) -> None:
        """The writer thread."""
        marked = self.size
        try:
            with part, self._failure.named(self.path), self._journal.kept_open() as note:
                while (chunk := self._next_chunk()) is not None:
                    write_all(part, chunk)
                    for digest in self._sums.values():
                        digest.update(chunk)
                    self.size += len(chunk)
                    if self.size - marked >= MARK_BYTES:
                        marked = self.size
                        note(Proof(0, marked, self.hexdigest("sha256")))
                if self.size > marked:
                    note(Proof(0, self.size, self.hexdigest("sha256")))
        except FirstLightError as error:
            self._error = error
        finally:
            if self.size == 0:
                # nothing came; done here, for after a stop nobody else may touch what a new run may
                # have begun
                remove_quietly(self.path)
                self._journal.remove()

    def _next_chunk(self) -> bytes | None:
        """The next bytes to write; None at their end, or after a stop."""
        while True:
            try:
                return self._chunks.get(timeout=LOOK_S)
            except queue.Empty:
                if self._stop.is_set():
                    return None

    def _raise_disk_error(self) -> None:
        if self._error is not None:
            raise self._error


def band_failure(name: str) -> WriteFailure:
    """Sentence and class for a disk that does not take a band; kept apart from the network, whose
    errors are OSErrors too.
    """
    return WriteFailure(
        f"Band download failed for '{name}'",
        error=BandDownloadError,
        full_hint="Free some room and run again: it goes on from where it stopped.",
    )
