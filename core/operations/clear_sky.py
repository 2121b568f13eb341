"""Look at the sky over the area in scenes that were found: the clear share of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.access import Access
from ..discovery.clear_sky import look_at_sky
from ..discovery.linked.scene_factors import read_scenes
from ..errors import InputError
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import Kind, param
from ..scenes.find import Discovery, SceneOrder
from ..settings import Settings
from ..types import Aoi, SceneItem
from .scene_list import scenes_result
from .search_params import area_param


@dataclass(frozen=True, kw_only=True)
class ClearSkyParams:
    """Scenes and area to look at."""

    items: Path | None = param(
        None, kind=Kind.FILE_IN, title="Scenes", help="The scenes of a search (JSON or GeoJSON)."
    )
    area: Aoi = area_param()
    footprints: Path | None = param(
        None,
        kind=Kind.VECTOR_OUT,
        title="Scenes with clear share",
        help="GeoJSON file to write them to.",
        suffix=".geojson",
    )
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items``."""


def run_clear_sky(params: ClearSkyParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Look, and put the clearest first."""
    scenes = params.scenes
    if not scenes:
        if params.items is None:
            raise InputError(
                "The clear sky cannot be measured",
                "no scenes are given",
                "Give the JSON or GeoJSON of ‘flight discover’.",
            )
        scenes = tuple(read_scenes(params.items, settings, monitor))
    looked = tuple(look_at_sky(scenes, params.area, monitor, Access(settings)))
    discovery = Discovery(looked, params.area).sorted(SceneOrder.CLOUD)
    return scenes_result(discovery, params.footprints)


CLEAR_SKY = Operation(
    name="clear-sky",
    title="Clear sky over the area",
    group="Scenes",
    summary="Reads a small picture of the cloud mask of each scene: how much of the area is free "
    "of cloud.",
    params=ClearSkyParams,
    run=run_clear_sky,
    outputs=(Output("count", "Number of scenes", OutputKind.NUMBER),),
)
