"""Ground under water at given levels above the drainage, and what is hit at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from ...algorithms.kernel import NOT_OBSERVED, OUTSIDE
from ...algorithms.stage import DRY, FORMULA, REFERENCE, stage_kernel, stage_layer
from ...enums import AreaMask
from ...errors import InputError
from ...execution.apply import apply_layers
from ...exposure.extent import extent_of_raster
from ...exposure.report import COLUMNS, KM2, Exposure, draw_bars, write_table
from ...exposure.survey import Survey
from ...monitor import EventQueue, Monitor, PartMonitor
from ...operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from ...params import InputRole, Kind, param
from ...products.result_record import LayerFigures, LayerRecord, ResultRecord, record_input
from ...products.stac_catalogue import write_catalogue
from ...raster.facts import read_facts
from ...raster.reader import RasterReader
from ...recipes.stacks import check_stack, prepare_folder
from ...settings import Settings
from ...shapes.area_pixels import area_pixels
from ...shapes.class_survey import survey_classes
from ...shapes.features import FeatureFile
from ...text import joined
from ...types import Aoi
from ...workers import run_in_background
from .layers_below import LayersBelow
from .record import Telling, file_names, record_of, write_record

FAILURE = "The scenario cannot be computed"
MOST_STAGES = 50
FILES = ("scenario.tif", "scenario.csv", "scenario.svg", "scenario.json")
LIMITS = (
    "A cut of HAND, no model of a flood: the water is as high above each drainage as everywhere "
    "else. It knows no discharge, no time, no dikes, dams, bridges or backwater, and a stage is no "
    "reading of a gauge. Ground that is low and cut off counts as under water. HAND of a surface "
    "model is too high under trees and roofs."
)


@dataclass(frozen=True, kw_only=True)
class ScenarioParams(LayersBelow):
    """Heights above the drainage, levels, and the layers under the water."""

    hand: Path = param(
        kind=Kind.RASTER_IN,
        role=InputRole.HAND,
        title="Height above nearest drainage",
        help="A raster in metres, such as hand.tif of the slopes and heights.",
        order=-3,
    )
    stage: str = param(
        kind=Kind.TEXT,
        title="Water levels (m)",
        help="Metres above the drainage: 1,2,3.",
        order=-2,
    )
    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Result folder",
        help="Gets scenario.tif, scenario.csv, scenario.svg and scenario.json.",
        order=-1,
    )
    area: Aoi | None = param(
        None,
        kind=Kind.AREA,
        title="Area",
        help="Map and figures of what lies in it; if not given, of all.",
    )

    def stages(self) -> tuple[float, ...]:
        """The levels, rising.

        Raises
        ------
        InputError
            If one is no number above 0, or there are too many.
        """
        what = f"The water levels '{self.stage}' cannot be used"
        words = [word.strip() for word in self.stage.split(",") if word.strip()]
        try:
            levels = sorted({float(word) for word in words})
        except ValueError:
            levels = []
        if not levels or not 0 < levels[0] <= levels[-1] <= 1000:
            raise InputError(what, "they are no metres above 0", "Write them like 1,2,3.")
        if len(levels) > MOST_STAGES:
            raise InputError(what, f"there are {len(levels)}", f"Give at most {MOST_STAGES}.")
        return tuple(levels)


def run_scenario(params: ScenarioParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Cut, count, and say what came out."""
    stages, layers = params.stages(), params.layers()
    inputs = [FeatureFile.of(path).path for path in (params.hand, *layers.files.values())]
    names = ("map", "table", "chart", "data")
    paths = dict(zip(names, prepare_folder(params.output, FILES, inputs)))
    for path in (params.hand, *layers.rasters):
        check_stack(path)
    _check_hand(params.hand)
    tags = {"operation": "scenario", "reference": REFERENCE, "formula": FORMULA, "note": LIMITS}
    whole = paths["map"]
    try:
        with RasterReader(params.hand) as reader:
            cut = partial(apply_layers, reader, {"hand": 1}, stage_kernel(stages), tags=tags)
            if params.area is None:
                cut([whole], settings, PartMonitor(monitor, 0.0, 0.4))
            else:
                area = area_pixels(params.area, reader.grid, AreaMask.SHAPE)
                cut([whole], settings, PartMonitor(monitor, 0.0, 0.2), area=area)
                # Figures cut pixels at the area's edge, which the map cannot.
                whole = whole.with_name("scenario_whole.part.tif")
                cut([whole], settings, PartMonitor(monitor, 0.2, 0.4))
        events = EventQueue(PartMonitor(monitor, 0.4, 1.0))
        return run_in_background(lambda: _count(params, stages, paths, whole, events), events)
    finally:
        if whole != paths["map"]:
            whole.unlink(missing_ok=True)


def _check_hand(path: Path) -> None:
    facts = read_facts(path)
    if len(facts.bands) != 1:
        why = f"{path} has {len(facts.bands)} bands"
        raise InputError(FAILURE, why, "Give hand.tif of ‘flight terrain’.")


