"""One context layer over an area: land cover, water as it usually is, heights, burned area; from
where the catalogue's tiles lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ... import PRODUCT
from ...cog.raster_spec import BLOCK, RasterSpec, encode
from ...cog.statistics import BandStatistics
from ...cog.writer import CogWriter
from ...discovery.access import Access
from ...discovery.catalogs import Catalog
from ...discovery.stac_client import SceneSearch
from ...enums import Unit
from ...errors import Cancelled, InputError, NoScenesError
from ...execution.router import thread_count
from ...gdal.area_outline import area_bounds
from ...moment import Moment
from ...monitor import EventQueue, Level, Monitor, Note, PartMonitor, Progress
from ...mosaic.reader import MosaicReader
from ...mosaic.scene_plan import MosaicPlan
from ...mosaic.virtual_index import build_index
from ...offers.context_layers import (
    BAND,
    ContextLayer,
    ContextOffer,
    layer_names,
    layer_titles,
    load_layers,
)
from ...operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...raster.grid import Window, grid_over, split_windows
from ...raster.physical import amplitude_to_decibel
from ...scenes.find import openable_scenes
from ...settings import Settings
from ...types import Aoi, SceneItem, SearchQuery, format_time
from ...workers import run_in_background, run_parallel
from ..search_params import area_param, catalog_param

MOST_TILES = 1000
"""Tiles of one search."""
MOST_PIXELS = 4_000_000_000
"""More than anybody waits for."""
NO_BACKSCATTER = -9999.0
"""Stored where a layer in dB has no data."""
MOST_NAMED = 20
"""Items in a file's tags."""


@dataclass(frozen=True, kw_only=True)
class ContextParams:
    """Layer, area, day and file."""

    layer: str = param(
        kind=Kind.CHOICE,
        title="Layer",
        choices=layer_names,
        labels=layer_titles,
        help="worldcover, water-occurrence, cop-dem-30 and others.",
    )
    area: Aoi = area_param()
    date: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="Day",
        help="Of layers that change, such as burned area; if not given, today.",
    )
    catalog: Catalog = catalog_param(
        "If not auto, only this one; auto: the first one whose files need no account."
    )
    output: Path = param(
        kind=Kind.RASTER_OUT,
        title="Layer file",
        help="GeoTIFF, in the pixels of the layer's own tiles.",
        suffix=".tif",
    )


