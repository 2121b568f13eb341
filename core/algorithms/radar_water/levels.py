"""Levels of C band backscatter: how dark land and water are in each polarisation.

They bound what a picture's own histograms may say, and stand in where these say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...enums import Polarisation
from ..threshold import Bins

DARKEST_LAND_DB: Mapping[str, float] = {
    Polarisation.VV: -15.5,
    Polarisation.VH: -23.0,
    Polarisation.HH: -15.5,
    Polarisation.HV: -23.0,
}
"""Land is hardly ever darker: the highest thresholds that HydroSAR (Alaska Satellite Facility,
asf-tools) admits for Sentinel-1. Of two polarisations it is the mean. Only if the mean of a darker
part is below this, it is taken for water: forest and bare fields make two humps too.
"""
BRIGHTEST_EXCESS_DB = 3.0
"""So much above ``DARKEST_LAND_DB`` a threshold may lie, for water in wind; farther above it would
part two kinds of land. A judgement: on the simulated flood 3 to 6 dB make no difference, and 2 dB
lose water in wind.
"""
DARKEST_WATER_DB: Mapping[str, float] = {
    Polarisation.VV: -35.0,
    Polarisation.VH: -38.0,
    Polarisation.HH: -35.0,
    Polarisation.HV: -38.0,
}
"""The mean of water is hardly ever darker: the radar's own noise is not (Sentinel-1's noise
equivalent sigma zero is specified as -22 dB, ESA, Sentinel-1 Product Specification). What is darker
is a floor that a program has put in, and parts no water from land. A judgement, far enough below
for pictures with their noise subtracted.
"""
LONE_MARGIN_DB = 0.5
"""One polarisation alone has more speckle left: its fixed threshold lies so much lower."""
CALM_DB = 2.25
"""So much below ``DARKEST_LAND_DB`` lies the mean of calm water: dry bare fields do not get there
(-15 to -17 dB in VV and -24 to -26 dB in VH on a hand-labelled picture of Spain).
"""
CALM_LIKE_DB = 2.0
"""So much below it calm water lies in the like-polarised band alone, which tells it from dry soil:
that is as dark in the cross-polarised one.
"""
MURKY_DB, MURKY_LIKE_DB = 1.0, -0.25
"""The same for shallow water with plants or a light wind: asked for only where no water is darker,
because beside a salt lake its flats are as dark.
"""
ROUGH_RATIO_DB = 10.0
"""Wind brightens water in the like-polarised band far more than in the cross-polarised one, where
it stays near the noise in all but strong wind (Vachon & Wolfe 2011,
doi:10.1109/LGRS.2010.2085417): between the two lies more than on bare soil, where it is 8 to 10 dB.
"""
DB = Bins(-50.0, 20.0, 0.1)
FLOOR_DB = -50.0
"""Nothing is so dark: what lies there or below is a floor put in place of zero power, or a nodata
value that the file does not tell. So is exactly 0 dB, with which programs fill what lies outside a
scene.
"""
LIKE_BANDS: Mapping[str, str] = {
    Polarisation.VV: Polarisation.VV,
    Polarisation.VH: Polarisation.VV,
    Polarisation.HH: Polarisation.HH,
    Polarisation.HV: Polarisation.HH,
}
"""Polarisation → the like-polarised one of the same pulse."""


def mean_db(table: Mapping[str, float], bands: Sequence[str]) -> float:
    """Average what a table says of some bands."""
    return sum(table[band] for band in bands) / len(bands)


def fixed_db(bands: Sequence[str]) -> float:
    """Return the threshold where nothing better is known."""
    return mean_db(DARKEST_LAND_DB, bands) - (LONE_MARGIN_DB if len(bands) == 1 else 0.0)
