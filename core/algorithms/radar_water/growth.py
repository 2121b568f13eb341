"""Water from its cores: what is dark beyond doubt grows as far as it is nearer to the water around
it than to the land around it.

In two steps as Martinis et al. 2009 (doi:10.5194/nhess-9-303-2009) and Twele et al. 2016
(doi:10.1080/01431161.2016.1192304) do: cores below a strict threshold, then neighbours below a
lenient one. The lenient one is each pixel's own: it lies between the mean level of the cores and
that of the land within a window, so that it follows incidence, wind and the kind of land. Regions
that are told apart by the means inside and outside of them in a window are those of Li et al. 2007
(doi:10.1109/CVPR.2007.383014).

Where a picture has too little water to tell how dark it is, narrow rivers have hardly a pixel that
is dark beyond doubt. What they have is length: dark lines are kept by a path opening (Heijmans,
Buckley & Talbot 2005, Journal of Mathematical Imaging and Vision 22, 107-119), which small dark
fields do not pass.

Means in windows are of whole numbers (hundredths of dB), whose sums are exact, and growth goes a
fixed number of steps: a pixel depends on those within ``HALO`` only, the same in any tile. Without
lines it is about half as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import speckle
from ..kernel import FloatArray
from .levels import (
    CALM_LIKE_DB,
    DARKEST_LAND_DB,
    DARKEST_WATER_DB,
    LIKE_BANDS,
    ROUGH_RATIO_DB,
    mean_db,
)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Pixels = tuple[npt.NDArray[np.intp], ...]

WINDOW_RADIUS = 12
"""Pixels around one in which water and land are looked at: 250 m of Sentinel-1."""
LEAST_LAND = 32
"""Pixels of land in the window from which their mean counts; 5 % of it."""
GROWTH_SHARE = 0.5
"""0..1: share of the way from water to land that growth goes at least: the least error of two
classes of equal spread.
"""
LAND_TAIL_DB = 3.5
"""Growth goes up to so much below the land where that is farther: land is hardly ever so far below
its own mean. A judgement; 2.5 dB cross more dry ground.
"""
LEAST_CONTRAST_DB = 3.5
"""Between cores and the land around them: less is between two kinds of bare soil."""
LEAST_SPREAD_DB = 0.5
"""Cores may be so much brighter than the mean of water at least: a picture without speckle, much
averaged or made by a program, has water of one level.
"""
GROWTH_STEPS = 16
"""Pixels that growth goes from a core: far more would reach across dry ground beside a lake."""
SEED_STEPS = 3
"""Pixels of growth before its mean levels are looked at: cores alone are the darkest of a field."""
REGION_RADIUS = 8
"""Pixels around a core whose mean levels are looked at: speckle no longer counts there."""
SUPPORT_RADIUS = 2
"""Pixels around a core in which more of them are asked for."""
WIDE_SUPPORT = 0.5
"""0..1: share of cores that is asked for where a window holds no land: in wide water nearly every
pixel is one, on a wide dark field the darkest are.
"""
LINE_LENGTH = 48
"""Pixels of a dark line from which it is a river; a field beside a road is shorter."""
LEAST_OF_LINE = 6
"""Pixels of a line within ``SUPPORT_RADIUS``: a line of single pixels is speckle."""
LINE_STEPS = 3
"""Pixels that growth goes from such a line."""
LINE_RADIUS = 6
"""A line is thinner than the square of twice as many pixels and one, a field is not."""
FULL = 0.8
"""0..1: share of dark pixels from which such a square is full: speckle makes holes."""
HALO = (
    speckle.HALO
    + WINDOW_RADIUS
    + 2 * LINE_RADIUS
    + 1
    + (LINE_LENGTH - 1)
    + SUPPORT_RADIUS
    + LINE_STEPS
)
"""Pixels that water depends on. Cores and their growth need less."""
CORES_HALO = (
    speckle.HALO + WINDOW_RADIUS + SUPPORT_RADIUS + SEED_STEPS + REGION_RADIUS + GROWTH_STEPS
)
"""The same where no lines are looked for."""
LINE_CONTRAST_DB = 4.0
"""Between a dark line and the land around it."""
REGION_SHARE = 0.3
"""0..1: share of the way from water to land up to which the mean of what has grown lies."""
REGION_LIKE_DB, REGION_CROSS_DB = -14.5, -23.0
"""Mean levels up to which what has grown is water: on three hand-labelled scenes water of a flood
has -15 to -18 dB in VV and -24 to -27 in VH, dark dry fields -14 to -17 and -23 to -25.
"""
REGION_RATIO_DB, REGION_ROUGH_DB = 10.25, -22.0
"""Or their mean ratio and the cross-polarised level are those of rough water. A judgement."""
WIDE_RATIO_DB, WIDE_CROSS_DB = 11.0, -25.5
"""Mean ratio and cross-polarised level of rough water; see ``ROUGH_RATIO_DB``. A judgement."""
WIDE_DARK_DB, WIDE_DARK_CROSS_DB = -20.0, -24.3
"""Mean levels of a window of 25 pixels that is water as a whole: no labelled field is so wide."""
STRIP = 128
"""Rows at a time, so that what passes between the steps stays in the processor's cache."""
_SCALE = 100
_PREDECESSORS = (
    ((-1, -1), (-1, 0), (-1, 1)),
    ((-1, -1), (0, -1), (1, -1)),
    ((-1, -1), (-1, 0), (0, -1)),
    ((-1, 1), (-1, 0), (0, 1)),
)
"""(row, column) of the pixels from which a path comes: downwards, to the right, and the two
diagonals.
"""


