"""The checksums catalogues state: ``file:checksum`` is a multihash in hex."""

from __future__ import annotations

SHA256_PREFIX = "1220"
"""Multihash: function 0x12 (sha2-256), length 0x20."""


def expected_sha256(stated: object) -> str | None:
    """The sha2-256 in hex, where the catalogue states one; None for others and for none.

    Understands the STAC file extension's multihash (``1220…``) and the form ``sha256:…``.
    """
    if not isinstance(stated, str):
        return None
    text = stated.strip().lower()
    if text.startswith("sha256:"):
        return text[len("sha256:") :]
    if text.startswith(SHA256_PREFIX) and len(text) == len(SHA256_PREFIX) + 64:
        return text[len(SHA256_PREFIX) :]
    return None
