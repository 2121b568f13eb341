"""The sample event of FirstLight, mapped as a user maps it."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from firstlight.core.cli import main


@dataclass(frozen=True)
class MappedSample:
    """An event's folder, and what ``flight event --json`` told of it."""

    folder: Path
    told: Any


def printed(*words: str, code: int = 0) -> Any:
    """What a command prints with ``--json``."""
    out = StringIO()
    with redirect_stdout(out):
        assert main([*words, "--json"]) == code, words
    return json.loads(out.getvalue())


def map_sample(folder: Path) -> MappedSample:
    """Make the sample's scenes and map them, into ``folder/fire``."""
    sample = printed("sample", "--output", str(folder / "sample"))
    place = [f"--{name}={sample[name]}" for name in ("event", "date", "area", "catalog")]
    told = printed("event", *place, "--output", str(folder / "fire"))
    return MappedSample(folder / "fire", told)
