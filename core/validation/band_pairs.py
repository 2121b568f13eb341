"""Checks that need two bands: a band that is another's copy, lies beside the others, or was
exchanged with one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..raster.facts import BandFacts
from ..raster.physical import FloatArray
from ..settings import Settings
from ..types import Finding, Severity, Unit
from .band_sample import BandSample
from .shift import ComplexArray, Shift, edge_spectrum, measure_shift, offsets_along_chain

RED_ABOVE_NIR = 0.1
"""Reflectance. Of snow and ice alone is red that much brighter than near infrared."""
SNOW_INDEX = 0.4
"""NDSI above it is snow: Hall, Riggs & Salomonson (1995), doi:10.1016/0034-4257(95)00137-P."""
BRIGHT = 0.15
SWAPPED_PERCENT = 20.0
FAR_PX = 5.0
"""Beyond it a shift is an error. Below, high clouds alone can bring it: Sentinel-2's bands see them
from angles that differ by up to 2.6 seconds of flight.
"""


@dataclass(frozen=True)
class SeenBand:
    """Figures that are kept of a band: its pixels would be too much of a large stack."""

    name: str
    unit: Unit
    dtype: str
    values: FloatArray
    """The overview's physical values, (rows, cols); NaN = no data."""
    figures: Mapping[str, float | None]
    """Measured figures."""
    digest: str
    """Digest of all stored numbers that were read; empty where the band is blank."""
    coarseness: float
    """Its own pixel size in pixels of the stack: 2 for 20 m in a 10 m stack."""
    spectra: tuple[ComplexArray | None, ...]
    """Spectra of its windows' edges."""

    @property
    def is_class(self) -> bool:
        """Holds categories."""
        return self.unit == Unit.CLASS


def keep_band(
    name: str, band: BandFacts, unit: Unit, coarseness: float, sample: BandSample
) -> SeenBand:
    """Keep what later checks need of a band."""
    digest = hashlib.blake2b(digest_size=16)
    for stored in (sample.stored, *sample.stored_windows):
        digest.update(np.ravel(stored).data)
    return SeenBand(
        name=name,
        unit=unit,
        dtype=band.dtype,
        values=sample.values,
        figures=sample.figures(),
        digest=digest.hexdigest() if sample.std_stored > 0 else "",
        coarseness=coarseness,
        spectra=()
        if unit == Unit.CLASS
        else tuple(edge_spectrum(window) for window in sample.windows),
    )


def check_pairs(
    bands: Sequence[SeenBand], settings: Settings
) -> tuple[list[Finding], dict[str, float]]:
    """Compare the bands with each other; returns the findings and each band's shift in pixels,
    where it can be told.
    """
    findings = [*_check_types(bands), *_check_copies(bands)]
    copied = {finding.band for finding in findings if finding.code == "band_copied"}
    with_data = [
        band for band in bands if not band.is_class and band.digest and band.name not in copied
    ]
    findings += _check_swapped({band.name: band for band in with_data})
    shifted, shifts = _check_shifts(with_data, settings)
    return findings + shifted, shifts


def _check_types(bands: Sequence[SeenBand]) -> list[Finding]:
    kinds: dict[str, dict[str, list[str]]] = {}
    for band in bands:
        kinds.setdefault(band.unit, {}).setdefault(band.dtype, []).append(band.name)
    findings = []
    for unit, types in kinds.items():
        if len(types) > 1 and unit != Unit.CLASS:
            listed = "; ".join(f"{dtype}: {', '.join(names)}" for dtype, names in types.items())
            sentence = (
                f"Bands of one kind are stored in different data types ({listed}). "
                "Download the odd one again."
            )
            rare = min(types.values(), key=len)
            findings.append(
                Finding.warning("dtype_mixed", sentence, rare[0] if len(rare) == 1 else None)
            )
    return findings


def _check_copies(bands: Sequence[SeenBand]) -> list[Finding]:
    findings = []
    first: dict[tuple[str, str], str] = {}
    for band in bands:
        if not band.digest:  # blank bands are told so elsewhere
            continue
        other = first.setdefault((band.dtype, band.digest), band.name)
        if other != band.name:
            sentence = (
                f"Band '{band.name}' holds the same pixels as band '{other}': one is a copy. "
                "Download both again."
            )
            findings.append(Finding.error("band_copied", sentence, band.name))
    return findings


def _check_swapped(bands: Mapping[str, SeenBand]) -> list[Finding]:
    """Red far brighter than near infrared over what is bright and no snow: nothing in nature is
    like that.
    """
    red = bands.get("red")
    nir = bands.get("nir") or bands.get("nir08")
    if red is None or nir is None or red.unit != Unit.REFLECTANCE:
        return []
    r, n = red.values, nir.values
    if r.shape != n.shape:
        return []
    with np.errstate(invalid="ignore", divide="ignore"):
        bright = (np.maximum(r, n) > BRIGHT) & ~_snow(bands)
        total = max(1, int((~np.isnan(r) & ~np.isnan(n)).sum()))
        odd = 100 * float((bright & (r - n > RED_ABOVE_NIR)).sum()) / total
        usual = 100 * float((bright & (n - r > RED_ABOVE_NIR)).sum()) / total
    if odd <= SWAPPED_PERCENT or usual > odd / 4:
        return []
    sentence = (
        f"Bands 'red' and '{nir.name}' seem to be exchanged: red is brighter in {odd:.0f} % of "
        f"the scene. Counted is what is brighter by {RED_ABOVE_NIR:g} reflectance and no snow. "
        "Look at their files."
    )
    return [Finding.warning("band_swapped", sentence, "red", odd, SWAPPED_PERCENT)]


def _snow(bands: Mapping[str, SeenBand]) -> npt.NDArray[np.bool_] | np.bool_:
    """Snow by the snow index; none where a band of it is missing."""
    green, swir = bands.get("green"), bands.get("swir16")
    if green is None or swir is None:
        return np.False_
    snow: npt.NDArray[np.bool_] = (green.values - swir.values) / (
        green.values + swir.values
    ) > SNOW_INDEX
    return snow


def _check_shifts(
    bands: Sequence[SeenBand], settings: Settings
) -> tuple[list[Finding], dict[str, float]]:
    """Each band is compared with its neighbour in the spectrum, which is most like it."""
    between: list[Shift | None] = []
    for index in range(len(bands) - 1):
        coarser = max(bands[index].coarseness, bands[index + 1].coarseness)
        between.append(measure_shift(bands[index].spectra, bands[index + 1].spectra, coarser))
    findings, shifts = [], {}
    for band, offset in zip(bands, offsets_along_chain(between)):
        if offset is None:
            continue
        length = float(np.hypot(*offset))
        shifts[band.name] = round(length, 2)
        limit = settings.max_band_shift_px * max(1.0, band.coarseness)
        if length > limit:
            sentence = (
                f"Band '{band.name}' lies {length:.2g} pixels off the others where {limit:g} is "
                f"allowed. It is {abs(offset[0]):.2g} {'down' if offset[0] > 0 else 'up'} and "
                f"{abs(offset[1]):.2g} to the {'right' if offset[1] > 0 else 'left'}: indices of "
                "it are wrong along edges. Download it again, or leave it out."
            )
            far = length > FAR_PX * max(1.0, band.coarseness)
            severity = Severity.ERROR if far else Severity.WARNING
            findings.append(Finding("band_shifted", severity, sentence, band.name, length, limit))
    return findings, shifts