@dataclass(frozen=True)
class Growth:
    """Levels of cores and of their growth, dB of what is compared with thresholds."""

    core_db: float
    """Cores are darker."""
    like_db: float | None
    """Cores are darker than this in the like-polarised band, where there is one; None: not asked.
    """
    wide_like_db: float
    """The same where there is no land in the window."""
    ratio_db: float | None
    """Cores with so great a ratio of the like- to the cross-polarised band need not be as dark."""
    support: float
    """0..1: share of cores within ``SUPPORT_RADIUS`` of a core."""
    water_db: float
    """Mean level of water; where no core is near."""
    land_db: float
    """Mean level of land; where hardly any is near."""
    land_from_db: float
    """Least level that counts as land when its mean is taken."""
    region_db: float | None = None
    """What has grown from a core is darker than this on average; None: not asked."""
    line_db: float | None = None
    """The picture does not tell how dark its water is: dark lines are water without a core where
    they are darker, and so is what is wide and dark on average; None: neither is looked for.
    """

    @property
    def halo(self) -> int:
        """Pixels that water depends on."""
        return CORES_HALO if self.line_db is None else HALO


def prior_growth(bands: Sequence[str], calm_seen: bool = False) -> Growth:
    """Return the growth for a picture that does not tell how dark its water is.

    Parameters
    ----------
    bands : sequence of str
        Polarisations whose mean is compared with thresholds.
    calm_seen : bool
        True if a square of the picture holds calm water, too few to tell its level; without one
        cores are darker still, because what is as dark as that is rather a field.
    """
    dark, like = mean_db(DARKEST_LAND_DB, bands), DARKEST_LAND_DB[LIKE_BANDS[bands[0]]]
    return Growth(
        core_db=dark - 1.75,
        like_db=like - (CALM_LIKE_DB if calm_seen else 4.0),
        wide_like_db=like - CALM_LIKE_DB,
        ratio_db=None,
        support=0.24,
        water_db=dark - 4.25,
        land_db=dark + 4.25,
        land_from_db=dark,
        line_db=dark + 1.25,
    )


def surveyed_growth(
    bands: Sequence[str], cut_db: float, water: tuple[float, float], land_db: float, calm: bool
) -> Growth:
    """Return the growth for a picture whose water and land are known.

    Parameters
    ----------
    bands : sequence of str
        As in :func:`prior_growth`.
    cut_db : float
        Threshold between both.
    water : (float, float)
        Mean and standard deviation of water, dB.
    land_db : float
        Mean of land.
    calm : bool
        Whether the water was told from dry soil by both polarisations; then cores are as well.
    """
    dark, like = mean_db(DARKEST_LAND_DB, bands), DARKEST_LAND_DB[LIKE_BANDS[bands[0]]]
    nearer_to_water = water[0] + REGION_SHARE * (land_db - water[0])
    return Growth(
        core_db=min(cut_db, water[0] + max(1.5 * water[1], LEAST_SPREAD_DB)),
        like_db=like if calm else None,
        wide_like_db=like,
        ratio_db=ROUGH_RATIO_DB if calm else None,
        support=0.16,
        water_db=water[0],
        land_db=land_db,
        land_from_db=cut_db,
        region_db=min(max(nearer_to_water, dark - 1.0), dark - 0.25) if calm else None,
    )


@dataclass(frozen=True)
class _Picture:
    """A part of the picture in whole hundredths of dB, whose sums are exact."""

    observed: Bools
    level: Ints
    like: Ints | None
    cross: Ints | None


