"""Unit of heights, as a file states it: by its band's unit or its vertical coordinate system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..enums import Unit
from ..errors import InputError
from ..raster.facts import RasterFacts
from ..raster.open_file import open_checked
from ..types import Radiometry

FOOT, US_FOOT = 0.3048, 1200 / 3937
METRES = {
    "m": 1.0,
    "metre": 1.0,
    "meter": 1.0,
    "km": 1000.0,
    "kilometre": 1000.0,
    "kilometer": 1000.0,
    "dm": 0.1,
    "decimetre": 0.1,
    "decimeter": 0.1,
    "cm": 0.01,
    "centimetre": 0.01,
    "centimeter": 0.01,
    "mm": 0.001,
    "millimetre": 0.001,
    "millimeter": 0.001,
    "ft": FOOT,
    "foot": FOOT,
    "feet": FOOT,
    "international foot": FOOT,
    "international feet": FOOT,
    "us-ft": US_FOOT,
    "ftus": US_FOOT,
    "ft-us": US_FOOT,
    "us ft": US_FOOT,
    "us foot": US_FOOT,
    "us feet": US_FOOT,
    "foot us": US_FOOT,
    "us survey foot": US_FOOT,
    "us survey feet": US_FOOT,
    "survey foot": US_FOOT,
    "survey feet": US_FOOT,
}
"""Names of units of length → metres; in plural too (EPSG codes 9001, 9002 and 9003)."""
UNSAID = ("", "unknown", "none", "-", "1", "n/a")
"""Units that say nothing."""
ALIKE = 1e-4
"""Units differ if they do by more, as a share: a foot is one whether of the survey or not."""


def metres_per_unit(name: str) -> float | None:
    """Size of a unit of length; None where it is not known as one."""
    plain = " ".join(name.lower().replace("_", " ").replace(".", "").split())
    return METRES.get(plain) or METRES.get(plain.removesuffix("s"))


def in_metres(facts: RasterFacts, subject: str, hint: str, unit: str = "") -> Radiometry:
    """Radiometry of a file's only band of heights, in metres.

    Parameters
    ----------
    subject : str
        For the sentence: ``x.tif cannot be used as a height model``.
    hint : str
        What settles it.
    unit : str
        The user's word, which counts more than the file's; empty for the file's. A file that says
        nothing is in metres.

    Raises
    ------
    InputError
        If the file's unit is none of length, or its band and its vertical system contradict each
        other.
    """
    [band] = facts.bands
    stated = band.radiometry
    said = unit or str(stated.unit)
    said = "" if said.lower() in UNSAID else said
    size = metres_per_unit(said) if said else None
    if said and size is None:
        raise InputError(subject, f"its unit is '{said}', which is none of height", hint)
    vertical = None if unit else _vertical_unit(facts.path)
    if vertical is not None:
        name, metres = vertical
        if size is not None and abs(size / metres - 1) > ALIKE:
            why = f"its band is in '{said}', its vertical coordinate system in '{name}'"
            raise InputError(subject, why, hint)
        said, size = said or name, size or metres
    factor = size or 1.0
    if factor == 1.0:
        return replace(stated, unit=Unit.METRE)
    return replace(
        stated,
        scale=stated.scale * factor,
        offset=stated.offset * factor,
        unit=Unit.METRE,
        reason=f"in metres, from {said}",
    )


def _vertical_unit(path: Path) -> tuple[str, float] | None:
    """Name and metres of the unit of a file's vertical coordinate system; None without one."""
    reference = open_checked(path).GetSpatialRef()
    if reference is None or not reference.IsCompound():
        return None
    name = reference.GetAttrValue("VERT_CS|UNIT") or "unknown"
    return str(name), float(reference.GetTargetLinearUnits("VERT_CS"))
