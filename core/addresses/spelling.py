"""One address, spelled in many ways: GDAL's ``/vsi…``, object stores' schemes, plain https."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ..errors import AccessError
from ..text import public_url

HINT = "Choose another scene, or tell the catalogue's provider."
HARMLESS_OPTIONS = frozenset(
    ("url", "use_head", "list_dir", "empty_dir", "max_retry", "retry_delay", "pc_url_signing")
    + ("pc_collection",)
)
"""Options of ``/vsicurl?…`` that say nothing about trust; FirstLight reads in its own way."""
S3_SCHEMES = ("s3", "s3a", "s3n")
STORES = {
    "/vsis3/": "s3://",
    "/vsis3_streaming/": "s3://",
    "/vsigs/": "gs://",
    "/vsigs_streaming/": "gs://",
    "/vsiaz/": "az://",
    "/vsiaz_streaming/": "az://",
    "/vsiadls/": "az://",
}
"""GDAL's names of object stores, and their schemes."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
AZURE_NAME = re.compile(r"[a-z0-9]{3,24}")
"""Of a storage account (Microsoft, naming rules for Azure resources)."""


def plain_address(href: str, account: str = "") -> str:
    """The same place as ``http(s)://…``, ``s3://…``, or a path of this computer.

    Parameters
    ----------
    href : str
        As an item gives it.
    account : str
        Azure storage account, where the item names it beside the address.

    Raises
    ------
    AccessError
        For everything else: other schemes, files within files (``/vsizip/…``), datasets as text,
        and addresses that would switch off a check.

    Notes
    -----
    Spellings: GDAL, *Virtual File Systems*; Google, *gs:// and XML API endpoints*; Microsoft, *ABFS
    URI syntax* (``abfs://container@account.dfs.core.windows.net/path``).
    """
    text = href.strip()
    if _CONTROL.search(text):
        raise _refusal(text, "it holds control characters")
    if text.startswith("<"):
        raise _refusal("An address that is a text", "it is no address but a dataset as text")
    if text.startswith("/vsi"):
        text = _of_gdal(text)
    scheme = _scheme(text)
    if scheme in ("http", "https"):
        return _web(text)
    if scheme in S3_SCHEMES:
        return f"s3:{text.partition(':')[2]}"
    if scheme in ("gs", "gcs"):
        return f"https://storage.googleapis.com/{_escaped(text.partition('://')[2])}"
    if scheme in ("abfs", "abfss", "wasb", "wasbs", "az", "azure", "adl"):
        return _azure(text, account)
    if scheme in ("", "file"):
        return text
    raise _refusal(text, f"addresses that begin with '{scheme}:' are not opened")


def is_local(address: str) -> bool:
    """Whether an address, as :func:`plain_address` gives it, is a path of this computer."""
    return _scheme(address) in ("", "file")


def local_path(address: str) -> str:
    """The path that a ``file:`` address stands for; a path is its own."""
    if _scheme(address) != "file":
        return address
    path = urlsplit(address).path
    if os.name != "nt":
        return unquote(path)
    from urllib.request import url2pathname

    return url2pathname(path)


def _scheme(text: str) -> str:
    """In small letters; empty for paths, also those of Windows, with a letter for the drive."""
    match = _SCHEME.match(text)
    return match[1].lower() if match else ""


def _of_gdal(text: str) -> str:
    for start in ("/vsicurl/", "/vsicurl_streaming/"):
        if text.startswith(start):
            return _no_chain(text[len(start) :], text)
    if text.startswith("/vsicurl?"):
        fields = dict(parse_qsl(text.partition("?")[2], keep_blank_values=True))
        others = sorted(set(fields) - HARMLESS_OPTIONS)
        if others:
            raise _refusal("/vsicurl?…", f"it would set GDAL's option {others[0]}")
        return _no_chain(fields.get("url", ""), text)
    for start, scheme in STORES.items():
        if text.startswith(start):
            return f"{scheme}{text[len(start) :]}"
    raise _refusal(text, "files within files are not opened")


def _no_chain(inner: str, text: str) -> str:
    if _scheme(inner) not in ("http", "https"):
        raise _refusal(text, "it leads to no http(s) address")
    return inner


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:  # such as http://[::1/
        raise _refusal(text, f"it is no address ({error})") from None
    if not host:
        raise _refusal(text, "it names no host")
    return text


def _azure(text: str, account: str) -> str:
    rest = text.partition("://")[2]
    authority, _, path = rest.partition("/")
    container, at, host = authority.partition("@")
    if at:
        account = host.partition(".")[0]
    elif "." in container:  # az://account.blob.core.windows.net/container/path
        account, (container, _, path) = container.partition(".")[0], path.partition("/")
    if not AZURE_NAME.fullmatch(account):
        raise _refusal(text, "it does not name its storage account")
    return f"https://{account}.blob.core.windows.net/{container}/{_escaped(path)}"


def _escaped(path: str) -> str:
    """A key of an object store as a path of a URL; what is escaped already stays so."""
    return quote(unquote(path), safe="/~!$&'()*+,;=:@")


def azure_account(source: Mapping[str, object]) -> str:
    """The storage account that an asset names beside its address, for ``fsspec`` (xarray-assets
    and table extensions); empty where it does not.
    """
    for name in ("xarray:storage_options", "table:storage_options"):
        options = source.get(name)
        if isinstance(options, Mapping) and options.get("account_name"):
            return str(options["account_name"])
    return ""


def _refusal(text: str, why: str) -> AccessError:
    shown = _CONTROL.sub("?", text)[:200]
    if _scheme(shown) in ("http", "https"):
        shown = shown.partition("?")[0]
    return AccessError(f"{shown} cannot be opened", why, HINT)


def shown(address: str) -> str:
    """An address for a sentence: without its query, without control characters, not too long."""
    text = _CONTROL.sub("?", address)
    try:
        text = public_url(text)
    except ValueError:
        text = text.partition("?")[0]
    return text if len(text) <= 200 else f"{text[:199]}…"
