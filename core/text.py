"""Sizes, times and addresses as people may read them, and texts that come from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HIDDEN = "…"
LEAST_SECRET = 6
"""Characters; a shorter secret would be found in ordinary words."""
# Texts, which re compiles and keeps at their first use: QGIS imports this while it starts.
_URL = r"(?i)[a-z][a-z0-9+.-]*://[^\s'\"<>|\\]+"
_PATH = r"(\burl: /[^\s?]*)\?[^\s'\"]*"  # as urllib3 puts it
_PAIR = (
    r"(?i)\b(sig|signature|x-amz-(?:signature|credential|security-token)|(?:[a-z]+_)?token|"
    r"api[-_]?key|subscription[-_]key|passw(?:or)?d|(?:[a-z]+_)?secret)=[^\s&'\"<>]+"
)
_HEADER = (
    r"(?i)\b((?:proxy-)?authorization|x-api-key|ocp-apim-subscription-key|(?:set-)?cookie)"
    r"(['\"]?\s*[:=]\s*)(b?['\"])?(?:(?:bearer|basic)\s+)?[^\s'\"]+"
)
_secrets: dict[str, None] = {}

_UNSHOWN = (
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

    return re.sub(_UNSHOWN, escape, text)


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
    except (RuntimeError, ValueError):  # the latter: a name that nobody can have, as with a NUL
        return Path(path)


def is_address(value: object) -> bool:
    """Tell whether a text is an address of the web."""
    return isinstance(value, str) and value.strip().lower().startswith(("http://", "https://"))


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
    """The URL without its query and its login, which may be secrets."""
    from urllib.parse import urlsplit, urlunsplit  # not at QGIS's start

    try:
        parts = urlsplit(url)
    except ValueError:  # such as http://[::1/
        return re.split("[?#]", url, maxsplit=1)[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def remember_secret(secret: str) -> None:
    """Keep a password, key or token of this process in mind: :func:`redact` takes it out of texts,
    wherever they come from.
    """
    from urllib.parse import quote  # not at QGIS's start

    if len(secret) >= LEAST_SECRET:
        _secrets.update(dict.fromkeys((secret, quote(secret, safe=""))))


def hide_secrets(text: str) -> str:
    """A text without remembered secrets; otherwise as it is."""
    for secret in tuple(_secrets):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def redact(text: str) -> str:
    """A text without secrets: every URL in it as :func:`public_url`, no remembered secret, no value
    of a parameter or header that is known to hold one.

    Whatever becomes a sentence goes through it, since libraries and servers put addresses, and
    sometimes headers, into theirs.
    """
    text = hide_secrets(text)
    if "://" in text:
        text = re.sub(_URL, lambda found: _public(found.group()), text)
    if "url: /" in text:
        text = re.sub(_PATH, r"\1", text)
    if "=" in text:
        text = re.sub(_PAIR, rf"\1={HIDDEN}", text)
    if ":" in text or "=" in text:
        text = re.sub(_HEADER, rf"\1\2\3{HIDDEN}", text)
    return text


def _public(address: str) -> str:
    """A URL of a text, whose last signs may belong to the sentence."""
    url = address.rstrip(".,:;!)]}")
    return public_url(url) + address[len(url) :] if re.search("[?#@]", url) else address


def nearest_hint(
    name: str, known: Iterable[str], otherwise: str, count: int = 3, cutoff: float = 0.4
) -> str:
    """``Did you mean nir or nir08?``, or ``otherwise`` where no known name is near."""
    import difflib  # for wrong names only

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
    from urllib.parse import urlsplit, urlunsplit  # not at QGIS's start

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
