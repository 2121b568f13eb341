"""Coordinates as people write them: decimal degrees, degrees with minutes and seconds, with letters
or signs, with a radius, or out of a map's address.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import AreaError
from ..text import shortened

EXAMPLE = "46.95N 7.45E 5 km"
Point = tuple[float, float]
"""Longitude, latitude."""

_ADDRESS = re.compile(
    r"^(?:geo:|https?://\S*?(?:/@|[?&#]map=\d+(?:\.\d+)?/|[?&]q=))"
    r"(?P<lat>[+-]?\d+(?:\.\d+)?)[,/](?P<lon>[+-]?\d+(?:\.\d+)?)"
)
"""``geo:`` (RFC 5870), and addresses of OpenStreetMap and Google Maps: latitude first."""
_RADIUS = re.compile(
    r"[\s,;]+(?:(?:radius|r)\s*[=:]?\s*)?(?P<value>\d+(?:[.,]\d+)?)\s*(?P<unit>km|m|mi|nmi)\.?$",
    re.IGNORECASE,
)
_KM = {"km": 1.0, "m": 0.001, "mi": 1.609344, "nmi": 1.852}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<word>lat(?:itude)?|lon(?:g(?:itude)?)?|lng)\s*[=:]?"
    r"|(?P<letter>[NSEWO])(?![A-Za-z])"
    r"|(?P<degree>[°º˚]|deg\b|d\b)"
    r"|(?P<mark>['′’`\"″”]|min\b|sec\b)"
    r"|(?P<gap>[,;()\[\]/|]))",
    re.IGNORECASE,
)
_PARTS = re.compile(r"(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True)
class Written:
    """What a text says: one point or several, and how far around it."""

    points: tuple[Point, ...]
    radius_km: float | None = None
    guessed: bool = False
    """True where the text does not say which number is the latitude: the first is taken, as maps
    and phones write it.
    """


@dataclass
class _Value:
    """One coordinate: degrees, minutes, seconds, and what says which way it goes."""

    numbers: list[str]
    letter: str = ""
    word: str = ""
    torn: bool = False
    """True where a comma stands among its numbers."""

    @property
    def axis(self) -> str:
        """``lat``, ``lon``, or nothing where it is not said."""
        if self.letter:
            return "lat" if self.letter in "NS" else "lon"
        return self.word


def read_coordinates(text: str) -> Written | None:
    """Points in degrees of WGS84; None where the text is no coordinates at all.

    Raises
    ------
    AreaError
        If it is coordinates, and not usable ones.
    """
    address = _ADDRESS.match(text)
    if address:
        return Written((_checked(float(address["lon"]), float(address["lat"]), text),))
    body, radius = text, None
    found = _RADIUS.search(text)
    if found:
        body = text[: found.start()]
        radius = float(found["value"].replace(",", ".")) * _KM[found["unit"].lower()]
    values = _values(body)
    if values is not None and any(value.torn for value in values):
        values = _values(_DECIMAL_COMMA.sub(".", body))  # 47,5 N 11,2 E
    if not values or len(values) < 2:
        return None
    if len(values) % 2:
        raise _unusable(text, f"it has {len(values)} coordinates, not pairs of them")
    pairs = list(zip(values[::2], values[1::2]))
    points, guessed = _placed(pairs, text)
    return Written(tuple(_checked(*point, text) for point in points), radius, guessed)


def _unusable(text: str, why: str, hint: str = f"Write it like {EXAMPLE}.") -> AreaError:
    return AreaError(f"The place '{shortened(text)}' cannot be used", why, hint)


def _values(text: str) -> list[_Value] | None:
    """The coordinates of a text in order; None where something else stands in it."""
    text = _PARTS.sub(lambda m: f"{m[1]}°{m[2]}'" + (f'{m[3]}"' if m[3] else ""), text.strip())
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            return None
        tokens.append((match.lastgroup, match.group(match.lastgroup).upper()))
        place = match.end()
    return _grouped(tokens, text)


def _grouped(tokens: Sequence[tuple[str, str]], text: str) -> list[_Value]:
    kinds = [kind for kind, _ in tokens]
    lettered = "letter" in kinds
    named = lettered or "word" in kinds
    first = next((kind for kind in kinds if kind in ("letter", "number")), "")
    before = lettered and first == "letter"
    values: list[_Value] = []
    is_open = gapped = False
    for number, (kind, sign) in enumerate(tokens):
        follows = kinds[number + 1] if number + 1 < len(kinds) else ""
        if kind == "word":
            values.append(_Value([], word="lat" if sign.startswith("LAT") else "lon"))
            is_open = True
        elif kind == "letter":
            if sign == "O":
                hint = "Write E or W."
                raise _unusable(text, "O is east in German, and west in French and Spanish", hint)
            if before:
                values.append(_Value([], sign))
                is_open = True
            elif is_open:
                values[-1].letter = sign
                is_open = False
            else:
                raise _unusable(text, f"no number belongs to its {sign}")
        elif kind == "number":
            # Without letters a new one begins at a degree sign, or where none is used at all.
            begins = not named and (follows == "degree" or "degree" not in kinds)
            if not is_open or (begins and values[-1].numbers):
                values.append(_Value([]))
                is_open = True
            values[-1].torn |= gapped and bool(values[-1].numbers)
            values[-1].numbers.append(sign)
        gapped = kind == "gap" and sign in ",;"
        if gapped and not named:
            is_open = False
    return values


def _placed(pairs: Sequence[tuple[_Value, _Value]], text: str) -> tuple[list[Point], bool]:
    """Points, and whether the order of latitude and longitude was guessed."""
    degrees = [(_degrees(one, text), _degrees(other, text)) for one, other in pairs]
    axes = {(one.axis, other.axis) for one, other in pairs}
    if axes <= {("lat", "lon"), ("lon", "lat")}:
        firsts = [one.axis == "lat" for one, _ in pairs]
        return [
            (second, first) if is_lat else (first, second)
            for is_lat, (first, second) in zip(firsts, degrees)
        ], False
    if axes != {("", "")}:
        raise _unusable(text, "of some coordinates it is not said whether they are north or east")
    lon_first = any(abs(first) > 90 for first, _ in degrees)
    lat_first = any(abs(second) > 90 for _, second in degrees)
    if lon_first and lat_first:
        raise _unusable(text, "no order of latitude and longitude fits its numbers")
    if lon_first:
        return degrees, False
    return [(second, first) for first, second in degrees], not lat_first


def _degrees(value: _Value, text: str) -> float:
    parts = [float(number) for number in value.numbers]
    if not 1 <= len(parts) <= 3:
        raise _unusable(text, f"a coordinate of {len(parts)} numbers is none")
    if value.letter and value.numbers[0][0] in "+-":
        raise _unusable(text, "a sign and a letter say the same thing twice")
    whole = all(number.lstrip("+-").isdigit() for number in value.numbers[:-1])
    if not whole or any(part < 0 or part >= 60 for part in parts[1:]):
        raise _unusable(text, "its minutes or seconds are none", "Write 46°57'08\"N 7°26'50\"E.")
    size: float = sum(abs(part) / 60**place for place, part in enumerate(parts))
    negative = value.letter in ("S", "W") or value.numbers[0].startswith("-")
    return -size if negative else size


def _checked(lon: float, lat: float, text: str) -> Point:
    if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lat) > 90 or abs(lon) > 180:
        raise _unusable(text, f"{lat:g} north, {lon:g} east is no place on the globe")
    return lon, lat
