"""Notes that a stack keeps of its bands' files, and the comparison of a file with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..gdal.crs import crs_name, same_crs
from ..raster.facts import RasterFacts


def identity(facts: RasterFacts, index: int) -> str:
    """A text that tells one file's band from another's without reading pixels: kept in the stack,
    compared by the repair.
    """
    rows, cols = facts.grid.shape
    place = " ".join(f"{v:.12g}" for v in facts.grid.transform)
    return f"{cols} x {rows} {facts.bands[index - 1].dtype}, band {index}; {place}"


def note_source(facts: RasterFacts, index: int) -> dict[str, str]:
    """Tags of a band in a stack that tell what its file was when it was stacked."""
    return {
        "source_grid": identity(facts, index),
        "source_crs": facts.grid.crs,
        "source_scale": _scale(facts, index),
    }


def is_noted(tags: Mapping[str, str], stack: Path, file: Path) -> bool:
    """Tell whether the notes of a band are of this file."""
    name = tags.get("source")
    if not name:
        return False
    noted = stack.parent / name
    try:
        return noted.samefile(file)
    except (OSError, ValueError):  # inside a container
        return noted.resolve() == file.resolve()


def moved(facts: RasterFacts, tags: Mapping[str, str]) -> Iterator[str]:
    """Differences of place between a file and the notes of it: nothing where it is the same one,
    or the notes are older than the comparison.
    """
    noted, index = tags.get("source_grid", ""), _index(tags)
    if not noted or index > len(facts.bands):
        return
    place, here = noted.partition("; ")[2], identity(facts, index).partition("; ")[2]
    if place != here:
        yield f"its corner and pixels at {_corner(here)} for {_corner(place)}"
    crs = tags.get("source_crs", "")
    if crs and crs != facts.grid.crs and not (facts.grid.crs and same_crs(crs, facts.grid.crs)):
        yield f"{crs_name(facts.grid.crs) or 'no coordinate system'} for {crs_name(crs)}"


def rescaled(facts: RasterFacts, tags: Mapping[str, str]) -> str:
    """The change of scale and offset since the stack was made; empty where there is none."""
    noted, index = tags.get("source_scale", ""), _index(tags)
    if not noted or index > len(facts.bands) or noted == _scale(facts, index):
        return ""
    return f"scale and offset {_scale(facts, index)} for {noted}"


def _index(tags: Mapping[str, str]) -> int:
    text = tags.get("source_grid", "").partition(", band ")[2].partition(";")[0]
    return int(text) if text.isdigit() else 1


def _scale(facts: RasterFacts, index: int) -> str:
    rule = facts.bands[index - 1].radiometry
    return f"{rule.scale:.12g} {rule.offset:.12g}"


def _corner(place: str) -> str:
    numbers = place.split()
    if len(numbers) != 6:
        return place
    return f"{numbers[2]}, {numbers[5]} ({numbers[0]} a pixel)"
