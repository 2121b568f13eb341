"""Quiet surroundings for the whole way: no settings of this computer's user, no proxies,
no waits.
"""

from __future__ import annotations

import os
import socketserver
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firstlight.core import cli
from support.scene import World, small_world

Flight = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session", autouse=True)
def _quiet_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # Answers are written in two pieces; without this each one waits 40 ms for an
        # acknowledgement.
        patch.setattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)
        for name in list(os.environ):
            if name.startswith("FIRSTLIGHT_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("XDG_CACHE_HOME", raising=False)
        patch.setenv("FIRSTLIGHT_CACHE_DAYS", "0")
        patch.setenv("FIRSTLIGHT_WINDOW", "full")  # areas have tests of their own
        patch.setenv("FIRSTLIGHT_RETRY_DELAY_S", "0")
        patch.setenv("FIRSTLIGHT_REQUEST_DELAY_MS", "0")
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A STAC API and six bands on loopback."""
    with small_world(tmp_path / "served") as made:
        yield made


@pytest.fixture
def flight(capsys: pytest.CaptureFixture[str]) -> Flight:
    """Run the command in this process → exit code, stdout, stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def ingest(flight: Flight, world: World, tmp_path: Path) -> Flight:
    """``flight ingest`` of that scene into ``tmp_path/out``."""
    from support.scene import AREA

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
