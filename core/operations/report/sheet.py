"""Texts of an event's printed page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ... import PRODUCT
from ...doors.print_request import PrintSheet
from ...types import format_time
from .page import describe_place, number_notes
from .story import EventStory

MOST_DOUBTS = 3
"""On the printed page; the others are in the report."""


def print_sheet(story: EventStory) -> PrintSheet:
    """Put the event's figures and sentences into the texts of a page."""
    query, summary = story.query, story.summary
    unsure, unseen, _ = number_notes(summary)
    times = [_moment(stack.scenes[0].datetime) for stack in story.sources[0].passes]
    limits = dict.fromkeys(
        step.operation.algorithm.limits for step in story.mapped if step.operation.algorithm
    )
    scenes = dict.fromkeys(
        scene.id for source in story.sources for stack in source.passes for scene in stack.scenes
    )
    return PrintSheet(
        title=f"{query.event.title}, {query.day}",
        area=describe_place(query.aoi),
        headline=summary.headline,
        range=unsure,
        not_observed=unseen,
        reason=summary.reason,
        doubts=_few(story.warnings),
        areas="\n".join(
            f"{row.name}: {row.area_km2:.2f} km²"
            for row in summary.rows
            if row.area_km2 is not None
        ),
        sources=", ".join(scenes),
        limits=" ".join(limits),
        before=f"Before, {times[0]}",
        after=f"After, {times[1]}",
        footer=f"{PRODUCT}. Contains the data of the scenes named above.",
    )


def _moment(moment: datetime) -> str:
    return f"{format_time(moment)[:16].replace('T', ' ')} UTC"


def _few(warnings: Iterable[str]) -> str:
    every = [f"{text.rstrip('.')}." for text in warnings]
    more = len(every) - MOST_DOUBTS
    rest = [f"And {more} more, in report.html."] if more > 0 else []
    return "\n".join([*every[:MOST_DOUBTS], *rest])
