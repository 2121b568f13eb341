"""What pytest-qgis gives: the program."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def qgis_app(qapp: Any) -> Any:
    """Qt's own."""
    return qapp
