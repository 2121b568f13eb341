"""Slope and height above the nearest drainage, from a height model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.catalogs import Catalog
from ..errors import InputError
from ..monitor import Monitor
from ..operation import (
    AlgorithmInfo,
    Operation,
    OperationResult,
    Output,
    OutputKind,
)
from ..params import Kind, param
from ..settings import Settings
from ..terrain.heights import (
    MetricArea,
    heights_of_file,
    metric_area,
    metric_area_of,
)
from ..terrain.layers import LAYERS
from ..text import joined
from ..types import Aoi
from .search_params import AREA_HELP, catalog_param
from .terrain_map import (
    BUFFER_KM,
    DRAINAGE_KM2,
    REFERENCES,
    RESOLUTION_M,
    TerrainRequest,
    map_terrain,
)

DEM_UNITS = ("m", "ft", "us-ft")


@dataclass(frozen=True, kw_only=True)
class TerrainParams:
    """Area, heights and options."""

    area: Aoi | None = param(
        None, kind=Kind.AREA, title="Area", help=f"{AREA_HELP} The layers are of the box around it."
    )
    like: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Area of a stack",
        help="Instead of an area: the place that this raster shows.",
    )
    dem: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Height model",
        help="A raster of heights, in metres if it names no other unit; if not given, the "
        "catalogue's Copernicus DEM is fetched.",
    )
    dem_unit: str | None = param(
        None,
        kind=Kind.CHOICE,
        title="Unit of the height model",
        choices=DEM_UNITS,
        labels={"m": "Metres", "ft": "Feet", "us-ft": "US survey feet"},
        help="If not given, as the height model says by its band's unit or its vertical "
        "coordinate system, else metres.",
        advanced=True,
    )
    catalog: Catalog = catalog_param()
    drainage: float = param(
        DRAINAGE_KM2,
        kind=Kind.NUMBER,
        title="Drainage begins at (km²)",
        help="A water course begins where so much land drains through a pixel; less "
        "gives more, smaller ones.",
        minimum=0.001,
        maximum=100000,
    )
    buffer: float = param(
        BUFFER_KM,
        kind=Kind.NUMBER,
        title="Surroundings (km)",
        help="Heights are used so far around the area, for water that comes from there "
        "or goes there.",
        minimum=0,
        maximum=200,
        advanced=True,
    )
    resolution: float | None = param(
        None,
        kind=Kind.NUMBER,
        title="Pixel size (m)",
        help="30 if not given; for the whole of a height model in metres (UTM), its own.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    output: Path = param(
        kind=Kind.FOLDER_OUT, title="Folder", help="Gets dem.tif, slope.tif and hand.tif."
    )


def _request(params: TerrainParams) -> TerrainRequest:
    """Request of the area, else of what the stack shows, else of all of the height model.

    Raises
    ------
    InputError
        If no area is given or two are, or the height model cannot be used.
    """
    if params.dem is not None:
        heights_of_file(
            params.dem, params.dem_unit or ""
        )  # a file that cannot be one is named as a height model
    area = _metric_area(params)
    whole = params.area is None and params.like is None
    return TerrainRequest(
        area,
        params.output,
        params.catalog,
        params.dem,
        params.dem_unit or "",
        tuple(path for path in (params.like, params.dem) if path is not None),
        params.drainage,
        0.0 if whole else params.buffer,
        params.resolution or (area.own_m if whole else None) or RESOLUTION_M,
        whole,
    )


def _metric_area(params: TerrainParams) -> MetricArea:
    if params.area is not None and params.like is not None:
        raise InputError(
            "Terrain cannot be mapped", "an area and a stack are given at once", "Give one of them."
        )
    if params.area is not None:
        return metric_area(params.area)
    source = params.like or params.dem
    if source is None:
        raise InputError(
            "Terrain cannot be mapped",
            "no place is given",
            "Give ‘terrain.area’, ‘terrain.like’ or ‘terrain.dem’.",
        )
    return metric_area_of(source)


def run_terrain(params: TerrainParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and list the layers with their figures."""
    result, layers = map_terrain(_request(params), settings, monitor)
    figures = result.statistics
    rows = []
    for name, layer in figures["layers"].items():
        values = "no data"
        if layer["mean"] is not None:
            span = f"{layer['min']:.1f} to {layer['max']:.1f}"
            values = f"{span}, mean {layer['mean']:.1f} {layer['unit']}"
        seen = f"{layer['observed_percent']:.1f} % of the area"
        rows.append(f"{name}: {result.outputs[name]}: {values}, {seen}")
    note = result.provenance.get("note")
    return OperationResult(
        data=result.to_dict(),
        text=joined([*result.warnings, *rows, *([note] if note else [])]),
        layers=tuple(layers),
        outputs={
            **{name: str(path) for name, path in result.outputs.items() if name in LAYERS},
            "no_drainage_percent": figures["no_drainage_percent"],
        },
        value=result,
        warnings=tuple(result.warnings),
    )


TERRAIN = Operation(
    name="terrain",
    title="Slope and height above drainage",
    group="Flood",
    summary="Computes slope and HAND, the height above the nearest drainage, of an "
    "area. Heights are those of the Copernicus model, which is fetched, or of a "
    "file; floods are checked against them.",
    params=TerrainParams,
    run=run_terrain,
    outputs=(
        Output("dem", "Heights", OutputKind.RASTER),
        Output("slope", "Slope", OutputKind.RASTER),
        Output("hand", "Height above drainage", OutputKind.RASTER),
        Output("no_drainage_percent", "Without drainage (%)", OutputKind.NUMBER),
    ),
    algorithm=AlgorithmInfo(
        events=("flood",),
        bands=(),
        references=tuple(REFERENCES.values()),
        limits="Not for towns, canals and diked land: a surface model of 30 m knows neither "
        "gates nor dikes, and heights are "
        "some metres off. Not to tell how deep a flood stands. Near the edges of a height model "
        "HAND is too high.",
    ),
)
