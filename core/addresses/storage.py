"""Where an asset's file can be had: its address, its alternates, and what each of them needs.

Sources: STAC alternate-assets extension 1.1; STAC storage extension 1.0 (``storage:platform``) and
2.0 (``storage:schemes``, ``storage:refs``); STAC authentication extension 1.1 (``auth:schemes``,
``auth:refs``); Amazon S3, *Methods for accessing a general purpose bucket*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..enums import AccessKind
from ..errors import AccessError
from .spelling import S3_SCHEMES, azure_account, plain_address

Fields = Mapping[str, Any]
OPEN, UNSURE, ACCOUNT, KEYS, PAID, REFUSED = range(6)
"""How likely an address opens for anybody."""
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_S3_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.)?s3[.-]?(?:[a-z0-9-]+\.)*amazonaws\.com(?P<cn>\.cn)?"
)


@dataclass(frozen=True)
class FileAddress:
    """One place of a file."""

    href: str
    account: str = ""
    """The account that it needs by its catalogue's account, for a person; empty: none is said."""
    rank: int = OPEN
    needs: AccessKind = AccessKind.UNKNOWN
    """By what is known of the address, else by what its catalogue says."""


def _nothing_known(_: str) -> AccessKind:
    return AccessKind.UNKNOWN


def file_addresses(
    item: Fields, asset: Fields, needs: Callable[[str], AccessKind] = _nothing_known
) -> tuple[FileAddress, ...]:
    """The places of an asset's file, those first that open for anybody.

    Parameters
    ----------
    item, asset : mapping
        As the catalogue gives them; the asset has ``href``.
    needs : callable
        What is known of an address, whatever the item says: of its host, of its bucket.
    """
    found = [_judge(item, entry, needs) for entry in _entries(asset)]
    first = {one.href: one for one in reversed(found)}
    return tuple(sorted(first.values(), key=lambda one: (one.rank, found.index(one))))


def _entries(asset: Fields) -> Iterator[Fields]:
    """The asset, and its alternates as assets."""
    yield asset
    alternates = asset.get("alternate") or {}
    values = alternates.values() if isinstance(alternates, Mapping) else alternates
    own = {name: value for name, value in asset.items() if not name.startswith(("auth:", "alter"))}
    for entry in values if isinstance(alternates, (Mapping, list)) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("href"), str) and entry["href"]:
            yield {**_same_store(own, entry), **entry}


def _same_store(asset: Fields, entry: Fields) -> Fields:
    """What an asset says of its store holds for an alternate in a store of the same kind."""
    same = str(asset["href"]).partition(":")[0] == str(entry["href"]).partition(":")[0]
    return {name: value for name, value in asset.items() if same or not name.startswith("storage:")}


def _judge(item: Fields, entry: Fields, needs: Callable[[str], AccessKind]) -> FileAddress:
    href, account = str(entry["href"]), account_text(item, entry)
    store = _store(item, entry)
    named = str(store.get("account") or "") or azure_account(entry)
    try:
        address = plain_address(href, named)
    except AccessError:
        return FileAddress(href, account, REFUSED)
    kind = needs(address)
    if kind == AccessKind.UNKNOWN:
        kind = _stated_need(store, account)
    is_bucket = address.startswith("s3:")
    if kind == AccessKind.READER_PAYS:
        return FileAddress(address, account, PAID, kind)
    if kind == AccessKind.ACCOUNT:
        return FileAddress(address, account, KEYS if is_bucket else ACCOUNT, kind)
    if is_bucket and kind == AccessKind.UNKNOWN:
        return FileAddress(_with_store(address, store), account, UNSURE, kind)
    # The gate asks whether it was spelled for GDAL.
    return FileAddress(href if href.startswith("/vsicurl") else address, account, OPEN, kind)


def _stated_need(store: Fields, account: str) -> AccessKind:
    """What the item says that a file needs."""
    if str(store.get("requester_pays")).lower() == "true":
        return AccessKind.READER_PAYS
    return AccessKind.ACCOUNT if account else AccessKind.UNKNOWN


def _store(item: Fields, entry: Fields) -> Fields:
    """What is said of an asset's store, by the names of version 2."""
    properties = item.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    for scheme in _referred("storage", item, entry):
        return scheme
    return {
        name: source[f"storage:{name}"]
        for name in ("platform", "region", "requester_pays")
        for source in (properties, entry)
        if source.get(f"storage:{name}") is not None
    }


