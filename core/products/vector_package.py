"""A mapped event as layers and tables in the manner of Copernicus EMS Rapid Mapping.

Names of layers, fields and domains: Manual for CEMS-Rapid Mapping Products (JRC121741, 2020),
groups A, B and E. What is otherwise here stands in docs/outputs.md, *The vector package*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import AreaError
from ..shapes.geopackage import Value, VectorLayer
from ..shapes.lonlat import lonlat_area, lonlat_outline, multipolygon
from ..shapes.patches import MOST_THREADS, trace_classes
from ..types import Aoi, format_time
from .event_record import EventMap, EventRecord, EventSource
from .event_shapes import (
    EventShape,
    Geometry,
    Stop,
    area_shape,
    beyond_map,
    read_extent,
    trace_unseen,
)
from .perimeter import PerimeterRule

LONLAT = "EPSG:4326"
AUTOMATIC = "Automatic extraction"
"""In the domain of ``det_method``."""
_DETECTED = {"det_method": str, "notation": str, "dmg_src_id": int, "area": float}
AREA_FIELDS = {
    "emsr_id": str,
    "glide_no": str,
    "area_id": int,
    "locality": str,
    "map_type": str,
    "area": float,
    "event": str,
    "evt_date": str,
    "doubts": str,
}
FOOTPRINT_FIELDS = {"obj_type": str, "or_src_id": int}
UNSEEN_FIELDS = {"obj_type": str, "or_src_id": int, "notation": str, "area": float}
EVENT_FIELDS = {"event_type": str, "obj_desc": str, **_DETECTED}
GRADING_FIELDS = {"obj_type": str, "info": str, "damage_gra": str, "class_code": int, **_DETECTED}
SOURCE_FIELDS = {
    "source_nam": str,
    "src_date": str,
    "source_tm": str,
    "sensor_gsd": str,
    "eventphase": str,
    "src_id": int,
    "platform": str,
    "scene_id": str,
    "collection": str,
}
SUMMARY_FIELDS = {
    "category": str,
    "item": str,
    "unit": str,
    "affected": float,
    "aff_least": float,
    "aff_most": float,
    "not_obs": float,
    "total": float,
    "notation": str,
}


def is_graded(one: EventMap) -> bool:
    """Whether a map tells how severe it was, not only where."""
    return sum(row.inside for row in one.classes) > 1


def package_layers(
    record: EventRecord,
    rasters: dict[str, Path],
    perimeter: Path,
    exposure: Sequence[dict[str, Value]],
    doubts: str,
    stop: Stop = lambda: False,
    threads: int = MOST_THREADS,
) -> list[VectorLayer]:
    """The layers and tables of an event's package, in longitude and latitude.

    Parameters
    ----------
    rasters : dict
        Operation of a map → its raster of classes.
    perimeter : Path
        Outline of the map that is quoted.
    exposure : sequence of dict
        Rows of what is hit, in the fields of the summary.
    doubts : str
        What is to be known before somebody acts on it.
    threads : int
        The most that compute.

    Raises
    ------
    RasterError
        If a map cannot be read.
    Cancelled
        If ``stop``.
    """
    extent = record.extent
    numbers = {source.id: place for place, source in enumerate(record.sources, start=1)}
    graded = [one for one in record.maps if is_graded(one) and one.operation in rasters]
    unseen = trace_unseen(rasters[extent.operation], stop, threads=threads)
    beyond = beyond_map(record.area, rasters[extent.operation])
    grades = [
        row
        for one in graded
        for row in _grades(one, rasters[one.operation], numbers, stop, threads)
    ]
    return [
        _layer(
            "areaOfInterestA", "Area of interest", AREA_FIELDS, _area(record, bool(graded), doubts)
        ),
        _layer(
            "imageFootprintA", "Image footprints", FOOTPRINT_FIELDS, _footprints(record, numbers)
        ),
        _layer(
            "notAnalysedA",
            "Not observed: cloud, shadow, no data",
            UNSEEN_FIELDS,
            _unseen(extent, unseen, beyond, numbers),
        ),
        _layer(
            "observedEventA",
            "Observed event",
            EVENT_FIELDS,
            _observed(record, read_extent(perimeter), numbers),
        ),
        *([_layer("gradingA", "Grading", GRADING_FIELDS, grades)] if graded else []),
        _table("source", "Sources", SOURCE_FIELDS, _sources(record.sources)),
        _table("summaryTable", "Summary", SUMMARY_FIELDS, [*_areas(record, graded), *exposure]),
    ]


Row = tuple["bytes | None", dict[str, Value]]


def _layer(name: str, title: str, fields: dict[str, type], rows: Iterable[Row]) -> VectorLayer:
    return VectorLayer(name, title, fields, list(rows), multi=True)


def _table(
    name: str, title: str, fields: dict[str, type], rows: Iterable[dict[str, Value]]
) -> VectorLayer:
    return VectorLayer(name, title, fields, [(None, row) for row in rows], shapes=False)


def _area(record: EventRecord, graded: bool, doubts: str) -> list[Row]:
    shape = area_shape(record.area)
    values: dict[str, Value] = {
        "area_id": 1,
        "locality": record.place,
        "map_type": "Grading" if graded else "Delineation",
        "area": shape.area_ha if shape else None,
        "event": record.event,
        "evt_date": format_time(record.time),
        "doubts": doubts or None,
    }
    return [(multipolygon(shape.geometry), values)] if shape else []


def _footprints(record: EventRecord, numbers: dict[str, int]) -> list[Row]:
    rows: list[Row] = []
    for source in record.sources:
        geometry = _footprint(source)
        if geometry is not None:
            values: dict[str, Value] = {
                "obj_type": "Image Footprint",
                "or_src_id": numbers[source.id],
            }
            rows.append((multipolygon(geometry), values))
    return rows


def _footprint(source: EventSource) -> Geometry | None:
    """The outline of a scene; None where its catalogue gives none that can be drawn."""
    try:
        return lonlat_area(Aoi.from_geometry(source.footprint or {}).geometry)
    except AreaError:
        return None


def _unseen(
    extent: EventMap,
    unseen: Sequence[EventShape],
    beyond: EventShape | None,
    numbers: dict[str, int],
) -> list[Row]:
    notes = [(shape, "Cloud, shadow or no data on one of the dates") for shape in unseen]
    notes += [(beyond, "Outside of the images")] if beyond else []
    return [
        (
            multipolygon(shape.geometry),
            {
                "obj_type": "Not Analysed",
                "or_src_id": _source_of(extent, numbers),
                "notation": note,
                "area": shape.area_ha,
            },
        )
        for shape, note in notes
    ]


def _observed(
    record: EventRecord, patches: Sequence[EventShape], numbers: dict[str, int]
) -> list[Row]:
    extent, words = record.extent, record.ems
    return [
        (
            multipolygon(shape.geometry),
            {
                "event_type": words.get("type"),
                "obj_desc": words.get("desc"),
                "det_method": AUTOMATIC,
                "notation": words.get("notation", extent.heading),
                "dmg_src_id": _source_of(extent, numbers),
                "area": shape.area_ha,
            },
        )
        for shape in patches
    ]


def _grades(
    one: EventMap, raster: Path, numbers: dict[str, int], stop: Stop, threads: int
) -> list[Row]:
    """Polygons of the classes that a map is about."""
    names = {row.code: row.name for row in one.classes if row.inside and row.code}
    least = PerimeterRule(codes=()).min_area_ha * 1e4
    patches = trace_classes(raster, list(names), least, stop, threads)
    rows: list[Row] = []
    for patch in patches.found:
        geometry = lonlat_outline(patch.outline, patches.grid.crs)
        if geometry is not None:
            values: dict[str, Value] = {
                "obj_type": one.title,
                "info": one.method,
                "damage_gra": names[patch.code],
                "class_code": patch.code,
                "det_method": AUTOMATIC,
                "notation": "Class of the map, no grade of an object",
                "dmg_src_id": _source_of(one, numbers),
                "area": patch.area / 1e4,
            }
            rows.append((multipolygon(geometry), values))
    return rows


def _source_of(one: EventMap, numbers: dict[str, int]) -> int | None:
    """Number of the scene after the event that a map is made from, the first of several."""
    return next((numbers[scene] for scene in one.scenes if scene in numbers), None)


def _sources(sources: Sequence[EventSource]) -> list[dict[str, Value]]:
    return [
        {
            "source_nam": source.sensor,
            "src_date": f"{source.time:%d/%m/%Y}",
            "source_tm": f"{source.time:T%H:%M:%SZ}",
            "sensor_gsd": f"{source.gsd_m:g} m",
            "eventphase": "Pre-event" if source.before else "Post-event",
            "src_id": number,
            "platform": source.platform,
            "scene_id": source.id,
            "collection": source.collection,
        }
        for number, source in enumerate(sources, start=1)
    ]


def _areas(record: EventRecord, graded: Sequence[EventMap]) -> list[dict[str, Value]]:
    """What was affected, and how severely, in hectares."""
    extent = record.extent
    inside = [row.area_ha for row in extent.classes if row.inside]
    affected = None if None in inside else sum(area for area in inside if area is not None)
    rows = [_summary("Event extent", extent.heading, affected, extent, extent.title)]
    for one in graded:
        rows += [
            _summary("Grading", row.name, row.area_ha, one, one.title)
            for row in one.classes
            if row.inside
        ]
    return rows


def _summary(
    category: str, item: str, affected: float | None, one: EventMap, note: str
) -> dict[str, Value]:
    return {
        "category": category,
        "item": item,
        "unit": "ha",
        "affected": affected,
        "not_obs": one.not_observed_ha,
        "total": one.total_ha,
        "notation": f"All pixels of the map: {note}",
    }
