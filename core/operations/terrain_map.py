"""Compute slope and height above drainage of an area, and write them with their provenance."""

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
from ..discovery.catalogs import Catalog
from ..monitor import EventQueue, Level, Monitor, Note, PartMonitor
from ..mosaic.reader import MosaicReader
from ..mosaic.scene_plan import MosaicPlan
from ..mosaic.virtual_index import build_index
from ..operation import (
    LayerOutput,
)
from ..products.result_record import (
    InputRecord,
    LayerFigures,
    LayerRecord,
    ResultRecord,
    record_input,
)
from ..products.stac_catalogue import write_catalogue
from ..raster.grid import Window
from ..raster.reader import RasterReader
from ..recipes.stacks import describe_input, prepare_folder
from ..settings import Settings
from ..stack.borrowed import borrowed_files
from ..terrain.heights import (
    BAND,
    MetricArea,
    find_heights,
    heights_of_file,
    lay_grid,
    unusable,
)
from ..terrain.layers import LAYERS, Terrain, TerrainJob, compute_terrain
from ..terrain.voids import declare_voids
from ..types import AlgorithmResult, Grid, SceneItem
from ..workers import run_in_background

REFERENCES = {
    "slope": "Horn 1981, doi:10.1109/PROC.1981.11918",
    "hand": "Nobre et al. 2011, doi:10.1016/j.jhydrol.2011.03.051",
    "flow": "Cordonnier, Bovy & Braun 2019, doi:10.5194/esurf-7-549-2019",
}
FORMULA = "hand = filled height - filled height of the first drainage pixel downstream (D8)"
RESOLUTION_M = 30.0
"""Pixel size of the Copernicus DEM."""
DRAINAGE_KM2 = 1.0
BUFFER_KM = 5.0
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
"""Text that the licence of the Copernicus DEM asks of every copy and product."""


@dataclass(frozen=True)
class TerrainRequest:
    """Area and heights of which slope and HAND are computed, and their folder."""

    area: MetricArea
    output: Path
    catalog: Catalog
    """Searched for heights where there is no ``dem``."""
    dem: Path | None = None
    """A raster of heights."""
    dem_unit: str = ""
    """Its unit; empty for what it says itself, else metres."""
    inputs: tuple[Path, ...] = ()
    """Files that must not be replaced."""
    drainage_km2: float = DRAINAGE_KM2
    buffer_km: float = BUFFER_KM
    resolution_m: float = RESOLUTION_M
    whole: bool = False
    """The height model is taken to its edges."""

    def parameters(self) -> dict[str, float | str]:
        """Options, for the provenance."""
        return {
            "drainage_km2": self.drainage_km2,
            "buffer_km": self.buffer_km,
            "resolution_m": self.resolution_m,
            **({"dem_unit": self.dem_unit} if self.dem_unit else {}),
        }


def map_terrain(
    request: TerrainRequest, settings: Settings, monitor: Monitor
) -> tuple[AlgorithmResult, list[LayerOutput]]:
    """Find the heights, compute slope and HAND, and write all three.

    Raises
    ------
    InputError
        If an output would replace an input.
    NoScenesError, DiscoveryError
        If the catalogue has no heights there, or cannot be searched.
    AlgorithmError
        If memory is short, or the area has no height at all.
    AccessError, RasterError, Cancelled
        If the heights cannot be read or a layer cannot be written.
    """
    files = [f"{name}.tif" for name in LAYERS]
    paths = dict(zip(LAYERS, prepare_folder(request.output, files, request.inputs)))
    grid, window = lay_grid(request.area, request.resolution_m, request.buffer_km)
    cells, doubts = _find_cells(request, grid, settings, PartMonitor(monitor, 0.0, 0.05))
    part = PartMonitor(monitor, 0.05, 0.1)
    index = build_index(cells, (BAND,), Access(settings), part, keep_going=False)
    plan = index.plan(grid)
    tags = _tags(request, cells)
    job = TerrainJob(grid, window, request.drainage_km2, paths, tags)
    with MosaicReader(plan) as reader:
        terrain = compute_terrain(reader, job, settings, PartMonitor(monitor, 0.1, 1.0))
    statistics = _statistics(terrain)
    borrowed = [text for path in request.inputs for text in borrowed_files(path)]
    warnings = (*borrowed, *doubts, *_warnings(statistics, request.whole))
    for text in warnings:
        monitor.emit(Note(Level.WARNING, text))
    provenance = _provenance(request, plan, cells, grid, window, tags)
    note = " ".join(tags[key] for key in ("note", "credit") if key in tags)
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
        formula=FORMULA,
        note=note,
        warnings=warnings,
        statistics=statistics,
    )
    item = _catalogue(record, cells, request.dem, monitor)
    result = AlgorithmResult(
        {**paths, "provenance": item}, statistics, "hand", provenance, warnings
    )
    about = " ".join([*(f"{text}." for text in warnings), note]).strip()
    group = f"Terrain, {request.output.name}"
    layers = [
        LayerOutput(paths[name], TITLES[name], name, group, abstract=about)
        for name in reversed(list(LAYERS))
    ]
    return result, layers


