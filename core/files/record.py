"""What was downloaded into a folder: ``bands.json``, so that a later run knows what it has, and
damage can be proven.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DiskFullError, IngestionError
from ..text import public_url
from ..types import BandFile

RECORD_NAME = "bands.json"


def read_record(folder: Path) -> dict[str, Any]:
    """What was downloaded into this folder: band → url, size, sum. Empty where nothing is known."""
    try:
        tree = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (
        OSError,
        ValueError,
    ):  # absent, or cut short by a power cut: then the files themselves are looked at
        return {}
    return tree if isinstance(tree, dict) else {}


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record, whole or not at all.

    Raises
    ------
    DiskFullError, IngestionError
        If the disk does not take it.
    """
    part = folder / f"{RECORD_NAME}.part"
    try:
        part.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(folder / RECORD_NAME)
    except OSError as error:
        part.unlink(missing_ok=True)
        what = f"What was downloaded to {folder} cannot be recorded"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                what, "the disk is full", "Free some room and run again."
            ) from error
        raise IngestionError(
            what, error.strerror or str(error), "Choose a folder that can be written to."
        ) from error


def record_entry(file: BandFile, area_key: str | None) -> dict[str, Any]:
    """What is kept of a finished band. The time of its last change tells later, without reading it,
    that it is as it came.
    """
    return {
        "url": public_url(file.url),
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "changed_ns": file.path.stat().st_mtime_ns,
        "area": area_key,
    }
