"""An event with its maps, as it is told to a person."""

from __future__ import annotations

from dataclasses import dataclass

from ...operation import ResultSummary
from ...recipes.summary import summarise
from ...scenes.event_pairs import EventQuery
from ..event_run import MappedStep, ReadyStep
from .outlook import Outlook

SIMULATED = "SIMULATED"
"""How the note of a scene begins that no satellite has seen."""


@dataclass(frozen=True)
class EventStory:
    """An event with its maps, and what could not be done."""

    query: EventQuery
    mapped: tuple[MappedStep, ...]
    """The one that the page begins with first."""
    missed: tuple[str, ...]
    """A sentence for each thing that could not be done."""
    outlook: Outlook | None = None
    """A forecast, where it was asked for; no part of the maps, nor of what is doubted of them."""

    @property
    def unseen_percent(self) -> float | None:
        """Share of the first map that was not observed."""
        return self.mapped[0].result.figures.main.not_observed_percent

    @property
    def quoted(self) -> MappedStep:
        """The map whose area is to be quoted: that which the event's recipe names, else the
        first.
        """
        named = (step for step in self.mapped if step.operation.name == self.query.event.quote)
        return next(named, self.mapped[0])

    @property
    def summary(self) -> ResultSummary:
        """The event in a few words."""
        others = [(step.title, step.result) for step in self.mapped if step is not self.quoted]
        return summarise(self.quoted.result, self.quoted.title, others)

    @property
    def warnings(self) -> list[str]:
        """Sentences to be known before somebody acts on the map, each once."""
        warnings = list(self.missed)
        for step in self.mapped:
            scenes = [scene for stack in step.passes for scene in stack.scenes]
            notes = [note for scene in scenes for note in scene.notes]
            warnings += [note for note in notes if note.startswith(SIMULATED)]
            warnings += [text for stack in step.passes for text in stack.warnings]
            warnings += step.result.warnings
        return list(dict.fromkeys(warnings))

    @property
    def sources(self) -> list[ReadyStep]:
        """The pairs of passes that maps were made from, each once."""
        found = [step.source for step in self.mapped if step.source is not None]
        return list({id(source): source for source in found}.values())
