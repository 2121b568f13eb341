"""Hold a map against another one, or against a reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import PRODUCT
from ..errors import InputError
from ..maps.fuse_sources import Question, read_words
from ..monitor import EventQueue, Monitor, PartMonitor, Progress
from ..operation import OperationResult
from ..params import AlgorithmInfo, Kind, Output, OutputKind, param
from ..recipes.area import describe_asked_area
from ..recipes.auto_number import AutoNumber
from ..recipes.inputs import MapInputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import (
    STACKS_ORDER,
    MapParams,
    affected_codes_param,
    unseen_codes_param,
)
from ..recipes.recipe import MapRecipe
from ..recipes.run import run_map
from ..recipes.stacks import prepare_folder
from ..settings import Settings
from ..text import joined
from ..workers import run_in_background
from .accuracy import FAILURE, Assessment, assess, write_table
from .agreement import BOTH, LAYER, ONE_SAW, ONLY_FIRST, ONLY_SECOND
from .pairing import make_kernel, open_maps, report
from .sureness import SURE_LAYER

SETTLE = (
    "Say which codes mean affected with ‘compare.positive’, and which mean nothing with "
    "‘compare.not_observed’"
)
NOTE = (
    "Agreement of two maps is no accuracy: what both get wrong they agree on. Maps of different "
    "days differ by what happened between them, too."
)


@dataclass(frozen=True, kw_only=True)
class CompareParams(MapParams):
    """A map, and what it is held against."""

    map: Path = param(
        kind=Kind.RASTER_IN,
        title="Map",
        help="A class raster: flooded.tif, severity.tif or a mask of others.",
        order=STACKS_ORDER,
    )
    other: Path | None = param(
        None,
        kind=Kind.RASTER_IN,
        title="Other map",
        help="A second map of the same event, made independently; shown is where they differ.",
        order=STACKS_ORDER,
    )
    reference: Path | None = param(
        None,
        kind=Kind.FILE_IN,
        title="Reference",
        help="A vector file of points or polygons, drawn at random, that say what is there.",
        order=STACKS_ORDER,
    )
    reference_field: str = param(
        "affected",
        kind=Kind.TEXT,
        title="Attribute of the reference",
        help="Holds 1 or yes where the event was, 0 or no where it was not.",
    )
    positive: str | None = affected_codes_param(
        "Codes of the maps that mean affected, such as 1,2 or 4-7; if not given, as the file "
        "or a known product says.",
    )
    not_observed: str | None = unseen_codes_param()

    def __post_init__(self) -> None:
        """Refuse what no run can use."""
        if self.other is None and self.reference is None:
            hint = "Give a second map (‘compare.other’) or a reference (‘compare.reference’)."
            raise InputError(FAILURE, "there is nothing to hold the map against", hint)
        if self.other is not None and self.other.resolve() == self.map.resolve():
            raise InputError(FAILURE, "both are the same file", "Give two maps.")
        self.question()

    def recorded(self) -> dict[str, Any]:
        """Return what the provenance tells of the parameters."""
        reference = None if self.reference is None else str(self.reference)
        return {**super().recorded(), "reference": reference}

    @property
    def pair(self) -> tuple[Path, Path]:
        """Both maps.

        Raises
        ------
        InputError
            If there is only one.
        """
        if self.other is None:
            raise InputError(FAILURE, "there is only one", "Give a second map.")
        return self.map, self.other

    def question(self) -> Question:
        """Read what is said of both maps together.

        Raises
        ------
        InputError
            If a code cannot be read.
        """
        maps = [path for path in (self.map, self.other) if path is not None]
        words = read_words(self.positive, self.not_observed, SETTLE, FAILURE)
        return Question(None, words, dict.fromkeys(maps, AutoNumber("1", 1.0)), FAILURE)


def _open(params: CompareParams, monitor: Monitor) -> MapInputs:
    return open_maps(params.pair, params.output, params.question(), monitor)


RECIPE = MapRecipe(
    name="compare",
    title="Comparison of maps",
    subject="Difference of maps",
    group="Fusion",
    summary="Holds a map against a second one (where they agree, and where only one of them shows "
    "the event), or against points or polygons that say what is there: confusion matrix, and the "
    "area without the map's bias with its standard error.",
    params=CompareParams,
    layers=(
        MapLayer(LAYER, "Difference", when="with a second map"),
        MapLayer(SURE_LAYER, "Agreement by confidence", when="with confidence.tif beside a map"),
    ),
    extents=(
        Extent("differing", LAYER, (ONLY_FIRST, ONLY_SECOND), (ONE_SAW,), title="The maps differ"),
        Extent("both", LAYER, (BOTH,), (ONE_SAW,), title="Both maps"),
        Extent("only_first", LAYER, (ONLY_FIRST,), (ONE_SAW,), title="Only the first map"),
        Extent("only_second", LAYER, (ONLY_SECOND,), (ONE_SAW,), title="Only the second map"),
    ),
    numbers=(
        Output("overall_percent", "The maps agree (%)", OutputKind.NUMBER),
        Output("overlap_percent", "Shown by both of what either shows (%)", OutputKind.NUMBER),
        Output("kappa", "Agreement beyond chance (kappa)", OutputKind.NUMBER),
    ),
    note=NOTE,
    open=_open,
    kernel=lambda params, inputs: make_kernel(params.question(), inputs),
    report=report,
    algorithm=AlgorithmInfo(
        events=("flood", "wildfire", "storm"),
        bands=(),
        references=(
            "Olofsson et al. 2014, doi:10.1016/j.rse.2014.02.015",
            "Congalton 1991, doi:10.1016/0034-4257(91)90048-B",
        ),
        limits="Points and polygons that were not drawn at random (the places that somebody "
        "visited) give a confusion matrix, and no unbiased area. Two maps of one method share its "
        "errors: their agreement proves little.",
    ),
)


def run_compare(params: CompareParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Compare with what was given."""
    result: OperationResult | None = None
    if params.other is not None:
        share = 1.0 if params.reference is None else 0.7
        result = run_map(RECIPE, params, settings, PartMonitor(monitor, 0.0, share))
    if params.reference is None:
        return result if result is not None else OperationResult({}, "")
    reference = params.reference
    prepare_folder(params.output, (), [])
    monitor.emit(Progress(0.7 if result else 0.0, "The map under the reference"))
    events = EventQueue(monitor)
    assessment = run_in_background(
        lambda: assess(
            (params.map, reference),
            params.reference_field,
            params.question(),
            params.area_pixels,
            events.stop.is_set,
        ),
        events,
    )
    table = write_table(params.output, assessment)
    told = _present(params, assessment, str(table))
    return told if result is None else _together(result, told)


