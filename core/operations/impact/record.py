"""What the operations of impact share: what they tell while they run, and the record they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ... import PRODUCT
from ...errors import InputError
from ...files.atomic import WriteFailure, write_whole
from ...files.checksum import sha256_of
from ...monitor import EventQueue, Level, Note, Progress
from ...shapes.features import FeatureFile
from ...types import format_time


@dataclass
class Telling:
    """What a run tells."""

    events: EventQueue
    title: str
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Warn, of each thing once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.events.put(Note(Level.WARNING, text))

    def step(self, share: float, text: str) -> None:
        """Say what is done next."""
        self.events.put(Progress(share, f"{self.title}: {text}"))

    @property
    def stop(self) -> Callable[[], bool]:
        """Tells whether the user asked to stop."""
        return self.events.stop.is_set


def record_of(
    operation: str,
    method: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, Path],
    telling: Telling,
) -> dict[str, Any]:
    """What was computed from what, and how: JSON-ready, with the sums of the inputs' files."""
    return {
        "software": PRODUCT,
        "operation": operation,
        "created": format_time(datetime.now(timezone.utc)),
        "method": method,
        "parameters": dict(parameters),
        "inputs": {name: _recorded(path, telling.stop) for name, path in inputs.items()},
        "warnings": list(telling.warnings),
    }


def _recorded(path: Path, stop: Callable[[], bool]) -> dict[str, Any]:
    file = FeatureFile.of(path).path
    try:
        size = file.stat().st_size
        return {"path": str(path), "size_bytes": size, "sha256": sha256_of(file, stop)}
    except OSError:
        return {"path": str(path)}  # inside a container, or gone since


def file_names(paths: Mapping[str, Path]) -> dict[str, str]:
    """Files of a result, named as they lie beside its record."""
    return {name: path.name for name, path in paths.items()}


def write_record(path: Path, data: Mapping[str, Any]) -> None:
    """Write a record as JSON.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    failure = WriteFailure(f"{path} cannot be written", "Choose another folder.", InputError)
    write_whole(path, json.dumps(data, indent=1, ensure_ascii=False), failure)
