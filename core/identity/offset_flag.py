"""Items that say that Sentinel-2's offset is taken off, doubted by their pixels."""

from __future__ import annotations

from collections.abc import Mapping

from ..enums import Unit
from ..raster.reader import RasterReader
from ..report import Finding
from .sample import sample_stored

APPLIED = "already in the pixels"
"""Part of the reason of a rule that leaves Sentinel-2's offset off."""
S2_OFFSET = 1000
"""Stored number of a reflectance of 0 since processing baseline 04.00."""
MANY = 2000
"""Pixels of a band among which some are darker than a reflectance of 0.1 in any landscape."""


def check_offset_applied(reader: RasterReader, bands: Mapping[str, int]) -> list[Finding]:
    """Doubt an item that says that Sentinel-2's offset is taken off, where no pixel of any band is
    as dark as shadow or water is then.

    Parameters
    ----------
    bands : mapping of str to int
        Name → index from 1.
    """
    least: dict[str, float] = {}
    for name, index in bands.items():
        rule = reader.radiometry[index - 1]
        if APPLIED not in rule.reason or rule.unit != Unit.REFLECTANCE:
            continue
        stored = sample_stored(reader, index)
        measured = stored[stored != (rule.nodata or 0)]
        if measured.size < MANY or measured.min() < S2_OFFSET:
            return []
        least[name] = float(measured.min())
    if len(least) < 2:
        return []
    shown = ", ".join(f"{name} {number:g}" for name, number in least.items())
    sentence = (
        f"No pixel of {reader.facts.path.name} is as dark as shadow or water (least stored "
        f"numbers: {shown}), and its item says that the offset of {S2_OFFSET} is taken off: if "
        "that is wrong, its reflectance is 0.1 too high. Compare with a dark place; stack it with "
        "‘stack.product’ sentinel2-l2a if so."
    )
    return [Finding.warning("offset_doubtful", sentence)]
