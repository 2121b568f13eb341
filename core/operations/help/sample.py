"""A simulated wildfire to try an event's map with, without network and account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...monitor import Monitor
from ...operation import Operation, OperationResult, Output
from ...params import Kind, param
from ...sample.event import SampleEvent as SampleEvent
from ...sample.event import make_sample
from ...settings import Settings


@dataclass(frozen=True, kw_only=True)
class SampleParams:
    """Where it goes."""

    output: Path = param(
        kind=Kind.FOLDER_OUT,
        title="Folder",
        help="Gets three simulated Sentinel-2 scenes (about 6 MB) and their catalogue.",
    )


def run_sample(params: SampleParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Make the sample, and say how it is mapped."""
    made = make_sample(params.output, monitor)
    west, south, east, north = (f"{edge:.5f}" for edge in made.area.bounds)
    facts = {
        "event": made.event,
        "date": made.moment,
        "area": ",".join((west, south, east, north)),
        "catalog": str(made.catalog),
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return OperationResult(
        data=facts,
        text="\n".join(["A SIMULATED wildfire, to be mapped with ‘flight event’ from:", *lines]),
        outputs=facts,
        value=made,
    )


SAMPLE = Operation(
    name="sample",
    title="Sample event",
    group="Help",
    summary="Makes three simulated scenes of a wildfire, before and after it, and a catalogue that "
    "lists them, to try the mapping of an event with: without network and account.",
    params=SampleParams,
    run=run_sample,
    outputs=(
        Output("event", "Event"),
        Output("date", "Date of the event"),
        Output("area", "Area"),
        Output("catalog", "Catalogue"),
    ),
)
