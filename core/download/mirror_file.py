"""The sparse mirror of a remote file while its pieces come, and the journal that proves them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..files.part_file import disk_errors, hash_file, remove_quietly
from .cog_mirror import create_mirror

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
        self.path = target.with_name(f"{target.name}.mirror.part")
        self._journal = target.with_name(f"{target.name}.mirror.part.jsonl")
        self._name = name
        self._lock = threading.Lock()

    def begin(self, origin: Mapping[str, Any], size: int) -> None:
        """Go on with what an earlier run has left, if it is of the same file; else begin anew.

        Parameters
        ----------
        origin : mapping
            What tells this file from others; without a ``validator`` nothing can be gone on with.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        lines = self._lines()
        same = bool(lines) and lines[0] == origin and origin.get("validator") is not None
        try:
            same = same and self.path.stat().st_size == size
        except OSError:
            same = False
        if not same:
            with disk_errors(self._name, self.path):
                create_mirror(self.path, size)
                self._journal.write_text(f"{json.dumps(origin)}\n", encoding="utf-8")

    def note(self, piece: Span, sha256: str) -> None:
        """Remember that these bytes are there.

        Raises
        ------
        DiskFullError, BandDownloadError
            If the disk does not take it.
        """
        line = json.dumps({"span": list(piece), "sha256": sha256})
        with (
            self._lock,
            disk_errors(self._name, self._journal),
            self._journal.open("a", encoding="utf-8") as file,
        ):
            file.write(f"\n{line}\n")  # in front a line end, for a line that a crash has cut short

    def missing(self, spans: Iterable[Span]) -> list[Span]:
        """What of these spans is not there yet: of the noted pieces, those count whose bytes agree
        with their sums.
        """
        there = sorted(self._proven())
        left: list[Span] = []
        for start, stop in spans:
            for piece_start, piece_stop in there:
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
        remove_quietly(self._journal)

    def _proven(self) -> list[Span]:
        proven = []
        with disk_errors(self._name, self.path), self.path.open("rb") as file:
            for line in self._lines()[1:]:
                try:
                    start, stop = (int(edge) for edge in line["span"])
                    digest = hashlib.sha256()
                    file.seek(start)
                    if (
                        hash_file(file, stop - start, [digest])
                        and digest.hexdigest() == line["sha256"]
                    ):
                        proven.append((start, stop))
                except (KeyError, TypeError, ValueError, OverflowError):  # nothing of ours
                    continue
        return proven

    def _lines(self) -> list[Mapping[str, Any]]:
        try:
            texts = self._journal.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        lines: list[Mapping[str, Any]] = []
        for text in texts:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):  # cut short by a crash
                continue
            if isinstance(line, dict):
                lines.append(line)
        return lines
