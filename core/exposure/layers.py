"""What the user's layers hold: names of classes of land cover, and whether a grid of people counts
them or says how dense they live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..enums import StrEnum
from ..errors import InputError
from ..raster.facts import RasterFacts
from ..shapes.class_survey import class_names

TAG = "code_"
"""Begin of the tags in which context layers name their classes."""
_DENSITY = re.compile(r"/ ?(?:sq\.? ?)?km|per (?:sq(?:uare)?\.? ?)?k(?:m|ilomet)|km-2|densit|_pd_")
_COUNT = re.compile(
    r"ppp|ghs[_-]pop|popul?[a-z]*[_-]?count|count|people per pixel|persons? per pixel|landscan"
)
"""Words of units, names and tags: WorldPop calls files of people per pixel ``ppp`` and of density
``pd``; GHSL's ``GHS_POP`` and GPW's ``population_count`` are numbers of people in a cell.
"""


class PeopleKind(StrEnum):
    """What the numbers of a grid of people mean."""

    COUNT = "count"
    """People in each pixel."""
    DENSITY = "density"
    """People for each square kilometre."""


def people_kind(facts: RasterFacts, given: PeopleKind | None) -> PeopleKind:
    """What a grid of people holds: by the user's word, else its unit, its name, its tags.

    Raises
    ------
    InputError
        If nobody says it: taking one for the other is wrong by the size of a pixel.
    """
    if given is not None:
        return given
    band = facts.bands[0]
    texts = (str(band.radiometry.unit), facts.path.name, band.description, *facts.tags.values())
    for text in map(str.lower, texts):
        if _DENSITY.search(text):
            return PeopleKind.DENSITY
        if _COUNT.search(text) or text in ("people", "persons", "inhabitants"):
            return PeopleKind.COUNT
    raise InputError(
        f"The population {facts.path.name} cannot be summed",
        "nothing tells whether it holds people in each pixel or for each square kilometre",
        "Say so with ‘population_kind’: count or density.",
    )


def cover_names(
    path: Path, facts: RasterFacts, codes: set[int], known: Mapping[str, Mapping[int, str]]
) -> tuple[Mapping[int, str], str]:
    """Names of the classes of land cover, and a warning where they were guessed.

    Parameters
    ----------
    codes : set of int
        That occur.
    known : mapping of str to mapping
        Title of a product → its classes, tried where the file names none.
    """
    own = class_names(path)
    tags = {**facts.tags, **facts.bands[0].tags}
    own = own or {
        int(key[len(TAG) :]): text
        for key, text in tags.items()
        if key.startswith(TAG) and key[len(TAG) :].lstrip("-").isdigit()
    }
    if own:
        return own, ""
    for title, classes in known.items():
        if codes and codes <= {0, *classes} and codes & set(classes):
            return classes, f"{path.name} names no classes: its codes are read as {title}"
    return {}, f"{path.name} names no classes, and no product is known that has its codes"
