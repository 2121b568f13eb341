"""A layer in chunks as a STAC Collection with an Item for each chunk, beside the chunks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import Cancelled
from ..files.atomic import WriteFailure, write_whole
from ..files.chunk_folder import chunk_files
from ..raster.facts import read_facts
from ..shapes.footprint import footprint
from ..types import format_time
from .stac_item import COG, STAC_VERSION, projection, relative_href

NAME = "collection.json"
_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"


def write_chunk_collection(
    vrt: Path,
    title: str,
    times: Sequence[datetime],
    properties: Mapping[str, Any],
    stop: Callable[[], bool] = lambda: False,
) -> Path | None:
    """Describe the chunks of a layer: ``collection.json`` in their folder, and an item beside each.

    Parameters
    ----------
    vrt : Path
        The layer.
    times : sequence of datetime
        When what it shows was seen; empty where that is not known: then that of the file.
    properties : mapping
        JSON-ready: what is known of all chunks.

    Returns
    -------
    Path or None
        None where the layer is no VRT over chunks.

    Raises
    ------
    RasterError
        If a chunk cannot be opened, or the folder not be written to.
    Cancelled
    """
    files = chunk_files(vrt)
    if not files:
        return None
    folder = files[0].parent
    made = datetime.fromtimestamp(vrt.stat().st_mtime).astimezone()
    seen = sorted(times) or [made]
    links = []
    for file in files:
        if stop():
            raise Cancelled(f"Describing {vrt.name}")
        item = _item(file, seen, properties)
        path = file.with_suffix(".json")
        _write(path, item)
        links.append({"rel": "item", "href": f"./{path.name}", "type": "application/geo+json"})
    whole = footprint(read_facts(vrt).grid)
    target = folder / NAME
    _write(
        target,
        {
            "type": "Collection",
            "stac_version": STAC_VERSION,
            "id": folder.name,
            "title": title,
            "description": f"The chunks of {vrt.name}, made by FirstLight.",
            "license": "other",
            "extent": {
                "spatial": {"bbox": [list(whole[1])] if whole else []},
                "temporal": {"interval": [[format_time(seen[0]), format_time(seen[-1])]]},
            },
            "links": [
                {"rel": "root", "href": f"./{NAME}", "type": "application/json"},
                {
                    "rel": "via",
                    "href": relative_href(vrt, folder),
                    "type": "application/xml",
                    "title": f"All chunks as one raster: {vrt.name}",
                },
                *links,
            ],
        },
    )
    return target


def _item(file: Path, seen: Sequence[datetime], properties: Mapping[str, Any]) -> dict[str, Any]:
    facts = read_facts(file)
    outline = footprint(facts.grid)
    span = {}
    if seen[0] != seen[-1]:
        span = {"start_datetime": format_time(seen[0]), "end_datetime": format_time(seen[-1])}
    bands = [{"name": band.description, "data_type": band.dtype} for band in facts.bands]
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [_PROJECTION, _FILE],
        "id": file.stem,
        "collection": file.parent.name,
        "geometry": outline[0] if outline else None,
        "bbox": list(outline[1]) if outline else [],
        "properties": {
            "datetime": format_time(seen[-1]),
            **span,
            **properties,
            **projection(facts.grid),
        },
        "links": [
            {"rel": kind, "href": f"./{NAME}", "type": "application/json"}
            for kind in ("root", "parent", "collection")
        ],
        "assets": {
            "data": {
                "href": f"./{file.name}",
                "type": COG,
                "roles": ["data"],
                "file:size": file.stat().st_size,
                "bands": bands,
            }
        },
    }


def _write(path: Path, tree: Mapping[str, Any]) -> None:
    failure = WriteFailure(
        f"The chunks in {path.parent} cannot be described",
        "Choose a folder that can be written to.",
    )
    write_whole(path, json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False), failure)
