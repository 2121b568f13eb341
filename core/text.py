"""Sizes and times as people read them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit


def size_text(count: float) -> str:
    """``3.1 MB``; kilobytes below a megabyte, gigabytes above a thousand."""
    for unit, size, digits in (("GB", 1e9, 2), ("MB", 1e8, 0), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if count >= size:
            return f"{count / (1e6 if unit == 'MB' else size):.{digits}f} {unit}"
    return f"{count:.0f} B"


def time_text(seconds: float) -> str:
    """``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def public_url(url: str) -> str:
    """The URL without its query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def nearest_hint(
    name: str, known: Iterable[str], otherwise: str, count: int = 3, cutoff: float = 0.4
) -> str:
    """``Did you mean nir or nir08?``, or ``otherwise`` where no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=count, cutoff=cutoff)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise
