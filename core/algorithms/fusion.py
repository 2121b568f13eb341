"""Several extents of one event as one: a weighted vote of the sources that saw a pixel.

As in the ensemble of the Copernicus Global Flood Monitoring service, more than half decides for the
event, a tie against it, and what no source saw stays not observed (Krullikowski et al. 2023,
doi:10.1109/JSTARS.2023.3292350). The weights are our judgement, in one place below, and each can be
replaced. They are whole thousandths, so that the vote is exact whatever the order of the sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .flood import PERMANENT_WATER, WATER_BEFORE, with_usual_water
from .kernel import NOT_OBSERVED, OUTSIDE, FloatArray, Kernel, Layer, MapClass, Values

SENSOR_WEIGHTS = {"sentinel2": 1.0, "landsat": 1.0, "sentinel1": 0.8}
"""A judgement: a clear optical picture tells water, fire and loss of plants more surely than a
radar picture with its speckle.
"""
OTHER_SENSOR = 0.7
"""Weight of a source of another sensor, or of none that it states."""
LEAST_CLEAR = 0.5
"""Factor of a source that observed next to nothing; it rises to 1 with the observed share: where
there is much cloud there is also cloud that the mask missed. A judgement.
"""
HALF_LIFE_DAYS = 10.0
"""After so many days from the event a source counts half: water goes down, plants grow back. A
judgement.
"""
THOUSAND = 1000
"""Weights are whole thousandths, at least one."""
ABSENT, PRESENT = 0, 1
CLASSES = (
    MapClass(ABSENT, "Not affected (observed)", (240, 238, 228)),
    MapClass(PRESENT, "Affected", (197, 27, 45)),
)
CONSENSUS_LAYER = Layer(
    "consensus", "Consensus of the sources", (0, NOT_OBSERVED), "consensus", CLASSES
)
AGREEMENT_LAYER = Layer(
    "agreement", "Agreement of the sources", (0.0, 1.0), "agreement", dtype="float32"
)
CONFIDENCE_LAYER = Layer(
    "confidence",
    "Confidence in the consensus",
    (0.0, 1.0),
    "confidence",
    dtype="float32",
)
REFERENCE = (
    "majority of the observing sources as in Copernicus GFM, Krullikowski et al. 2023, "
    "doi:10.1109/JSTARS.2023.3292350"
)


@dataclass(frozen=True)
class Source:
    """One extent that votes."""

    name: str
    """For people."""
    positive: tuple[int, ...] = (1,)
    """Codes that mean the event."""
    negative: tuple[int, ...] = (0,)
    """Codes that mean observed and not affected; all others are as if not observed."""
    outside: tuple[int, ...] = ()
    """Codes of pixels beyond the area that it was made of."""
    permanent: tuple[int, ...] = ()
    """Codes, of the negative ones, of water all the year round."""
    before: tuple[int, ...] = ()
    """Codes, of the negative ones, of water on the date before."""
    sensor: str = ""
    days: float | None = None
    """From the event, either way; None: not known, and no reason to trust it less."""
    pixels: int = 0
    """That its file covers, of the common grid."""
    weight: float | None = None
    """Given by the user; None: made of sensor, clear sky and days."""


@dataclass(frozen=True)
class Weight:
    """Weight of a source, and its factors."""

    thousandths: int
    sensor: float = 1.0
    clear: float = 1.0
    nearness: float = 1.0
    observed: float = 1.0
    """Share of its own area that it observed, 0..1."""


@dataclass(frozen=True)
class Vote:
    """Consensus, agreement and confidence of each pixel."""

    sources: tuple[Source, ...]
    weights: tuple[Weight, ...] = field(default=())
    """One for each source, once they are known."""

    def __call__(self, values: Values) -> tuple[npt.NDArray[np.uint8], FloatArray, FloatArray]:
        """Consensus (uint8), agreement and confidence (float32, NaN where nobody saw).

        Agreement is the share of the observing sources that say what the consensus says. Confidence
        is the weight for it less the weight against it, of the weight of all sources: 1 where all
        saw it and agree, small where one of many saw it, 0 at a tie.
        """
        shape = values[source_key(0)].shape
        yes, no, agreeing, seeing = (np.zeros(shape, np.int32) for _ in range(4))
        for index, (source, weight) in enumerate(zip(self.sources, self.weights, strict=True)):
            seen, positive = read_votes(values[source_key(index)], source)
            yes += positive * np.int32(weight.thousandths)
            no += (seen & ~positive) * np.int32(weight.thousandths)
            agreeing += positive
            seeing += seen
        # Known from elsewhere, not seen by a source: no vote makes a flood of it.
        permanent = self._any(values, "permanent")
        present = (yes > no) & ~permanent
        consensus = present.astype(np.uint8)
        consensus[self._any(values, "before") & ~present] = WATER_BEFORE
        consensus[permanent] = PERMANENT_WATER
        agreeing = np.where(present, agreeing, seeing - agreeing)
        unseen = seeing == 0
        consensus[unseen] = NOT_OBSERVED
        consensus[outside_all(values, self.sources)] = OUTSIDE
        with np.errstate(invalid="ignore"):
            agreement: FloatArray = np.asarray(
                agreeing.astype(np.float32) / seeing.astype(np.float32), np.float32
            )
        total = sum(weight.thousandths for weight in self.weights)
        confidence: FloatArray = np.asarray(
            np.maximum(np.where(present, yes - no, no - yes), 0).astype(np.float32)
            / np.float32(total),
            np.float32,
        )
        confidence[unseen] = np.nan
        return consensus, agreement, confidence

    def _any(self, values: Values, kind: str) -> npt.NDArray[np.bool_]:
        """Pixels of which one source says so."""
        found = np.zeros(values[source_key(0)].shape, np.bool_)
        for index, source in enumerate(self.sources):
            found |= has_code(values[source_key(index)], getattr(source, kind))
        return found


@dataclass(frozen=True)
class VoteSurvey:
    """Pixels that each source observed, which is a part of its weight."""

    function: Vote

    def tally(self, values: Values) -> npt.NDArray[np.int64]:
        """Pixels that each source observed."""
        seen = (
            read_votes(values[source_key(index)], source)[0]
            for index, source in enumerate(self.function.sources)
        )
        return np.array([np.count_nonzero(mask) for mask in seen], np.int64)

    def settle(self, total: npt.NDArray[np.int64]) -> Vote:
        """The vote with its weights."""
        weights = tuple(
            weigh(source, int(pixels)) for source, pixels in zip(self.function.sources, total)
        )
        return replace(self.function, weights=weights)


def weigh(source: Source, observed: int) -> Weight:
    """The weight of a source that observed so many pixels."""
    share = min(1.0, observed / source.pixels) if source.pixels else 0.0
    if source.weight is not None:
        return Weight(_thousandths(source.weight), observed=share)
    sensor = SENSOR_WEIGHTS.get(source.sensor, OTHER_SENSOR)
    clear = LEAST_CLEAR + (1 - LEAST_CLEAR) * share
    nearness = 1.0 if source.days is None else 0.5 ** (abs(source.days) / HALF_LIFE_DAYS)
    return Weight(_thousandths(sensor * clear * nearness), sensor, clear, nearness, share)


def _thousandths(weight: float) -> int:
    return max(1, round(weight * THOUSAND))


def read_votes(
    codes: FloatArray, source: Source
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Pixels that a source observed, and those of them where it saw the event."""
    positive = has_code(codes, source.positive)
    return has_code(codes, source.negative) | positive, positive


