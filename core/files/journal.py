"""The journal beside a file that is still coming: what was asked, and sums that prove its bytes.

One line of JSON each: first the origin, then proofs, each a span of bytes and its sha2-256. After a
crash, a power cut or a stop, only bytes that agree with a proof are believed. So nothing needs to
be forced to the disk while it comes, and a half file that anything else has touched is found out.

Journals of version 0.1 are read as well. They have ``etag`` or ``modified`` in place of
``validator``, ``size`` in place of ``total``, and ``bytes`` where a span begins with the first
byte.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..text import read_json
from .atomic import (
    WriteFailure,
    add_line,
    append_line,
    open_to_append,
    remove_quietly,
    write_whole,
)

MARK_BYTES = 1 << 20
"""Distance between proofs."""
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Origin:
    """The remote file that half a file is of: enough to ask for the rest of the same."""

    url: str
    """Without its query, which may hold a token."""
    validator: str | None = None
    """For ``If-Range``: a strong ETag, else ``Last-Modified``. None: the rest cannot be asked for
    safely, for a weak ETag does not promise equal bytes (RFC 9110, 8.8.1).
    """
    total: int | None = None
    """Bytes in the whole file."""

    @property
    def etag(self) -> str | None:
        """The validator where it is an ETag."""
        return self.validator if (self.validator or "").startswith('"') else None


class Proof(NamedTuple):
    """A span of bytes and its sum."""

    start: int
    stop: int
    """The byte behind the last one."""
    sha256: str


class Journal:
    """A journal on the disk; safe to use from many threads.

    Parameters
    ----------
    path : Path
    failure : WriteFailure
        Names what the disk says.
    """

    def __init__(self, path: Path, failure: WriteFailure) -> None:
        self.path = path
        self._failure = failure
        self._lock = threading.Lock()

    def read(self) -> tuple[Origin | None, list[Proof]]:
        """Origin and proofs, in the order in which they were written.

        A line that a crash has cut short, or that is none of ours, is left out; of several origins
        the last one counts.
        """
        origin: Origin | None = None
        proofs: list[Proof] = []
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return None, []
        for line in lines:
            try:
                fields = read_json(line)
                if "url" in fields:
                    origin = _read_origin(fields)
                else:
                    proofs.append(_read_proof(fields))
            except (ValueError, KeyError, TypeError, OverflowError):
                continue
        return origin, proofs

    def begin(self, origin: Origin, proofs: Iterable[Proof] = ()) -> None:
        """Begin anew, in one step, with the proofs that hold.

        A journal that says just this stays untouched: a power cut cannot take what it proves.

        Raises
        ------
        DiskFullError, FirstLightError
            If the disk does not take it.
        """
        proofs = list(proofs)
        if self.read() == (origin, proofs):
            return
        lines = [json.dumps(asdict(origin)), *(_proof_line(proof) for proof in proofs)]
        with self._lock:
            write_whole(self.path, "".join(f"{line}\n" for line in lines), self._failure)

    def note(self, proof: Proof) -> None:
        """Add a proof.

        Raises
        ------
        DiskFullError, FirstLightError
            If the disk does not take it.
        """
        with self._lock, self._failure.named(self.path):
            append_line(self.path, _proof_line(proof))

    @contextmanager
    def kept_open(self) -> Iterator[Callable[[Proof], None]]:
        """A way to add proofs while the file stays open: to open it for each megabyte of a fast
        line takes longer than to write to it. For one thread.

        Raises
        ------
        DiskFullError, FirstLightError
            If the disk does not take it, also of what is called.
        """
        with self._failure.named(self.path):
            file = open_to_append(self.path)

        def note(proof: Proof) -> None:
            with self._failure.named(self.path):
                add_line(file, _proof_line(proof))

        with file:
            yield note

    def remove(self) -> None:
        """Remove the journal: it has done its work."""
        remove_quietly(self.path)


def journal_of(part: Path) -> Path:
    """The name of the journal of a half file."""
    return part.with_name(f"{part.name}.jsonl")


def hash_file(file: Any, count: int, sums: Iterable[Any]) -> bool:
    """Read ``count`` bytes into the sums; False where the file ends before."""
    while count > 0:
        chunk = file.read(min(READ_BYTES, count))
        if not chunk:
            return False
        for digest in sums:
            digest.update(chunk)
        count -= len(chunk)
    return True


def _read_origin(fields: Mapping[str, Any]) -> Origin:
    validator = fields.get("validator") or fields.get("etag") or fields.get("modified")
    total = fields.get("total", fields.get("size"))
    if not isinstance(fields["url"], str) or not isinstance(validator, (str, type(None))):
        raise TypeError("no origin of ours")
    return Origin(fields["url"], validator, None if total is None else int(total))


def _read_proof(fields: Mapping[str, Any]) -> Proof:
    start, stop = fields["span"] if "span" in fields else (0, fields["bytes"])
    if not isinstance(start, int) or not isinstance(stop, int) or not 0 <= start < stop:
        raise TypeError("no proof of ours")
    return Proof(start, stop, str(fields["sha256"]))


def _proof_line(proof: Proof) -> str:
    return json.dumps({"span": [proof.start, proof.stop], "sha256": proof.sha256})
