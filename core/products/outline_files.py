"""The outline of an event for everybody: a GeoJSON and a KML beside its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import PRODUCT
from ..files.atomic import WriteFailure, write_whole
from ..shapes.patches import MOST_THREADS
from .event_record import EventRecord
from .event_shapes import (
    EventShape,
    Stop,
    area_shape,
    beyond_map,
    read_extent,
    trace_unseen,
)
from .geojson import geojson_text
from .kml import kml_text
from .perimeter import PerimeterRule

GEOJSON_NAME, KML_NAME = "outline.geojson", "outline.kml"
OUTLINE_NAMES = (GEOJSON_NAME, KML_NAME)
_HEAD_BYTES = 2048


@dataclass(frozen=True)
class OutlineTexts:
    """What the files say beside the shapes."""

    title: str
    headline: str
    range: str
    not_observed: str
    reason: str
    doubts: str
    sources: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """For a person, the number first; each on a line of its own."""
        unseen = "Grey: not observed (cloud, shadow, no data). It is not “no damage”."
        scenes = f"Scenes: {self.sources}." if self.sources else ""
        texts = (self.headline, self.range, self.not_observed, unseen, self.reason, self.doubts)
        return tuple(filter(None, (*texts, scenes, f"Made by {PRODUCT}.")))


def write_outlines(
    record: EventRecord,
    texts: OutlineTexts,
    perimeter: Path,
    classes: Path,
    folder: Path,
    stop: Stop = lambda: False,
    threads: int = MOST_THREADS,
) -> dict[str, Path]:
    """Write both files; older ones of ours are replaced.

    Parameters
    ----------
    perimeter, classes : Path
        Outline and raster of the map that is quoted.
    threads : int
        The most that compute.

    Returns
    -------
    dict
        ``geojson`` and ``kml`` → file.

    Raises
    ------
    RasterError
        If the map cannot be read, or a file not be written.
    Cancelled
        If ``stop``.
    """
    shapes = _shapes(record, perimeter, classes, stop, threads)
    failure = WriteFailure(f"The outline cannot be written to {folder}")
    paths = {"geojson": folder / GEOJSON_NAME, "kml": folder / KML_NAME}
    write_whole(
        paths["geojson"], geojson_text(record, texts.title, texts.paragraphs, shapes), failure
    )
    write_whole(paths["kml"], kml_text(record, texts.title, texts.paragraphs, shapes), failure)
    return paths


def foreign_outline(folder: Path) -> Path | None:
    """A file of that name which FirstLight has not made; None where there is none."""
    for name in OUTLINE_NAMES:
        path = folder / name
        if path.is_dir() or (path.exists() and not _is_ours(path)):
            return path
    return None


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return PRODUCT.split()[0].encode() in file.read(_HEAD_BYTES)


def _shapes(
    record: EventRecord, perimeter: Path, classes: Path, stop: Stop, threads: int
) -> Sequence[EventShape]:
    """What happened first, so that a click meets it; small things as in the outline itself."""
    rule = PerimeterRule(codes=())
    unseen = trace_unseen(classes, stop, rule.min_area_ha, rule.simplify_px, threads)
    shapes = [*read_extent(perimeter), *unseen, beyond_map(record.area, classes)]
    return [shape for shape in (*shapes, area_shape(record.area)) if shape is not None]
