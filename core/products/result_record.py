"""Facts of a finished result: layers, inputs with the sums of their files,
parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..algorithms.kernel import Layer
from ..discovery.catalogs import get_catalog
from ..errors import InputError, RasterError
from ..files.checksum import sha256_of
from ..files.record import BandRecord, read_record
from ..operation import LayerOutput
from ..types import parse_time
from .perimeter import Perimeter

MOST_HASHED_BYTES = 4_000_000_000
"""Of one input: what the record of its download knows is not read again, and more than this takes
too long.
"""


@dataclass(frozen=True)
class InputFile:
    """One file that a result was computed from."""

    path: Path
    size_bytes: int
    changed_ns: int
    """When it was changed last, nanoseconds since 1970."""
    sha256: str = ""
    """In hex; empty where it was too much to read."""
    url: str = ""
    """Where it was downloaded from, without what is secret of it; empty where no record tells."""
    catalog: str = ""
    item_id: str = ""
    """Whose file it is: bands of one scene may come from several providers."""


@dataclass(frozen=True)
class InputRecord:
    """One input of a result: a stack, or a raster beside the stacks."""

    name: str
    """``pre``"""
    path: Path
    files: tuple[InputFile, ...] = ()
    item_id: str = ""
    sensor: str = ""
    acquired: datetime | None = None
    source_url: str = ""
    """The scene's item in the catalogue that it came from."""


@dataclass(frozen=True, kw_only=True)
class LayerFigures:
    """Figures of a raster, as a catalogue tells them; None where they are not known."""

    valid_percent: float | None = None
    """Share of the pixels that were observed."""
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    class_pixels: Mapping[int, int] = field(default_factory=dict)
    """Of a raster of classes: code → pixels, those that were not observed among them."""


@dataclass(frozen=True)
class LayerRecord:
    """One raster of a result."""

    path: Path
    layer: Layer
    """Its meaning, with its classes."""
    figures: LayerFigures = LayerFigures()
    sha256: str = ""
    """In hex; empty: it is taken when the item is made."""


@dataclass(frozen=True)
class ShapesRecord:
    """A file of shapes beside the rasters of a result."""

    name: str
    """``not_observed``"""
    path: Path
    title: str
    style: str


@dataclass(frozen=True, kw_only=True)
class ResultRecord:
    """One run of an operation."""

    operation: str
    """``burn-severity``"""
    title: str
    created: datetime
    """UTC."""
    layers: tuple[LayerRecord, ...]
    """At least one; all on one grid."""
    inputs: tuple[InputRecord, ...]
    parameters: Mapping[str, Any]
    reference: str
    """Source of the method."""
    formula: str = ""
    note: str = ""
    perimeter: Perimeter | None = None
    shapes: tuple[ShapesRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    view: tuple[LayerOutput, ...] = ()
    """The layers as they are put on the map."""
    statistics: Mapping[str, Any] = field(default_factory=dict)
    """Of the whole: areas, what was not observed."""


def sum_of(file: Path, stop: Callable[[], bool]) -> str:
    """The sha2-256 of a file, in hex.

    Raises
    ------
    RasterError
        If it cannot be read.
    Cancelled
        If ``stop``.
    """
    try:
        return sha256_of(file, stop)
    except OSError as error:
        raise RasterError(
            f"The sum of {file} cannot be taken",
            error.strerror or str(error),
            "Is it still there, and readable?",
        ) from error


def record_input(
    name: str,
    path: Path,
    tags: Mapping[str, str],
    state: Iterable[tuple[str, int, int]],
    stop: Callable[[], bool] = lambda: False,
) -> InputRecord:
    """An input with the sums of its files.

    A sum is that of the download's record where the file is as it came; else the file is read, as
    long as all that is read for this input stays below ``MOST_HASHED_BYTES``.

    Parameters
    ----------
    tags : mapping
        Of the raster: ``item_id``, ``sensor``, ``datetime``, ``catalog``, ``collection``.
    state : iterable of (path, size, time of change)
        As :meth:`RasterReader.state` gives it; a size below 0 stands for what is no file of this
        computer.
    stop : callable
        Asked every megabyte.

    Raises
    ------
    RasterError
        If a file cannot be read.
    Cancelled
        If ``stop``.
    """
    left = MOST_HASHED_BYTES
    files = []
    for file, size, changed in state:
        if size < 0:
            continue
        entry = _recorded(Path(file), size, changed)
        known = entry.sha256
        if not known and size <= left:
            left -= size
            known = sum_of(Path(file), stop)
        whose = (entry.url, entry.catalog, entry.item_id)
        files.append(InputFile(Path(file), size, changed, known, *whose))
    moment = tags.get("datetime")
    return InputRecord(
        name,
        path,
        tuple(files),
        tags.get("item_id", ""),
        tags.get("sensor", ""),
        parse_time(moment) if moment else None,
        _item_url(tags),
    )


def _recorded(path: Path, size: int, changed_ns: int) -> BandRecord:
    """The record of a download, as long as its file is as it came; else an empty one."""
    entry = read_record(path.parent).get(path.stem, BandRecord())
    return entry if (entry.size_bytes, entry.changed_ns) == (size, changed_ns) else BandRecord()


def _item_url(tags: Mapping[str, str]) -> str:
    """Address of the scene's item; empty where it is not known, or only on this computer."""
    catalog, collection, item = (tags.get(key, "") for key in ("catalog", "collection", "item_id"))
    if not (catalog and collection and item):
        return ""
    try:
        url = get_catalog(catalog).url
    except InputError:  # a stack of another installation, with a catalogue of its own
        return ""
    local = (urlsplit(url).hostname or "") in ("", "localhost", "127.0.0.1", "::1")
    return "" if local else f"{url}/collections/{collection}/items/{item}"
