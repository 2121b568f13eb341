"""Quiet surroundings: nothing of this computer's user gets into a test."""

from __future__ import annotations

import os
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SHARED_DATA = "FIRSTLIGHT_SHARED_DATA"
"""The one variable of the product's name that tests keep: the folder of the shared imagery."""


def forget_the_user(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Take away this user's settings, proxies and home."""
    for name in list(os.environ):
        ours = name.startswith(("FIRSTLIGHT_", "EARTHDATA_", "PC_SDK_")) and name != SHARED_DATA
        if ours or name.lower().endswith("_proxy"):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.delenv("XDG_CACHE_HOME", raising=False)
    patch.delenv("NETRC", raising=False)


@contextmanager
def quiet_surroundings(home: Path) -> Iterator[None]:
    """No settings of this user, no waits between requests, no bands kept from test to test."""
    with pytest.MonkeyPatch.context() as patch:
        forget_the_user(patch, home)
        # Answers are written in two pieces; without this each one waits 40 ms for an
        # acknowledgement.
        patch.setattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm", True)
        patch.setenv("FIRSTLIGHT_CACHE_DAYS", "0")
        patch.setenv("FIRSTLIGHT_WINDOW", "full")  # areas have tests of their own
        patch.setenv("FIRSTLIGHT_RETRY_DELAY_S", "0")
        patch.setenv("FIRSTLIGHT_REQUEST_DELAY_MS", "0")
        yield
