"""What is kept of an event for products that are made later, and the texts of its outline."""

from __future__ import annotations

from ...discovery.band_config import get_sensor
from ...products.event_record import EventClass, EventMap, EventRecord, EventSource
from ...products.outline_files import OutlineTexts
from ..event_run import MappedStep
from .sheet import print_sheet
from .story import EventStory


def record_event(story: EventStory, place: str) -> EventRecord:
    """Put an event's maps and scenes into values that its catalogue keeps."""
    query = story.query
    sources: dict[tuple[str, bool], EventSource] = {}
    for ready in story.sources:
        for stack in ready.passes:
            for scene in stack.scenes:
                before = stack is ready.before
                sources[scene.id, before] = EventSource(
                    id=scene.id,
                    sensor=get_sensor(scene.sensor).title,
                    platform=scene.platform,
                    time=scene.datetime,
                    before=before,
                    gsd_m=scene.resolution_m,
                    collection=scene.collection,
                    footprint=scene.footprint,
                )
    return EventRecord(
        event=query.event.name,
        title=query.event.title,
        time=query.time,
        place=place,
        area=query.aoi,
        ems=query.event.ems,
        quoted=story.quoted.operation.name,
        maps=tuple(map(_record_map, story.mapped)),
        sources=tuple(sources.values()),
    )


def _record_map(step: MappedStep) -> EventMap:
    figures, subject, origin = step.result.figures.main, step.subject, step.result.origin
    after = step.source.after.scenes if step.source else ()
    return EventMap(
        operation=step.operation.name,
        title=step.title,
        heading=subject.heading,
        layer=subject.layer.name,
        method=f"{origin.formula}. {origin.reference}",
        scenes=tuple(scene.id for scene in after),
        classes=tuple(
            EventClass(
                row.map_class.code,
                row.map_class.name,
                row.ground.area_ha,
                row.map_class.code in subject.codes,
            )
            for row in figures.rows
        ),
        not_observed_ha=figures.not_observed.area_ha,
        total_ha=figures.total.area_ha,
    )


def outline_texts(story: EventStory) -> OutlineTexts:
    """The words of the printed page, for those who have the outline alone."""
    sheet = print_sheet(story)
    return OutlineTexts(
        title=sheet.title,
        headline=sheet.headline,
        range=sheet.range,
        not_observed=sheet.not_observed,
        reason=sheet.reason,
        doubts=sheet.doubts,
        sources=sheet.sources,
    )
