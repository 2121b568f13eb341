"""The area as people give it: west,south,east,north, WKT, GeoJSON, or a vector file."""

from __future__ import annotations

import re

from ..errors import AreaError
from ..shapes.vector import geometry_from_file, geometry_from_json, geometry_from_wkt
from ..text import at_home, shortened
from ..types import Aoi


def parse_area(text: str) -> Aoi:
    """Read an area, whatever way it is given.

    Raises
    ------
    AreaError
        If it is none of these, or empty, inverted or off the globe.
    """
    given = text.strip()
    if not given:
        raise AreaError(
            "The area cannot be used",
            "it is empty",
            "Give a vector file, WKT, or west,south,east,north in degrees.",
        )
    if given.startswith("{"):
        return Aoi.from_geometry(geometry_from_json(given))
    if re.match(r"^[A-Za-z]+\s*Z?M?\s*(\(|EMPTY)", given):
        return Aoi.from_geometry(geometry_from_wkt(given))
    numbers = _numbers(given)
    if numbers is not None:
        if len(numbers) != 4:
            raise AreaError(
                f"The area '{shortened(given)}' cannot be used",
                f"it has {len(numbers)} numbers, not 4",
                "Give west,south,east,north in degrees.",
            )
        return Aoi.from_bounds(*numbers)
    path = at_home(given)
    try:
        there = path.exists()
    except (OSError, ValueError):  # a text that no file can have as its name
        there = False
    if not there:
        raise AreaError(
            f"The area '{shortened(given)}' cannot be used",
            "it is no file, no WKT and no four numbers",
            "Give a vector file, WKT, or west,south,east,north in degrees.",
        )
    return Aoi.from_geometry(geometry_from_file(path))


def _numbers(text: str) -> list[float] | None:
    parts = [part for part in re.split(r"[,\s]+", text.strip("[]() ")) if part]
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None
