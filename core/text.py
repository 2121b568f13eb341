"""Sizes and times as people read them, and texts that come from elsewhere."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a terminal or a window obeys rather than shows: control characters, line ends, marks that
turn the direction of writing or have no width, and halves of characters.
"""


def shown(text: str, keep: str = "") -> str:
    r"""Text from elsewhere as one line: what would be obeyed rather than shown stands there as
    ``\\x1b``, ``\\n``, ``\\u202e``.

    Parameters
    ----------
    keep : str
        Characters that stay: the line ends of a text of several lines.
    """

    def escape(match: re.Match[str]) -> str:
        mark = match.group()
        return mark if mark in keep else mark.encode("unicode_escape", "surrogatepass").decode()

    return _UNSHOWN.sub(escape, text)


def joined(lines: Iterable[str]) -> str:
    """A text of several lines, each of which is one line whatever is in it."""
    return "\n".join(shown(line) for line in lines)


def shortened(text: str, most: int = 40) -> str:
    """The beginning of a text from elsewhere, to be named in a sentence."""
    return shown(text if len(text) <= most else f"{text[: most - 3]}…")


def read_json(text: str | bytes) -> Any:
    """The tree in a JSON text from elsewhere.

    Raises
    ------
    ValueError
        If it is no JSON, or nested deeper than Python follows.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def at_home(path: str | Path) -> Path:
    """A path with ``~`` put in; as it is where nobody knows the user's folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


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
    try:
        parts = urlsplit(url)
    except ValueError:  # an odd address, such as http://[::1/y
        return url.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def nearest_hint(
    name: str, known: Iterable[str], otherwise: str, count: int = 3, cutoff: float = 0.4
) -> str:
    """``Did you mean nir or nir08?``, or ``otherwise`` where no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=count, cutoff=cutoff)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise


AZURE_FIELDS = frozenset(
    ("sig", "se", "sp", "sr", "st", "sv", "ss", "srt", "sip", "spr", "sdd", "si")
    + ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid")
)
"""Fields of a shared access signature (Microsoft, *Create a service SAS*), the first of which makes
it one.
"""
SECRET_FIELDS = frozenset(
    ("signature", "expires", "awsaccesskeyid", "googleaccessid", "policy", "key-pair-id")
    + ("token", "access_token", "id_token", "api_key", "apikey", "api-key", "subscription-key")
    + ("key", "auth", "authorization", "password", "jwt")
)
"""Fields of signed addresses (Amazon, CloudFront, Google), and keys that stand in a query."""
SECRET_STARTS = ("x-amz-", "x-goog-", "x-oss-", "x-obs-")


def unsigned_url(url: str) -> str:
    """The URL without what lets its bearer in: signature, token, login; the rest of its query
    stays.
    """
    if "?" not in url and "@" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    fields = parts.query.split("&")
    names = [field.partition("=")[0].lower() for field in fields]
    azure = AZURE_FIELDS if "sig" in names else frozenset[str]()
    kept = [
        field
        for field, name in zip(fields, names)
        if not (name in azure or name in SECRET_FIELDS or name.startswith(SECRET_STARTS))
    ]
    host = parts.netloc.rpartition("@")[2] if parts.scheme in ("http", "https") else parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, "&".join(kept), parts.fragment))
