"""Slope and height above the nearest drainage, from a height model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..algorithms.kernel import Layer
from ..cog.statistics import BandStatistics
from ..discovery.access import Access
from ..discovery.area import parse_area
from ..errors import InputError
from ..maps.stacks import describe_input, prepare_folder
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor
from ..mosaic.reader import MosaicReader
from ..mosaic.virtual_index import build_index
from ..operation import AlgorithmInfo, LayerOutput, Operation, OperationResult, Output
from ..params import param
from ..products.result_record import (
    InputRecord,
    LayerFigures,
    LayerRecord,
    ResultRecord,
    record_input,
)
from ..products.stac_catalogue import write_catalogue
from ..raster.reader import StackReader
from ..settings import Settings
from ..terrain.heights import (
    BAND,
    Place,
    find_heights,
    heights_of_file,
    lay_grid,
    place_of_area,
    place_of_raster,
)
from ..terrain.layers import LAYERS, Terrain, TerrainJob, compute_terrain
from ..types import AlgorithmResult, SceneItem
from ..workers import run_in_background
from .search_params import AREA_HELP, catalog_param

REFERENCES = {
    "slope": "Horn 1981, doi:10.1109/PROC.1981.11918",
    "hand": "Nobre et al. 2011, doi:10.1016/j.jhydrol.2011.03.051",
    "flow": "Cordonnier, Bovy & Braun 2019, doi:10.5194/esurf-7-549-2019",
}
RESOLUTION_M = 30.0
"""As the Copernicus DEM has it."""
TITLES = {
    "dem": "Height (m)",
    "slope": "Slope (°)",
    "hand": "Height above the nearest drainage (m)",
}
SURFACE_NOTE = (
    "The Copernicus DEM is a surface model: over forest and roofs it is their "
    "height, and bridges and dams hold water back."
)
CREDIT = (
    "© DLR e.V. 2010-2014 and © Airbus Defence and Space GmbH 2014-2018 provided under "
    "COPERNICUS by the European Union "
    "and ESA; all rights reserved"
)
"""What the licence of the Copernicus DEM asks every copy and product to say."""


@dataclass(frozen=True, kw_only=True)
class TerrainParams:
    """Which place, from which heights."""

    area: str | None = param(
        None, kind="area", title="Area", help=f"{AREA_HELP} The layers are of the box around it."
    )
    like: Path | None = param(
        None,
        kind="raster_in",
        title="Area of a stack",
        help="Instead of an area: the place that this raster shows.",
    )
    dem: Path | None = param(
        None,
        kind="raster_in",
        title="Height model",
        help="A raster of heights in metres; if not given, the catalogue's Copernicus DEM is "
        "fetched.",
    )
    catalog: str = catalog_param()
    drainage: float = param(
        1.0,
        kind="number",
        title="Drainage begins at (km²)",
        help="A water course begins where so much land drains through a pixel; less "
        "gives more, smaller ones.",
        minimum=0.001,
        maximum=100000,
    )
    buffer: float = param(
        5.0,
        kind="number",
        title="Surroundings (km)",
        help="Heights are used so far around the area, for water that comes from there "
        "or goes there.",
        minimum=0,
        maximum=200,
        advanced=True,
    )
    resolution: float | None = param(
        None,
        kind="number",
        title="Pixel size (m)",
        help="30 if not given; for the whole of a height model in metres (UTM), its own.",
        minimum=1,
        maximum=1000,
        advanced=True,
    )
    output: Path = param(
        kind="folder_out", title="Folder", help="Gets dem.tif, slope.tif and hand.tif."
    )


def map_terrain(
    params: TerrainParams, settings: Settings, monitor: Monitor
) -> tuple[AlgorithmResult, list[LayerOutput]]:
    """Find the heights, compute slope and HAND, and write all three.

    Raises
    ------
    InputError
        If no place is given or two are, or an output would replace an input.
    NoScenesError, DiscoveryError
        If the catalogue has no heights there, or cannot be searched.
    AlgorithmError
        If memory is short, or the area has no height at all.
    AccessError, RasterError, Cancelled
        If the heights cannot be read or a layer cannot be written.
    """
    given = [path for path in (params.like, params.dem) if path is not None]
    paths = dict(
        zip(LAYERS, prepare_folder(params.output, [f"{name}.tif" for name in LAYERS], given))
    )
    own = heights_of_file(params.dem) if params.dem else None
    place = _place(params)
    whole = params.area is None and params.like is None
    resolution = params.resolution or (place.own_m if whole else None) or RESOLUTION_M
    buffer_km = 0.0 if whole else params.buffer
    grid, window = lay_grid(place, resolution, buffer_km)
    cells = (
        (own,)
        if own
        else find_heights(grid, params.catalog, settings, PartMonitor(monitor, 0.0, 0.05))
    )
    index = build_index(
        cells, (BAND,), Access(settings), PartMonitor(monitor, 0.05, 0.1), keep_going=False
    )
    plan = index.plan(grid)
    tags = _tags(params, cells)
    job = TerrainJob(grid, window, params.drainage, paths, tags)
    with MosaicReader(plan) as reader:
        made = compute_terrain(reader, job, settings, PartMonitor(monitor, 0.1, 1.0))
    statistics = _statistics(made)
    warnings = _warnings(statistics, whole)
    for text in warnings:
        monitor.emit(Note(Level.WARNING, text))
    about_model = " ".join(tags[key] for key in ("note", "credit") if key in tags)
    provenance: dict[str, Any] = {
        "software": PRODUCT,
        "operation": "terrain",
        "parameters": {
            "drainage_km2": params.drainage,
            "buffer_km": buffer_km,
            "resolution_m": resolution,
        },
        "formula": "hand = filled height - filled height of the first drainage pixel downstream "
        "(D8)",
        "reference": "; ".join(REFERENCES.values()),
        "inputs": {
            "heights": [
                _describe(cell, params.dem)
                for cell in cells
                if cell.id in {one.id for one in plan.scenes}
            ]
        },
        "grid": {
            "crs": grid.crs,
            "resolution": list(grid.resolution),
            "shape": [window.rows, window.cols],
        },
        **({"note": tags["note"], "credit": tags["credit"]} if "note" in tags else {}),
    }
    record = ResultRecord(
        operation="terrain",
        title="Slope and height above drainage",
        created=datetime.now(timezone.utc),
        layers=tuple(
            LayerRecord(paths[name], _layer(name), _record(statistics["layers"][name]))
            for name in LAYERS
        ),
        inputs=(),
        parameters=provenance["parameters"],
        reference=provenance["reference"],
        formula=provenance["formula"],
        note=about_model,
        warnings=warnings,
        statistics=statistics,
    )
    item = _catalogue(record, cells, params.dem, monitor)
    result = AlgorithmResult(
        {**paths, "provenance": item}, statistics, "hand", provenance, warnings
    )
    about = " ".join([*(f"{text}." for text in warnings), about_model]).strip()
    layers = [
        LayerOutput(
            paths[name], TITLES[name], name, f"Terrain, {params.output.name}", abstract=about
        )
        for name in reversed(list(LAYERS))
    ]
    return result, layers


def _place(params: TerrainParams) -> Place:
    """The area, else what the stack shows, else all of the height model."""
    if params.area is not None and params.like is not None:
        raise InputError(
            "Terrain cannot be mapped", "an area and a stack are given at once", "Give one of them."
        )
    if params.area is not None:
        return place_of_area(parse_area(params.area))
    source = params.like or params.dem
    if source is None:
        raise InputError(
            "Terrain cannot be mapped",
            "no place is given",
            "Give ‘terrain.area’, ‘terrain.like’ or ‘terrain.dem’.",
        )
    return place_of_raster(source)


def _tags(params: TerrainParams, cells: tuple[SceneItem, ...]) -> dict[str, str]:
    tags = {
        "software": PRODUCT,
        "operation": "terrain",
        "reference": "; ".join(REFERENCES.values()),
        "drainage_km2": f"{params.drainage:g}",
        "scenes": ",".join(cell.id for cell in cells),
    }
    if any(cell.collection == "cop-dem-glo-30" for cell in cells):
        tags |= {"note": SURFACE_NOTE, "credit": CREDIT}
    return tags


def _layer(name: str) -> Layer:
    return Layer(name, TITLES[name], (-math.inf, math.inf), name)


def _record(figures: Mapping[str, Any]) -> LayerFigures:
    return LayerFigures(
        valid_percent=figures["observed_percent"],
        minimum=figures["min"],
        maximum=figures["max"],
        mean=figures["mean"],
    )


def _catalogue(
    record: ResultRecord, cells: tuple[SceneItem, ...], file: Path | None, monitor: Monitor
) -> Path:
    """Describe the result as a STAC item beside it. The heights that were read of a catalogue's
    cells are those in dem.tif.
    """
    heights = record.layers[0].path
    events = EventQueue(monitor)

    def inputs() -> tuple[InputRecord, ...]:
        if file is not None:
            with StackReader(file) as reader:
                return (
                    record_input(
                        "dem", file, reader.facts.tags, reader.state(), events.stop.is_set
                    ),
                )
        facts = [
            {
                "item_id": one.id,
                "sensor": one.sensor,
                "catalog": one.catalog,
                "collection": one.collection,
            }
            for one in cells
        ]
        return tuple(record_input(tags["item_id"], heights, tags, ()) for tags in facts)

    return run_in_background(
        lambda: write_catalogue(
            heights.parent, replace(record, inputs=inputs()), events.stop.is_set
        ),
        events,
    )


def _describe(cell: SceneItem, file: Path | None) -> dict[str, Any]:
    if file is not None:
        with StackReader(file) as reader:
            return describe_input(reader)
    return {
        "item_id": cell.id,
        "catalog": cell.catalog,
        "collection": cell.collection,
        "href": cell.bands[BAND].href,
    }


def _statistics(made: Terrain) -> dict[str, Any]:
    layers = {name: _figures(one, LAYERS[name]) for name, one in made.layers.items()}
    pixels, known = made.layers["dem"].pixels, made.layers["dem"].observed
    return {
        "height_known_percent": 100 * known / pixels,
        "no_drainage_percent": 100 * made.no_drainage / pixels,
        "observed_percent": layers["hand"]["observed_percent"],
        "layers": layers,
    }


def _figures(stored: BandStatistics, unit: str) -> dict[str, Any]:
    seen = stored.observed > 0
    return {
        "unit": unit,
        "min": stored.low if seen else None,
        "max": stored.high if seen else None,
        "mean": stored.mean if seen else None,
        "observed_percent": 100 * stored.observed / stored.pixels,
        "pixels": stored.pixels,
    }


def _warnings(statistics: Mapping[str, Any], whole: bool) -> tuple[str, ...]:
    found = []
    unknown, adrift = 100 - statistics["height_known_percent"], statistics["no_drainage_percent"]
    if unknown:
        found.append(
            f"No height is known for {unknown:.2g} % of the area: slope and HAND are missing there"
        )
    if adrift:
        found.append(
            f"HAND is not known for {adrift:.2g} % of the area: its water leaves the "
            "heights before any drainage. A larger ‘terrain.buffer’ or a smaller "
            "‘terrain.drainage’ finds more of it"
        )
    if whole:
        found.append(
            "The height model is taken to its edges: near them HAND is too high. "
            "Streams that come from outside are missed"
        )
    return tuple(found)


def run_terrain(params: TerrainParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Map, and say what is known of how much."""
    result, layers = map_terrain(params, settings, monitor)
    figures = result.statistics
    rows = []
    for name, one in figures["layers"].items():
        values = (
            "no data"
            if one["mean"] is None
            else f"{one['min']:.1f} to {one['max']:.1f}, mean {one['mean']:.1f} {one['unit']}"
        )
        rows.append(
            f"{name}: {result.outputs[name]}: {values}, {one['observed_percent']:.1f} % of the area"
        )
    note = result.provenance.get("note")
    return OperationResult(
        data=result.to_dict(),
        text="\n".join([*rows, *([note] if note else []), *result.warnings]),
        layers=tuple(layers),
        outputs={
            **{name: str(path) for name, path in result.outputs.items() if name in LAYERS},
            "no_drainage_percent": figures["no_drainage_percent"],
        },
        value=result,
    )


TERRAIN = Operation(
    name="terrain",
    title="Slope and height above drainage",
    group="Flood",
    summary="Fetches the Copernicus height model of an area (or takes a file) and computes "
    "slope and HAND, the height above the "
    "nearest drainage: what floods are checked against.",
    params=TerrainParams,
    run=run_terrain,
    outputs=(
        Output("dem", "Heights", "raster"),
        Output("slope", "Slope", "raster"),
        Output("hand", "Height above drainage", "raster"),
        Output("no_drainage_percent", "Without drainage (%)", "number"),
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
