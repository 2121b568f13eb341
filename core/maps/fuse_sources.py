"""The extents that are put together: what each says of itself, and what the user says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..algorithms.fusion import Source
from ..algorithms.kernel import NOT_OBSERVED
from ..errors import InputError
from ..raster.grid import Window
from ..raster.pixel_area import ground_of
from ..raster.reader import RasterFacts, read_facts
from ..recipes.auto_number import AutoNumber, AutoNumberRule
from ..types import Grid, parse_time

FAILURE = "The extents cannot be put together"
WEIGHT = AutoNumberRule("weights", 0.001, 1, "1,0.6,auto")


@dataclass(frozen=True)
class Question:
    """Values that hold for all extents together."""

    moment: datetime | None
    """Of the event; None: all days count alike."""
    codes: tuple[int, ...] | None
    """That mean the event in every extent; None: as each says itself."""
    weights: Mapping[Path, AutoNumber]


def open_extent(path: Path) -> RasterFacts:
    """Read what an extent's file says of itself.

    Raises
    ------
    RasterError, InputError
        If it cannot be read, or holds no classes.
    """
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(
            FAILURE,
            f"{path} has {len(facts.bands)} bands, which is no extent",
            "Give rasters of one band of classes.",
        )
    if facts.bands[0].dtype.startswith(("float", "complex")):
        raise InputError(
            FAILURE,
            f"{path} holds numbers, no classes",
            "Give water.tif, flooded.tif, severity.tif or another mask.",
        )
    try:
        parse_time(facts.tags.get("datetime") or "2000-01-01")
    except ValueError:
        raise InputError(
            FAILURE,
            f"the tag datetime of {path} is '{facts.tags['datetime']}', which is no ISO date",
        ) from None
    return facts


def make_source(facts: RasterFacts, grid: Grid, question: Question) -> Source:
    """Put together what is known of an extent; our own maps say themselves which of their codes
    mean the event, and which mean nothing.

    Raises
    ------
    InputError
        If it has several classes and nobody says which of them mean the event.
    """
    layer = facts.bands[0].description
    own = facts.tags.get(f"event_codes_{layer}", "")
    silent = facts.tags.get(f"silent_codes_{layer}", "")
    if not question.codes and not own and sum(key.startswith("class_") for key in facts.tags) > 2:
        why = f"{facts.path} holds several classes and does not say which of them mean the event"
        raise InputError(FAILURE, why, "Name them with ‘fuse.positive’, such as 4,5,6,7.")
    codes = question.codes or parse_codes(own or "1")
    return Source(
        name=str(facts.path),
        positive=codes,
        silent=tuple(code for code in parse_codes(silent) if code not in codes) if silent else (),
        sensor=facts.tags.get("sensor", ""),
        days=_days_apart(facts.tags.get("datetime"), question.moment),
        pixels=_pixels(facts.grid, grid),
        weight=question.weights[facts.path].number,
    )


def _days_apart(day: str | None, moment: datetime | None) -> float | None:
    if moment is None or not day:
        return None
    return abs((parse_time(day) - moment).total_seconds()) / 86400


def _pixels(own: Grid, grid: Grid) -> int:
    """Count the pixels of the common grid that a raster of the same area has; a warped one has
    no-data corners that are not its own.
    """
    own_ground, common_ground = ground_of(own), ground_of(grid)
    if own_ground is None or common_ground is None:  # a part of one has no place on earth
        return own.shape[0] * own.shape[1]
    pixel = common_ground.mean(Window(0, 0, *grid.shape))
    area = float(own_ground.rectangles((0, own.shape[0]), (0, own.shape[1])))
    return max(1, round(area / pixel))


def source_warnings(facts: RasterFacts, moment: datetime | None) -> list[str]:
    """Warn of what is to be known of an extent before it is believed."""
    warnings = []
    nodata, name = facts.bands[0].radiometry.nodata, facts.path.name
    if nodata is not None and nodata != NOT_OBSERVED:
        warnings.append(
            f"{name} declares {nodata:g} as no data: that counts as not observed, even "
            "where it means dry or unharmed"
        )
    if moment is not None and not facts.tags.get("datetime"):
        warnings.append(
            f"{name} does not say when it was taken: it counts as if on the day of the event"
        )
    if not facts.tags.get("sensor"):
        warnings.append(f"{name} does not say its sensor: it counts less than one that does")
    return warnings


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


def parse_codes(text: str) -> tuple[int, ...]:
    """Read class codes, in order.

    Raises
    ------
    InputError
        If one is no class.
    """
    try:
        codes = tuple(sorted({int(item) for item in text.split(",")}))
    except ValueError:
        raise InputError(
            f"The codes '{text}' cannot be used",
            "they are no whole numbers",
            "Write them like 4,5,6,7.",
        ) from None
    if codes[0] < 0 or codes[-1] >= NOT_OBSERVED:
        raise InputError(
            f"The codes '{text}' cannot be used", f"a class lies within 0 to {NOT_OBSERVED - 1}"
        )
    return codes
