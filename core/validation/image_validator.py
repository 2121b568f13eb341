"""Is this raster what it should be? Files first, then bands, then pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..enums import OnInvalid
from ..monitor import EventQueue, Monitor, Progress
from ..settings import Settings
from ..types import ValidationReport
from ..workers import run_in_background, run_parallel
from .actions import act_on, not_validated
from .band_look import BandLook, look_at_band
from .band_pairs import check_pairs
from .checks import apply_overrides, parse_overrides
from .earlier import EarlierLooks, states_of
from .preparation import prepare
from .spec import ValidationSpec

__all__ = ["ValidationSpec", "validate"]


def validate(
    path: Path,
    spec: ValidationSpec,
    settings: Settings,
    monitor: Monitor,
    earlier: EarlierLooks | None = None,
) -> ValidationReport:
    """Look at a stack or any raster; whatever is wrong becomes a finding.

    Parameters
    ----------
    earlier : EarlierLooks, optional
        Takes the looks at its bands, or has those at some of them, which need no other.

    Raises
    ------
    SettingsError
        For a check that does not exist.
    Cancelled
        If the monitor asked to stop.
    """
    overrides = parse_overrides(settings.checks)
    if settings.on_invalid == OnInvalid.SKIP:
        return not_validated(path)
    events = EventQueue(monitor)
    report = _validate(path, spec, settings, events, earlier or EarlierLooks())
    findings = tuple(apply_overrides(report.findings, overrides))
    report = replace(
        report, findings=findings, overrides=overrides, depth=settings.validation_depth
    )
    return run_in_background(lambda: act_on(report, settings, events), events)


def _validate(
    path: Path,
    spec: ValidationSpec,
    settings: Settings,
    events: EventQueue,
    earlier: EarlierLooks,
) -> ValidationReport:
    stopped = events.stop.is_set
    raster = run_in_background(
        lambda: prepare(path, spec, settings, stopped, earlier.windows), events
    )
    if isinstance(raster, ValidationReport):
        return raster
    done, states = list[str](), states_of(raster)

    def tell(look: BandLook) -> None:
        done.append(look.name)
        events.put(Progress(len(done) / len(raster.bands), f"Validating band {look.name}"))

    looks = run_parallel(
        lambda name: (
            earlier.recall(name, raster) or look_at_band(name, raster, spec, settings, stopped)
        ),
        list(raster.bands),
        settings.worker_count,
        events,
        tell,
    )
    earlier.keep(raster, looks, states)
    seen = [look.seen for look in looks if look.seen is not None]
    pairs, shifts = run_in_background(lambda: check_pairs(seen, settings), events)
    bands = [finding for look in looks for finding in look.findings]
    measured = {band.name: dict(band.figures) for band in seen}
    for name, shift in shifts.items():
        measured[name]["shift_px"] = shift
    return ValidationReport(
        path,
        tuple(raster.bands),
        tuple(dict.fromkeys([*raster.findings, *bands, *pairs])),
        measured=measured,
        sources=raster.sources.files,
        band_names={index: name for name, index in raster.bands.items()},
    )
