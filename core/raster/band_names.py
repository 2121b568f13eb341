"""Which band of a raster is which: by description, by file name, by place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from .reader import RasterFacts


def identify_bands(facts: RasterFacts, known: Mapping[str, Collection[str]], expected: Sequence[str] = ()) -> dict[str, int]:
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
    found: dict[str, int] = {}
    for band in facts.bands:
        word = band.description.strip().lower()
        name = aliases.get(word)
        if name is None:
            # Foreign stacks write "B04 - red" or "Band 4 (red)".
            parts = [aliases[part] for part in re.split(r"[^a-z0-9_]+", word) if part in aliases]
            name = parts[-1] if parts else (word or None)
        if name and name not in found:
            found[name] = band.index
    if found:
        return found
    if len(facts.bands) == 1:
        words = re.split(r"[^a-z0-9]+", facts.path.stem.lower())
        names = [aliases[word] for word in words if word in aliases]
        if names:
            return {names[-1]: 1}
    if expected and len(expected) == len(facts.bands):
        return {name.lower(): place for place, name in enumerate(expected, start=1)}
    return {}
