"""Tell what lies under an extent: land cover, people, buildings, roads, by district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...exposure.extent import ExtentMap, extent_of_outline, extent_of_raster
from ...exposure.report import KM, KM2, Exposure, write_chart, write_layers, write_table
from ...exposure.survey import LayerSet, Survey
from ...exposure.tally import Zone, sum_area
from ...monitor import EventQueue, Monitor
from ...operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ...params import Kind, param
from ...raster.facts import read_facts
from ...recipes.class_meaning import CodeWords, explain_codes
from ...recipes.code_tables import MapSubject, parse_codes
from ...recipes.params import affected_codes_param, unseen_codes_param
from ...recipes.stacks import check_stack, prepare_folder
from ...settings import Settings
from ...shapes.class_survey import survey_classes
from ...shapes.features import FeatureFile, layer_bounds
from ...terrain.utm import metric_crs
from ...text import joined
from ...types import Aoi
from ...workers import run_in_background
from .layers_below import LayersBelow
from .record import Telling, file_names, record_of, write_record

FAILURE = "The exposure cannot be told"
RASTER_ENDS = (".tif", ".tiff", ".vrt", ".img", ".jp2", ".nc", ".asc")
FILES = ("exposure.csv", "exposure.svg", "exposure.json", "exposure.gpkg")
METHOD = (
    "Exact shares of pixels: outlines and pixels of other grids are cut at the extent's pixels "
    "(Green's theorem), roads at their edges. People are spread evenly within a pixel of their "
    "grid; least and most are all or none of those in pixels that are affected in part."
)


@dataclass(frozen=True, kw_only=True)
class ExposureParams(LayersBelow):
    """An extent, and the layers under it."""

    extent: Path = param(
        kind=Kind.LAYER_IN,
        title="Extent",
        help="What is affected: a raster of classes (flooded.tif, burned.tif, a map of others), or "
        "a layer of polygons (perimeter.gpkg).",
        order=-2,
    )
    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Result folder",
        help="Gets exposure.csv, exposure.svg, exposure.gpkg and exposure.json.",
        order=-1,
    )
    area: Aoi | None = param(
        None, kind=Kind.AREA, title="Area", help="Only what lies in it; if not given, all."
    )
    positive: str | None = affected_codes_param(
        "Codes of the extent that mean affected, such as 1,2 or 4-7; if not given, those "
        "that the file or a known product names, else 1.",
        advanced=True,
    )
    not_observed: str | None = unseen_codes_param(
        "Codes of the extent that say nothing, such as 252,253 or 250-255; if not given, as "
        "the file or a known product says.",
        advanced=True,
    )


def run_exposure(params: ExposureParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Sum, write, and say what came out."""
    if not params.layers().files:
        hint = "Give land cover, population, buildings, roads or districts."
        raise InputError(FAILURE, "no layer is given to lay under the extent", hint)
    events = EventQueue(monitor)
    return run_in_background(lambda: _run(params, events), events)


def _run(params: ExposureParams, events: EventQueue) -> OperationResult:
    telling = Telling(events, "Exposure")
    layers = params.layers()
    paths = _outputs(params, layers)
    for path in layers.rasters:
        check_stack(path)
    telling.step(0.02, "reading the extent")
    extent = _read_extent(params, telling)
    _check_extent(params, telling, extent)
    survey = Survey(layers, telling.warn, telling.step, telling.stop)
    exposure = survey.run(extent)
    telling.step(0.9, "writing")
    write_table(paths["table"], exposure.rows())
    write_chart(paths["chart"], exposure, f"Under {params.extent.stem}")
    if "layers" in paths:
        write_layers(paths["layers"], extent.grid.crs, exposure, survey.shapes, survey.hits)
    given = {
        "area": None if params.area is None else dict(params.area.geometry),
        "population_kind": params.population_kind,
        "positive": params.positive,
        "not_observed": params.not_observed,
        "district_name": params.district_name,
    }
    inputs = {"extent": params.extent, **layers.files}
    record = record_of("exposure", METHOD, given, inputs, telling)
    data = {**record, "exposure": exposure.to_dict(), "files": file_names(paths)}
    write_record(paths["data"], data)
    return _result(exposure, paths, data, tuple(telling.warnings))


def _outputs(params: ExposureParams, layers: LayerSet) -> dict[str, Path]:
    inputs = [FeatureFile.of(path).path for path in (params.extent, *layers.files.values())]
    names = ("table", "chart", "data", "layers")
    paths = dict(zip(names, prepare_folder(params.output, FILES, inputs)))
    if not {"buildings", "roads", "districts"} & set(layers.files):
        del paths["layers"]
    return paths


