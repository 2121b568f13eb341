"""The extents that are put together: what each says of itself, and what the user says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ..algorithms.flood import BEFORE_CLASS, PERMANENT_CLASS
from ..algorithms.fusion import Source
from ..algorithms.kernel import NOT_OBSERVED, MapClass
from ..errors import InputError
from ..raster.facts import RasterFacts, read_facts
from ..raster.grid import Window
from ..raster.pixel_area import ground_of
from ..recipes.auto_number import AutoNumber, AutoNumberRule
from ..recipes.class_meaning import ClassMeaning, CodeWords, explain_codes
from ..recipes.code_tables import MapSubject, parse_codes
from ..shapes.class_survey import ClassSurvey, survey_classes
from ..types import Grid, parse_time

FAILURE = "The extents cannot be put together"
WEIGHT = AutoNumberRule("weights", 0.001, 1, "1,0.6,auto")
NO_CODE = "none"
"""Said of codes that are not observed: no code is, not even the nodata of the files."""
SETTLE = (
    "Say which codes mean affected with ‘fuse.positive’, and which mean nothing with "
    "‘fuse.not_observed’"
)


@dataclass(frozen=True)
class Question:
    """Values that hold for all extents together."""

    moment: datetime | None
    """Of the event; None: all days count alike."""
    codes: CodeWords
    """That mean the event, or nothing, in every extent."""
    weights: Mapping[Path, AutoNumber]
    failure: str = FAILURE
    """What fails if an extent cannot be used, for the sentence."""


def open_extent(path: Path, failure: str = FAILURE) -> RasterFacts:
    """Read what an extent's file says of itself.

    Raises
    ------
    RasterError, InputError
        If it cannot be read, or holds no classes.
    """
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(
            failure,
            f"{path} has {len(facts.bands)} bands, which is no extent",
            "Give rasters of one band of classes.",
        )
    if not survey_classes(path).is_classes:
        raise InputError(
            failure,
            f"{path} holds numbers, no classes",
            "Give water.tif, flooded.tif, severity.tif or another mask.",
        )
    try:
        parse_time(facts.tags.get("datetime") or "2000-01-01")
    except ValueError:
        raise InputError(
            failure,
            f"the tag datetime of {path} is '{facts.tags['datetime']}', which is no ISO date",
            "Write it as 2024-05-01T10:00:00Z.",
        ) from None
    return facts


def read_extent(facts: RasterFacts, question: Question) -> ClassMeaning:
    """Tell what the codes of an extent mean; our own maps say it themselves.

    Raises
    ------
    InputError
        If it holds codes that nobody explains.
    """
    return explain_codes(survey_classes(facts.path), facts, question.codes, question.failure)


def with_spare_nodata(facts: RasterFacts, question: Question) -> RasterFacts:
    """Give an extent a nodata value that is none of its codes, where it declares none or the user
    wants its own to count: what it does not reach must not look like one of its classes.
    """
    band = facts.bands[0]
    nodata = band.radiometry.nodata
    if nodata is not None and not question.codes.ignores_nodata:
        return facts
    spare = _spare_code(survey_classes(facts.path), band.dtype)
    if spare is None:
        return facts
    radiometry = replace(band.radiometry, nodata=spare)
    return replace(facts, bands=(replace(band, radiometry=radiometry),))


def _spare_code(survey: ClassSurvey, dtype: str) -> float | None:
    if dtype.startswith("float"):
        return float("nan") if survey.nodata is None else -32768.0
    used = {*survey.counts, survey.nodata}
    lowest = -128 if dtype.startswith("int") else 0
    highest = 127 if dtype == "int8" else NOT_OBSERVED
    return next((float(code) for code in range(highest, lowest - 1, -1) if code not in used), None)


def make_source(facts: RasterFacts, grid: Grid, question: Question) -> Source:
    """Put together what is known of an extent.

    Raises
    ------
    InputError
        If it holds codes that nobody explains.
    """
    meaning = read_extent(facts, question)
    return Source(
        name=str(facts.path),
        positive=meaning.affected,
        negative=meaning.dry,
        outside=meaning.outside,
        permanent=_codes_named(facts, PERMANENT_CLASS, meaning),
        before=_codes_named(facts, BEFORE_CLASS, meaning),
        sensor=facts.tags.get("sensor", ""),
        days=_days_apart(facts.tags.get("datetime"), question.moment),
        pixels=_pixels(facts, grid, meaning),
        weight=question.weights[facts.path].number,
    )


def _codes_named(facts: RasterFacts, known: MapClass, meaning: ClassMeaning) -> tuple[int, ...]:
    """The code of a class, where one of our own maps has it."""
    own = facts.tags.get(f"event_codes_{facts.bands[0].description}")
    named = own and facts.tags.get(f"class_{known.code}") == known.name
    return (known.code,) if named and known.code in meaning.dry else ()


def _days_apart(day: str | None, moment: datetime | None) -> float | None:
    if moment is None or not day:
        return None
    return abs((parse_time(day) - moment).total_seconds()) / 86400


def _pixels(facts: RasterFacts, grid: Grid, meaning: ClassMeaning) -> int:
    """Count the pixels of the common grid that a raster of the same area has; a warped one has
    no-data corners that are not its own, and what lies outside of its area is not its own either.
    """
    own = facts.grid
    inside = 1.0
    if meaning.outside:
        survey = survey_classes(facts.path)
        inside -= sum(survey.percent(code) for code in meaning.outside) / 100
    own_ground, common_ground = ground_of(own), ground_of(grid)
    if own_ground is None or common_ground is None:  # a part of one has no place on earth
        return max(1, round(own.shape[0] * own.shape[1] * inside))
    pixel = common_ground.mean(Window(0, 0, *grid.shape))
    area = float(own_ground.rectangles((0, own.shape[0]), (0, own.shape[1])))
    return max(1, round(area / pixel * inside))


def source_warnings(facts: RasterFacts, question: Question) -> list[str]:
    """Warn of what is to be known of an extent before it is believed.

    Raises
    ------
    InputError
        If it holds codes that nobody explains.
    """
    warnings = list(read_extent(facts, question).warnings)
    nodata, name = facts.bands[0].radiometry.nodata, facts.path.name
    silent = nodata is not None and nodata != NOT_OBSERVED and not question.codes.ignores_nodata
    if silent and survey_classes(facts.path).empty:
        warnings.append(
            f"{name} declares {nodata:g} as no data: that counts as not observed, even "
            f"where it means dry or unharmed. If it does, set ‘fuse.not_observed’ to {NO_CODE}"
        )
    if question.moment is not None and not facts.tags.get("datetime"):
        warnings.append(
            f"{name} does not say when it was taken: it counts as if on the day of the event"
        )
    if not facts.tags.get("sensor"):
        warnings.append(f"{name} does not say its sensor: it counts less than one that does")
    return warnings


def read_words(
    positive: str | None, not_observed: str | None, settle: str = SETTLE, failure: str = FAILURE
) -> CodeWords:
    """Read what the user says of codes; ``settle``: which parameters say so.

    Raises
    ------
    InputError
        If they are no codes, or one is said to mean both.
    """
    affected = frozenset(parse_codes(positive)) if positive else None
    ignores = (not_observed or "").strip().lower() == NO_CODE
    unseen = frozenset(parse_codes(not_observed)) if not_observed and not ignores else frozenset()
    both = sorted(unseen & (affected or frozenset()))
    if both:
        raise InputError(
            failure, f"code {both[0]} is said to mean both affected and not observed", settle + "."
        )
    return CodeWords(MapSubject.EVENT, affected, unseen, ignores, settle + ".")


def parse_weights(text: str, count: int) -> list[AutoNumber]:
    """Read one weight for each extent, or ``auto`` for all.

    Raises
    ------
    InputError
        If they are no numbers of 0.001 to 1, or not as many.
    """
    items = [item.strip().lower() for item in text.split(",")]
    if items == ["auto"]:
        items *= count
    if len(items) != count:
        raise InputError(
            f"The weights '{text}' cannot be used",
            f"there are {len(items)} for {count} extents",
            "Give auto, or one for each.",
        )
    return [WEIGHT.read(item, among=text) for item in items]
