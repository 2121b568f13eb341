"""Which sensor files of bands are of, by nothing but their names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .description import find_codes
from .naming import load_namings, platform_namings


def sensor_of_files(paths: Iterable[Path]) -> str:
    """Propose a sensor for files that a person has chosen.

    Their names, or those of their folders, say a platform (``S2B_…``, ``LC09_…``), or they have
    codes of bands that only one sensor has (``B02`` and ``B8A``, but not ``B02`` alone).

    Returns
    -------
    str
        Its name; empty where the names tell none, or several.
    """
    files = list(paths)
    told = {
        naming.sensor
        for path in files
        for naming in platform_namings((path.name, path.parent.name))
    }
    if not told:
        codes = [code for path in files for code, _ in find_codes(path.stem)]
        told = {
            naming.sensor
            for naming in load_namings().values()
            if codes and all(naming.band_of(code, known=False) for code in codes)
        }
    return told.pop() if len(told) == 1 else ""
