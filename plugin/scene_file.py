"""Writing the list of scenes in the dock to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core.monitor import Monitor
from ..core.operation import Operation, OperationResult
from ..core.operations.scene_list import write_footprints
from ..core.params import Kind, param
from ..core.settings import Settings
from ..core.types import SceneItem


@dataclass(frozen=True, kw_only=True)
class SaveParams:
    """What goes where."""

    path: Path = param(kind=Kind.VECTOR_OUT, title="File")
    scenes: tuple[SceneItem, ...] = ()


def save_scenes(params: SaveParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Write them; a thousand take a while, so not on the main thread."""
    write_footprints(params.path, params.scenes)
    return OperationResult(data=None, text=str(params.path), value=params.path)


SAVE_SCENES = Operation(
    name="save-scenes",
    title="Save the list of scenes",
    group="",
    summary="Writes the scenes of the list to a file.",
    params=SaveParams,
    run=save_scenes,
)
"""Of the dock alone: the other doors write a list where they find it."""
