"""Disaster types: which sensors see them. Read from ``config/events.yaml``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..errors import InputError
from ..settings import CONFIG_DIR, read_yaml


@dataclass(frozen=True)
class EventType:
    """One kind of disaster."""

    name: str
    """``flood`` or ``flood.coastal``."""
    title: str
    primary: tuple[str, ...]
    """Sensors that see it best."""
    secondary: tuple[str, ...]
    """Sensors that help."""

    def priority(self, sensor: str) -> str:
        """``primary`` or ``secondary``."""
        return "primary" if sensor in self.primary else "secondary"


@lru_cache(maxsize=1)
def load_events() -> Mapping[str, EventType]:
    """All events, by name, subtypes as ``type.subtype``."""
    found = {}
    for name, words in read_yaml(CONFIG_DIR / "events.yaml")["events"].items():
        sensors = tuple(words["primary"]), tuple(words["secondary"])
        found[name] = EventType(name, words["title"], *sensors)
        for subtype in words["subtypes"]:
            found[f"{name}.{subtype}"] = EventType(f"{name}.{subtype}", f"{words['title']}, {subtype}", *sensors)
    return found


def event_names() -> tuple[str, ...]:
    """Names of all events."""
    return tuple(load_events())


def get_event(name: str) -> EventType:
    """The event of that name (any case).

    Raises
    ------
    InputError
        If there is none; the sentence offers the nearest names.
    """
    events = load_events()
    found = events.get(name.strip().lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), events, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(events)}."
        raise InputError(f"Event '{name}' cannot be used", "it is not known", hint)
    return found
