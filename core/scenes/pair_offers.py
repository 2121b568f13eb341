"""What each step of an event's recipe can be mapped from: pairs, their price, and whether they show
enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..discovery.events import EventType, RecipeStep
from ..discovery.pairs import Pair
from ..settings import Settings
from ..types import Aoi
from .event_pairs import LEAST_CLEAR, seen_percent
from .passes import estimate_pass_bytes


@dataclass(frozen=True)
class PairOffer:
    """A pair that a step of the recipe can be mapped from."""

    pair: Pair
    size_bytes: int
    """Of the area of the bands that its maps read, estimated; 0 where nothing is known."""
    usable: bool
    """Both passes show enough of the area."""


@dataclass(frozen=True)
class StepOffers:
    """A step of the recipe, and what it can be mapped from."""

    step: RecipeStep
    offers: tuple[PairOffer, ...]
    """The one that is taken by itself comes first, where it is usable."""


def offers_for(
    event: EventType, pairs: Sequence[Pair], aoi: Aoi, settings: Settings
) -> tuple[StepOffers, ...]:
    """What each step of an event's recipe can be mapped from, of these pairs (the best first)."""
    return tuple(
        StepOffers(step, _offers_of(step, event, pairs, aoi, settings)) for step in event.recipe
    )


def _offers_of(
    step: RecipeStep, event: EventType, pairs: Sequence[Pair], aoi: Aoi, settings: Settings
) -> tuple[PairOffer, ...]:
    def offer(pair: Pair) -> PairOffer:
        seen = min(seen_percent(pair.before), seen_percent(pair.after))
        passes = (pair.before, pair.after)
        size = sum(estimate_pass_bytes(one, aoi, event, settings) for one in passes)
        return PairOffer(pair, size, seen >= LEAST_CLEAR)

    offers = [
        offer(pair) for sensor in step.sensors for pair in pairs if pair.before.sensor == sensor
    ]
    return tuple(sorted(offers, key=lambda one: not one.usable))
