"""What the tests of core share: quiet surroundings, quick settings, the shared imagery
where it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from support.disks import mount_small_disk
from support.surroundings import quiet_surroundings
from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _quiet_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of this computer's user."""
    with quiet_surroundings(tmp_path_factory.mktemp("home")):
        yield


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    with mount_small_disk(tmp_path / "disk", "2m") as folder:
        yield folder


@pytest.fixture
def settings() -> Settings:
    """Settings without waits of the product's own; a server may take its time."""
    return dataclasses.replace(
        Settings(),
        retry_delay_s=0.0,
        request_delay_ms=0,
        connect_timeout_s=PATIENCE_S,
        read_timeout_s=PATIENCE_S,
        workers=2,
        cache_days=0.0,
    )


@pytest.fixture
def monitor() -> RecordingMonitor:
    """Keeps all events."""
    return RecordingMonitor()


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Name of a folder or file of the shared imagery → its path; skips where it is not there."""

    def find(name: str) -> Path:
        base = Path(os.environ.get("FIRSTLIGHT_SHARED_DATA") or ROOT.parent / "shared" / "data")
        if not (base / name).exists():
            pytest.skip(
                f"the shared imagery ({name}) is not here: name its folder in "
                "FIRSTLIGHT_SHARED_DATA"
            )
        return base / name

    return find


@pytest.fixture
def recorded(shared: Callable[[str], Path]) -> Callable[[str], Any]:
    """Name of a recorded answer below ``stac`` → its JSON."""

    def read(name: str) -> Any:
        return json.loads((shared("stac") / f"{name}.json").read_text(encoding="utf-8"))

    return read