def _referred(prefix: str, item: Fields, entry: Fields) -> list[Fields]:
    """The schemes that an asset refers to; those that are not described are empty."""
    refs = entry.get(f"{prefix}:refs")
    known: dict[str, Any] = {}
    for source in (item, item.get("properties"), entry):
        schemes = source.get(f"{prefix}:schemes") if isinstance(source, Mapping) else None
        known |= dict(schemes) if isinstance(schemes, Mapping) else {}
    return [
        {"ref": str(ref), **(known[str(ref)] if isinstance(known.get(str(ref)), Mapping) else {})}
        for ref in (refs if isinstance(refs, list) else ())
    ]


ACCOUNT_KINDS = {
    "openidconnect": "a login (OpenID Connect)",
    "oauth2": "a login (OAuth 2)",
    "http": "a user name and password, or a token",
    "apikey": "an API key",  # pragma: allowlist secret - a kind of account
    "s3": "S3 keys",
    "signedurl": "a signed address",
}
"""``type`` of the authentication extension → what a person must have."""


def account_text(item: Fields, entry: Fields) -> str:
    """What an asset's catalogue says that a reader must have; empty where it says nothing."""
    texts = []
    for scheme in _referred("auth", item, entry):
        kind = str(scheme.get("type") or "").lower()
        text = ACCOUNT_KINDS.get(kind, f"an account ({kind or scheme['ref']})")
        host = next((_host(value) for value in _addresses(scheme)), "")
        texts.append(f"{text} of {host}" if host else text)
    return " or ".join(dict.fromkeys(texts))[:160]


def _addresses(scheme: Fields) -> Iterator[str]:
    """Addresses in the description of a login, its flows included."""
    for value in scheme.values():
        if isinstance(value, str) and value.startswith("https://"):
            yield value
        elif isinstance(value, Mapping):
            yield from _addresses(value)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _with_store(address: str, store: Fields) -> str:
    """``s3://`` of a store that the item describes, as https; else as it is."""
    platform, region = str(store.get("platform") or ""), str(store.get("region") or "")
    bucket, key = bucket_of(address), urlsplit(address).path
    if not BUCKET.fullmatch(bucket):
        return address
    if platform.startswith("https://") and "amazonaws." not in platform:
        base = platform.replace("{bucket}", bucket).replace("{region}", region).rstrip("/")
        return f"{base}{key}" if "{bucket}" in platform else f"{base}/{bucket}{key}"
    return bucket_address(bucket, key, region) if REGION.fullmatch(region) else address


def bucket_of(address: str) -> str:
    """The bucket of an ``s3://`` address, or of an https address of Amazon S3; else empty."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme in S3_SCHEMES:
        return parts.netloc
    match = _S3_HOST.fullmatch(host)
    if match is None:
        return ""
    return match["bucket"] or parts.path.lstrip("/").partition("/")[0]


def bucket_address(bucket: str, path: str, region: str = "") -> str:
    """The https address of a file in a bucket of Amazon S3.

    Parameters
    ----------
    path : str
        With its leading slash.
    region : str
        Where it is not known, Amazon says it in the answer (:func:`in_region`).
    """
    end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    host = f"s3.{region}.{end}" if region else f"s3.{end}"
    # The certificate for *.s3.amazonaws.com does not hold for names with dots.
    return f"https://{host}/{bucket}{path}" if "." in bucket else f"https://{bucket}.{host}{path}"


def in_region(url: str, region: str) -> str:
    """An address of Amazon S3 with the region that the answer to it names; empty where there is
    nothing to change.
    """
    bucket, parts = bucket_of(url), urlsplit(url)
    if not bucket or parts.scheme == "s3" or not REGION.fullmatch(region):
        return ""
    path = parts.path
    if not (parts.hostname or "").startswith(f"{bucket}."):
        path = path[len(bucket) + 1 :]
    moved = urlsplit(bucket_address(bucket, path, region))
    netloc = moved.netloc if parts.port is None else f"{moved.netloc}:{parts.port}"
    new = urlunsplit((parts.scheme, netloc, moved.path, parts.query, ""))
    return "" if new == url else new
