"""The record of a download, ``bands.json``: a later run knows what it has, and damage is proven."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import IngestionError
from ..text import public_url, read_json
from ..types import BandFile
from .atomic import WriteFailure, write_whole

RECORD_NAME = "bands.json"


@dataclass(frozen=True)
class BandRecord:
    """Facts about one band's file, kept when it has come."""

    url: str = ""
    """Without its query, which may hold a token."""
    size_bytes: int | None = None
    sha256: str = ""
    """In hex, lower case; empty where it was not recorded."""
    changed_ns: int = 0
    """Time of the file's last change, nanoseconds since 1970: tells without reading the file that
    it is as it came.
    """
    area: str | None = None
    """Key of the area that was cut out; None for the whole band."""
    stated_bytes: int | None = None
    """Size of the whole band as its catalogue stated it when it came, right or wrong."""
    catalog: str = ""
    item_id: str = ""
    """Whose file it is; empty in records of earlier versions."""

    @classmethod
    def of(
        cls, file: BandFile, area_key: str | None, stated_bytes: int | None = None
    ) -> BandRecord:
        """Facts about a band that has just come."""
        changed_ns = file.path.stat().st_mtime_ns
        url = public_url(file.url)
        return cls(
            url,
            file.size_bytes,
            file.sha256,
            changed_ns,
            area_key,
            stated_bytes,
            file.catalog,
            file.item_id,
        )

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> BandRecord:
        """Read an entry of the file; a field of another type counts as not recorded."""
        size, changed, area = (fields.get(key) for key in ("size_bytes", "changed_ns", "area"))
        stated = fields.get("stated_bytes")
        return cls(
            url=_text(fields.get("url")),
            size_bytes=size if isinstance(size, int) else None,
            sha256=_text(fields.get("sha256")).lower(),
            changed_ns=changed if isinstance(changed, int) else 0,
            area=area if isinstance(area, str) else None,
            stated_bytes=stated if isinstance(stated, int) else None,
            catalog=_text(fields.get("catalog")),
            item_id=_text(fields.get("item_id")),
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry of the file."""
        return asdict(self)


def read_record(folder: Path) -> dict[str, BandRecord]:
    """Read what was downloaded into a folder, by band; empty where nothing is known."""
    try:
        tree = read_json((folder / RECORD_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # absent, or cut short by a power cut: then the files themselves are looked at
    entries = tree.items() if isinstance(tree, dict) else ()
    return {
        band: BandRecord.from_dict(fields)
        for band, fields in entries
        if isinstance(fields, dict) and fields
    }


def write_record(folder: Path, record: Mapping[str, BandRecord]) -> None:
    """Write the record, whole or not at all.

    Raises
    ------
    DiskFullError, IngestionError
        If the disk does not take it.
    """
    fields = {band: entry.to_dict() for band, entry in record.items()}
    failure = WriteFailure(
        f"The record of what was downloaded to {folder} cannot be written",
        "Choose a folder that can be written to.",
        IngestionError,
    )
    write_whole(folder / RECORD_NAME, json.dumps(fields, indent=1, sort_keys=True), failure)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
