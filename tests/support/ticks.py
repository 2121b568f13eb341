"""How long the main thread was held, measured so that a busy computer does not decide the test."""

from __future__ import annotations

from collections.abc import Callable


def calmest(measure: Callable[[], float], limit_s: float, tries: int = 8) -> float:
    """The smallest of up to ``tries`` measurements, ending with the first below the limit.

    What holds the main thread by itself does so every time; what the system's scheduler takes away, it takes now and then.
    """
    best = float("inf")
    for _ in range(tries):
        best = min(best, measure())
        if best < limit_s:
            break
    return best