def has_code(pixels: FloatArray, codes: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Pixels with one of the codes."""
    found = np.zeros(pixels.shape, np.bool_)
    for code in codes:
        found |= pixels == code
    return found


def is_outside(codes: FloatArray, source: Source) -> npt.NDArray[np.bool_]:
    """Pixels beyond the area of a source."""
    return has_code(codes, source.outside)


def outside_all(values: Values, sources: Sequence[Source]) -> npt.NDArray[np.bool_]:
    """Pixels beyond the areas of all sources: what one of them should have seen is not among
    them.
    """
    outside = is_outside(values[source_key(0)], sources[0])
    for index, source in enumerate(sources[1:], start=1):
        outside &= is_outside(values[source_key(index)], source)
    return outside


def layer_of(layer: Layer, sources: Sequence[Source]) -> Layer:
    """A layer of classes with those that only its sources know: water that is no flood, and what
    lies outside of their areas.
    """
    permanent, before, outside = (
        any(getattr(source, kind) for source in sources)
        for kind in ("permanent", "before", "outside")
    )
    return replace(with_usual_water(layer, permanent, before), outside=outside)


def source_key(index: int) -> str:
    """The name of a source's band in the function."""
    return f"source{index + 1}"


def consensus_of(layer: Layer) -> Layer:
    """The consensus in the words of the layer that all sources have: ``Flooded``; of a layer whose
    two classes are not the event's absence and presence, as it is.
    """
    words = {known.code: known.name for known in layer.classes}
    if not {ABSENT, PRESENT} <= words.keys():
        return CONSENSUS_LAYER
    classes = tuple(replace(known, name=words[known.code]) for known in CLASSES)
    return replace(CONSENSUS_LAYER, title=layer.title, classes=classes)


def fusion_kernel(
    sources: Sequence[Source], bands: Sequence[str], consensus: Layer = CONSENSUS_LAYER
) -> Kernel:
    """The kernel of a vote.

    Parameters
    ----------
    sources : sequence of Source
    bands : sequence of str
        The band of each in the joined stack.
    consensus : Layer
        In words that suit the sources: :func:`consensus_of`.
    """
    vote = Vote(tuple(sources))
    names: dict[str, Any] = {source_key(index): band for index, band in enumerate(bands)}
    layers = (layer_of(consensus, sources), AGREEMENT_LAYER, CONFIDENCE_LAYER)
    return Kernel("Fusion", names, vote, layers, REFERENCE, survey=VoteSurvey(vote))