def grow_water(
    level: FloatArray,
    like: FloatArray | None,
    cross: FloatArray | None,
    bands: Sequence[str],
    growth: Growth,
) -> tuple[Bools, FloatArray]:
    """Find water by its cores and what grows from them, and the level up to which it may grow.

    Parameters
    ----------
    level : ndarray of float32, (rows, cols)
        What is compared with thresholds, dB, without most of its speckle; NaN = not observed.
    like, cross : ndarray of float32, (rows, cols), optional
        The like- and the cross-polarised band by themselves, where they are known.
    bands : sequence of str
        Of ``level``.
    growth : Growth

    Returns
    -------
    ndarray of bool, ndarray of float32, (rows, cols)
        Water, and each pixel's own limit in dB. Each pixel depends on those within the growth's
        ``halo``, less the speckle filter's.
    """
    observed = ~np.isnan(level)
    picture = _Picture(observed, _hundredths(level), *map(_hundredths_of, (like, cross)))
    with np.errstate(invalid="ignore"):
        land = level >= np.float32(growth.land_from_db)
        land_near = box_sums(land, WINDOW_RADIUS)
        wide = land_near < LEAST_LAND
        core = (level < np.float32(growth.core_db)) & _is_dark(like, cross, wide, growth)
        echo = core & (level >= np.float32(mean_db(DARKEST_WATER_DB, bands)))
    core |= _is_wide_water(picture, growth)
    asked = np.nonzero(core)
    near, seen = (box_sums(one, SUPPORT_RADIUS)[asked] for one in (core, observed))
    core[asked] = near >= np.where(wide[asked], WIDE_SUPPORT, growth.support) * seen
    echo_near = box_sums(echo, WINDOW_RADIUS)
    water_db = _local_mean(picture.level, echo, echo_near, 1, growth.water_db)
    land_db = _local_mean(picture.level, land, land_near, LEAST_LAND, growth.land_db)
    contrast = land_db - water_db
    lenient = contrast - LAND_TAIL_DB
    np.maximum(lenient, GROWTH_SHARE * contrast, out=lenient)
    lenient += water_db
    with np.errstate(invalid="ignore"):
        likely = level < lenient
    core &= contrast >= LEAST_CONTRAST_DB
    if growth.region_db is not None and core.any():
        region = _grow(core, likely, SEED_STEPS)
        asked = np.nonzero(core)
        core[asked] = _is_water_on_average(picture, region, growth.region_db, asked)
    water = _grow(core, likely, GROWTH_STEPS)
    if growth.line_db is not None:
        with np.errstate(invalid="ignore"):
            dark = (level < np.float32(growth.line_db)) & (land_db - level >= LINE_CONTRAST_DB)
            if like is not None:
                dark &= like < np.float32(DARKEST_LAND_DB[LIKE_BANDS[bands[0]]] - 0.5)
        water |= _grow(_lines(dark), likely, LINE_STEPS)
    return water, lenient.astype(np.float32)


def _is_dark(
    like: FloatArray | None, cross: FloatArray | None, wide: Bools, growth: Growth
) -> Bools | bool:
    """Tell water from dry soil, by the like-polarised band and its ratio to the other.

    Where a window holds no land it is all field or all water, and no field is so wide that is as
    dark as calm water on average.
    """
    if like is None or growth.like_db is None:
        return True
    dark = like < np.float32(growth.like_db)
    dark |= wide & (like < np.float32(growth.wide_like_db))
    if cross is not None and growth.ratio_db is not None:
        dark |= like - cross >= np.float32(growth.ratio_db)
    return np.asarray(dark)


def _is_wide_water(picture: _Picture, growth: Growth) -> Bools | bool:
    """Find water in wind by means over all of a window, which no choice of dark pixels has bent.

    The ratio of both polarisations is that of rough water; or, where the picture does not tell, a
    larger window is darker than a field in both.
    """
    if picture.like is None or picture.cross is None:
        return False
    bands = (picture.like, picture.cross)
    like, cross = _local_means(bands, picture.observed, REGION_RADIUS)
    found = (like - cross >= WIDE_RATIO_DB) & (cross < WIDE_CROSS_DB)
    if growth.line_db is not None:
        like, cross = _local_means(bands, picture.observed, WINDOW_RADIUS)
        found |= ((like + cross) / 2 < WIDE_DARK_DB) & (cross < WIDE_DARK_CROSS_DB)
    return np.asarray(found & picture.observed)


def _is_water_on_average(
    picture: _Picture, region: Bools, region_db: float, asked: Pixels
) -> Bools:
    """Ask both polarisations of what has grown from cores, where speckle no longer counts."""
    if picture.like is None or picture.cross is None:
        [level] = _local_means([picture.level], region, REGION_RADIUS, asked)
        return np.asarray(level <= region_db)
    level, like, cross = _local_means(
        [picture.level, picture.like, picture.cross], region, REGION_RADIUS, asked
    )
    dark = (level <= region_db) & (like <= REGION_LIKE_DB) & (cross <= REGION_CROSS_DB)
    dark |= (like - cross >= REGION_RATIO_DB) & (cross <= REGION_ROUGH_DB)
    return np.asarray(dark)


