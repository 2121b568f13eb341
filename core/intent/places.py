"""From the name of a place to an area: by a gazetteer, a vector file or table that the user has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..discovery.area import USUAL_RADIUS_KM
from ..discovery.coverage import split_at_antimeridian
from ..errors import InputError
from ..shapes.circle import circle
from ..shapes.gazetteer import NamedPlace, read_places
from ..shapes.vector import geometry_from_json
from ..text import nearest_hint, shortened
from ..types import Aoi
from .folded import fold_name
from .vocabulary import vocabulary

MOST_PLACES = 50
"""Of one name; more are told to be too many."""
MOST_NEAR = 5000
"""Names with the same beginning that are kept for advice."""


@dataclass(frozen=True)
class Candidate:
    """A place of the name."""

    label: str
    """Name, what it lies in, and where: ``Algemesí, Valencia (39.190° N, 0.436° W)``."""
    area: Aoi
    note: str
    """What the area is: ``5 km around it``; empty where it is the place's own."""


def look_up(
    names: Sequence[str], radius_km: float | None, gazetteer: Path, stop: Callable[[], bool]
) -> list[Candidate]:
    """All places of a name, in the order of the file.

    Parameters
    ----------
    names : sequence of str
        The place and what it lies in; in any order.
    radius_km : float or None
        How far around it; None: the place's own outline, 5 km around one that has none.

    Raises
    ------
    InputError
        If there is none; the sentence offers names that are near, or says what does not fit.
    """
    wanted = [_variants(name) for name in names]
    every = {variant for variants in wanted for variant in variants}
    starts = {variant[:2] for variant in every}
    near: dict[str, str] = {}

    def is_wanted(called: tuple[str, ...]) -> bool:
        folded = {fold_name(name): name for name in called}
        if len(near) < MOST_NEAR:
            near.update((fold, name) for fold, name in folded.items() if fold[:2] in starts)
        return not every.isdisjoint(folded)

    found = list(read_places(gazetteer, is_wanted, stop))
    # the first of the names first: Valencia in Spain, Spain in …
    for number, variants in enumerate(wanted):
        others = [*wanted[:number], *wanted[number + 1 :]]
        fitting = [place for place in found if _is_called(place, variants)]
        inside = [place for place in fitting if _lies_in(place, others)]
        if inside:
            return [_candidate(place, radius_km) for place in inside[:MOST_PLACES]]
    failure = f"The place '{shortened(', '.join(names))}' cannot be found"
    if found:
        places = "; ".join(_label(place) for place in found[:3])
        hint = "Leave out what it lies in, or write it as the file does."
        raise InputError(failure, f"{gazetteer.name} has only {places}", hint)
    hints = (nearest_hint(name, near, "", cutoff=0.7) for name in sorted(every))
    near_hint = next(filter(None, hints), "")
    for fold, name in near.items():
        near_hint = near_hint.replace(f" {fold} ", f" {name} ").replace(f" {fold}?", f" {name}?")
    hint = near_hint or "Write it as the file does, or give coordinates: 39.19N 0.44W 5 km."
    raise InputError(failure, f"{gazetteer.name} has none of that name", hint)


def _variants(name: str) -> tuple[str, ...]:
    """A name as it may stand in a file: with its article and without."""
    words = fold_name(name).split()
    short = words[1:] if len(words) > 1 and words[0] in vocabulary().articles | {"l"} else words
    return tuple(dict.fromkeys((" ".join(words), " ".join(short))))


def _is_called(place: NamedPlace, variants: Sequence[str]) -> bool:
    return any(fold_name(name) in variants for name in place.names)


def _lies_in(place: NamedPlace, wanted: Sequence[Sequence[str]]) -> bool:
    """Whether each of the names stands among the texts of a place."""
    texts = {fold_name(text) for text in place.texts}
    return all(not texts.isdisjoint(variants) for variants in wanted)


def _candidate(place: NamedPlace, radius_km: float | None) -> Candidate:
    shape = place.geometry
    if shape["type"] != "Point" and radius_km is None:
        tree = geometry_from_json(_json(shape))
        return Candidate(_label(place), Aoi.from_geometry(split_at_antimeridian(tree)), "")
    lon, lat = _middle(shape)
    radius = USUAL_RADIUS_KM if radius_km is None else radius_km
    around = split_at_antimeridian(circle(lon, lat, radius))
    return Candidate(_label(place), Aoi.from_geometry(around), f"{radius:g} km around it")


def _label(place: NamedPlace) -> str:
    lon, lat = _middle(place.geometry)
    own = {fold_name(name) for name in place.names}
    inside = dict.fromkeys(text for text in place.texts if fold_name(text) not in own)
    where = f"{abs(lat):.3f}° {'NS'[lat < 0]}, {abs(lon):.3f}° {'EW'[lon < 0]}"
    return f"{', '.join(shortened(text) for text in (place.names[0], *inside))} ({where})"


def _middle(shape: Any) -> tuple[float, float]:
    """Of its box, in degrees."""
    if shape["type"] == "Point":
        return float(shape["coordinates"][0]), float(shape["coordinates"][1])
    west, south, east, north = Aoi.from_geometry(shape).bounds
    east += 360 if east < west else 0
    lon = (west + east) / 2
    return (lon - 360 if lon > 180 else lon), (south + north) / 2


def _json(shape: Any) -> str:
    import json

    return json.dumps(shape)
