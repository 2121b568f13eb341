"""Say whether a stack or a raster is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import get_sensor, sensor_names
from ..errors import RasterError
from ..monitor import Monitor
from ..raster.reader import read_facts
from ..settings import Settings
from ..types import ValidationReport
from ..validation.image_validator import ValidationSpec, validate
from .base import Operation, OperationResult, Output, param


@dataclass(frozen=True, kw_only=True)
class ValidateParams:
    """What to look at, and as what."""

    path: Path = param(kind="raster_in", title="Stack", help="A VRT or any raster.", positional=True)
    sensor: str | None = param(
        None,
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="Its required bands must be there; if not given, as the file says.",
    )


def run_validate(params: ValidateParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Validate, and say it in words."""
    name = params.sensor or _sensor_of(params.path)
    sensor = get_sensor(name) if name else None
    expected = sensor.default if sensor else ()
    spec = ValidationSpec(sensor, sensor.required if sensor else (), expected)
    report = validate(params.path, spec, settings, monitor)
    return OperationResult(
        data=report.to_dict(),
        text=describe(report),
        status="done" if report.ok else "failed",
        outputs={"valid": int(report.ok), "findings": "\n".join(f.sentence for f in report.findings)},
        value=report,
    )


def _sensor_of(path: Path) -> str | None:
    """As FirstLight wrote it into its stacks."""
    try:
        return read_facts(path).tags.get("sensor")
    except RasterError:  # the validator tells what is wrong with it
        return None


def describe(report: ValidationReport) -> str:
    """The report for a person: one line for the verdict, one for each finding."""
    verdict = "valid" if report.ok else "NOT valid"
    lines = [f"{report.path}: {verdict} (bands: {', '.join(report.bands) or 'none'})"]
    return "\n".join(lines + [f"  {f.severity}: {f.sentence}" for f in report.findings])


VALIDATE = Operation(
    name="validate",
    title="Validate a stack",
    group="Stacks",
    summary="Checks that sources are there, bands are present, not blank, not mostly nodata, and plausible after scaling.",
    params=ValidateParams,
    run=run_validate,
    outputs=(Output("valid", "1 where the raster is valid", "number"), Output("findings", "What was found")),
)
