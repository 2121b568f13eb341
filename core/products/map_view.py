"""Layers as a run put them on the map, kept in the catalogue of its folder and read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import FirstLightError
from ..operation import LayerOutput
from ..raster.vrt_sources import check_vrt_sources
from ..types import format_time, parse_time

PICTURE_STYLE = "natural_color"


def describe_view(folder: Path, layers: Iterable[LayerOutput]) -> list[dict[str, Any]]:
    """JSON-ready, from below to above; files are named relative to the folder, and those that lie
    elsewhere are left out.
    """
    home = folder.resolve()
    return [
        {
            "href": layer.path.resolve().relative_to(home).as_posix(),
            "title": layer.title,
            "group": layer.group,
            "above": layer.above,
            "style": layer.style,
            "datetime": format_time(layer.acquired) if layer.acquired else None,
            "description": layer.abstract,
            "visible": layer.visible,
        }
        for layer in layers
        if layer.path.resolve().is_relative_to(home)
    ]


def arrange(folder: Path, view: Sequence[Any], layers: Sequence[LayerOutput]) -> list[LayerOutput]:
    """Layers of a folder's results in the groups, names and order of the run that made them; with
    the pictures that it showed below them.

    Parameters
    ----------
    folder : Path
        Of the catalogue.
    view : sequence
        As :func:`describe_view` made it; what is none of it is left out, for a catalogue may come
        from anybody.
    layers : sequence of LayerOutput
        What the items tell; those that the view does not know come last, as they are.
    """
    known = {layer.path.resolve(): layer for layer in layers}
    arranged: dict[Path, LayerOutput] = {}
    for row in view:
        try:
            path = (folder / str(row["href"])).resolve()
            layer = known.get(path) or _picture(folder, path, row)
            if layer is None:
                continue
            arranged[path] = replace(
                layer,
                title=str(row["title"]),
                group=str(row["group"]),
                above=str(row["above"]),
                visible=bool(row["visible"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            continue
    rest = [layer for path, layer in known.items() if path not in arranged]
    return [*rest, *arranged.values()]


def _picture(folder: Path, path: Path, row: Any) -> LayerOutput | None:
    """A stack that was shown; only one that reads nothing but files of this folder."""
    home = folder.resolve()
    if path.suffix.lower() != ".vrt" or not path.is_relative_to(home) or not path.is_file():
        return None
    try:
        sources = check_vrt_sources(path)
    except FirstLightError:
        return None
    files = [file.resolve() for file in sources.files]
    if sources.outside or not all(file.is_relative_to(home) for file in files):
        return None
    moment = row["datetime"]
    return LayerOutput(
        path,
        "",
        PICTURE_STYLE,
        "",
        parse_time(str(moment)) if moment else None,
        str(row["description"]),
    )
