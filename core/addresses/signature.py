"""Signed addresses: how long one is good by its own account.

Sources: Microsoft, *Create a service SAS* (``se``); Amazon, *Authenticating requests: using query
parameters* (``X-Amz-Date``, ``X-Amz-Expires``); Google, *V4 signing process* (``X-Goog-…``); Amazon
CloudFront, *Signed URLs using a canned policy* (``Expires``, seconds since 1970).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

from ..text import unsigned_url
from ..types import parse_time


def is_signed(url: str) -> bool:
    """Whether an address brings a signature or a token of its own."""
    return "?" in url and unsigned_url(url) != url


def signed_until(url: str) -> float | None:
    """Seconds since 1970 at which an address's signature expires; None where it does not say."""
    fields = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    try:
        return _sas_end(fields) or _v4_end(fields) or _plain_end(fields)
    except (ValueError, OverflowError):
        return None


def _sas_end(fields: Mapping[str, str]) -> float | None:
    return parse_time(fields["se"]).timestamp() if {"se", "sig"} <= set(fields) else None


def _v4_end(fields: Mapping[str, str]) -> float | None:
    for vendor in ("x-amz", "x-goog"):
        if {f"{vendor}-date", f"{vendor}-expires"} <= set(fields):
            begun = datetime.strptime(fields[f"{vendor}-date"], "%Y%m%dT%H%M%SZ")
            ends = begun.replace(tzinfo=timezone.utc) + timedelta(
                seconds=int(fields[f"{vendor}-expires"])
            )
            return ends.timestamp()
    return None


def _plain_end(fields: Mapping[str, str]) -> float | None:
    return float(int(fields["expires"])) if {"expires", "signature"} <= set(fields) else None
