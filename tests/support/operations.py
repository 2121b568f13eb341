"""Small real operations for tests of whatever starts operations."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from firstlight.core.discovery.band_config import Sensor, sensor_names
from firstlight.core.discovery.catalogs import Catalog, get_catalog
from firstlight.core.discovery.events import EventType, event_names
from firstlight.core.enums import Status
from firstlight.core.errors import Cancelled, InputError
from firstlight.core.moment import Moment
from firstlight.core.monitor import BandProgress, BandState, Level, Monitor, Note, Progress
from firstlight.core.operation import LayerOutput, Operation, OperationResult, Output, OutputKind
from firstlight.core.params import BandPath, Kind, param
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi


@dataclass(frozen=True, kw_only=True)
class CountParams:
    """How far to count."""

    steps: int = param(10, kind=Kind.INTEGER, title="Steps", minimum=0, maximum=100000)
    wait_s: float = param(0.0, kind=Kind.NUMBER, title="Wait", minimum=0)


def run_count(params: CountParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Count, and stop when told to; waits like a download does, without holding anything up."""
    never = threading.Event()
    for step in range(params.steps):
        if monitor.cancelled():
            raise Cancelled("Counting")
        monitor.emit(Progress((step + 1) / params.steps, f"step {step + 1}"))
        monitor.emit(BandProgress("scene", "red", BandState.DOWNLOADING, step + 1, params.steps))
        never.wait(params.wait_s)
    monitor.emit(BandProgress("scene", "red", BandState.DONE, params.steps, params.steps))
    return OperationResult(
        data={"steps": params.steps, "thread": threading.current_thread().name},
        text=f"counted to {params.steps}",
        outputs={"steps": params.steps},
        value=threading.get_ident(),
    )


COUNT = Operation(
    name="count-up",
    title="Count",
    group="Tests",
    summary="Counts.",
    params=CountParams,
    run=run_count,
    outputs=(Output("steps", "Steps", OutputKind.NUMBER),),
)


@dataclass(frozen=True, kw_only=True)
class FailParams:
    """How to fail."""

    how: str = param(
        kind=Kind.CHOICE, title="How", choices=("named", "unknown", "failed", "partial", "warn")
    )


def run_fail(params: FailParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Fail in the given way."""
    if params.how == "named":
        raise InputError("The thing cannot be used", "it is broken", "Take another.")
    if params.how == "unknown":
        raise ZeroDivisionError("1/0 in the middle")
    if params.how == "warn":
        monitor.emit(Note(Level.WARNING, "something odd"))
        doubts = ("something odd", "another doubt")
        return OperationResult(data=None, text="well, after all", warnings=doubts)
    rows = [
        {"item_id": "A", "status": "completed", "failures": {}},
        {
            "item_id": "B",
            "status": params.how,
            "failures": {"nir": "Band 'nir' of B: HTTP 404."},
            "error": "B has no nir.",
        },
    ]
    return OperationResult(data=rows, text=f"A done, B {params.how}", status=Status(params.how))


FAIL = Operation(
    name="fail", title="Fail", group="Tests", summary="Fails.", params=FailParams, run=run_fail
)


@dataclass(frozen=True, kw_only=True)
class NamesParams:
    """How to name parameters and operations in sentences."""

    hand_limit: float = param(5.0, kind=Kind.NUMBER, title="Height limit")
    fails: bool = param(False, kind=Kind.FLAG, title="Fails")


def run_names(params: NamesParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Name some in an event, and in the result or the failure."""
    monitor.emit(Note(Level.WARNING, "Lower ‘hand_limit’."))
    if params.fails:
        raise InputError("The unit", "‘stack.unit’ is missing", "Run ‘flight repair’.")
    sentence = "No ‘stack.unit’, and no ‘nonsense’: run ‘flight repair’."
    return OperationResult(data={"warnings": [sentence]}, text=sentence)


NAMES = Operation(
    name="names", title="Names", group="Tests", summary="Names.", params=NamesParams, run=run_names
)


@dataclass(frozen=True, kw_only=True)
class EveryParams:
    """One parameter of every kind."""

    area: Aoi = param(kind=Kind.AREA, title="Area", help="Where.")
    catalog: Catalog = param(
        "earth-search",
        kind=Kind.CATALOG,
        title="Catalogue",
        make_default=lambda: get_catalog("earth-search"),
    )
    sensor: Sensor | None = param(None, kind=Kind.SENSOR, title="Sensor", choices=sensor_names)
    event: EventType | None = param(None, kind=Kind.EVENT, title="Event", choices=event_names)
    day: Moment = param(kind=Kind.DATE, title="Day")
    word: str = param("b", kind=Kind.CHOICE, title="Word", choices=("a", "b", "c"))
    words: tuple[str, ...] = param((), kind=Kind.CHOICES, title="Words", choices=("x", "y", "z"))
    text: str | None = param(None, kind=Kind.TEXT, title="Text")
    whole: int = param(5, kind=Kind.INTEGER, title="Whole", minimum=1, maximum=9)
    part: float | None = param(
        None, kind=Kind.NUMBER, title="Part", minimum=0, maximum=1, advanced=True
    )
    sure: bool = param(False, kind=Kind.FLAG, title="Sure")
    bands: tuple[str, ...] = param((), kind=Kind.BANDS, title="Bands")
    files: tuple[BandPath, ...] = param(kind=Kind.BAND_FILES, title="Files")
    note: Path | None = param(None, kind=Kind.FILE_IN, title="Note")
    places: tuple[Path, ...] = param((), kind=Kind.FOLDERS_IN, title="Places")
    picture: Path = param(kind=Kind.RASTER_IN, title="Picture")
    shape: Path | None = param(None, kind=Kind.VECTOR_IN, title="Shape")
    either: Path | None = param(None, kind=Kind.LAYER_IN, title="Either")
    origin: Path | str | None = param(None, kind=Kind.SOURCE_IN, title="Origin")
    pictures: tuple[Path, ...] = param((), kind=Kind.RASTERS_IN, title="Pictures")
    stack: Path = param(kind=Kind.RASTER_OUT, title="Stack", suffix=".vrt")
    outlines: Path | None = param(None, kind=Kind.VECTOR_OUT, title="Outlines", suffix=".geojson")
    folder: Path = param(kind=Kind.FOLDER_OUT, title="Folder")
    only_cli: str | None = param(None, kind=Kind.TEXT, title="Hidden", doors=("cli",))


SEEN: list[EveryParams] = []
"""What arrived at the last run of EVERY, to be cleared by the test."""


def run_every(params: EveryParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Keep what arrived."""
    SEEN.append(params)
    return OperationResult(data=None, text="seen")


EVERY = Operation(
    name="every-kind",
    title="Every kind",
    group="Tests",
    summary="Has all.",
    params=EveryParams,
    run=run_every,
)
assert {p.kind for p in EVERY.parameters()} == set(Kind), (
    "EVERY must have a parameter of every kind"
)


@dataclass(frozen=True, kw_only=True)
class CopyParams:
    """A raster to copy."""

    source: Path = param(kind=Kind.RASTER_IN, title="Source")
    output: Path = param(kind=Kind.RASTER_OUT, title="Copy", suffix=".tif")


def run_copy(params: CopyParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Copy a file and show it as NDVI."""
    params.output.write_bytes(params.source.read_bytes())
    layer = LayerOutput(params.output, "NDVI of the copy", "ndvi", "copy")
    return OperationResult(data=None, text=f"copied to {params.output}", layers=(layer,))


COPY = Operation(
    name="copy", title="Copy", group="Tests", summary="Copies.", params=CopyParams, run=run_copy
)