def run_context(params: ContextParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Find the tiles, put them together, and write.

    Raises
    ------
    InputError
        If the catalogue does not have the layer, or the area is too large.
    NoScenesError, DiscoveryError
        If no tile covers the area, or the catalogue cannot be searched.
    AccessError, RasterError, Cancelled
        If the tiles cannot be opened or read.
    """
    layer = load_layers()[params.layer]
    offer = layer.choose(params.catalog)
    found = _find_tiles(layer, offer, params, settings, PartMonitor(monitor, 0.0, 0.1))
    tiles = openable_scenes(found, settings, monitor)
    index = build_index(
        tiles, (BAND,), Access(settings), PartMonitor(monitor, 0.1, 0.2), keep_going=False
    )
    like = index.scenes[0].bands[BAND].grid
    west, south, _, north = params.area.bounds
    # east of its western edge: else an area across the antimeridian would go around the Earth
    near = (west, south, west + 360.0, north)
    grid = grid_over(area_bounds(params.area.geometry, like.crs, near), like)
    if grid.shape[0] * grid.shape[1] > MOST_PIXELS:
        raise InputError(
            f"{layer.title} cannot be fetched",
            f"the area is {grid.shape[1]} × {grid.shape[0]} pixels",
            "Choose a smaller one.",
        )
    plan = index.plan(grid, method=layer.method)
    tags = _tags(layer, offer, tiles)
    figures = _write(plan, layer, params.output, tags, settings, PartMonitor(monitor, 0.2, 1.0))
    return _result(layer, tiles, params.output, plan, figures, monitor)


def _find_tiles(
    layer: ContextLayer,
    offer: ContextOffer,
    params: ContextParams,
    settings: Settings,
    monitor: Monitor,
) -> tuple[SceneItem, ...]:
    day = params.date or Moment.parse(datetime.now(timezone.utc).date())
    query = SearchQuery(
        params.area,
        day.first - timedelta(days=layer.days),
        day.last,
        layer.name,
        offer.catalog,
        limit=MOST_TILES,
        collection=offer.collection,
    )
    tiles = SceneSearch(query, settings, layer.sensor(offer)).next(monitor)
    if not tiles:
        span = f" on {format_time(day.first)[:10]}" if layer.dated else ""
        hint = "Name another day, or another area." if layer.dated else "Choose another area."
        raise NoScenesError(
            f"{layer.title} cannot be fetched", f"no tile covers the area{span}", hint
        )
    return tuple(_with_rule(tile, layer) for tile in tiles if BAND in tile.bands)


def _with_rule(tile: SceneItem, layer: ContextLayer) -> SceneItem:
    # without the grid that the item states: the header is read first, and weighed against the rule
    asset = replace(tile.bands[BAND], radiometry=layer.radiometry, grid=None)
    return replace(tile, bands={BAND: asset})


def _tags(layer: ContextLayer, offer: ContextOffer, tiles: Sequence[SceneItem]) -> dict[str, str]:
    names = [tile.id for tile in tiles[:MOST_NAMED]]
    more = len(tiles) - len(names)
    return {
        "software": PRODUCT,
        "operation": "context",
        "product": layer.title,
        "catalog": offer.catalog,
        "collection": offer.collection,
        "items": ", ".join(names) + (f" and {more} more" if more else ""),
        "datetime": format_time(tiles[0].datetime),
        "source": layer.source,
        "credit": layer.credit,
        **({"note": layer.note} if layer.note else {}),
        **{f"code_{each.code}": each.name for each in layer.classes},
    }


def _write(
    plan: MosaicPlan,
    layer: ContextLayer,
    output: Path,
    tags: dict[str, str],
    settings: Settings,
    monitor: Monitor,
) -> BandStatistics:
    """Read tile by tile and write; nothing stands under the output's name before it is whole."""
    events = EventQueue(monitor)
    is_class = layer.unit == Unit.CLASS
    with MosaicReader(plan) as reader:
        in_decibel = layer.calibration_db is not None
        spec = RasterSpec(
            plan.grid,
            "float32" if in_decibel else run_in_background(reader.dtype, events),
            NO_BACKSCATTER if in_decibel else layer.nodata,
            (layer.name,),
            tags,
            unit="" if is_class else layer.unit,
            colors={each.code: (*each.color, 255) for each in layer.classes},
            resampling="average" if layer.method == "bilinear" else "nearest",
            compression=settings.compression,
            block=min(BLOCK, settings.tile_size // 32 * 16),
        )
        parts = split_windows(spec.grid.shape, spec.span)
        done: list[None] = []
        with CogWriter(output, spec) as writer:

            def write(part: Window) -> None:
                values: npt.NDArray[np.float32] = reader.compose(part)[0]
                if layer.calibration_db is not None:
                    values = amplitude_to_decibel(values, layer.calibration_db)
                writer.write(part, encode(values, spec))
                done.append(None)
                text = f"{layer.title}: part {len(done)} of {len(parts)}"
                events.put(Progress(0.95 * len(done) / len(parts), text))

            run_parallel(write, parts, thread_count(reader.remote, settings), events)
            run_in_background(
                lambda: writer.finish(on_progress=lambda _: not events.stop.is_set()), events
            )
            if events.stop.is_set():
                raise Cancelled(f"Writing {output.name}")
            return writer.statistics()[0]


def _result(
    layer: ContextLayer,
    tiles: Sequence[SceneItem],
    output: Path,
    plan: MosaicPlan,
    figures: BandStatistics,
    monitor: Monitor,
) -> OperationResult:
    seen = 100 * figures.observed / figures.pixels
    warnings = [] if seen else [f"{layer.title} says nothing anywhere in the area."]
    for text in warnings:
        monitor.emit(Note(Level.WARNING, text))
    rows, cols = plan.grid.shape
    days = sorted({format_time(tile.datetime)[:10] for tile in tiles})
    span = f" of {days[0]}" if len(days) == 1 else f" of {days[0]} to {days[-1]}"
    count = "1 tile" if len(tiles) == 1 else f"{len(tiles)} tiles"
    about = [layer.note, f"Source: {layer.source}.", layer.credit]
    text = (
        f"{output}: {layer.title}, {count}{span} ({cols} × {rows} pixels, {plan.grid.crs}), "
        f"{seen:.1f} % observed"
    )
    return OperationResult(
        data={
            "layer": layer.name,
            "path": str(output),
            "unit": layer.unit,
            "nodata": layer.nodata,
            "classes": {each.code: each.name for each in layer.classes},
            "items": [tile.id for tile in tiles],
            "catalog": tiles[0].catalog,
            "observed_percent": round(seen, 2),
            "source": layer.source,
            "credit": layer.credit,
            "warnings": warnings,
        },
        text="\n".join([text, *(each for each in about if each), *warnings]),
        layers=(
            LayerOutput(
                output,
                layer.title,
                "dem" if layer.unit == Unit.METRE else "",
                "Context",
                abstract=" ".join(each for each in about if each),
                classes=layer.classes,
            ),
        ),
        outputs={"observed_percent": seen},
        value=figures,
    )


CONTEXT = Operation(
    name="context",
    title="Context layer",
    group="Scenes",
    summary="Fetches land cover, usual water, heights, burned area or active fire over an area. It "
    "is put together from the catalogue's tiles; only the area's part of each is read.",
    params=ContextParams,
    run=run_context,
    outputs=(Output("observed_percent", "Observed share (%)", OutputKind.NUMBER),),
)
