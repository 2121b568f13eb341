"""A folder of results as a static STAC catalogue: it can be moved, served and read without
FirstLight.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files.atomic import WriteFailure, write_whole
from ..files.lock import folder_lock
from ..text import read_json
from .result_record import ResultRecord
from .stac_item import ITEM_SUFFIX, STAC_VERSION, make_item

CATALOGUE_NAME = "catalog.json"
OTHER_NAME = "firstlight-catalog.json"
"""Name of ours where ``catalog.json`` is another program's."""
_OURS = "firstlight:catalogue"
_FACTS = "firstlight:about"
MAP, SHEET, EVENT = "firstlight:map", "firstlight:sheet", "firstlight:event"
"""Of an event: its layers as they were put on the map, the texts of its printed page, and what
later products are made of.
"""


FILE_TYPES = {
    ".html": "text/html",
    ".geojson": "application/geo+json",
    ".kml": "application/vnd.google-earth.kml+xml",
}


def write_catalogue(
    folder: Path, record: ResultRecord, stop: Callable[[], bool] = lambda: False
) -> Path:
    """Describe a result in its folder: ``<id>.stac.json``, and a catalogue of all results that lie
    there.

    The catalogue lists the items that it finds, so it is whole whatever happened before. An older
    item loses the files that this result has overwritten, and goes with the last of them: it would
    describe what is no more. Several programs may do this at once.

    Parameters
    ----------
    folder : Path
        Where the result is; it must exist.
    stop : callable
        Asked while files are read, and while another program has the folder.

    Returns
    -------
    Path
        The item.

    Raises
    ------
    RasterError
        If a layer cannot be read, or the folder not be written to.
    Cancelled
        If ``stop``.
    """
    return write_item(folder, lambda name: make_item(folder, record, name, stop), stop)


def write_item(
    folder: Path, make: Callable[[str], Mapping[str, Any]], stop: Callable[[], bool]
) -> Path:
    """Write an item into a folder and its catalogue, as :func:`write_catalogue` does.

    Parameters
    ----------
    make : callable
        Name of the catalogue's file → the item, JSON-ready.

    Raises
    ------
    RasterError, Cancelled
        As :func:`write_catalogue`.
    """
    with folder_lock(folder, stop, lambda: None), _failure(folder).named(folder):
        catalogue = _choose(folder)
        item = make(catalogue.name)
        path = folder / f"{item['id']}{ITEM_SUFFIX}"
        _write(path, item)
        written = {asset["href"] for asset in item["assets"].values()}
        for older, tree in list(_items(folder)):
            if older != path:
                _forget(older, tree, written)
        _write(catalogue, _catalogue(folder, catalogue))
    return path


def write_parent(
    folder: Path,
    children: Sequence[Path],
    title: str,
    facts: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
    stop: Callable[[], bool] = lambda: False,
    files: Sequence[Path] = (),
) -> Path:
    """Describe a folder whose sub-folders hold results: a catalogue that leads to theirs.

    Parameters
    ----------
    children : sequence of Path
        Folders below ``folder`` in which :func:`write_catalogue` was at work.
    facts : mapping
        JSON-ready: what the folder is about, for :func:`catalogue_facts`.
    told : mapping, optional
        JSON-ready: ``MAP``, ``SHEET`` and ``EVENT``, for :func:`catalogue_told`.
    files : sequence of Path
        What tells the same otherwise: pages, outlines.

    Returns
    -------
    Path
        The catalogue.

    Raises
    ------
    RasterError
        If the folder cannot be written to.
    Cancelled
        If ``stop``, asked while another program has the folder.
    """
    with folder_lock(folder, stop, lambda: None), _failure(folder).named(folder):
        path = _choose(folder)
        links = [_child_link(folder, child) for child in children]
        links += [_file_link(folder, file) for file in files]
        tree = _with_links(_catalogue(folder, path), links)
        _write(path, {**tree, "title": title, _FACTS: dict(facts), **(told or {})})
    return path


def add_child(folder: Path, child: Path, stop: Callable[[], bool] = lambda: False) -> None:
    """Let a folder's catalogue lead to that of a folder below it, too.

    Raises
    ------
    RasterError, Cancelled
        As :func:`write_parent`.
    """
    with folder_lock(folder, stop, lambda: None), _failure(folder).named(folder):
        path = _choose(folder)
        before = (_read(path) if path.exists() else None) or {}
        _write(
            path, _with_links({**before, **_catalogue(folder, path)}, [_child_link(folder, child)])
        )


