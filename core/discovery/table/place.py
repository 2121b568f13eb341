"""Where a table of scenes is: one Parquet file or a folder of them, on this computer, behind HTTP,
or in object storage.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from ...addresses.storage import bucket_address
from ...errors import DiscoveryError
from ...gdal.object_files import list_objects, object_folder, object_size, says_no

ENDS = (".parquet", ".geoparquet", ".parq")
MARK = b"PAR1"
"""First bytes of a Parquet file (Apache Parquet, *File Format*)."""
STORES = ("s3://", "gs://")
MOST_PARTS = 10_000
MOST_DEPTH = 6
DEAD = {"_delta_log": "Delta Lake", "metadata": "Iceberg", ".hoodie": "Hudi"}
"""Folders of tables in which only a list says which files count."""
HINT = "Check the path, or give the addresses of its files with commas between them."


@dataclass(frozen=True)
class PartPlace:
    """One file of a table."""

    address: str
    """A path, an address of the web, or ``s3://…``; with whatever of it is secret."""
    url: str
    """For everybody to read: what is relative in its items is so to it."""


def table_path(path: Path) -> Path | None:
    """The file or folder on this computer, if it is one of tables.

    Raises
    ------
    OSError
        If it cannot be looked at.
    """
    if path.is_dir():
        return path if next(_files_below(path), None) is not None else None
    if not path.is_file():
        return None
    if path.name.lower().endswith(ENDS):
        return path
    with path.open("rb") as file:
        return path if file.read(len(MARK)) == MARK else None


def is_table_address(text: str) -> bool:
    """Whether an address of the web names a table; one in object storage always does."""
    if text.startswith(STORES):
        return bool(urlsplit(text).netloc)
    return urlsplit(text).path.rstrip("/").lower().endswith(ENDS)


def web_url(address: str) -> str:
    """The address of the web of ``s3://bucket/key``, by which it is judged where it leads; of the
    server that the environment names, else the provider's own.
    """
    if not address.startswith(STORES):
        return address
    parts = urlsplit(address)
    path = quote(parts.path, safe="/~!$&'()*+,;=:@%")
    if parts.scheme == "gs":
        return f"https://storage.googleapis.com/{parts.netloc}{path}"
    own = os.environ.get("AWS_S3_ENDPOINT", "")
    if own:
        scheme = "http" if says_no("AWS_HTTPS") else "https"
        return f"{scheme}://{own}/{parts.netloc}{path}"
    return bucket_address(parts.netloc, path)


def parts_of(address: str, url: str) -> list[PartPlace]:
    """The files of a table, in the order of their names.

    Parameters
    ----------
    address : str
        As the user wrote it; a ``file:`` URL's path.
    url : str
        Of the catalogue.

    Raises
    ------
    DiscoveryError
        If there are none, or which of them count is told elsewhere.
    """
    if address.startswith(STORES):
        return _objects(address)
    if address.startswith(("http://", "https://")):
        return [PartPlace(address, url)]
    path = Path(address)
    failure = f"The table {path} cannot be read"
    try:
        if not path.is_dir():
            return [PartPlace(str(path), path.as_uri())]
        _refuse_dead(failure, [one.name for one in path.iterdir() if one.is_dir()])
        files = sorted(_files_below(path))
    except OSError as error:
        raise DiscoveryError(failure, error.strerror or str(error), HINT) from error
    return _bounded(failure, [PartPlace(str(one), one.as_uri()) for one in files])


def _files_below(folder: Path) -> Iterator[Path]:
    """Parquet files; names that begin with ``_`` or ``.`` are those of notes (Apache Hadoop)."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one[0] not in "_.")
        for name in names:
            if name.lower().endswith(ENDS) and name[0] not in "_.":
                yield Path(root) / name


def _refuse_dead(failure: str, folders: list[str]) -> None:
    kind = next((title for name, title in DEAD.items() if name in folders), "")
    if kind:
        why = f"it is a table of {kind}, whose own list says which of its files count"
        raise DiscoveryError(failure, why, "Export it to Parquet files first.")


def _objects(address: str) -> list[PartPlace]:
    failure = f"The table {address} cannot be read"
    name = object_folder(address)
    try:
        if name is None or not urlsplit(address).path.strip("/"):
            raise DiscoveryError(failure, "it names no object", HINT)
        if object_size(name) >= 0:
            return [PartPlace(address, web_url(address))]
        found = list(_objects_below(failure, name, address.rstrip("/"), 0))
    except OSError as error:
        raise DiscoveryError(failure, error.strerror or str(error), HINT) from error
    return _bounded(failure, sorted(found, key=lambda one: one.address))


def _objects_below(failure: str, folder: str, address: str, depth: int) -> Iterator[PartPlace]:
    names = list_objects(folder)
    _refuse_dead(failure, names)
    for name in names:
        if name[:1] in ("_", "."):
            continue
        inner = f"{address}/{name}"
        if PurePosixPath(name).suffix.lower() in ENDS:
            yield PartPlace(inner, web_url(inner))
        elif depth < MOST_DEPTH and "." not in name:
            yield from _objects_below(failure, f"{folder}/{name}", inner, depth + 1)


def _bounded(failure: str, parts: list[PartPlace]) -> list[PartPlace]:
    if not parts:
        raise DiscoveryError(failure, "no Parquet file is there", HINT)
    if len(parts) > MOST_PARTS:
        why = f"it has {len(parts)} files, and {MOST_PARTS} are the most"
        raise DiscoveryError(failure, why, "Name a part of it.")
    return parts
