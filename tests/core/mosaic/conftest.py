"""The server of the scenes that mosaics are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.range_server import FaultyServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    """A server over ``tmp_path/served``."""
    with FaultyServer(tmp_path / "served") as made:
        yield made
