"""Journals as version 0.1 wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def rewrite_as_0_1(journal: Path, mirror: bool = False) -> None:
    """Turn a journal of today into what version 0.1 would have written in its place."""
    lines = [json.loads(line) for line in journal.read_text().splitlines() if line.strip()]
    older = [_older(fields, mirror) for fields in lines]
    journal.write_text("".join(f"\n{json.dumps(fields)}\n" for fields in older))


def _older(fields: dict[str, Any], mirror: bool) -> dict[str, Any]:
    if "url" in fields:
        url, validator, total = fields["url"], fields["validator"], fields["total"]
        if mirror:
            return {"url": url, "validator": validator, "size": total}
        strong = (validator or "").startswith('"')
        return {
            "url": url,
            "etag": validator if strong else None,
            "modified": None if strong else validator,
            "total": total,
        }
    if mirror:
        return fields
    return {"bytes": fields["span"][1], "sha256": fields["sha256"]}