def _find_cells(
    request: TerrainRequest, grid: Grid, settings: Settings, monitor: Monitor
) -> tuple[tuple[SceneItem, ...], list[str]]:
    """The cells of a height model, and what is to be known of them."""
    if request.dem is None:
        return find_heights(grid, request.catalog.reference, settings, monitor), []
    path, item = request.dem, heights_of_file(request.dem, request.dem_unit)
    rule = item.bands[BAND].radiometry
    events = EventQueue(monitor)
    declared, warnings = run_in_background(
        lambda: declare_voids(path, rule, grid, unusable(path), events.stop.is_set), events
    )
    if rule.reason.startswith("in metres"):
        warnings = [f"Heights of {path.name} were brought to metres, {rule.reason[11:]}", *warnings]
    band = replace(item.bands[BAND], radiometry=declared)
    return (replace(item, bands={BAND: band}),), warnings


def _tags(request: TerrainRequest, cells: tuple[SceneItem, ...]) -> dict[str, str]:
    tags = {
        "software": PRODUCT,
        "operation": "terrain",
        "reference": "; ".join(REFERENCES.values()),
        "drainage_km2": f"{request.drainage_km2:g}",
        "scenes": ",".join(cell.id for cell in cells),
    }
    if any(cell.collection == "cop-dem-glo-30" for cell in cells):
        tags |= {"note": SURFACE_NOTE, "credit": CREDIT}
    return tags


def _provenance(
    request: TerrainRequest,
    plan: MosaicPlan,
    cells: tuple[SceneItem, ...],
    grid: Grid,
    window: Window,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    used = {scene.id for scene in plan.scenes}
    return {
        "software": PRODUCT,
        "operation": "terrain",
        "parameters": request.parameters(),
        "formula": FORMULA,
        "reference": tags["reference"],
        "inputs": {"heights": [_describe(cell, request.dem) for cell in cells if cell.id in used]},
        "grid": {
            "crs": grid.crs,
            "resolution": list(grid.resolution),
            "shape": [window.rows, window.cols],
        },
        **{key: tags[key] for key in ("note", "credit") if key in tags},
    }


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
            with RasterReader(file) as reader:
                return (
                    record_input(
                        "dem", file, reader.facts.tags, reader.state(), events.stop.is_set
                    ),
                )
        facts = [
            {
                "item_id": cell.id,
                "sensor": cell.sensor,
                "catalog": cell.catalog,
                "collection": cell.collection,
            }
            for cell in cells
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
        with RasterReader(file) as reader:
            return describe_input(reader)
    return {
        "item_id": cell.id,
        "catalog": cell.catalog,
        "collection": cell.collection,
        "href": cell.bands[BAND].href,
    }


def _statistics(terrain: Terrain) -> dict[str, Any]:
    layers = {name: _figures(stored, LAYERS[name]) for name, stored in terrain.layers.items()}
    pixels, known = terrain.layers["dem"].pixels, terrain.layers["dem"].observed
    return {
        "height_known_percent": 100 * known / pixels,
        "no_drainage_percent": 100 * terrain.no_drainage / pixels,
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
    warnings = []
    unknown, adrift = 100 - statistics["height_known_percent"], statistics["no_drainage_percent"]
    if unknown:
        warnings.append(
            f"No height is known for {unknown:.2g} % of the area: slope and HAND are missing there"
        )
    if adrift:
        warnings.append(
            f"HAND is not known for {adrift:.2g} % of the area: its water leaves the heights "
            "before any drainage. A larger ‘terrain.buffer’ or a smaller ‘terrain.drainage’ finds "
            "more of it"
        )
    if whole:
        warnings.append(
            "The height model is taken to its edges: near them HAND is too high. "
            "Streams that come from outside are missed"
        )
    return tuple(warnings)
