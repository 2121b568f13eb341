"""Waiting in tests: for a condition, never for a time.

A test that must come before or after something holds a gate (an event) that the other side waits
at. Where nothing can be held, it waits for a condition; the limit only ends a test that hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE_S = 60.0
"""The one limit of all waits. Nothing takes so long, even on a computer that is busy otherwise."""
PATIENCE_MS = round(PATIENCE_S * 1000)


def wait_until(condition: Callable[[], object], told: str = "") -> None:
    """Return as soon as a condition holds; fail when it never does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, told or "waited in vain"
        time.sleep(0.01)


def pass_gate(gate: threading.Event) -> None:
    """Wait until a gate is opened; fail when nobody opens it."""
    assert gate.wait(PATIENCE_S), "nobody opened the gate"


class NotedWaits(threading.Event):
    """An event that notes how long it is waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return self.is_set()