def _count(
    params: ScenarioParams,
    stages: Sequence[float],
    paths: Mapping[str, Path],
    map_of_all: Path,
    events: EventQueue,
) -> OperationResult:
    """Sum what lies under the water at each stage."""
    telling, layers = Telling(events, "Scenario"), params.layers()
    every = [DRY, *range(1, len(stages) + 1)]
    found: list[tuple[float, Exposure]] = []
    for number, stage in enumerate(stages, start=1):
        share = (number - 1) / len(stages)
        telling.step(share, f"{stage:g} m")
        wet = every[1 : number + 1]
        dry = [code for code in every if code not in wet]
        extent = extent_of_raster(map_of_all, wet, dry, params.area, telling.stop)
        # What the layers leave open is told once, of the most that lies under water.
        warn = telling.warn if number == len(stages) else lambda _text: None
        survey = Survey(layers, warn, lambda _share, _text: None, telling.stop)
        found.append((stage, survey.run(extent)))
    whole = found[-1][1].whole.area
    if whole.total <= 0:
        hint = "Give another area, or none."
        raise InputError(FAILURE, "the heights and the area have no pixel in common", hint)
    if whole.unseen > 0.005 * whole.total:
        telling.warn(
            f"HAND is not known for {100 * whole.unseen / whole.total:.1f} % of the area: it is "
            "counted apart, neither dry nor under water"
        )
    rows = [{"stage_m": stage, **row} for stage, told in found for row in told.rows()]
    write_table(paths["table"], rows, ("stage_m", *COLUMNS))
    bars = [(f"{stage:g} m", told.whole.area) for stage, told in found]
    draw_bars(paths["chart"], "Under water, by level above the drainage", bars)
    given = {
        "stage_m": list(stages),
        "area": None if params.area is None else dict(params.area.geometry),
        "population_kind": params.population_kind,
        "district_name": params.district_name,
    }
    item = _catalogue(params, paths["map"], stages, given, telling)
    files = {"hand": params.hand, **layers.files}
    method = f"{FORMULA}. {REFERENCE}. {LIMITS}"
    data = {
        **record_of("scenario", method, given, files, telling),
        "limits": LIMITS,
        "stages": [{"stage_m": stage, **told.to_dict()} for stage, told in found],
        "files": file_names(paths),
    }
    write_record(paths["data"], data)
    return _result(found, {**paths, "provenance": item}, data, tuple(telling.warnings))


def _catalogue(
    params: ScenarioParams,
    path: Path,
    stages: Sequence[float],
    given: Mapping[str, Any],
    telling: Telling,
) -> Path:
    """Describe the map as a STAC item beside it."""
    with RasterReader(params.hand) as reader:
        tags = reader.facts.tags
        heights = record_input("hand", params.hand, tags, reader.state(), telling.stop)
    survey = survey_classes(path)
    known = sum(count for code, count in survey.counts.items() if code != OUTSIDE)
    figures = LayerFigures(
        valid_percent=100 * known / (known + survey.empty),
        class_pixels={**survey.counts, NOT_OBSERVED: survey.empty},
    )
    record = ResultRecord(
        operation="scenario",
        title="Water-level scenarios",
        created=datetime.now(timezone.utc),
        layers=(LayerRecord(path, stage_layer(stages), figures),),
        inputs=(heights,),
        parameters={"stage_m": given["stage_m"]},
        reference=REFERENCE,
        formula=FORMULA,
        note=LIMITS,
        warnings=tuple(telling.warnings),
    )
    return write_catalogue(path.parent, record, telling.stop)


def _result(
    found: Sequence[tuple[float, Exposure]],
    paths: Mapping[str, Path],
    data: dict[str, Any],
    warnings: tuple[str, ...],
) -> OperationResult:
    stages = [stage for stage, _ in found]
    layer = LayerOutput(
        paths["map"],
        f"Under water from {stages[0]:g} m",
        "",
        "Scenario",
        abstract=LIMITS,
        classes=stage_layer(stages).classes,
    )
    highest = found[-1][1].whole
    lines = [*warnings, *(_line(stage, told) for stage, told in found), LIMITS]
    lines += [f"{name}: {path}" for name, path in paths.items()]
    return OperationResult(
        data=data,
        text=joined(lines),
        layers=(layer,),
        outputs={
            **{name: str(path) for name, path in paths.items()},
            "under_water_km2": highest.area.affected * KM2,
            "not_known_km2": highest.area.unseen * KM2,
        },
        value=found,
        warnings=warnings,
    )


def _line(stage: float, told: Exposure) -> str:
    """``2 m: 12.40 km² under water; 1,230 people; …``."""
    whole, themes = told.whole, told.themes
    parts = [f"{whole.area.affected * KM2:.2f} km² under water"]
    if themes.people:
        people = whole.people
        parts.append(f"{people.affected:,.0f} people ({people.least:,.0f} to {people.most:,.0f})")
    if themes.buildings:
        parts.append(f"{whole.buildings.affected:.0f} buildings")
    if themes.roads:
        parts.append(f"{whole.roads_m.affected / 1000:.1f} km of roads")
    return f"{stage:g} m: {'; '.join(parts)}"


SCENARIO = Operation(
    name="scenario",
    title="Water-level scenarios",
    group="Impact",
    summary="Shows which ground lies under water at given levels above the nearest drainage, and "
    "what is hit at each: area, land cover, people, buildings, roads. " + LIMITS,
    params=ScenarioParams,
    run=run_scenario,
    outputs=(
        Output("map", "Under water from", OutputKind.RASTER),
        Output("table", "Table (CSV)"),
        Output("chart", "Chart (SVG)"),
        Output("data", "Data (JSON)"),
        Output("under_water_km2", "Under water at the highest level (km²)", OutputKind.NUMBER),
        Output("not_known_km2", "HAND not known (km²)", OutputKind.NUMBER),
    ),
)
