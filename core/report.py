"""Findings of the validator, and its report of a raster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .enums import Depth, StrEnum


class Severity(StrEnum):
    """Weight of a finding; an error makes the raster invalid."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """Result for one band."""

    PASS = "pass"  # nosec B105 # the verdict, no word to pass by
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One thing the validator saw."""

    code: str
    """Stable, documented in docs/validation.md: ``band_missing``, ``band_blank`` …"""
    severity: Severity
    sentence: str
    band: str | None = None
    measured: float | None = None
    limit: float | None = None
    product: str = ""
    """The product whose rule would mend it; empty where none is likely."""

    @classmethod
    def error(
        cls,
        code: str,
        sentence: str,
        band: str | None = None,
        measured: float | None = None,
        limit: float | None = None,
    ) -> Finding:
        """A finding that makes the raster invalid."""
        return cls(code, Severity.ERROR, sentence, band, measured, limit)

    @classmethod
    def warning(
        cls,
        code: str,
        sentence: str,
        band: str | None = None,
        measured: float | None = None,
        limit: float | None = None,
    ) -> Finding:
        """A finding that a person should look at."""
        return cls(code, Severity.WARNING, sentence, band, measured, limit)

    @property
    def is_error(self) -> bool:
        """Weight that makes the raster invalid."""
        return self.severity == Severity.ERROR

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "code": self.code,
            "severity": self.severity,
            "band": self.band,
            "measured": self.measured,
            "limit": self.limit,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class ValidationReport:
    """Report of the validator on one raster."""

    path: Path
    bands: tuple[str, ...]
    """Names of the bands that were looked at."""
    findings: tuple[Finding, ...]
    measured: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Band → figure → value, in physical units; None where there is nothing to measure."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Check → what this run made of it: ``off`` or another severity."""
    depth: Depth = Depth.QUICK
    sources: tuple[Path, ...] = ()
    """The files that hold the pixels, where the raster is a VRT."""
    band_names: Mapping[int, str] = field(default_factory=dict)
    """Band of the file, from 1 → its name."""
    quicklook: Path | None = None
    """The picture that was made."""

    @property
    def ok(self) -> bool:
        """No finding is an error."""
        return not any(finding.is_error for finding in self.findings)

    def verdict(self, band: str) -> Verdict:
        """The result for one band."""
        severities = {f.severity for f in self.findings if f.band == band}
        if Severity.ERROR in severities:
            return Verdict.FAIL
        return Verdict.WARN if Severity.WARNING in severities else Verdict.PASS

    def sentences(self, severity: Severity) -> list[str]:
        """The sentences of one severity."""
        return [f.sentence for f in self.findings if f.severity == severity]

    def to_dict(self) -> dict[str, Any]:
        """The specification's validation result."""
        return {
            "is_valid": self.ok and bool(self.bands),
            "path": str(self.path),
            "bands_validated": list(self.bands),
            "warnings": self.sentences(Severity.WARNING),
            "errors": self.sentences(Severity.ERROR),
            "findings": [f.to_dict() for f in self.findings],
            "measured": {band: dict(figures) for band, figures in self.measured.items()},
            "overrides": dict(self.overrides),
            "depth": self.depth,
            "vrt_sources": [str(path) for path in self.sources],
            "band_names": {str(index): name for index, name in self.band_names.items()},
            "screenshot": str(self.quicklook) if self.quicklook else None,
        }
