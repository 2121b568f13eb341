"""Ground under water at given levels, by its height above the nearest drainage (HAND)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .flood import HAND, PLAUSIBLE
from .kernel import NOT_OBSERVED, Kernel, Layer, MapClass, Values

REFERENCE = (
    "HAND: Nobre et al. 2011, doi:10.1016/j.jhydrol.2011.03.051; as a map of inundation, and its "
    "limits: Rebolho et al. 2018, doi:10.5194/hess-22-5967-2018 (as given by its abstract)"
)
FORMULA = "under water at a stage where stage - HAND > 0; the code is the lowest such stage"
DRY = 0
SHALLOW, DEEP = (8, 48, 107), (198, 219, 239)
"""Colours of the lowest and of the highest stage."""


@dataclass(frozen=True)
class StageMap:
    """The lowest of some stages at which each pixel is under water."""

    stages: tuple[float, ...]
    """Metres above the drainage, rising."""

    def __call__(self, values: Values) -> npt.NDArray[np.uint8]:
        """Code 1 for the first stage and so on, 0 dry at all of them, 255 where HAND is not known
        or cannot be.
        """
        hand = values["hand"]
        least, most = PLAUSIBLE[HAND]
        # float64: a stage of 0.1 m is none that float32 holds
        first = np.searchsorted(self.stages, hand.astype(np.float64), side="right") + 1
        codes = np.where(first > len(self.stages), DRY, first).astype(np.uint8)
        with np.errstate(invalid="ignore"):
            known = (hand >= least) & (hand <= most)
        codes[~known] = NOT_OBSERVED
        return codes


def stage_layer(stages: Sequence[float]) -> Layer:
    """The layer of :class:`StageMap`."""
    share = [number / max(1, len(stages) - 1) for number in range(len(stages))]
    colors = [
        tuple(round(dark + part * (light - dark)) for dark, light in zip(SHALLOW, DEEP))
        for part in share
    ]
    classes = [
        MapClass(number, f"From {stage:g} m", (color[0], color[1], color[2]))
        for number, (stage, color) in enumerate(zip(stages, colors), start=1)
    ]
    dry = MapClass(DRY, f"Dry at {stages[-1]:g} m", (240, 238, 228))
    return Layer("scenario", "Under water from", (0, NOT_OBSERVED), "", (dry, *classes))


def stage_kernel(stages: Sequence[float]) -> Kernel:
    """The kernel of some stages; its only band is ``hand``."""
    made = StageMap(tuple(stages))
    return Kernel("Scenario", {"hand": "hand"}, made, (stage_layer(stages),), REFERENCE)
