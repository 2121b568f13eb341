"""Quiet surroundings for the whole way: no settings of this computer's user, no proxies,
no waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Flight, flight_command
from support.events import served_events
from support.scene import AREA, World, small_world
from support.surroundings import quiet_surroundings


@pytest.fixture(scope="session", autouse=True)
def _quiet_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with quiet_surroundings(tmp_path_factory.mktemp("home")):
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A STAC API and six bands on loopback."""
    with small_world(tmp_path / "served") as made:
        yield made


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str]) -> Flight:
    """Run the command in this process → exit code, stdout, stderr."""

    return flight_command(capsys)


@pytest.fixture
def sample_catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue ``sample`` with the simulated events, on a free port."""
    with served_events() as url:
        monkeypatch.setenv("FIRSTLIGHT_SAMPLE_URL", url)
        yield


@pytest.fixture
def ingest(flight: Flight, world: World, tmp_path: Path) -> Flight:
    """``flight ingest`` of that scene into ``tmp_path/out``."""

    def run(*words: object) -> tuple[int, str, str]:
        question = [
            "--catalog",
            world.url,
            "--area",
            AREA,
            "--start",
            "2024-06-01",
            "--end",
            "2024-06-30",
        ]
        return flight("ingest", *question, "--output", tmp_path / "out", *words)

    return run
