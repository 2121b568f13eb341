"""The sparse mirror of a remote file while its pieces come, and the journal that proves them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from ..files.atomic import create_file, open_file, part_of, remove_quietly
from ..files.journal import Journal, Origin, Proof, hash_file, journal_of
from ..files.part_file import band_failure

Span = tuple[int, int]
"""First byte and the byte behind the last one."""


class MirrorFile:
    """``x.tif.mirror.part``: bytes of the remote file at their own places; the journal beside it
    says which.

    Parameters
    ----------
    target : Path
        The file that the window will be.
    name : str
        For the sentences: ``'nir'``.
    """

    def __init__(self, target: Path, name: str) -> None:
        self.path = part_of(target.with_name(f"{target.name}.mirror"))
        self.failure = band_failure(name)
        self._journal = Journal(journal_of(self.path), self.failure)

    def begin(self, origin: Origin, size: int) -> None:
        """Go on with what an earlier run has left, if it is of the same file; else begin anew.

        Parameters
        ----------
        origin : Origin
            Without a validator, nothing can be gone on with.
        size : int
            Bytes of the remote file: holes take no room on most file systems.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        earlier, _ = self._journal.read()
        if origin.validator is not None and earlier == origin and self._has_size(size):
            return
        with self.failure.named(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with create_file(self.path) as file:
                file.truncate(size)
        self._journal.begin(origin)

    def note(self, piece: Span, sha256: str) -> None:
        """Remember that these bytes are there.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        self._journal.note(Proof(*piece, sha256))

    def missing(self, spans: Iterable[Span]) -> list[Span]:
        """Parts of these spans that are not there yet: of the noted pieces, those count whose bytes
        agree with their sums.
        """
        pieces = sorted(self._proven())
        left: list[Span] = []
        for start, stop in spans:
            for piece_start, piece_stop in pieces:
                if piece_stop <= start or piece_start >= stop:
                    continue
                if piece_start > start:
                    left.append((start, piece_start))
                start = max(start, piece_stop)
            if start < stop:
                left.append((start, stop))
        return left

    def remove(self) -> None:
        """Remove mirror and journal."""
        remove_quietly(self.path)
        self._journal.remove()

    def _has_size(self, size: int) -> bool:
        try:
            return self.path.stat().st_size == size
        except OSError:
            return False

    def _proven(self) -> list[Span]:
        _, proofs = self._journal.read()
        with self.failure.named(self.path), open_file(self.path) as file:
            return [(proof.start, proof.stop) for proof in proofs if _holds(file, proof)]


def _holds(file: FileIO, proof: Proof) -> bool:
    digest = hashlib.sha256()
    try:
        file.seek(proof.start)
        whole = hash_file(file, proof.stop - proof.start, [digest])
    except (ValueError, OverflowError, OSError):  # nothing of ours
        return False
    return whole and digest.hexdigest() == proof.sha256
