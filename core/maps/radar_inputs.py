"""Radar stacks as inputs of a map: their polarisations, their units, and doubts about both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..enums import Polarisation, Unit
from ..errors import AlgorithmError
from ..raster.grid import Window
from ..raster.reader import RasterReader
from ..recipes.inputs import MapInputs, StackRequest
from ..stack.pair import StackPart

POLARISATIONS = (Polarisation.VV, Polarisation.HH, Polarisation.VH, Polarisation.HV)
"""The like-polarised ones first: they lie further above the noise."""
PAIRS = ((Polarisation.VV, Polarisation.VH), (Polarisation.HH, Polarisation.HV))
LOOK = 512
"""Pixels a side, in the middle of the raster, that are looked at to see whether the unit can be
right.
"""

STACK_WORDS = (
    "‘flight stack --sensor sentinel1 --unit db --band vv=FILE#1 --band "
    "vh=FILE#2 --output STACK.vrt’"
)


def want_radar(stacks: Mapping[str, Path], polarisation: str) -> dict[str, StackRequest]:
    """Make the requests for radar stacks, for ``open_inputs``: any polarisation, or the one that is
    named.

    Parameters
    ----------
    stacks : mapping
        ``post``, ``pre`` → stack.
    polarisation : str
        Of ``POLARISATIONS``, or ``auto``.
    """
    offers = POLARISATIONS if polarisation == "auto" else (polarisation,)
    each = {name: (name,) for name in offers}
    return {
        date: StackRequest(stack, {"backscatter": offers}, each, masks=False)
        for date, stack in stacks.items()
    }


def say_how_to_name(error: AlgorithmError) -> AlgorithmError:
    """Add the way to give bands their names to the failure of a stack without radar bands."""
    return AlgorithmError(
        error.what, error.why, f"If it is radar whose bands have no names, stack it: {STACK_WORDS}."
    )


def pick_bands(inputs: MapInputs, alone: bool) -> tuple[str, ...]:
    """Pick the pair of polarisations where every date has it, and both are wanted; else the best
    single one.

    Raises
    ------
    AlgorithmError
        If the dates have none in common.
    """
    dates = [part.name for part in inputs.parts]
    common = [
        name for name in POLARISATIONS if all(f"{date}.{name}" in inputs.bands for date in dates)
    ]
    if not common:
        raise AlgorithmError(
            f"{' and '.join(part.facts.path.name for part in inputs.parts)} cannot be compared",
            "they have no polarisation in common",
            "Take two scenes with the same one.",
        )
    pair = next((pair for pair in PAIRS if set(pair) <= set(common)), None)
    return (common[0],) if alone or pair is None else pair


def check_unit(part: StackPart, band: str, unit: str) -> None:
    """Refuse a band for which a threshold in dB means nothing.

    Raises
    ------
    AlgorithmError
        With what to do about it.
    """
    path = part.facts.path
    what = f"Water cannot be mapped in {path}"
    if unit == Unit.AMPLITUDE:
        hint = "Take a calibrated product (RTC), or calibrate it first."
        raise AlgorithmError(
            what,
            f"{band} is uncalibrated amplitude, for which a threshold in dB means nothing",
            hint,
        )
    if unit not in (Unit.POWER, Unit.DECIBEL):
        words = (
            "‘flight stack --sensor sentinel1 --unit db --band "
            f"{band}={path}#{part.bands[band]} --output STACK.vrt’"
        )
        hint = f"Stack it and say what it holds, db or power: {words}."
        raise AlgorithmError(
            what,
            f"the unit of {band} is {unit or 'not known'}, and a threshold in dB needs power or dB",
            hint,
        )


def doubt_units(inputs: MapInputs, bands: Sequence[str]) -> list[str]:
    """Warn of each band that is said to be dB and has no value below 0: hardly any land is so
    bright, and no water.
    """
    rows, cols = inputs.grid.shape
    row, col = max(0, rows - LOOK) // 2, max(0, cols - LOOK) // 2
    middle = Window(row, col, min(rows, LOOK), min(cols, LOOK))
    warnings = []
    with RasterReader(inputs.path) as reader:
        for part in inputs.parts:
            for band in bands:
                values = reader.read(inputs.indexes[inputs.bands[f"{part.name}.{band}"]], middle)
                if (values > 0).any() and not (values < 0).any():
                    warnings.append(
                        f"{band} of {part.facts.path} has no value below 0 dB: is it power? Then "
                        "stack it with ‘stack.unit’ power"
                    )
    return warnings
