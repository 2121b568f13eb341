"""Scenes as every door shows them: a line for each, JSON, and their footprints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..files.atomic import WriteFailure, write_whole
from ..operation import LayerOutput, OperationResult
from ..scenes.find import Discovery
from ..scenes.list_files import TEXTS, scene_list_text
from ..text import joined
from ..types import SceneItem, format_time


def scenes_result(discovery: Discovery, footprints: Path | None) -> OperationResult:
    """Result of an operation that finds scenes.

    Parameters
    ----------
    footprints : Path, optional
        Where to write them as GeoJSON.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    layers = () if footprints is None else write_footprints(footprints, discovery.scenes)
    return OperationResult(
        data=lambda: [scene.to_dict() for scene in discovery.scenes],
        text=joined(_line(scene) for scene in discovery.scenes),
        layers=layers,
        outputs={"count": len(discovery.scenes)},
        value=discovery,
    )


def write_footprints(path: Path, scenes: Sequence[SceneItem]) -> tuple[LayerOutput, ...]:
    """Write scenes as their file's name says: as GeoJSON with all that ingest needs, as a table
    (``.csv``) or as STAC items (``.json``); the first is a layer for the map.

    Raises
    ------
    InputError
        If that cannot be done.
    """
    failure = WriteFailure(
        f"The scenes cannot be written to {path}", "Choose another file.", InputError
    )
    write_whole(path, scene_list_text(path, scenes), failure)
    if path.suffix.lower() in TEXTS:
        return ()
    abstract = "Footprints of the scenes found"
    return (LayerOutput(path, "Scenes", "footprints", "Scenes", abstract=abstract),)


def _line(scene: SceneItem) -> str:
    cloud = "cloud unknown" if scene.cloud_percent is None else f"{scene.cloud_percent:.0f} % cloud"
    if scene.clear_percent is not None:
        cloud = f"{scene.clear_percent:.0f} % clear"
    missing = f", lacks {', '.join(scene.missing_bands)}" if scene.missing_bands else ""
    return (
        f"{format_time(scene.datetime)}  {scene.sensor:<9}  {cloud:<13}  "
        f"{scene.size_bytes / 1e6:7.1f} MB  {scene.access:<11}  {scene.id}{missing}"
    )
