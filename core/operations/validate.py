"""Say whether a stack or a raster is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import Sensor, load_sensors, sensor_names, sensor_titles
from ..enums import Depth, Screenshot, Status
from ..errors import RasterError, ValidationError
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output, OutputKind
from ..params import AREA_HELP, Kind, param
from ..raster.facts import read_facts
from ..raster.vrt_sources import check_is_raster, is_vrt
from ..report import Severity
from ..settings import Settings
from ..text import joined
from ..types import Aoi, ValidationReport
from ..validation.image_validator import ValidationSpec, validate

LABELS = {Severity.ERROR: "FAIL", Severity.WARNING: "warn", Severity.INFO: "note"}


@dataclass(frozen=True, kw_only=True)
class ValidateParams:
    """Raster, and what it is expected to be."""

    path: Path = param(
        kind=Kind.RASTER_IN, title="Stack", help="A VRT or any raster.", positional=True
    )
    sensor: Sensor | None = param(
        None,
        kind=Kind.SENSOR,
        title="Sensor",
        choices=sensor_names,
        labels=sensor_titles,
        help="Its required bands must be there; if not given, as the file says.",
    )
    area: Aoi | None = param(
        None,
        kind=Kind.AREA,
        title="Area",
        help=f"Where data are needed; the whole raster if not given. {AREA_HELP}",
    )
    deep: bool = param(
        False,
        kind=Kind.FLAG,
        title="Look deep",
        help="Decode every tile and compare recorded checksums: the only way to see "
        "changed bytes; slow.",
    )
    checks: str | None = param(
        None,
        kind=Kind.TEXT,
        title="Checks",
        help="Turned off or weighed otherwise, comma-separated: "
        "band_shifted=off,range_implausible=error.",
        advanced=True,
    )
    screenshot: Screenshot | None = param(
        None,
        kind=Kind.CHOICE,
        title="Picture",
        choices=tuple(Screenshot),
        labels={
            Screenshot.NEVER: "Never",
            Screenshot.ON_FAILURE: "When something is wrong",
            Screenshot.ALWAYS: "Always",
        },
        help="A small PNG with the verdict; as the settings say if not given.",
        advanced=True,
    )


def run_validate(params: ValidateParams, settings: Settings, monitor: Monitor) -> OperationResult:
    """Validate, and say it in words."""
    settings = settings.override(
        checks=params.checks,
        validation_depth=Depth.DEEP if params.deep else None,
        screenshot=params.screenshot,
    )
    sensor = params.sensor or load_sensors().get((_sensor_name(params.path) or "").lower())
    spec = ValidationSpec(
        sensor, sensor.required if sensor else (), sensor.default if sensor else (), params.area
    )
    report = validate(params.path, spec, settings, monitor)
    return OperationResult(
        data=report.to_dict(),
        text=describe(report),
        status=_status(report),
        outputs={
            "valid": int(report.ok and bool(report.bands)),
            "findings": joined(f.sentence for f in report.findings),
            "screenshot": str(report.quicklook) if report.quicklook else "",
        },
        value=report,
        warnings=tuple(f.sentence for f in report.findings if f.severity == Severity.WARNING),
    )


def _status(report: ValidationReport) -> Status:
    """What was not looked at is not valid, and nothing is known against it."""
    if not report.ok:
        return Status.FAILED
    return Status.DONE if report.bands else Status.PARTIAL


def _sensor_name(path: Path) -> str | None:
    """Sensor as FirstLight wrote it into its stacks."""
    if is_vrt(path):
        return _sensor_name_of_vrt(path)
    try:
        check_is_raster(path)
        return read_facts(path).tags.get("sensor")
    except (RasterError, ValidationError):  # the validator tells what is wrong with it
        return None


def _sensor_name_of_vrt(path: Path) -> str | None:
    """Read it from the XML alone: nothing is opened by GDAL before its sources were looked at."""
    from ..files.xml_text import UnfitXml, read_xml

    try:
        nodes = read_xml(path).findall("./Metadata/MDI[@key='sensor']")
    except (OSError, UnfitXml):  # the validator tells what is wrong with it
        return None
    return (nodes[0].text or "").strip() if nodes else None


def describe(report: ValidationReport) -> str:
    """The report for a person: the verdict, a line for each band, and what was found with what to
    do.
    """
    verdict = "valid" if report.ok else "NOT valid"
    if report.ok and not report.bands:
        verdict = "NOT looked at"
    looked = " (every tile)" if report.depth == Depth.DEEP else ""
    lines = [f"{report.path}: {verdict}{looked} (bands: {', '.join(report.bands) or 'none'})"]
    width = max((len(name) for name in report.bands), default=0)
    lines += [
        f"  {name:<{width}}  {report.verdict(name):<4}  {_figures(report, name)}".rstrip()
        for name in report.bands
    ]
    lines += [f"  {LABELS[f.severity]}: {f.sentence}" for f in report.findings]
    if report.overrides:
        said = ", ".join(f"{check}: {state}" for check, state in report.overrides.items())
        lines.append(f"  Checks were changed for this run ({said}).")
    if report.quicklook:
        lines.append(f"  Picture: {report.quicklook}")
    return joined(lines)


def _figures(report: ValidationReport, name: str) -> str:
    measured = report.measured.get(name, {})
    low, high, nodata = measured.get("p02"), measured.get("p98"), measured.get("nodata_percent")
    parts = [] if nodata is None else [f"nodata {nodata:.1f} %"]
    if low is not None and high is not None:
        parts.append(f"values {low:.4g}..{high:.4g}")
    return ", ".join(parts)


VALIDATE = Operation(
    name="validate",
    title="Validate a stack",
    group="Stacks",
    summary="Checks that files are whole, and bands present, plausible and aligned. No "
    "band may be blank or mostly nodata.",
    params=ValidateParams,
    run=run_validate,
    outputs=(
        Output("valid", "1 where the raster is valid", OutputKind.NUMBER),
        Output("findings", "What was found"),
        Output("screenshot", "Picture"),
    ),
)