def _present(params: CompareParams, assessment: Assessment, table: str) -> OperationResult:
    area = assessment.area
    accuracy = assessment.accuracy
    data: dict[str, Any] = {
        "software": PRODUCT,
        "operation": RECIPE.name,
        "map": str(params.map),
        "parameters": {**params.recorded(), **describe_asked_area(params)},
        "reference": RECIPE.algorithm.references[0] if RECIPE.algorithm else "",
        "accuracy": assessment.to_dict(),
        "outputs": {"table": table},
        "warnings": list(assessment.warnings),
    }
    return OperationResult(
        data=data,
        text=joined([*assessment.warnings, *assessment.lines(), f"Table: {table}"]),
        outputs={
            "table": table,
            "accuracy_percent": None if accuracy is None else 100 * accuracy.overall.value,
            "estimated_km2": None if area is None else area.value,
            "estimated_km2_error": None if area is None else area.error,
        },
        value=assessment,
        warnings=assessment.warnings,
    )


def _together(map_result: OperationResult, told: OperationResult) -> OperationResult:
    """One answer of both."""
    data = map_result.json_data()
    return replace(
        map_result,
        data={**data, "accuracy": told.json_data()["accuracy"]},
        text=f"{map_result.text}\n{told.text}",
        outputs={**map_result.outputs, **told.outputs},
        warnings=(*map_result.warnings, *told.warnings),
    )


_MAP = map_operation(RECIPE)
COMPARE = replace(
    _MAP,
    run=run_compare,
    outputs=(
        *_MAP.outputs,
        Output("table", "Table of the reference"),
        Output("accuracy_percent", "Overall accuracy (%)", OutputKind.NUMBER),
        Output("estimated_km2", "Affected area by the reference (km²)", OutputKind.NUMBER),
        Output("estimated_km2_error", "Its standard error (km²)", OutputKind.NUMBER),
    ),
)
