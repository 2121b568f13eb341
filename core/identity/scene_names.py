"""The scene that a band's file is of, as its name tells: day and tile. Bands of several scenes in
one stack are a slip of the hand that no pixel shows.

Sources of the names: those of :mod:`.product_names`; any other name is asked for a day only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ..gdal.containers import file_of

TILED = (
    re.compile(r"(?<![A-Z0-9])T(?P<tile>\d\d[A-Z]{3})_(?P<day>\d{8})T\d{6}"),
    re.compile(r"S2[ABCD]_MSIL\w\w_(?P<day>\d{8})T\d{6}_N\d{4}_R\d{3}_T(?P<tile>\d\d[A-Z]{3})"),
    re.compile(r"S2[ABCD]_(?P<tile>\d\d[A-Z]{3})_(?P<day>\d{8})_"),
    re.compile(r"L[COTEM]0[1-9]_L\w{3}_(?P<tile>\d{6})_(?P<day>\d{8})_"),
    re.compile(r"HLS\.[LS]30\.T(?P<tile>\d\d[A-Z]{3})\.(?P<day>\d{7})T"),
)
"""Names of bands and scenes of Sentinel-2 (ESA's and Earth Search's), Landsat and HLS."""
DAY = re.compile(
    r"(?<!\d)(?P<day>(?:19|20)\d\d([-_]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)


@dataclass(frozen=True)
class NamedScene:
    """What a name tells of a scene."""

    day: date
    tile: str = ""
    """Of the agency's grid; empty where the name tells none."""

    def __str__(self) -> str:
        """Day and tile, for a sentence."""
        return f"{self.day} {self.tile}".rstrip()


def read_scene_name(path: Path) -> NamedScene | None:
    """The scene of a file by its name; None where that tells no day."""
    name = file_of(path).stem.upper()
    for pattern in TILED:
        match = pattern.search(name)
        if match is not None:
            day = _read_day(match["day"])
            return None if day is None else NamedScene(day, match["tile"])
    match = DAY.search(name)
    day = _read_day(re.sub(r"[-_]", "", match["day"])) if match is not None else None
    return None if day is None else NamedScene(day)


def _read_day(text: str) -> date | None:
    """A day written as year, month and day, or as year and day of the year."""
    try:
        return datetime.strptime(text, "%Y%m%d" if len(text) == 8 else "%Y%j").date()
    except ValueError:
        return None


def tell_apart(bands: Mapping[str, Path]) -> list[str]:
    """A sentence where the names of bands' files tell of several scenes; none where they do not.

    Parameters
    ----------
    bands : mapping of str to Path
        Name of the band → its file.
    """
    told = {name: read_scene_name(path) for name, path in bands.items()}
    scenes = {name: scene for name, scene in told.items() if scene is not None}
    days = {scene.day for scene in scenes.values()}
    tiles = {scene.tile for scene in scenes.values() if scene.tile}
    if len(days) < 2 and len(tiles) < 2:
        return []
    first: dict[str, str] = {}
    for name, scene in scenes.items():
        first.setdefault(str(scene), name)
    named = ", ".join(f"{name} {scene}" for scene, name in first.items())
    return [
        f"The bands are of several scenes, as the names of their files say: {named}. Is each the "
        "right file?"
    ]
