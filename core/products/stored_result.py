"""Results of earlier runs, read back from the catalogue of their folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import FirstLightError, InputError, odd_value
from ..files.checksum import contradicts, sha256_of
from ..raster.open_file import check_chunks, check_map_file
from ..text import read_json
from ..types import MapClass, parse_time
from .stac_catalogue import catalogue_children
from .stac_item import ITEM_SUFFIX, NO_LAYER

LAYER_SUFFIXES = (".tif", ".tiff", ".gpkg", ".vrt")
"""Files that may be put on the map: a catalogue from elsewhere could name a VRT, which can name any
file or address.
"""
_MAKE_AGAIN = "Run the operation again."


@dataclass(frozen=True)
class StoredLayer:
    """One file of a result."""

    name: str
    path: Path
    title: str
    style: str
    """Key of a style in ``resources/styles``; empty where none is told."""
    classes: tuple[MapClass, ...] = ()
    """Of a raster of classes, as the item tells them."""
    visible: bool = True
    """False where the run switched it off."""


@dataclass(frozen=True)
class StoredResult:
    """One result, as its item tells it."""

    item: Path
    title: str
    operation: str
    acquired: datetime | None
    """Of the newest picture; None where no picture's day is known."""
    note: str
    layers: tuple[StoredLayer, ...]
    """Those that are there, in the item's order."""
    warnings: tuple[str, ...]
    """Files that are gone, or are not what they were."""
    group: str = ""
    """Name of its group on the map; empty where the item tells none."""
    doubts: tuple[str, ...] = ()
    """Warnings that the run gave."""


def read_results(
    path: Path, check: bool = False, stop: Callable[[], bool] = lambda: False
) -> tuple[StoredResult, ...]:
    """Read what an item, or a folder's catalogue, tells of results.

    Parameters
    ----------
    path : Path
        A folder, a ``catalog.json`` in it, or one ``….stac.json``.
    check : bool
        Read every file, and compare its sum with the item's; otherwise only its size is looked at.
    stop : callable
        Asked every megabyte.

    Raises
    ------
    InputError
        If there is no result, or an item cannot be read.
    Cancelled
        If ``stop``.
    """
    what = f"No result can be opened from {path}"
    if path.name.endswith(ITEM_SUFFIX):
        items = [path]
    else:
        items = _items_below(path if path.is_dir() else path.parent)
    if not items:
        raise InputError(
            what,
            "there is no item of a result",
            "Choose the folder, or its catalog.json, that an operation wrote.",
        )
    return tuple(_read(item, what, check, stop) for item in items)


def _items_below(folder: Path) -> list[Path]:
    """The items of a folder; of an event's, those of the folders that its catalogue leads to."""
    items = sorted(folder.glob(f"*{ITEM_SUFFIX}"))
    for child in catalogue_children(folder):
        items += sorted(child.glob(f"*{ITEM_SUFFIX}"))
    return items


def _read(item: Path, what: str, check: bool, stop: Callable[[], bool]) -> StoredResult:
    try:
        tree = read_json(item.read_text(encoding="utf-8"))
        properties = tree["properties"]
        operation = str(properties["firstlight:operation"])
        acquired = _acquired(properties)
        assets = {name: asset for name, asset in tree["assets"].items() if not asset.get(NO_LAYER)}
        named = [_layer(name, asset, item) for name, asset in assets.items()]
    except OSError as error:
        raise InputError(
            what,
            f"{item.name}: {error.strerror or error}",
            "Make the result again, or choose another folder.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = f"{item.name} is no item of FirstLight ({odd_value(error)})"
        raise InputError(what, reason, _MAKE_AGAIN) from error
    refusals = {layer.name: _refusal(layer, item) for layer in named}
    problems = (
        refusals[layer.name] or _problem(layer, assets[layer.name], item, check, stop)
        for layer in named
    )
    warnings = tuple(filter(None, problems))
    layers = tuple(layer for layer in named if not refusals[layer.name] and layer.path.is_file())
    return StoredResult(
        item=item,
        title=str(properties.get("title") or operation),
        operation=operation,
        acquired=acquired,
        note=str(properties.get("description") or ""),
        layers=layers,
        warnings=warnings,
        group=str(properties.get("firstlight:group") or ""),
        doubts=_texts(properties.get("firstlight:warnings")),
    )


def _acquired(properties: Mapping[str, Any]) -> datetime | None:
    """Time of the newest input; None where the item tells that of its making."""
    if properties.get("firstlight:datetime_of") != "input":
        return None
    return parse_time(str(properties["datetime"]))


def _texts(tree: object) -> tuple[str, ...]:
    """The sentences of a list; nothing where it is none."""
    return tuple(map(str, tree)) if isinstance(tree, list) else ()


def _layer(name: str, asset: Mapping[str, Any], item: Path) -> StoredLayer:
    style = str(asset.get("firstlight:style") or "")
    known = style if re.fullmatch(r"[a-z0-9_]+", style) else ""
    classes = tuple(
        MapClass(int(row["value"]), str(row["title"]), _color(str(row["color_hint"])))
        for row in asset.get("classification:classes", ())
        if not row.get("nodata")
    )
    title = str(asset.get("title") or name)
    visible = asset.get("firstlight:visible", True) is not False
    return StoredLayer(name, item.parent / str(asset["href"]), title, known, classes, visible)


def _color(text: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def _refusal(layer: StoredLayer, item: Path) -> str:
    """Why a file is not shown: it lies elsewhere, or is not what FirstLight writes; else empty."""
    name = layer.path.name
    try:
        inside = layer.path.resolve().is_relative_to(item.parent.resolve())
    except (OSError, ValueError, RuntimeError):  # no name of a file, or links in a circle
        inside = False
    if not inside or layer.path.suffix.lower() not in LAYER_SUFFIXES:
        return f"{name} is not shown: it is no GeoTIFF or GeoPackage in the folder of {item.name}"
    try:
        if layer.path.suffix.lower() == ".vrt":
            if layer.path.is_file():
                check_chunks(layer.path)
        elif layer.path.is_file():
            check_map_file(layer.path)
    except FirstLightError as error:
        return f"{name} is not shown: {error.why}"
    return ""


def _problem(
    layer: StoredLayer, asset: Mapping[str, Any], item: Path, check: bool, stop: Callable[[], bool]
) -> str:
    """Tell what happened to a file; empty where it is as it was."""
    name = layer.path.name
    try:
        changed = layer.path.stat().st_size != asset.get("file:size")
        if check and not changed:
            changed = contradicts(asset.get("file:checksum"), sha256_of(layer.path, stop))
    except OSError as error:
        return f"{name} cannot be read: {error.strerror or error}"
    return (
        f"{name} has changed since {item.name} was written, so what that says of it may be wrong"
        if changed
        else ""
    )
