"""What the tests of core share: quiet surroundings, quick settings, the shared imagery
where it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socketserver
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from support.small_disk import mounted

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _quiet_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No settings of this computer's user, no proxies, no waits, no bands kept from test
    to test.
    """
    with pytest.MonkeyPatch.context() as patch:
        # Answers are written in two pieces; without this each one waits 40 ms for an
        # acknowledgement.
        patch.setattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)
        for name in list(os.environ):
            if (
                name.startswith("FIRSTLIGHT_") and name != "FIRSTLIGHT_SHARED_DATA"
            ) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("XDG_CACHE_HOME", raising=False)
        patch.setenv("FIRSTLIGHT_CACHE_DAYS", "0")
        patch.setenv("FIRSTLIGHT_WINDOW", "full")  # areas have tests of their own
        patch.setenv("FIRSTLIGHT_RETRY_DELAY_S", "0")
        patch.setenv("FIRSTLIGHT_REQUEST_DELAY_MS", "0")
        yield


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    with mounted(tmp_path / "disk", "2m") as folder:
        yield folder


@pytest.fixture
def settings() -> Settings:
    """Settings that never wait long."""
    return dataclasses.replace(
        Settings(),
        retry_delay_s=0.0,
        request_delay_ms=0,
        connect_timeout_s=5.0,
        read_timeout_s=5.0,
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
