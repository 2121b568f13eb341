"""The area as people give it: west,south,east,north, WKT, GeoJSON, a vector file, or coordinates
with a radius.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ..errors import AreaError
from ..shapes.coordinates import EXAMPLE, Written, read_coordinates
from ..shapes.vector import geometry_from_file, geometry_from_json, geometry_from_wkt
from ..text import at_home, shortened
from ..types import Aoi
from .coverage import split_at_antimeridian

HINT = "Give a vector file, WKT, west,south,east,north in degrees, or a point with a radius."
USUAL_RADIUS_KM = 5.0
"""Around a point without a radius, where somebody is told."""


def parse_area(text: str, tell: Callable[[str], None] | None = None) -> Aoi:
    """Read an area, whatever way it is given.

    Parameters
    ----------
    tell : callable, optional
        Is told how a text was read that can be read otherwise: which number is the latitude, how
        far around a point. Without it, such a text is refused.

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
            HINT,
        )
    if given.startswith("{"):
        return Aoi.from_geometry(geometry_from_json(given))
    if re.match(r"^[A-Za-z]+\s*Z?M?\s*(\(|EMPTY)", given):
        return Aoi.from_geometry(geometry_from_wkt(given))
    numbers = _numbers(given)
    if numbers is not None and len(numbers) == 4 and ";" not in given:
        return Aoi.from_bounds(*numbers)
    path = at_home(given)
    try:
        there = path.exists()
    except (OSError, ValueError):  # a text that no file can have as its name
        there = False
    if there:
        return replace(Aoi.from_geometry(geometry_from_file(path)), source=str(path))
    if numbers is not None and len(numbers) != 2 and ";" not in given:
        raise AreaError(
            f"The area '{shortened(given)}' cannot be used",
            f"it has {len(numbers)} numbers, not 4",
            "Give west,south,east,north in degrees.",
        )
    written = read_coordinates(given)
    if written is None:
        raise AreaError(
            f"The area '{shortened(given)}' cannot be used",
            "it is no file, no WKT and no coordinates",
            HINT,
        )
    return _around(written, given, tell)


def _around(written: Written, text: str, tell: Callable[[str], None] | None) -> Aoi:
    """The circle around one point, the box between two, or the polygon of more."""
    points, radius = written.points, written.radius_km
    if tell is None and written.guessed:
        raise AreaError(
            f"The place '{shortened(text)}' cannot be used",
            "it does not say which number is the latitude",
            f"Write it like {EXAMPLE}.",
        )
    if radius is None and len(points) == 1:
        if tell is None:
            raise AreaError(
                f"The place '{shortened(text)}' cannot be used",
                "it is one point",
                f"Add a radius: {EXAMPLE}.",
            )
        radius = USUAL_RADIUS_KM
    if radius is not None and len(points) > 1:
        raise AreaError(
            f"The place '{shortened(text)}' cannot be used",
            f"it has {len(points)} points and one radius",
            f"Write it like {EXAMPLE}.",
        )
    if tell is not None and (written.guessed or written.radius_km is None):
        tell(_reading(written, radius))
    if radius is not None:
        from ..shapes.circle import circle  # with numpy; other areas need none

        tree = circle(*points[0], radius)
    elif len(points) == 2:
        (west, south), (east, north) = points
        return Aoi.from_bounds(west, min(south, north), east, max(south, north))
    else:
        tree = {"type": "Polygon", "coordinates": [[list(point) for point in (*points, points[0])]]}
    return Aoi.from_geometry(split_at_antimeridian(tree))


def _reading(written: Written, radius: float | None) -> str:
    """How coordinates were read, for a person."""
    lon, lat = written.points[0]
    place = f"{abs(lat):.5g}° {'NS'[lat < 0]}, {abs(lon):.5g}° {'EW'[lon < 0]}"
    order = " (latitude first)" if written.guessed else ""
    if radius is not None:
        around = "" if written.radius_km is not None else "; write “10 km” behind it for another"
        return f"Read as {radius:g} km around {place}{order}{around}."
    return f"Read as {len(written.points)} corners, the first at {place}{order}."


def _numbers(text: str) -> list[float] | None:
    parts = [part for part in re.split(r"[,\s]+", text.strip("[]() ")) if part]
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None
