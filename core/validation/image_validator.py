"""Is this raster what it should be? Files first, then bands, then pixels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..discovery.band_config import Sensor
from ..errors import RasterError, ValidationError
from ..monitor import EventQueue, Monitor, Progress
from ..raster.band_names import identify_bands
from ..raster.reader import RasterFacts, StackReader
from ..settings import Settings
from ..types import Finding, ValidationReport
from ..workers import run_in_background
from .band_validator import check_optical_band
from .sar_validator import check_sar_band
from .vrt_sources import check_vrt_sources, is_vrt

SAR_UNITS = ("power", "amplitude", "dB")


@dataclass(frozen=True)
class ValidationSpec:
    """What the raster should be."""

    sensor: Sensor | None = None
    """None: only what the file says of itself is checked."""
    required: tuple[str, ...] = ()
    """Bands without which it is no good."""
    expected: tuple[str, ...] = ()
    """Bands it should have, in order; a missing one that is not required is a warning."""


def validate(path: Path, spec: ValidationSpec, settings: Settings, monitor: Monitor) -> ValidationReport:
    """Look at a stack or any raster; whatever is wrong becomes a finding.

    Raises
    ------
    Cancelled
        If the monitor asked to stop.
    """
    events = EventQueue(monitor)
    return run_in_background(lambda: _validate(path, spec, settings, events), events)


def _validate(path: Path, spec: ValidationSpec, settings: Settings, events: EventQueue) -> ValidationReport:
    try:
        if is_vrt(path):
            check_vrt_sources(path)
        with StackReader(path) as reader:
            names = known_names(spec.sensor)
            bands = identify_bands(reader.facts, names, spec.expected)
            findings = [*_check_placement(reader.facts), *_check_presence(bands, spec)]
            for done, (name, index) in enumerate(bands.items(), start=1):
                if events.stop.is_set():
                    break
                findings += _check_band(reader, name, index, settings)
                events.put(Progress(done / len(bands), f"Validating band {name}"))
    except (ValidationError, RasterError) as error:
        code = "unreadable" if isinstance(error, RasterError) else "vrt_refused"
        return ValidationReport(path, (), (Finding(code, "error", str(error)),))
    return ValidationReport(path, tuple(bands), tuple(findings))


def known_names(sensor: Sensor | None) -> Mapping[str, Collection[str]]:
    """Canonical band name → its other names; of all sensors where none is given."""
    from ..discovery.band_config import load_sensors

    sensors = [sensor] if sensor is not None else list(load_sensors().values())
    names: dict[str, list[str]] = {}
    for one in sensors:
        for band in one.bands.values():
            names.setdefault(band.name, []).extend((band.code, *band.asset_keys))
    return names


def _check_placement(facts: RasterFacts) -> list[Finding]:
    if facts.grid.crs:
        return []
    gcps = "it has ground control points only; warp it first" if facts.has_gcps else "assign one"
    return [Finding("no_crs", "error", f"{facts.path.name} has no coordinate system: {gcps}.")]


def _check_presence(bands: Mapping[str, int], spec: ValidationSpec) -> list[Finding]:
    findings = []
    there = ", ".join(bands) or "no band that could be named"
    for name in dict.fromkeys((*spec.required, *spec.expected)):
        if name not in bands:
            required = name in spec.required
            sentence = f"{'Required band' if required else 'Band'} '{name}' not found in dataset (it has {there})."
            findings.append(Finding("band_missing", "error" if required else "warning", sentence, name))
    if not bands and not findings:
        findings.append(Finding("band_unnamed", "warning", "No band could be named: neither descriptions nor file name tell."))
    wanted = [name for name in spec.expected if name in bands]
    actual = sorted(wanted, key=lambda name: bands[name])
    if wanted != actual:
        sentence = f"The bands stand in the order {', '.join(actual)} where {', '.join(wanted)} is usual."
        findings.append(Finding("band_order", "warning", sentence))
    return findings


def _check_band(reader: StackReader, name: str, index: int, settings: Settings) -> Sequence[Finding]:
    radiometry = reader.facts.bands[index - 1].radiometry
    check = check_sar_band if radiometry.unit in SAR_UNITS or name in ("vv", "vh", "hh", "hv") else check_optical_band
    try:
        return check(reader, name, index, radiometry, settings)
    except RasterError as error:
        return [Finding("band_unreadable", "error", str(error), name)]
