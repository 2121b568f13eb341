"""Files elsewhere whose pixels a stack shows that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

from ..files.made_here import is_made_here
from ..gdal.containers import file_of
from ..raster.vrt_sources import check_vrt_sources, is_vrt

MOST_NAMED = 3
"""Files in a sentence."""


def borrowed_files(path: Path) -> list[str]:
    """A sentence about the files elsewhere whose pixels a VRT shows that was not made here: what it
    names becomes a part of the map, whoever wrote it.
    """
    file = file_of(path)
    if not is_vrt(file):
        return []
    outside = check_vrt_sources(file).outside
    if not outside or is_made_here(file):
        return []
    names = ", ".join(map(str, outside[:MOST_NAMED])) + " …" * (len(outside) > MOST_NAMED)
    return [
        f"{path.name} was not made by FirstLight on this computer, and shows pixels of files "
        f"outside its folder: {names}. They are in the map; look at them before you pass it on"
    ]
