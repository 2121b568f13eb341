"""Put several extents of one event together: which pixels most of the sources that saw them call
affected.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..algorithms import fusion
from ..algorithms.burned_area import BURNED_LAYER
from ..algorithms.flood import FLOODED_LAYER, WATER_LAYER
from ..algorithms.kernel import Kernel, Layer
from ..errors import InputError
from ..execution.apply import Applied
from ..moment import Moment
from ..monitor import EventQueue, Monitor
from ..operation import AlgorithmInfo
from ..params import Kind, param
from ..recipes.inputs import MapInputs, joined_inputs
from ..recipes.layers import Extent, MapLayer
from ..recipes.map_operation import map_operation
from ..recipes.params import (
    STACKS_ORDER,
    MapParams,
    affected_codes_param,
    unseen_codes_param,
)
from ..recipes.recipe import Findings, MapJob, MapRecipe
from ..recipes.stacks import check_stack, prepare_folder
from ..stack.pair import StackPart, join_stacks
from ..workers import run_in_background
from .fuse_sources import (
    FAILURE,
    Question,
    make_source,
    open_extent,
    parse_weights,
    read_words,
    source_warnings,
    with_spare_nodata,
)

NOTE = (
    "A vote of maps, not a measurement: where they share an error (flooded forest, cloud that "
    "every mask missed) they agree on "
    "it. Extents of different days are taken for one event. The weights are judgements."
)
SUBJECTS = (FLOODED_LAYER, WATER_LAYER, BURNED_LAYER)
"""Layers whose words are those of their consensus, too."""


@dataclass(frozen=True, kw_only=True)
class FuseParams(MapParams):
    """Extents of one event, and how much each counts."""

    inputs: tuple[Path, ...] = param(
        kind=Kind.RASTERS_IN,
        title="Extents",
        help="Two or more class rasters of one event: flooded.tif, severity.tif or masks of "
        "others.",
        order=STACKS_ORDER,
    )
    event_date: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="Date of the event",
        help=f"UTC. A source counts half after {fusion.HALF_LIFE_DAYS:g} days; if not given, all "
        "days count alike.",
    )
    positive: str | None = affected_codes_param(
        "Codes that mean affected, such as 1,2 or 4-7; if not given, those that the file or "
        "a known product (OPERA DSWx, GFM, MTBS) names, else 1.",
    )
    not_observed: str | None = unseen_codes_param(
        "Codes that say nothing, such as cloud: 252,253 or 250-255, =-1 if negative; none: "
        "also what a file declares as no data is a class. If not given, as the file or a known "
        "product says.",
    )
    weights: str = param(
        "auto",
        kind=Kind.TEXT,
        title="Weights",
        help="auto: by sensor, clear sky and days; or a number 0.001 to 1 for each extent in "
        "their order, such as 1,0.6,auto.",
    )

    def __post_init__(self) -> None:
        """Refuse what no run can use."""
        self.question()
        if len(self.inputs) < 2:
            raise InputError(
                FAILURE,
                "there is only one" if self.inputs else "none is given",
                "Give two or more.",
            )
        if len({path.resolve() for path in self.inputs}) < len(self.inputs):
            raise InputError(FAILURE, "one is given twice", "Give each once.")

    def recorded(self) -> dict[str, Any]:
        """Return what the provenance tells of the parameters, the date as text."""
        day = str(self.event_date) if self.event_date else None
        return {**super().recorded(), "event_date": day}

    def question(self) -> Question:
        """Read what is said of all extents together.

        Raises
        ------
        InputError
            If a date, weight or code cannot be read.
        """
        weights = dict(zip(self.inputs, parse_weights(self.weights, len(self.inputs))))
        codes = read_words(self.positive, self.not_observed)
        moment = self.event_date.first if self.event_date else None
        return Question(moment, codes, weights)


def open_extents(params: FuseParams, monitor: Monitor) -> MapInputs:
    """Put the extents on the grid of the finest one, over the area of all together; classes come
    from the nearest pixel.

    The order in which they are given changes nothing.

    Raises
    ------
    InputError
        If one holds no classes.
    BandStackError
        If they cannot be brought onto one grid; ``ExtentMismatchError`` where one lies apart from
        all others.
    """
    files = [file for path in params.inputs for file in check_stack(path)]
    [joined_path] = prepare_folder(params.output, ("fusion_inputs.vrt",), files)
    extents = sorted(
        map(open_extent, params.inputs),
        key=lambda facts: (facts.tags.get("datetime", ""), str(facts.path.resolve())),
    )
    question = params.question()
    warnings = [warning for facts in extents for warning in source_warnings(facts, question)]
    parts = tuple(
        StackPart(
            f"source{number}",
            with_spare_nodata(facts, question),
            {"extent": 1},
            classes=frozenset({"extent"}),
        )
        for number, facts in enumerate(extents, start=1)
    )
    joined = run_in_background(
        lambda: join_stacks(parts, joined_path, everything=True), EventQueue(monitor)
    )
    bands = {part.name: f"{part.name}.extent" for part in parts}
    return joined_inputs(parts, joined, bands, warnings)


def make_kernel(params: FuseParams, inputs: MapInputs) -> Kernel:
    """Make the kernel of the vote.

    Raises
    ------
    InputError
        If an extent has several classes and nobody says which of them mean the event.
    """
    question = params.question()
    sources = [make_source(part.facts, inputs.grid, question) for part in inputs.parts]
    bands = [inputs.bands[part.name] for part in inputs.parts]
    return fusion.fusion_kernel(sources, bands, _consensus(inputs))


def _consensus(inputs: MapInputs) -> Layer:
    """The consensus in the words of the sources, where all of them are the same layer of ours."""
    for layer in SUBJECTS:
        if all(
            part.facts.bands[0].description == layer.name
            and f"event_codes_{layer.name}" in part.facts.tags
            for part in inputs.parts
        ):
            return fusion.consensus_of(layer)
    return fusion.CONSENSUS_LAYER


def report(job: MapJob[FuseParams], applied: Applied) -> Findings:
    """Tell how much each source counted, and why."""
    vote = cast("fusion.Vote", applied.kernel.compute)
    sources = _describe_sources(vote)
    return Findings(
        formula="affected where the weight of the observing sources that say so is more than "
        "half; a tie is not affected",
        statistics={"sources": sources},
        lines=tuple(
            f"{Path(source['path']).name}: weight {source['weight']:.3f}, "
            f"{source['observed_percent']:.0f} % of it observed"
            for source in sources
        ),
    )


def _describe_sources(vote: fusion.Vote) -> list[dict[str, Any]]:
    return [
        {
            "path": source.name,
            "affected_codes": list(source.positive),
            "sensor": source.sensor or None,
            "days_from_event": None if source.days is None else round(source.days, 3),
            "observed_percent": 100 * weight.observed,
            "weight": weight.thousandths / 1000,
            "factors": None
            if source.weight is not None
            else {"sensor": weight.sensor, "clear_sky": weight.clear, "nearness": weight.nearness},
        }
        for source, weight in zip(vote.sources, vote.weights, strict=True)
    ]


FUSE = map_operation(
    MapRecipe(
        name="fuse",
        title="Fusion of extents",
        subject="Fusion",
        group="Fusion",
        summary="Puts several extents of one event together: consensus, agreement, "
        "confidence. They may be radar and optical, and of several days.",
        params=FuseParams,
        layers=(
            MapLayer(fusion.CONSENSUS_LAYER, "Consensus"),
            MapLayer(fusion.AGREEMENT_LAYER, "Agreement"),
            MapLayer(fusion.CONFIDENCE_LAYER, "Confidence"),
        ),
        extents=(
            Extent("affected", fusion.CONSENSUS_LAYER, (fusion.PRESENT,), title="Affected area"),
        ),
        note=NOTE,
        open=open_extents,
        kernel=make_kernel,
        report=report,
        algorithm=AlgorithmInfo(
            events=("flood", "wildfire", "storm"),
            bands=(),
            references=("Krullikowski et al. 2023, doi:10.1109/JSTARS.2023.3292350",),
            limits="Not for extents of different things, such as water and flooded land, nor of "
            "days between which the event moved "
            "on. Maps made by one method share its errors: their agreement proves little.",
        ),
    )
)
