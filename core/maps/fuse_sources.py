"""The extents that are put together: what each says of itself, and what the user says of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ..algorithms.fusion import Source
from ..algorithms.kernel import NOT_OBSERVED
from ..errors import InputError
from ..raster.pixel_area import pixel_area_m2
from ..raster.reader import RasterFacts, read_facts
from ..types import Grid, parse_time

WHAT = "The extents cannot be put together"


def open_extent(path: Path) -> RasterFacts:
    """What an extent's file says of itself.

    Raises
    ------
    RasterError, InputError
        If it cannot be read, or holds no classes.
    """
    facts = read_facts(path)
    if len(facts.bands) != 1:
        raise InputError(
            WHAT,
            f"{path} has {len(facts.bands)} bands, which is no extent",
            "Give rasters of one band of classes.",
        )
    if facts.bands[0].dtype.startswith(("float", "complex")):
        raise InputError(
            WHAT,
            f"{path} holds numbers, no classes",
            "Give water.tif, flooded.tif, severity.tif or another mask.",
        )
    try:
        parse_time(facts.tags.get("datetime") or "2000-01-01")
    except ValueError:
        raise InputError(
            WHAT, f"the tag datetime of {path} is '{facts.tags['datetime']}', which is no ISO date"
        ) from None
    return facts


def make_source(
    facts: RasterFacts,
    grid: Grid,
    moment: datetime | None,
    positive: tuple[int, ...] | None,
    weight: float | None,
) -> Source:
    """What is known of an extent; our own maps say themselves which of their codes mean the event,
    and which mean nothing.

    Raises
    ------
    InputError
        If it has several classes and nobody says which of them mean the event.
    """
    layer = facts.bands[0].description
    own = facts.tags.get(f"event_codes_{layer}", "")
    silent = facts.tags.get(f"silent_codes_{layer}", "")
    if not positive and not own and sum(key.startswith("class_") for key in facts.tags) > 2:
        why = f"{facts.path} holds several classes and does not say which of them mean the event"
        raise InputError(WHAT, why, "Name them with positive, such as 4,5,6,7.")
    codes = positive or parse_codes(own or "1")
    day = facts.tags.get("datetime")
    days = (
        None
        if moment is None or not day
        else abs((parse_time(day) - moment).total_seconds()) / 86400
    )
    return Source(
        name=str(facts.path),
        positive=codes,
        silent=tuple(code for code in parse_codes(silent) if code not in codes) if silent else (),
        sensor=facts.tags.get("sensor", ""),
        days=days,
        pixels=_pixels(facts.grid, grid),
        weight=weight,
    )


def _pixels(own: Grid, grid: Grid) -> int:
    """Pixels of the common grid that a raster of the same area has; a warped one has no-data
    corners that are not its own.
    """
    mine, theirs = (pixel_area_m2(one, one.shape[0] // 2, 1) for one in (own, grid))
    assert mine is not None  # what has no reference system cannot be joined
    assert theirs is not None
    return max(1, round(own.shape[0] * own.shape[1] * mine / theirs))


def source_warnings(facts: RasterFacts, moment: datetime | None) -> list[str]:
    """What is to be known of an extent before it is believed."""
    found = []
    nodata, name = facts.bands[0].radiometry.nodata, facts.path.name
    if nodata is not None and nodata != NOT_OBSERVED:
        found.append(
            f"{name} declares {nodata:g} as no data: what it means by that, be it dry or "
            "unharmed, counts as not observed"
        )
    if moment is not None and not facts.tags.get("datetime"):
        found.append(
            f"{name} does not say when it was taken: it counts as if on the day of the event"
        )
    if not facts.tags.get("sensor"):
        found.append(f"{name} does not say its sensor: it counts less than one that does")
    return found


def parse_weights(text: str, count: int) -> list[float | None]:
    """One for each extent; None: to be made of what is known of it.

    Raises
    ------
    InputError
        If they are no numbers of 0.001 to 1, or not as many.
    """
    words = [word.strip().lower() for word in text.split(",")]
    if words == ["auto"]:
        return [None] * count
    what = f"The weights '{text}' cannot be used"
    if len(words) != count:
        raise InputError(
            what, f"there are {len(words)} for {count} extents", "Give auto, or one for each."
        )
    found: list[float | None] = []
    for word in words:
        try:
            number = None if word == "auto" else float(word)
        except ValueError:
            raise InputError(
                what, f"'{word}' is no number", "Write them like 1,0.6,auto."
            ) from None
        if number is not None and not 0.001 <= number <= 1:
            raise InputError(what, f"{word} does not lie within 0.001 to 1")
        found.append(number)
    return found


def parse_codes(text: str) -> tuple[int, ...]:
    """Class codes, in order.

    Raises
    ------
    InputError
        If one is no class.
    """
    try:
        codes = tuple(sorted({int(word) for word in text.split(",")}))
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
