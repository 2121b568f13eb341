"""Who finds the rows of a table that may be wanted: this computer by itself, or others for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ...types import Aoi

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class RowQuestion:
    """What is looked for."""

    files: tuple[str, ...]
    """Paths and addresses of the table's files, as the user wrote the table's."""
    rows: int
    """Of all of them."""
    aoi: Aoi
    period: tuple[int, int] | None
    """First and last moment, in microseconds since 1970; None: any."""
    collection: str
    """Empty: any."""
    boxes: bool
    """Its column of boxes can be believed."""


@dataclass(frozen=True)
class FoundRows:
    """Rows that may be wanted, the newest first."""

    places: npt.NDArray[np.int64]
    """(n, 3): microseconds since 1970, number of the file, row in it."""
    cut: bool
    """There are more."""


class RowFinder(Protocol):
    """Finds rows elsewhere."""

    def takes(self, question: RowQuestion, tell: Callable[[str], None]) -> bool:
        """Whether it is worth it; a person is told where it is not, or who does it."""

    def find(self, question: RowQuestion, stop: threading.Event) -> FoundRows:
        """The rows.

        Raises
        ------
        FirstLightError
            If they cannot be found there.
        Cancelled
        """
