"""Rows of a table that may be wanted, the newest first, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MOST_HITS = 1_000_000
"""The newest of them are kept; 24 bytes each."""

Numbers = npt.NDArray[np.int64]


@dataclass
class Hits:
    """Places of rows, and their times."""

    cut: bool = False
    """There were more than are kept."""
    _places: list[Numbers] = field(default_factory=list)
    _held: int = 0

    def add(self, part: int, group: int, rows: Numbers, times: Numbers) -> None:
        """Rows of one group: their places in it, and their times in microseconds."""
        fixed = np.full((2, len(rows)), [[part], [group]], np.int64)
        self._places.append(np.vstack([times, fixed, rows]))
        self._held += len(rows)
        if self._held > 2 * MOST_HITS:
            self._keep_newest()

    def newest_first(self) -> Numbers:
        """(n, 4) int64: time, part, group, row; equal times in the order of the table."""
        if self._held > MOST_HITS:
            self._keep_newest()
        whole = self._joined()
        order = np.argsort(-whole[0].astype(np.float64), kind="stable")
        return np.ascontiguousarray(whole[:, order].T)

    def _keep_newest(self) -> None:
        whole = self._joined()
        kept = np.sort(np.argpartition(-whole[0], MOST_HITS - 1)[:MOST_HITS])
        self._places, self._held, self.cut = [whole[:, kept]], MOST_HITS, True

    def _joined(self) -> Numbers:
        return np.hstack(self._places) if self._places else np.empty((4, 0), np.int64)
