"""The checksums catalogues state: ``file:checksum`` is a multihash in hex; the specification's form
is ``md5:…``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import Cancelled

MULTIHASHES = {
    "11": ("sha1", 20),
    "12": ("sha256", 32),
    "13": ("sha512", 64),
    "d501": ("md5", 16),
    "c0e402": ("blake2b", 64),
}
"""Prefix (an unsigned varint, in hex) → hashlib's name and bytes. Source: the multiformats table,
multicodec.csv.
"""
LENGTHS = dict(MULTIHASHES.values())


@dataclass(frozen=True)
class Checksum:
    """A sum to compare with."""

    algorithm: str
    """hashlib's name."""
    hexdigest: str
    """Lower case."""


def parse_checksum(stated: object) -> Checksum | None:
    """What a catalogue states of a file; None where it states nothing or something unknown.

    Understands the STAC file extension's multihash (``1220…``) and the forms ``md5:…``,
    ``sha256:…``, ``multihash:1220…``.
    """
    if not isinstance(stated, str):
        return None
    text = stated.strip().lower()
    name, colon, rest = text.partition(":")
    if colon and name != "multihash":
        name = name.replace("sha2-", "sha").replace("sha-", "sha")
        return _checked(name, rest)
    text = rest if colon else text
    for prefix, (algorithm, length) in MULTIHASHES.items():
        if text.startswith(f"{prefix}{length:02x}"):
            return _checked(algorithm, text[len(prefix) + 2 :])
    return None


def multihash(sha256: str) -> str:
    """A sha2-256 in the form of ``file:checksum``."""
    return f"12{len(sha256) // 2:02x}{sha256}"


def _checked(algorithm: str, digest: str) -> Checksum | None:
    sound = len(digest) == 2 * LENGTHS.get(algorithm, -1) and set(digest) <= set("0123456789abcdef")
    return Checksum(algorithm, digest) if sound else None


def contradicts(stated: object, sha256: str) -> bool:
    """Whether the catalogue states a sha2-256 and it is not this one."""
    checksum = parse_checksum(stated)
    return checksum is not None and checksum.algorithm == "sha256" and checksum.hexdigest != sha256


def is_unchanged(path: Path, size_bytes: int, sha256: str, changed_ns: int) -> bool:
    """Whether a file is as it came: by size and time of change; where these leave a doubt, by its
    sum.

    A file from before the computer's last start is in doubt: a power cut may have kept its size and
    lost its bytes.
    """
    status = path.stat()
    if status.st_size != size_bytes:
        return False
    since_start = status.st_mtime_ns > (time.time() - time.monotonic()) * 1e9
    if status.st_mtime_ns == changed_ns and since_start:
        return True
    return sha256_of(path) == sha256


def sha256_of(path: Path, stop: Callable[[], bool] = lambda: False) -> str:
    """The sha2-256 of a file, in hex.

    Raises
    ------
    Cancelled
        If ``stop`` says so, which is asked every megabyte.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            if stop():
                raise Cancelled(f"Reading {path}")
            digest.update(chunk)
    return digest.hexdigest()
