"""Two maps of one event on one grid, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..algorithms.kernel import Kernel
from ..execution.apply import Applied
from ..execution.layer_statistics import LayerStatistics
from ..maps.fuse_sources import (
    Question,
    make_source,
    open_extent,
    read_extent,
    with_spare_nodata,
)
from ..monitor import EventQueue, Monitor
from ..raster.facts import RasterFacts, read_facts
from ..recipes.inputs import MapInputs, joined_inputs
from ..recipes.recipe import Findings, MapJob
from ..recipes.stacks import check_stack, prepare_folder
from ..stack.pair import StackPart, join_stacks
from ..workers import run_in_background
from .agreement import FIRST, SECOND, Agreement
from .sureness import CONFIDENCE, Beside, SureAgreement, comparison_kernel, find_confidence


def open_maps(
    paths: tuple[Path, Path], output: Path, question: Question, monitor: Monitor
) -> MapInputs:
    """Put both maps on the grid of the finer one, over what both cover; classes come from the
    nearest pixel.

    Raises
    ------
    InputError
        If one holds no classes.
    BandStackError
        If they cannot be brought onto one grid; ``ExtentMismatchError`` where they do not overlap.
    """
    files = [file for path in paths for file in check_stack(path)]
    [joined_path] = prepare_folder(output, ("comparison_inputs.vrt",), files)
    extents = [open_extent(path, question.failure) for path in paths]
    warnings = [text for facts in extents for text in read_extent(facts, question).warnings]
    days = [facts.tags.get("datetime", "")[:10] for facts in extents]
    if all(days) and days[0] != days[1]:
        warnings.append(f"The maps are of {days[0]} and {days[1]}: they may differ for that alone")
    parts = tuple(
        StackPart(
            name, with_spare_nodata(facts, question), {"extent": 1}, classes=frozenset({"extent"})
        )
        for name, facts in zip((FIRST, SECOND), extents, strict=True)
    )
    beside = {
        CONFIDENCE[name]: one.path
        for name, one in zip((FIRST, SECOND), confidences(extents, question))
        if one.path is not None
    }
    sure = tuple(
        StackPart(
            name,
            read_facts(path),
            {"percent": 1},
            leads=False,
            classes=frozenset({"percent"}),  # of the nearest pixel, as its class is
        )
        for name, path in beside.items()
    )
    joined = run_in_background(
        lambda: join_stacks((*parts, *sure), joined_path), EventQueue(monitor)
    )
    bands = {part.name: f"{part.name}.extent" for part in parts}
    bands |= {part.name: f"{part.name}.percent" for part in sure}
    return joined_inputs(parts, joined, bands, warnings, beside)


def confidences(extents: Sequence[RasterFacts], question: Question) -> list[Beside]:
    """What lies beside each map."""
    return [find_confidence(facts, read_extent(facts, question).affected) for facts in extents]


def make_kernel(question: Question, inputs: MapInputs) -> Kernel:
    """Make the kernel of the comparison.

    Raises
    ------
    InputError
        If a map has codes that nobody explains.
    """
    first, second = (make_source(part.facts, inputs.grid, question) for part in inputs.parts)
    return comparison_kernel(first, second, inputs.bands)


def report(job: MapJob[Any], applied: Applied) -> Findings:
    """Tell how far they agree."""
    agreement = Agreement.of(_sizes(applied.layers[0]))
    told = agreement.to_dict()
    sure = SureAgreement.of(_sizes(applied.layers[1])) if len(applied.layers) > 1 else None
    missing = [
        one.why
        for one in confidences([part.facts for part in job.inputs.parts], job.params.question())
        if one.why
    ]
    names = [part.facts.path.name for part in job.inputs.parts]
    return Findings(
        formula="both, one or none of two maps show it, where both observed",
        statistics={
            "first": names[0],
            "second": names[1],
            **told,
            "by_confidence": sure.to_dict() if sure else None,
            "without_confidence": missing,
        },
        lines=(
            f"First map {names[0]}, second map {names[1]}",
            *(
                ()
                if agreement.overall is None
                else (f"They agree on {100 * agreement.overall:.1f} % of what both observed",)
            ),
            *(
                ()
                if agreement.overlap is None
                else (f"Of what either shows, both show {100 * agreement.overlap:.1f} %",)
            ),
            *(sure.lines() if sure else ()),
            *missing,
        ),
    )


def _sizes(layer: LayerStatistics) -> dict[int, float]:
    """Code → square kilometres; pixels where they have no size."""
    known = all(area is not None for _, area in layer.classes.values())
    return {
        code: float(area / 1e6 if known and area is not None else pixels)
        for code, (pixels, area) in layer.classes.items()
    }