def _child_link(folder: Path, child: Path) -> dict[str, str]:
    href = f"./{_choose(child).relative_to(folder).as_posix()}"
    return {"rel": "child", "href": href, "type": "application/json"}


def _file_link(folder: Path, file: Path) -> dict[str, str]:
    href = f"./{file.relative_to(folder).as_posix()}"
    kind = FILE_TYPES[file.suffix]
    return {"rel": "alternate", "href": href, "type": kind, "title": file.name}


def _with_links(tree: Mapping[str, Any], links: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A catalogue with further links, each once."""
    named = {link["href"] for link in links}
    kept = [
        link
        for link in tree["links"]
        if link.get("rel") not in ("child", "alternate") or link.get("href") not in named
    ]
    return {**tree, "links": [*kept, *links]}


def catalogue_facts(folder: Path) -> Mapping[str, Any] | None:
    """Tell what :func:`write_parent` was told of a folder; None where it was not at work."""
    path = _choose(folder)
    facts = (_read(path) or {}).get(_FACTS) if path.is_file() else None
    return facts if isinstance(facts, dict) else None


def catalogue_told(folder: Path, name: str) -> Any:
    """What :func:`write_parent` was told under a name; from elsewhere it may be anything."""
    path = _choose(folder)
    return (_read(path) or {}).get(name) if path.is_file() else None


def catalogue_children(folder: Path) -> list[Path]:
    """Folders below one that its catalogue leads to, in its order; none that lie elsewhere."""
    path = _choose(folder)
    tree = (_read(path) or {}) if path.is_file() else {}
    links = [link for link in tree.get("links", ()) if isinstance(link, dict)]
    hrefs = [str(link.get("href", "")) for link in links if link.get("rel") == "child"]
    children = dict.fromkeys((folder / href).parent for href in hrefs if "\0" not in href)
    here = folder.resolve()
    return [
        child
        for child in children
        if child.is_dir() and child.resolve() != here and child.resolve().is_relative_to(here)
    ]


def _choose(folder: Path) -> Path:
    """The catalogue's file: another program's is never touched."""
    path = folder / CATALOGUE_NAME
    return path if not path.exists() or _OURS in (_read(path) or {}) else folder / OTHER_NAME


def _read(path: Path) -> dict[str, Any] | None:
    try:
        tree = read_json(path.read_text(encoding="utf-8"))
    except ValueError:  # no JSON, or cut short
        return None
    return tree if isinstance(tree, dict) else None


def _items(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The items of FirstLight in a folder, by name."""
    for path in sorted(folder.glob(f"*{ITEM_SUFFIX}")):
        tree = _read(path)
        if tree is not None and "firstlight:operation" in (tree.get("properties") or {}):
            yield path, tree


def _forget(path: Path, item: dict[str, Any], overwritten: set[str]) -> None:
    """Take files out of an item."""
    assets = item.get("assets", {})
    kept = {key: asset for key, asset in assets.items() if asset.get("href") not in overwritten}
    if not kept:
        path.unlink()
    elif len(kept) < len(assets):
        _write(path, {**item, "assets": kept})


def _catalogue(folder: Path, path: Path) -> dict[str, Any]:
    items = [
        {
            "rel": "item",
            "href": f"./{item.name}",
            "type": "application/geo+json",
            "title": tree["properties"].get("title", ""),
        }
        for item, tree in _items(folder)
    ]
    before = (_read(path) if path.exists() else None) or {}
    kept = [
        link for link in before.get("links", ()) if link.get("rel") not in ("root", "self", "item")
    ]  # children of the user's
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": before.get("id") or folder.resolve().name or "results",
        "title": before.get("title") or folder.resolve().name,
        "description": before.get("description")
        or "Maps made by FirstLight, each with its inputs, parameters and areas.",
        _OURS: 1,
        "links": [
            {"rel": "root", "href": f"./{path.name}", "type": "application/json"},
            *items,
            *kept,
        ],
    }


def _write(path: Path, tree: Mapping[str, Any]) -> None:
    text = json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, text, _failure(path.parent))


def _failure(folder: Path) -> WriteFailure:
    return WriteFailure(
        f"The result in {folder} cannot be described", "Choose a folder that can be written to."
    )
