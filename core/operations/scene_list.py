"""Scenes as every door shows them: a line for each, JSON, and their footprints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..discovery.items_file import footprints_geojson
from ..errors import InputError
from ..files.atomic import WriteFailure, write_whole
from ..operation import LayerOutput, OperationResult
from ..scenes.find import Discovery
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
    layers = () if footprints is None else (write_footprints(footprints, discovery.scenes),)
    return OperationResult(
        data=lambda: [scene.to_dict() for scene in discovery.scenes],
        text=joined(_line(scene) for scene in discovery.scenes),
        layers=layers,
        outputs={"count": len(discovery.scenes)},
        value=discovery,
    )


def write_footprints(path: Path, scenes: Sequence[SceneItem]) -> LayerOutput:
    """Write scenes with all that ingest needs as GeoJSON.

    Raises
    ------
    InputError
        If that cannot be done.
    """
    failure = WriteFailure(
        f"The scenes cannot be written to {path}", "Choose another file.", InputError
    )
    write_whole(path, json.dumps(footprints_geojson(scenes)), failure)
    return LayerOutput(
        path, "Scenes", "footprints", "Scenes", abstract="Footprints of the scenes found"
    )


def _line(scene: SceneItem) -> str:
    cloud = "cloud unknown" if scene.cloud_percent is None else f"{scene.cloud_percent:.0f} % cloud"
    if scene.clear_percent is not None:
        cloud = f"{scene.clear_percent:.0f} % clear"
    missing = f", lacks {', '.join(scene.missing_bands)}" if scene.missing_bands else ""
    return (
        f"{format_time(scene.datetime)}  {scene.sensor:<9}  {cloud:<13}  "
        f"{scene.size_bytes / 1e6:7.1f} MB  {scene.access:<11}  {scene.id}{missing}"
    )
