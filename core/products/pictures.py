"""Pictures for the report: what the satellite saw, and the map over it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import AlgorithmError
from ..raster.facts import RasterFacts, read_facts
from ..raster.picture import Picture, stretch
from ..raster.view import read_view, read_views, view_grid
from ..shapes.area_pixels import area_view
from ..types import Aoi, Grid

MOST_PIXELS = 900
"""Longer side of a picture."""
NO_DATA = (232, 232, 236)
NOT_OBSERVED_COLOR = (150, 150, 155)
HATCH = 8
"""Pixels between the lines over what was not observed."""
SHOWN = (("red", "green", "blue"), ("nir", "red", "green"), ("swir22", "nir", "red"))
"""Bands for red, green and blue of a picture, the best first."""
TRUE_COLOUR = SHOWN[0]
TRUE_RANGE, FALSE_RANGE, DB_RANGE = (0.0, 0.3), (0.0, 0.5), (-25.0, 0.0)
"""Black and white of reflectance in true and in false colours, and of backscatter: the same on
every date, so that two pictures can be compared. Most land lies within; clouds are above.
"""
STRONG, FAINT = 0.85, 0.25
"""Opacity of a class: of what the map is about, and of everything else."""
AREA_COLOR = (20, 20, 20)
"""Of the edge of the area that was asked for."""
OUTLINE_COLOR = (120, 0, 20)
"""Of the line around what the map is about."""


def picture_grid(path: Path, most: int = MOST_PIXELS) -> Grid:
    """The grid of a picture of this raster, with at most so many pixels a side."""
    return view_grid(read_facts(path).grid, most)


def stack_pictures(stack: Path, grids: Sequence[Grid]) -> tuple[list[Picture], str]:
    """A stack as the eye wants it, on each of the grids: true colour where it can be, else what
    there is; of radar in grey.

    Returns
    -------
    pictures : list of ndarray of uint8, (rows, cols, 3)
    what : str
        What they show: ``red, green, blue``.

    Raises
    ------
    RasterError
        If it cannot be read.
    """
    from multiprocessing.pool import ThreadPool

    facts = read_facts(stack)
    index = {band.description: band.index for band in facts.bands}
    names = next((names for names in SHOWN if all(name in index for name in names)), None)
    if names is None:
        first = next(
            (name for name in ("vv", "hh", "nir", "nir08") if name in index),
            facts.bands[0].description,
        )
        names = (first,) * 3
        index.setdefault(first, 1)
    span = TRUE_RANGE if names == TRUE_COLOUR else FALSE_RANGE
    shown = list(dict.fromkeys(names))
    # Of a file without overviews all pixels are decoded for it.
    with ThreadPool(min(len(shown), os.cpu_count() or 1)) as pool:
        read = pool.map(lambda name: _layers(facts, index[name], grids, span), shown)
    layers = dict(zip(shown, read))
    pictures = []
    for number in range(len(grids)):
        picture: Picture = np.stack([layers[name][number][0] for name in names], axis=2)
        known = [of_band[number][1] for of_band in layers.values()]
        picture[~np.logical_and.reduce(known)] = NO_DATA
        pictures.append(picture)
    return pictures, ", ".join(shown)


def _layers(
    facts: RasterFacts, index: int, grids: Sequence[Grid], reflectance: tuple[float, float]
) -> list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]]:
    """Of each grid a band's brightness, and where it has data."""
    unit = facts.bands[index - 1].radiometry.unit
    span = {"reflectance": reflectance, "power": DB_RANGE, "dB": DB_RANGE}.get(unit)
    views = read_views(facts, index, grids)
    return [(stretch(values, span), np.isfinite(values)) for values in views]


def class_picture(
    classes: Path,
    colors: Mapping[int, tuple[int, int, int]],
    about: Collection[int],
    under: Picture,
    grid: Grid,
    area: Aoi | None = None,
) -> Picture:
    """Classes over a greyed picture, with a line around what the map is about; what was not
    observed is hatched, so that it is not taken for a class.

    Nothing but the picture is shown outside of the area.

    Parameters
    ----------
    colors : mapping
        Code → red, green, blue.
    about : collection of int
        The codes that the map is about.
    under : ndarray of uint8, (rows, cols, 3)
        On ``grid``.
    area : Aoi, optional
        That was asked for: its edge is drawn.

    Raises
    ------
    AlgorithmError
        If the raster is none of classes.
    RasterError
        If it cannot be read.
    """
    facts = read_facts(classes)
    if facts.bands[0].dtype != "uint8":
        raise AlgorithmError(
            f"A map of {classes.name} cannot be drawn",
            f"it holds {facts.bands[0].dtype}, not classes",
            "Choose a layer of classes.",
        )
    codes = read_view(facts, 1, grid)
    grey = under.mean(axis=2, keepdims=True).astype(np.float32)
    shaded = np.repeat(0.6 * grey + 0.4 * 255, 3, axis=2)
    for code, color in colors.items():
        share = STRONG if code in about else FAINT
        here = codes == code
        shaded[here] = (1 - share) * shaded[here] + share * np.array(color, np.float32)
    rows, cols = np.indices(codes.shape)
    unseen = np.isnan(codes)
    shaded[unseen] = NO_DATA
    shaded[unseen & ((rows + cols) % HATCH < 2)] = NOT_OBSERVED_COLOR
    shaded[_edge(np.isin(codes, tuple(about)))] = OUTLINE_COLOR
    if area is not None and facts.grid.crs:
        inside = area_view(area, grid)
        shaded[_rim(inside)] = AREA_COLOR
    picture: Picture = np.clip(np.rint(shaded), 0, 255).astype(np.uint8)
    return picture


def _rim(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The outermost pixels of what is inside."""
    padded = np.pad(inside, 1, mode="edge")
    core = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(inside & ~core)


def _edge(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The outermost pixels of what is inside; specks of a pixel or two, which have no inside, stay
    as they are.
    """
    core = inside & ~_rim(inside)
    wide = np.pad(core, 1)
    near = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    return np.asarray(inside & ~core & near)


def scale_bar(width_m: float, wanted_share: float = 0.25) -> tuple[float, str]:
    """A round length of about a quarter of the picture's width, as share of the width and
    as text.
    """
    steps: Sequence[float] = [digit * 10.0**power for power in range(7) for digit in (1, 2, 5)]
    length = max(
        (step for step in steps if step <= wanted_share * width_m), default=width_m * wanted_share
    )
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return length / width_m, text
