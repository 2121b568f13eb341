"""Request for one scene, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..enums import SceneStatus, StrEnum
from ..types import Aoi, BandFailure, BandFile, BandStack, SceneItem, ValidationReport

if TYPE_CHECKING:
    from ..validation.earlier import EarlierLooks


class SingleFile(StrEnum):
    """Files that are had instead of bands."""

    VISUAL = "visual"
    """The true-colour picture."""
    SINGLE = "single"
    """The item's one file."""


@dataclass(frozen=True)
class SceneResult:
    """Outcome for one scene, with its files."""

    scene: SceneItem
    status: SceneStatus
    stack: BandStack | None = None
    report: ValidationReport | None = None
    files: tuple[BandFile, ...] = ()
    failures: tuple[BandFailure, ...] = ()
    error: str = ""
    """The whole sentence, where it failed."""
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Index name → layer."""
    single_path: Path | None = None
    """The picture, or the single file, where no bands were stacked."""

    @property
    def path(self) -> Path | None:
        """The stack, else the single file."""
        return self.stack.path if self.stack else self.single_path

    @property
    def paths(self) -> tuple[Path, ...]:
        """All stacks, that of the finest bands first; else the single file."""
        if self.stack is None:
            return () if self.single_path is None else (self.single_path,)
        return (self.stack.path, *(companion.path for companion in self.stack.companions))

    def to_dict(self) -> dict[str, Any]:
        """The specification's ingestion result, with reasons for what failed."""
        report = self.report
        return {
            "status": self.status,
            "item_id": self.scene.id,
            "output_path": str(self.path) if self.path else None,
            "companions": [str(path) for path in self.paths[1:]],
            "bands_downloaded": {
                file.band: {
                    "path": str(file.path),
                    "size_bytes": file.size_bytes,
                    "time_s": round(file.seconds, 3),
                    "attempts": file.attempts,
                    "sha256": file.sha256,
                    "catalog": file.catalog or self.scene.catalog,
                    "item_id": file.item_id or self.scene.id,
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


@dataclass(frozen=True)
class SceneRequest:
    """Bands, area and folder to ingest one scene with."""

    scene: SceneItem
    bands: Sequence[str]
    """Names of the sensor's bands, in wavelength order."""
    output: Path
    """A sub-folder is made for the scene."""
    area: Aoi | None = None
    """Part of the scene that matters; None: all of it."""
    whole_bands: bool = False
    """Fetch whole bands although there is an area."""
    visual_only: bool = False
    """Only the true-colour picture."""
    single_file: bool = False
    """Only the item's one file (``url``), as before single bands."""
    check: bool = True
    """Validate the result."""
    stack_name: str = "stack"
    """End of the stack's name, behind that of the scene."""
    mode: str = "resample"
    """What becomes of bands of different pixel sizes: one of :data:`~.stack.band_stack.MODES`."""
    looks: EarlierLooks | None = None
    """For scenes that come in several steps: a band is looked at once."""

    @property
    def geometry(self) -> Mapping[str, Any] | None:
        """GeoJSON, lon/lat, of the part that is fetched; None: whole bands."""
        return None if self.area is None or self.whole_bands else self.area.geometry
