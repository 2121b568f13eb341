"""What a sentence asks for: *flood at Algemesí after 29 October 2024* → event, day, area."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..discovery.events import EventType
from ..enums import Status
from ..errors import InputError
from ..intent.issue import Issue, Part
from ..intent.places import Candidate, look_up
from ..intent.sentence import Reading, read_sentence
from ..moment import Moment
from ..monitor import EventQueue, Monitor
from ..operation import Operation, OperationResult, Output
from ..params import Kind, param
from ..settings import Settings
from ..text import at_home, joined
from ..types import Aoi
from ..workers import run_in_background


@dataclass(frozen=True, kw_only=True)
class UnderstandParams:
    """A sentence, and where places are looked up."""

    sentence: str = param(
        kind=Kind.TEXT,
        title="Sentence",
        help="What happened, where and when, in English, German, French, Spanish or Portuguese: "
        "flood at Algemesí after 29 October 2024.",
        positional=True,
    )
    gazetteer: Path | None = param(
        None,
        kind=Kind.VECTOR_IN,
        title="Names of places",
        help="A vector file, or a CSV with the columns name, lon and lat; if not given, the one of "
        "the settings.",
    )
    place: int | None = param(
        None,
        kind=Kind.INTEGER,
        title="Which place",
        help="Of several of that name: 1 is the first that was listed.",
        minimum=1,
    )
    today: Moment | None = param(
        None,
        kind=Kind.DATE,
        title="Today",
        help="What yesterday is counted from, UTC; if not given, now.",
        advanced=True,
    )


@dataclass(frozen=True)
class Understood:
    """What a sentence says; a part that is None is missing or not clear."""

    event: EventType | None
    moment: Moment | None
    area: Aoi | None
    place: str
    """What the area is, in words; empty where the sentence has it as coordinates or a file."""
    names: tuple[str, ...]
    """Of the place as the sentence has it, to be looked up where there is no gazetteer."""
    candidates: tuple[Candidate, ...]
    """Where there are several places of that name."""
    issues: tuple[Issue, ...]
    """Why a part is missing, or words are not understood."""
    notes: tuple[str, ...]
    """How something was read that can be read otherwise."""

    @property
    def lines(self) -> list[str]:
        """What was understood, a line for each part that is clear."""
        lines = []
        if self.event is not None:
            lines.append(f"Event: {self.event.title} ({self.event.name})")
        if self.moment is not None:
            lines.append(f"Day: {self.moment.first:%A} {self.moment} (UTC)")
        if self.area is not None:
            west, south, east, north = self.area.bounds
            box = f"{west:.4f},{south:.4f},{east:.4f},{north:.4f}"
            place = f"{self.place}, " if self.place else ""
            lines.append(f"Area: {place}{self.area.area_km2:.1f} km² within {box}")
        elif self.names:
            lines.append(f"Place: {', '.join(self.names)}")
        return [*lines, *self.notes]

    @property
    def values(self) -> dict[str, str]:
        """What is clear, as parameters of those who search and map."""
        given = {
            "event": self.event and self.event.name,
            "date": self.moment and str(self.moment),
            "area": self.area and json.dumps(dict(self.area.geometry)),
        }
        return {name: value for name, value in given.items() if value}


def run_understand(
    params: UnderstandParams, settings: Settings, monitor: Monitor
) -> OperationResult:
    """Read a sentence, and look its place up where there is a gazetteer.

    Raises
    ------
    InputError
        If the sentence is empty or too long, or the gazetteer cannot be used or has no such place.
    """
    now = params.today.last if params.today else datetime.now(timezone.utc)
    reading = read_sentence(params.sentence, now)
    found = Understood(
        event=reading.event,
        moment=reading.moment,
        area=reading.area,
        place="",
        names=reading.names,
        candidates=(),
        issues=reading.issues,
        notes=reading.notes,
    )
    gazetteer = params.gazetteer or (at_home(settings.gazetteer) if settings.gazetteer else None)
    if reading.names and gazetteer is not None:
        found = _looked_up(found, reading, gazetteer, params.place, monitor)
    elif reading.names:
        hint = (
            "Give a file with ‘understand.gazetteer’, coordinates as in 39.19N 0.44W 5 km, or the "
            "area itself."
        )
        told = ", ".join(reading.names)
        issue = Issue(Part.AREA, f"where '{told}' lies is not known here", hint)
        found = replace(found, issues=(*found.issues, issue))
    return OperationResult(
        data=_data(params.sentence, found),
        text=joined([*found.lines, *(issue.sentence for issue in found.issues)]),
        status=Status.PARTIAL if found.issues else Status.DONE,
        outputs={
            "event": found.values.get("event", ""),
            "date": found.values.get("date", ""),
            "area": found.values.get("area", ""),
        },
        value=found,
        warnings=tuple(issue.sentence for issue in found.issues),
    )


def _looked_up(
    found: Understood, reading: Reading, gazetteer: Path, wanted: int | None, monitor: Monitor
) -> Understood:
    """The same with its area, or with the places that it can be."""
    events = EventQueue(monitor)
    candidates = run_in_background(
        lambda: look_up(reading.names, reading.radius_km, gazetteer, events.stop.is_set), events
    )
    if wanted is not None and wanted > len(candidates):
        why = f"there are {len(candidates)} places of that name"
        hint = "; ".join(_numbered(candidates))
        raise InputError(f"‘understand.place’ cannot be {wanted}", why, hint)
    if wanted is None and len(candidates) > 1:
        told = f"'{', '.join(reading.names)}' can be {len(candidates)} places"
        hint = f"{'; '.join(_numbered(candidates))}. Choose with ‘understand.place’."
        issue = Issue(Part.AREA, told, hint)
        return replace(found, candidates=tuple(candidates), issues=(*found.issues, issue))
    chosen = candidates[(wanted or 1) - 1]
    place = f"{chosen.label}, {chosen.note}" if chosen.note else chosen.label
    return replace(found, area=chosen.area, place=place)


def _numbered(candidates: Sequence[Candidate]) -> list[str]:
    return [f"{number}: {one.label}" for number, one in enumerate(candidates, start=1)]


def _data(sentence: str, found: Understood) -> Mapping[str, Any]:
    return {
        "sentence": sentence,
        "event": found.values.get("event"),
        "date": found.values.get("date"),
        "area": dict(found.area.geometry) if found.area else None,
        "area_km2": round(found.area.area_km2, 3) if found.area else None,
        "place": found.place or None,
        "names": list(found.names),
        "candidates": [
            {"place": number, "label": one.label, "area_km2": round(one.area.area_km2, 3)}
            for number, one in enumerate(found.candidates, start=1)
        ],
        "notes": list(found.notes),
        "not_clear": [{"part": str(one.part), "why": one.sentence} for one in found.issues],
    }


UNDERSTAND = Operation(
    name="understand",
    title="Understand a sentence",
    group="Events",
    summary="Reads what a sentence asks for, such as flood at Algemesí after 29 October 2024: kind "
    "of event, day and area. Nothing is guessed: what is not clear is said.",
    params=UnderstandParams,
    run=run_understand,
    outputs=(Output("event", "Event"), Output("date", "Day"), Output("area", "Area (GeoJSON)")),
)
