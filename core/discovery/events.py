"""Disaster types: which sensors see them, which bands are needed, how far from the event. From
``config/events.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..enums import Priority
from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml
from ..text import nearest_hint


@dataclass(frozen=True)
class RecipeStep:
    """One of the maps that an event is told by."""

    sensors: tuple[str, ...]
    """The first of them that has a usable pair is taken."""
    algorithms: tuple[str, ...]
    """Names of operations, run on that pair."""


@dataclass(frozen=True)
class EventType:
    """One kind of disaster."""

    name: str
    """``flood`` or ``flood.coastal.tidal``."""
    title: str
    primary: tuple[str, ...]
    """Sensors that see it best."""
    secondary: tuple[str, ...]
    """Sensors that help."""
    days_before: int
    """Days before the event in which a scene shows the usual state."""
    days_after: int
    """Days after it in which a scene still shows its traces."""
    bands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sensor → bands that its maps and indices read, beside the required ones."""
    algorithms: tuple[str, ...] = ()
    """Indices that are worth computing of each scene."""
    recipe: tuple[RecipeStep, ...] = ()
    """Steps of ``flight event``; a step whose sensors see nothing is left out and named."""
    fuse: str = ""
    """The layer that several steps' maps are put together by, where more than one has it:
    ``flooded``.
    """
    quote: str = ""
    """Name of the operation whose area is to be quoted; empty: that of the first map."""
    ems: Mapping[str, str] = field(default_factory=dict)
    """Its words in a vector package: ``type``, ``desc``, ``notation``, as far as there are such."""
    words: tuple[str, ...] = ()
    """What people call it, in several languages; a ``*`` at an end stands for any letters."""

    def priority(self, sensor: str) -> Priority:
        """The sensor's rank."""
        return Priority.PRIMARY if sensor in self.primary else Priority.SECONDARY


@lru_cache(maxsize=1)
def load_events() -> Mapping[str, EventType]:
    """All events, by name; each type is followed by its subtypes."""
    events: dict[str, EventType] = {}
    for name, fields in read_yaml(CONFIG_DIR / "events.yaml")["events"].items():
        _add(events, name, fields)
    return events


def _add(events: dict[str, EventType], name: str, fields: Mapping[str, Any]) -> None:
    events[name] = EventType(
        name=name,
        title=fields["title"],
        primary=tuple(fields["primary"]),
        secondary=tuple(fields["secondary"]),
        days_before=int(fields["days_before"]),
        days_after=int(fields["days_after"]),
        bands={sensor: tuple(bands) for sensor, bands in fields["bands"].items()},
        algorithms=tuple(fields["algorithms"]),
        recipe=tuple(
            RecipeStep(tuple(step["sensors"]), tuple(step["algorithms"]))
            for step in fields.get("recipe", ())
        ),
        fuse=fields.get("fuse", ""),
        quote=fields.get("quote", ""),
        ems=dict(fields.get("ems", {})),
        words=tuple(word for words in fields.get("words", {}).values() for word in words),
    )
    usual = {key: value for key, value in fields.items() if key not in ("subtypes", "words")}
    for subtype, own in fields.get("subtypes", {}).items():
        _add(events, f"{name}.{subtype}", {**usual, **own})


def event_names() -> tuple[str, ...]:
    """Names of all events."""
    return tuple(load_events())


def event_titles() -> dict[str, str]:
    """Title of each event, by its name."""
    return {name: event.title for name, event in load_events().items()}


def get_event(name: str) -> EventType:
    """The event of that name (any case); patterns are the doors' affair (``core.params``).

    Raises
    ------
    InputError
        If there is none; the sentence offers the nearest names.
    """
    events = load_events()
    text = name.strip().lower()
    if text in events:
        return events[text]
    hint = nearest_hint(text, events, f"Known: {', '.join(events)}.")
    raise InputError(f"Event '{name}' cannot be used", "it is not known", hint)
