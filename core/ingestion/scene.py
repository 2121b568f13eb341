"""One scene from catalogue to a validated stack: plan → download → stack → validate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..discovery.access import Access
from ..discovery.band_config import Sensor, get_sensor
from ..errors import BandStackError, IngestionError, RasterError
from ..monitor import EventQueue, Monitor, Note, PartMonitor, Progress
from ..settings import Settings
from ..types import BandFailure, BandFile, BandStack, SceneItem, ValidationReport, format_time
from ..validation.image_validator import ValidationSpec, validate
from ..workers import run_in_background
from .band_downloader import download_bands
from .band_stack import BandSource, create_band_stack, stack_to_geotiff
from .plan import plan_downloads, safe_name

DOWNLOAD_SHARE = 0.8
STACK_SHARE = 0.85
"""Of the progress bar, where downloading and stacking end; the rest is validation."""


@dataclass(frozen=True)
class SceneResult:
    """What became of one scene."""

    scene: SceneItem
    status: str
    """``completed``, ``partial`` (a band is missing, the stack is good) or ``failed``."""
    stack: BandStack | None = None
    report: ValidationReport | None = None
    files: tuple[BandFile, ...] = ()
    failures: tuple[BandFailure, ...] = ()
    error: str = ""
    """The whole sentence, where it failed."""
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Index name → layer."""

    def to_dict(self) -> dict[str, Any]:
        """The specification's ingestion result, with reasons for what failed."""
        report = self.report
        return {
            "status": self.status,
            "item_id": self.scene.id,
            "output_path": str(self.stack.path) if self.stack else None,
            "bands_downloaded": {
                file.band: {
                    "path": str(file.path),
                    "size_bytes": file.size_bytes,
                    "time_s": round(file.seconds, 3),
                    "attempts": file.attempts,
                    "sha256": file.sha256,
                }
                for file in self.files
            },
            "bands_failed": [failure.band for failure in self.failures],
            "failures": {failure.band: failure.error for failure in self.failures},
            "total_download_time_s": round(sum(file.seconds for file in self.files), 3),
            "total_size_bytes": sum(file.size_bytes for file in self.files),
            "validation": report.to_dict() if report else None,
            "warnings": list(self.warnings),
            "error": self.error or None,
            "outputs": {name: str(path) for name, path in self.outputs.items()},
        }


def ingest_scene(
    scene: SceneItem, wanted: Sequence[str], output: Path, settings: Settings, monitor: Monitor, access: Access
) -> SceneResult:
    """Bring one scene to the disk as a validated stack.

    Parameters
    ----------
    wanted : sequence of str
        Bands of the sensor, in wavelength order.
    access : Access
        Opens the files; keeps tokens from scene to scene.

    Raises
    ------
    IngestionError
        If the scene offers none of the wanted bands, or lacks a required one.
    DiskFullError, BandStackError, Cancelled
        See there. Bands that are finished stay in every case.
    """
    sensor = get_sensor(scene.sensor)
    offered = [name for name in wanted if name in scene.bands]
    required = [name for name in wanted if name in sensor.required]
    warnings = [f"Scene {scene.id} offers no {name}" for name in wanted if name not in scene.bands]
    what = f"Scene {scene.id} cannot be ingested"
    lacking = [name for name in required if name not in scene.bands]
    if not offered:
        have = f"it offers {', '.join(scene.bands)}" if scene.bands else "it offers no known band"
        raise IngestionError(
            what, f"none of the bands {', '.join(wanted)} is there ({have})", "Choose other bands or another scene."
        )
    if lacking:
        raise IngestionError(
            what,
            f"it lacks the required band {', '.join(lacking)} (it offers {', '.join(scene.bands)})",
            "Choose other bands or another scene.",
        )
    for text in (*warnings, *scene.notes):
        monitor.emit(Note("warning", text))

    events = EventQueue(monitor)
    plan = run_in_background(lambda: plan_downloads(scene, offered, output), events)
    files, failures = download_bands(plan, settings, PartMonitor(monitor, 0, DOWNLOAD_SHARE), access)
    failed = [failure.band for failure in failures]
    if not files:
        reasons = "; ".join(f"{failure.band}: {failure.reason}" for failure in failures)
        error = IngestionError(
            f"Scene {scene.id} failed", f"All band downloads failed ({reasons})", "Check the network, then run again."
        )
        return SceneResult(scene, "failed", failures=tuple(failures), error=str(error), warnings=tuple(warnings))
    broken = [name for name in required if name in failed]
    if broken:
        error = IngestionError(
            f"Scene {scene.id} failed",
            f"required band {', '.join(broken)} could not be downloaded ({failures[failed.index(broken[0])].reason})",
            "The other bands are kept; run again to fetch what is missing.",
        )
        return SceneResult(
            scene, "failed", files=tuple(files), failures=tuple(failures), error=str(error), warnings=tuple(warnings)
        )
    warnings += [f"Band '{failure.band}' is missing from the stack: {failure.reason}" for failure in failures]

    monitor.emit(Progress(DOWNLOAD_SHARE, "Stacking bands"))
    try:
        stack = run_in_background(lambda: _stack(scene, sensor, files, plan.folder, settings), events)
    except (BandStackError, RasterError) as stack_error:
        return SceneResult(
            scene, "failed", files=tuple(files), failures=tuple(failures), error=str(stack_error), warnings=tuple(warnings)
        )
    warnings += stack.warnings
    spec = ValidationSpec(sensor, tuple(required), tuple(wanted))
    report = validate(stack.path, spec, settings, PartMonitor(monitor, STACK_SHARE, 1.0))
    status = "partial" if failures else "completed"
    error_text = ""
    if not report.ok:
        status = "failed"
        error_text = f"Image validation failed for {stack.path}: {' '.join(report.sentences('error'))}"
    for text in (*stack.warnings, *report.sentences("warning")):
        monitor.emit(Note("warning", text))
    return SceneResult(scene, status, stack, report, tuple(files), tuple(failures), error_text, tuple(warnings))


def _stack(scene: SceneItem, sensor: Sensor, files: Sequence[BandFile], folder: Path, settings: Settings) -> BandStack:
    sources = {
        file.band: BandSource(
            path=file.path,
            radiometry=scene.bands[file.band].radiometry,
            wavelength_nm=sensor.bands[file.band].wavelength_nm,
            is_class=sensor.bands[file.band].is_class,
        )
        for file in files
    }
    stack = create_band_stack(
        sources,
        folder / f"{safe_name(scene.id)}_stack.vrt",
        band_order=sensor.sort(sources),
        target_resolution=settings.target_resolution,
        resample_method=settings.resample_method,
        tags={
            "item_id": scene.id,
            "sensor": scene.sensor,
            "catalog": scene.catalog,
            "collection": scene.collection,
            "datetime": format_time(scene.datetime),
        },
    )
    if settings.default_format == "geotiff":
        return stack_to_geotiff(stack, stack.path.with_suffix(".tif"))
    return stack
