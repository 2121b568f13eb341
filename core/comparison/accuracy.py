"""A map held against a reference: the figures, the table, and the words for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..algorithms.fusion import Source
from ..errors import InputError
from ..files.atomic import WriteFailure, write_whole
from ..maps.fuse_sources import Question, make_source, open_extent
from ..raster.reader import RasterReader
from ..shapes.area_pixels import AreaPixels
from ..shapes.labelled import read_labelled
from ..types import Grid
from .confusion import FEW_UNITS, Accuracy, Estimate, estimate_accuracy
from .sample import MapLook, Unit, look_under, mapped_areas_km2

FAILURE = "The maps cannot be compared"
CLASSES = ("affected", "not affected")
YES = ("1", "1.0", "yes", "true", "affected", "y", "t")
NO = ("0", "0.0", "no", "false", "not affected", "n", "f")
TABLE = "confusion.csv"
AT_RANDOM = (
    "The area and its interval hold if the reference was drawn at random, everywhere alike or "
    "within each of the map's classes; the places that somebody happened to visit are no such "
    "sample"
)


@dataclass(frozen=True)
class Assessment:
    """What a reference tells of a map."""

    units: tuple[Unit, ...]
    counts: tuple[tuple[int, int], tuple[int, int]]
    """Row the map, column the reference, as in ``CLASSES``."""
    unseen: int
    """Units that the map did not observe."""
    mapped_km2: tuple[float, float, float] | None
    """Affected, not affected, not observed."""
    accuracy: Accuracy | None
    why_none: str
    """Why there is no estimate; empty where there is one."""
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "units": len(self.units),
            "units_not_observed": self.unseen,
            "classes": list(CLASSES),
            "confusion": [list(row) for row in self.counts],
            "mapped_km2": None
            if self.mapped_km2 is None
            else dict(zip((*CLASSES, "not observed"), self.mapped_km2)),
            "estimate": None if self.accuracy is None else self.accuracy.to_dict("km2"),
            "why_no_estimate": self.why_none,
        }

    @property
    def area(self) -> Estimate | None:
        """Of what was affected, km², without the map's bias."""
        return None if self.accuracy is None else self.accuracy.areas[0]

    def lines(self) -> Iterator[str]:
        """For people."""
        (hit, false), (missed, right) = self.counts
        yield "Map           | reference: affected | not affected"
        yield f"affected      | {hit:>19} | {false:>12}"
        yield f"not affected  | {missed:>19} | {right:>12}"
        if self.accuracy is None:
            yield f"No area is estimated: {self.why_none}"
            return
        yield f"Overall accuracy {_percent(self.accuracy.overall)}"
        yield f"User's accuracy of 'affected' {_percent(self.accuracy.users[0])}"
        producers = self.accuracy.producers[0]
        if producers is not None:
            yield f"Producer's accuracy of 'affected' {_percent(producers)}"
        area = self.accuracy.areas[0]
        low, high = area.interval
        yield (
            f"Affected area {area.value:.2f} km², standard error {area.error:.2f} km², 95 % "
            f"between {max(0.0, low):.2f} and {high:.2f} km²; the map itself shows "
            f"{self.accuracy.mapped[0]:.2f} km²"
        )


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} % ± {100 * estimate.error:.1f} %"


def assess(
    files: tuple[Path, Path],
    field: str,
    question: Question,
    pixels: Callable[[Grid], AreaPixels | None],
    stop: Callable[[], bool],
) -> Assessment:
    """Hold a map against a reference.

    Parameters
    ----------
    files : (Path, Path)
        Map and reference.
    field : str
        Attribute of the reference that says what is there.
    pixels : callable
        Tells which pixels of the map's grid are asked for.

    Raises
    ------
    InputError
        If the map holds no classes, or the reference cannot be read or says what nobody explains.
    RasterError, Cancelled
        If the map cannot be read, or ``stop`` says so.
    """
    path, reference = files
    facts = open_extent(path, FAILURE)
    source = make_source(facts, facts.grid, question)
    features = read_labelled(reference, field, facts.grid.crs, FAILURE)
    with RasterReader(path) as reader:
        look = MapLook(reader, source, pixels(reader.grid))
        units = tuple(look_under(look, features, stop))
        mapped = mapped_areas_km2(look, stop)
    return _judge(units, mapped, source, reference)


def _judge(
    units: Sequence[Unit],
    mapped: tuple[float, float, float] | None,
    source: Source,
    reference: Path,
) -> Assessment:
    counts = np.zeros((2, 2), int)
    for unit in units:
        truth = _is_affected(unit, source, reference)
        if unit.affected is not None:
            counts[int(not unit.affected), int(not truth)] += 1
    unseen = sum(unit.affected is None for unit in units)
    accuracy, why = None, ""
    if mapped is None:
        why = "the map has no place on earth"
    else:
        try:
            accuracy = estimate_accuracy(CLASSES, counts, mapped[:2])
        except ValueError as error:
            why = str(error)
    table = ((int(counts[0, 0]), int(counts[0, 1])), (int(counts[1, 0]), int(counts[1, 1])))
    warnings = tuple(_warnings(units, counts, unseen, accuracy))
    return Assessment(tuple(units), table, unseen, mapped, accuracy, why, warnings)


def _is_affected(unit: Unit, source: Source, reference: Path) -> bool:
    label = unit.label.lower()
    if label in YES:
        return True
    if label in NO:
        return False
    if label.isdecimal() and int(label) in source.positive:
        return True
    if label.isdecimal() and int(label) in source.negative:
        return False
    raise InputError(
        FAILURE,
        f"feature {unit.number} of {reference.name} says '{unit.label[:40]}', and nobody says what "
        "that means",
        "Give 1 or yes where the event was, 0 or no where it was not.",
    )


def _warnings(
    units: Sequence[Unit], counts: Any, unseen: int, accuracy: Accuracy | None
) -> Iterator[str]:
    if accuracy is not None:
        yield AT_RANDOM
        for name, number in zip(CLASSES, counts.sum(axis=1).tolist(), strict=True):
            if 0 < number < FEW_UNITS:
                yield (
                    f"Only {number} units lie where the map says '{name}': the intervals are wide, "
                    "and rough"
                )
    if unseen:
        yield (
            f"{unseen} of {len(units)} units lie where the map observed nothing: they are left "
            "out, and that ground is in no area"
        )
    mixed = [unit for unit in units if unit.affected is not None and unit.pure < 0.75]
    if mixed:
        yield (
            f"{len(mixed)} polygons lie on both classes of the map; each counts as what most of "
            "its pixels are"
        )


def write_table(folder: Path, assessment: Assessment) -> Path:
    """Write what the map and the reference say of each unit.

    Raises
    ------
    DiskFullError, RasterError
        If it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("feature", "reference", "map", "observed_pixels", "pure_percent"))
    for unit in assessment.units:
        said = "not observed" if unit.affected is None else CLASSES[int(not unit.affected)]
        writer.writerow(
            (unit.number, _plain(unit.label), said, unit.pixels, f"{100 * unit.pure:.1f}")
        )
    path = folder / TABLE
    write_whole(path, text.getvalue(), WriteFailure(f"Writing {path} failed"), make_folder=True)
    return path


def _plain(label: str) -> str:
    """A label that no spreadsheet takes for a formula."""
    return f"'{label}" if label[:1] in "=+-@\t\r" else label
