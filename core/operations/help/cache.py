"""Show the bands that are kept from earlier downloads, and remove old ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ...download.cache import DAY_S, CacheEntry, cache_folder, freed_bytes, open_cache
from ...monitor import Monitor
from ...operation import Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...settings import Settings
from ...text import joined, size_text
from ...types import format_time


@dataclass(frozen=True, kw_only=True)
class CacheParams:
    """Entries to remove; nothing given: list them."""

    prune: bool = param(
        False, kind=Kind.FLAG, title="Remove old bands", help="Those older than the retention."
    )
    everything: bool = param(
        False,
        kind=Kind.FLAG,
        title="Remove all bands",
        help="Files that stacks use stay where the stacks are.",
        flag="--all",
    )
    older_than: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Retention (days)",
        help="Instead of the setting.",
        minimum=0,
        maximum=36500,
    )


def run_cache(params: CacheParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """List what is kept, or remove some of it."""
    if params.older_than is not None:
        settings = settings.override(cache_days=params.older_than)
    # Also where nothing is kept any more there may be something to remove.
    cache = open_cache(settings, even_if_off=True)
    removed = cache.prune(params.everything) if params.prune or params.everything else []
    entries = cache.entries()
    folder, total = cache_folder(settings), _size(entries)
    unused = _size([entry for entry in entries if not entry.in_use])
    lines = [_line(entry) for entry in entries]
    if removed:
        freed = size_text(freed_bytes(removed))
        lines.append(
            f"Removed {len(removed)} bands, {size_text(_size(removed))}. {freed} of it are free "
            "now; the rest is in the folders of stacks as well."
        )
    kept = f"Kept for {settings.cache_days:g} days." if settings.cache_days else "The cache is off."
    lines.append(
        f"{len(entries)} bands, {size_text(total)}, in {folder}; {size_text(unused)} of it are "
        f"used by no stack. {kept}"
    )
    data = {
        "folder": str(folder),
        "retention_days": settings.cache_days,
        "bands": [_data(entry) for entry in entries],
        "size_bytes": total,
        "unused_bytes": unused,
        "removed": [_data(entry) for entry in removed],
        "freed_bytes": freed_bytes(removed),
    }
    text = joined(lines)
    outputs = {"text": text, "count": len(entries), "size_bytes": total}
    return OperationResult(data, text, outputs=outputs, value=tuple(entries))


def _size(entries: Sequence[CacheEntry]) -> int:
    return sum(entry.size_bytes for entry in entries)


def _line(entry: CacheEntry) -> str:
    day = format_time(datetime.fromtimestamp(entry.stored_s, timezone.utc))[:10]
    use = ", also in a stack's folder" if entry.in_use else ""
    return f"{day}  {size_text(entry.size_bytes):>8}  {entry.item_id} {entry.band}{use}"


def _data(entry: CacheEntry) -> dict[str, object]:
    return {
        "item_id": entry.item_id,
        "band": entry.band,
        "url": entry.url,
        "size_bytes": entry.size_bytes,
        "sha256": entry.sha256,
        "stored": format_time(datetime.fromtimestamp(entry.stored_s, timezone.utc)),
        "age_days": round((time.time() - entry.stored_s) / DAY_S, 2),
        "in_use": entry.in_use or entry.was_shared,
    }


CACHE = Operation(
    name="cache",
    title="Band cache",
    group="Help",
    summary="Lists the bands kept from earlier downloads, and removes old ones. Files "
    "in the folders of stacks are never removed.",
    params=CacheParams,
    run=run_cache,
    outputs=(
        Output("text", "Text"),
        Output("count", "Number of bands", OutputKind.NUMBER),
        Output("size_bytes", "Bytes", OutputKind.NUMBER),
    ),
)