def _hundredths(level: FloatArray) -> Ints:
    """Whole hundredths of dB; 0 where nothing is observed."""
    scaled = level * np.float32(_SCALE)
    np.rint(scaled, out=scaled)
    scaled[np.isnan(scaled)] = 0
    return scaled.astype(np.int32)


def _hundredths_of(level: FloatArray | None) -> Ints | None:
    return None if level is None else _hundredths(level)


def _lines(dark: Bools) -> Bools:
    """Keep what lies on a thin dark line of ``LINE_LENGTH``; it may have gaps of a pixel or two."""
    if not dark.any():
        return dark
    size = 2 * LINE_RADIUS + 1
    full = box_sums(dark, LINE_RADIUS) >= FULL * size**2
    thin = dark & (box_sums(full, LINE_RADIUS) == 0)
    lines = _on_long_paths(_dilate(thin)) & thin
    return np.asarray(lines & (box_sums(lines, SUPPORT_RADIUS) >= LEAST_OF_LINE))


def _on_long_paths(mask: Bools) -> Bools:
    """Open by paths: what lies on a path of ``LINE_LENGTH`` pixels in one of four directions."""
    rows, cols = mask.shape
    inside = mask.astype(np.uint8)
    long = np.zeros(mask.shape, bool)
    for predecessors in _PREDECESSORS:
        both = np.zeros(mask.shape, np.uint8)
        for sign in (1, -1):
            length = np.zeros((rows + 2, cols + 2), np.uint8)
            own = length[1:-1, 1:-1]
            own[...] = inside
            for _ in range(LINE_LENGTH - 1):
                first, second, third = (
                    length[1 + sign * y : 1 + sign * y + rows, 1 + sign * x : 1 + sign * x + cols]
                    for y, x in predecessors
                )
                longer = np.maximum(first, second)
                np.maximum(longer, third, out=longer)
                longer += 1
                longer *= inside
                if np.array_equal(longer, own):
                    break
                own[...] = longer
            both += own
        long |= both > LINE_LENGTH
    return long


def _grow(core: Bools, likely: Bools, steps: int) -> Bools:
    """Dilate so many times within what is likely."""
    grown: Bools = core.copy()
    for _ in range(steps if core.any() else 0):
        grown |= _dilate(grown) & likely
    return grown


def _dilate(mask: Bools) -> Bools:
    """Add the eight neighbours."""
    down = mask.copy()
    down[1:] |= mask[:-1]
    down[:-1] |= mask[1:]
    wide: Bools = down.copy()
    wide[:, 1:] |= down[:, :-1]
    wide[:, :-1] |= down[:, 1:]
    return wide


def _local_mean(
    hundredths: Ints, chosen: Bools, count: Ints, least: int, otherwise: float
) -> Floats:
    """Average the chosen pixels of each window, dB, of which there are ``count``; ``otherwise``
    where they are fewer than ``least``.
    """
    mean: Floats = box_sums(hundredths * chosen, WINDOW_RADIUS) / np.maximum(count, 1)
    mean /= _SCALE
    mean[count < least] = otherwise
    return mean


def _local_means(
    bands: Sequence[Ints], chosen: Bools, radius: int, asked: Pixels = ()
) -> list[Floats]:
    """Average the chosen pixels of each band in the windows of some pixels, or of all, dB; 0 where
    there are none.
    """
    count = np.maximum(box_sums(chosen, radius)[asked], 1) * _SCALE
    return [box_sums(band * chosen, radius)[asked] / count for band in bands]


def box_sums(values: npt.NDArray[np.generic], radius: int) -> Ints:
    """Sum whole numbers in a window around each pixel; beyond the edge there are none.

    Counts of pixels are of few bytes as long as they fit: four times as many pass at once.

    Parameters
    ----------
    values : ndarray of bool or int32, (rows, cols)
    radius : int
        Below 128.
    """
    size = 2 * radius + 1
    mask = values.dtype == np.bool_
    padded = np.pad(values.view(np.uint8) if mask else values, radius)
    sums = np.empty(values.shape, np.int32)
    for row in range(0, len(sums), STRIP):
        across = _run_sums(padded[row : row + STRIP + 2 * radius].T, size).T
        sums[row : row + STRIP] = _run_sums(across.astype(np.uint16) if mask else across, size)
    return sums


def _run_sums(values: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Sum so many rows from each on, of sums of 1, 2, 4, 8 of them and so on."""
    total = np.zeros_like(values[size - 1 :])
    some, number, done = values, 1, 0
    while True:
        if size & number:
            total += some[done : done + len(total)]
            done += number
        if 2 * number > size:
            return total
        some = some[:-number] + some[number:]
        number *= 2
