"""A band's description, read: its codes, its words, its wavelength."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

CODE = re.compile(
    r"(?<![a-z0-9])(?:(?P<modis>sur_refl_b)|(?P<level>s[rt])[_ ]?b(?:and)?[_ ]?"
    r"|(?P<plain>b(?:and[_ -]?)?)|(?P<grass>[sl]\d_))(?P<number>0?\d|1\d)(?P<letter>a?)(?![a-z0-9])"
)
WAVELENGTH = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?) ?(nm|nanomet|um|µm|μm|micromet|micron)")
NANOMETRES = {"n": 1.0}
"""First letter of a unit → nanometres; the others are micrometres."""


@dataclass(frozen=True)
class Code:
    """A name that only a naming gives a meaning."""

    prefix: str = ""
    """``b``, ``sr``, ``st``, ``sur_refl_b``."""
    number: str = ""
    """Without leading zeros: ``8``, ``8a``."""
    is_padded: bool = False
    """Written with a zero before it."""
    is_position: bool = False
    """Spelled ``Band 4``: GDAL and others call the fourth band so, whatever it is."""
    phrase: tuple[str, ...] = ()
    """A whole name instead of a number: ``nbart swir 2``."""

    @property
    def is_short(self) -> bool:
        """Tell whether a zero could stand before it and does not."""
        return not self.is_padded and self.number.isdigit() and len(self.number) == 1


def pieces(text: str) -> list[str]:
    """Runs of letters and of digits in a text, lower case."""
    return re.findall(r"[a-zµμ]+|\d+", text.lower())


def find_codes(text: str) -> list[tuple[Code, bool]]:
    """Different codes in a text, and whether each is the whole of it."""
    text = text.strip().lower()
    codes: dict[Code, bool] = {}
    for match in CODE.finditer(text):
        number = match["number"].lstrip("0") or "0"
        prefix = match["modis"] or match["level"] or "b"
        code = Code(
            prefix,
            number + match["letter"],
            is_padded=match["number"].startswith("0"),
            is_position=bool(match["plain"]) and "band" in match["plain"],
        )
        codes[code] = match[0] == text
    return list(codes.items())


def find_phrases(text: str, phrases: Mapping[tuple[str, ...], str]) -> list[tuple[str, ...]]:
    """The phrases of a text, the longest first at each place, none inside another; they begin and
    end where words do.
    """
    text = text.lower()
    words = [[m[0] for m in re.finditer(r"[a-zµμ]+|\d+", w)] for w in re.split(r"[\W_]+", text)]
    cut = [(piece, place) for place, word in enumerate(words) for piece in word]
    starts = {0, *(i for i in range(1, len(cut)) if cut[i][1] != cut[i - 1][1]), len(cut)}
    found, start, longest = [], 0, max(map(len, phrases), default=0)
    while start < len(cut):
        sizes = range(min(longest, len(cut) - start), 0, -1)
        match = next(
            (
                size
                for size in sizes
                if start in starts
                and start + size in starts
                and tuple(piece for piece, _ in cut[start : start + size]) in phrases
            ),
            0,
        )
        if match:
            found.append(tuple(piece for piece, _ in cut[start : start + match]))
        start += match or 1
    return [phrase for phrase, _ in groupby(found)]


def read_wavelength(text: str, tags: Mapping[str, str]) -> float | None:
    """Centre wavelength in nm that the tags or the description state."""
    lower = {key.lower(): value for key, value in tags.items()}
    if "central_wavelength_um" in lower:
        return _number(lower["central_wavelength_um"], 1000.0)
    if "wavelength" in lower:
        stated = lower.get("wavelength_unit") or lower.get("wavelength_units") or ""
        value = _number(lower["wavelength"], 1.0)
        if value is None:
            return None
        in_micrometres = stated.lower()[:1] in ("m", "u", "µ", "μ") or (not stated and value < 20)
        return value * (1000.0 if in_micrometres else 1.0)
    match = WAVELENGTH.search(text.lower())
    return _number(match[1], NANOMETRES.get(match[2][0], 1000.0)) if match else None


def _number(text: str, factor: float) -> float | None:
    try:
        return float(text) * factor
    except ValueError:
        return None
