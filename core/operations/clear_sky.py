"""Look at the sky over the area in scenes that were found: the clear share of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.access import Access
from ..discovery.area import parse_area
from ..discovery.clear_sky import look_at_sky
from ..discovery.items_file import read_items
from ..errors import InputError
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output
from ..params import param
from ..settings import Settings
from ..types import SceneItem
from .discover import SORT_KEYS, Discovery, scenes_result
from .search_params import AREA_HELP


@dataclass(frozen=True, kw_only=True)
class ClearSkyParams:
    """Which scenes, over which area."""

    items: Path | None = param(
        None, kind="file_in", title="Scenes", help="The scenes of a search (JSON or GeoJSON)."
    )
    area: str = param(kind="area", title="Area", help=AREA_HELP)
    footprints: Path | None = param(
        None,
        kind="vector_out",
        title="Scenes with clear share",
        help="GeoJSON file to write them to.",
        suffix=".geojson",
    )
    scenes: tuple[SceneItem, ...] = ()
    """For callers in Python: the scenes themselves, instead of ``items``."""


def run_clear_sky(params: ClearSkyParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Look, and put the clearest first."""
    aoi = parse_area(params.area)
    if not params.scenes and params.items is None:
        raise InputError(
            "The clear sky cannot be measured",
            "no scenes are given",
            "Give the JSON or GeoJSON of ‘flight discover’.",
        )
    scenes = params.scenes or tuple(read_items(params.items))  # type: ignore[arg-type]
    looked = look_at_sky(scenes, aoi, monitor, Access(settings))
    return scenes_result(
        Discovery(tuple(sorted(looked, key=SORT_KEYS["cloud"])), aoi, ()), params.footprints
    )


CLEAR_SKY = Operation(
    name="clear-sky",
    title="Clear sky over the area",
    group="Scenes",
    summary="Reads a small picture of the cloud mask of each scene: how much of the area is free "
    "of cloud.",
    params=ClearSkyParams,
    run=run_clear_sky,
    outputs=(Output("count", "Number of scenes", "number"),),
)
