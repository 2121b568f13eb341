"""Names of a raster's bands: by description, by file name, by place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from .reader import RasterFacts


def identify_bands(
    facts: RasterFacts, known: Mapping[str, Collection[str]], expected: Sequence[str] = ()
) -> dict[str, int]:
    """Band name → index from 1, by the first of these that tells: description, file name, position.

    Parameters
    ----------
    facts : RasterFacts
        What the file says of itself.
    known : mapping of str to collection of str
        Canonical name → the other names it goes by (``blue`` → ``B02``).
    expected : sequence of str
        Names by position, used only when nothing else tells and the counts are equal.
    """
    aliases = {alias.lower(): name for name, others in known.items() for alias in (name, *others)}
    indexes: dict[str, int] = {}
    for band in facts.bands:
        word = band.description.strip().lower()
        name = aliases.get(word) or _find_alias(word, aliases) or word
        if name and name not in indexes:
            indexes[name] = band.index
    if indexes:
        return indexes
    if len(facts.bands) == 1:
        alone = _find_alias(facts.path.stem.lower(), aliases)
        if alone:
            return {alone: 1}
    if expected and len(expected) == len(facts.bands):
        return {name.lower(): index for index, name in enumerate(expected, start=1)}
    return {}


def _find_alias(text: str, aliases: Mapping[str, str]) -> str | None:
    """The band that a text like ``B05 - red edge 1`` or ``LC08_…_QA_PIXEL`` speaks of.

    The agency's code tells more than a colour's name, a longer name more than a shorter one, the
    last more than the first.
    """
    found: list[tuple[bool, int, int, str]] = []
    for alias, name in aliases.items():
        for match in re.finditer(rf"(?<![a-z0-9]){re.escape(alias)}(?![a-z0-9])", text):
            is_code = any(letter.isdigit() for letter in alias)
            found.append((is_code, len(alias), match.start(), name))
    return max(found)[3] if found else None