def _read_extent(params: ExposureParams, telling: Telling) -> ExtentMap:
    if params.extent.suffix.lower() not in RASTER_ENDS:
        file = FeatureFile.of(params.extent)
        west, south, east, north = layer_bounds(file)
        crs = metric_crs((west + east) / 2, (south + north) / 2)
        telling.warn(
            f"{file.path.name} is an outline: what was not observed is not known, and counts as "
            "not affected"
        )
        return extent_of_outline(file, crs, params.area, telling.stop)
    check_stack(params.extent)
    facts = read_facts(params.extent)
    if len(facts.bands) != 1:
        why = f"{params.extent} has {len(facts.bands)} bands"
        raise InputError(FAILURE, why, "Give a raster of one band of classes.")
    survey = survey_classes(params.extent)
    meaning = explain_codes(survey, facts, _words(params), "The extent cannot be used")
    for text in meaning.warnings:
        telling.warn(text)
    codes = meaning.affected, meaning.dry
    return extent_of_raster(params.extent, *codes, params.area, telling.stop, meaning.outside)


def _words(params: ExposureParams) -> CodeWords:
    affected = frozenset(parse_codes(params.positive)) if params.positive else None
    unseen = frozenset(parse_codes(params.not_observed)) if params.not_observed else frozenset()
    both = sorted(unseen & (affected or frozenset()))
    if both:
        why = f"code {both[0]} is said to mean both affected and not observed"
        raise InputError("The extent cannot be used", why, "Name it once.")
    hint = "Say which codes are affected with ‘positive’, which say nothing with ‘not_observed’."
    return CodeWords(MapSubject.EVENT, affected, unseen, hint=hint)


def _check_extent(params: ExposureParams, telling: Telling, extent: ExtentMap) -> None:
    """Warn of what is in no figure, and of what was not observed."""
    zone = Zone("")
    sum_area(extent, zone)
    area = zone.area
    if area.total <= 0:
        hint = "Give another area, or none."
        raise InputError(FAILURE, "the extent and the area have no pixel in common", hint)
    raster = params.extent.suffix.lower() in RASTER_ENDS
    share = area.total / (params.area.area_km2 * 1e6) if params.area and raster else 1.0
    if share < 0.99:
        telling.warn(
            f"The extent covers {100 * share:.1f} % of the area: what lies outside of it is in no "
            "figure"
        )
    if area.unseen > 0.005 * area.total:
        telling.warn(
            f"{100 * area.unseen / area.total:.1f} % of the area was not observed: what lies "
            "there is counted apart, and may be affected"
        )
    if area.affected <= 0:
        telling.warn("Nothing in the area is affected by this extent")


def _result(
    exposure: Exposure, paths: Mapping[str, Path], data: dict[str, Any], warnings: tuple[str, ...]
) -> OperationResult:
    whole, themes = exposure.whole, exposure.themes
    layers = [
        LayerOutput(path, "Exposure", "", "Exposure", abstract=METHOD)
        for name, path in paths.items()
        if name == "layers" and exposure.districts
    ]
    files = [f"{name}: {path}" for name, path in paths.items()]
    return OperationResult(
        data=data,
        text=joined([*warnings, *exposure.lines(), *files]),
        layers=tuple(layers),
        outputs={
            **{name: str(path) for name, path in paths.items()},
            "affected_km2": whole.area.affected * KM2,
            "not_observed_km2": whole.area.unseen * KM2,
            "people": whole.people.affected if themes.people else None,
            "buildings": whole.buildings.affected if themes.buildings else None,
            "roads_km": whole.roads_m.affected * KM if themes.roads else None,
        },
        value=exposure,
        warnings=warnings,
    )


EXPOSURE = Operation(
    name="exposure",
    title="What is hit",
    group="Impact",
    summary="Tells what lies under an extent: area by land cover, people, buildings and roads, in "
    "all and for each district; with what was not observed apart. A table, a chart and a "
    "GeoPackage.",
    params=ExposureParams,
    run=run_exposure,
    outputs=(
        Output("table", "Table (CSV)"),
        Output("chart", "Chart (SVG)"),
        Output("data", "Data (JSON)"),
        Output("layers", "Districts, buildings, roads", OutputKind.VECTOR),
        Output("affected_km2", "Affected (km²)", OutputKind.NUMBER),
        Output("not_observed_km2", "Not observed (km²)", OutputKind.NUMBER),
        Output("people", "People affected", OutputKind.NUMBER),
        Output("buildings", "Buildings affected", OutputKind.NUMBER),
        Output("roads_km", "Roads affected (km)", OutputKind.NUMBER),
    ),
)
