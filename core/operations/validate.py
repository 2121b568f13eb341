"""Say whether a stack or a raster is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..discovery.area import parse_area
from ..discovery.band_config import get_sensor, sensor_names
from ..enums import Depth, Screenshot, Status
from ..errors import RasterError, ValidationError
from ..monitor import Monitor
from ..operation import Operation, OperationResult, Output
from ..params import param
from ..raster.reader import read_facts
from ..report import Severity
from ..settings import Settings
from ..types import ValidationReport
from ..validation.image_validator import ValidationSpec, validate
from ..validation.vrt_sources import check_is_raster, is_vrt
from .search_params import AREA_HELP

WORDS = {Severity.ERROR: "FAIL", Severity.WARNING: "warn", Severity.INFO: "note"}


@dataclass(frozen=True, kw_only=True)
class ValidateParams:
    """What to look at, and as what."""

    path: Path = param(
        kind="raster_in", title="Stack", help="A VRT or any raster.", positional=True
    )
    sensor: str | None = param(
        None,
        kind="choice",
        title="Sensor",
        choices=sensor_names,
        help="Its required bands must be there; if not given, as the file says.",
    )
    area: str | None = param(
        None,
        kind="area",
        title="Area",
        help=f"Where data are needed; the whole raster if not given. {AREA_HELP}",
    )
    deep: bool = param(
        False,
        kind="flag",
        title="Look deep",
        help="Decode every tile and compare recorded checksums: the only way to see "
        "changed bytes; slow.",
    )
    checks: str | None = param(
        None,
        kind="text",
        title="Checks",
        help="Turned off or weighed otherwise, comma-separated: "
        "band_shifted=off,range_implausible=error.",
        advanced=True,
    )
    screenshot: str | None = param(
        None,
        kind="choice",
        title="Picture",
        choices=tuple(Screenshot),
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
    name = params.sensor or _sensor_of(params.path)
    sensor = get_sensor(name) if name else None
    expected = sensor.default if sensor else ()
    area = parse_area(params.area) if params.area else None
    spec = ValidationSpec(sensor, sensor.required if sensor else (), expected, area)
    report = validate(params.path, spec, settings, monitor)
    return OperationResult(
        data=report.to_dict(),
        text=describe(report),
        status=Status.DONE if report.ok else Status.FAILED,
        outputs={
            "valid": int(report.ok),
            "findings": "\n".join(f.sentence for f in report.findings),
            "screenshot": str(report.quicklook) if report.quicklook else "",
        },
        value=report,
    )


def _sensor_of(path: Path) -> str | None:
    """As FirstLight wrote it into its stacks."""
    if is_vrt(path):
        return _sensor_of_stack(path)
    try:
        check_is_raster(path)
        return read_facts(path).tags.get("sensor")
    except (RasterError, ValidationError):  # the validator tells what is wrong with it
        return None


def _sensor_of_stack(path: Path) -> str | None:
    """From the XML alone: nothing is opened by GDAL before its sources were looked at."""
    import xml.etree.ElementTree as ET

    try:
        nodes = ET.parse(path).getroot().findall("./Metadata/MDI[@key='sensor']")
    except (OSError, ET.ParseError, ValueError):  # the validator tells what is wrong with it
        return None
    name = (nodes[0].text or "").strip() if nodes else ""
    return name if name in sensor_names() else None


def describe(report: ValidationReport) -> str:
    """The report for a person: the verdict, a line for each band, and what was found with what to
    do.
    """
    verdict = "valid" if report.ok else "NOT valid"
    looked = " (every tile)" if report.depth == Depth.DEEP else ""
    lines = [f"{report.path}: {verdict}{looked} (bands: {', '.join(report.bands) or 'none'})"]
    width = max((len(name) for name in report.bands), default=0)
    lines += [
        f"  {name:<{width}}  {report.verdict(name):<4}  {_figures(report, name)}".rstrip()
        for name in report.bands
    ]
    lines += [f"  {WORDS[f.severity]}: {f.sentence}" for f in report.findings]
    if report.overrides:
        said = ", ".join(f"{check}: {what}" for check, what in report.overrides.items())
        lines.append(f"  Checks were changed for this run ({said}).")
    if report.quicklook:
        lines.append(f"  Picture: {report.quicklook}")
    return "\n".join(lines)


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
    summary="Checks that files are whole, bands are present, not blank, not mostly nodata, "
    "plausible, and lie on each other.",
    params=ValidateParams,
    run=run_validate,
    outputs=(
        Output("valid", "1 where the raster is valid", "number"),
        Output("findings", "What was found"),
        Output("screenshot", "Picture"),
    ),
)
