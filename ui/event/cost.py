"""What mapping an event will cost: bytes, as the catalogue tells of the chosen scenes, and time, as
earlier jobs took it.
"""

from __future__ import annotations

from collections.abc import Iterable

from qgis.PyQt.QtCore import QCoreApplication

from ...core.operations.pairs import PairOffer
from ...core.text import time_text
from ...core.types import Aoi
from ...plugin.jobs.pace import Expected, Load, source_of
from ..parts.sentences import size_text

SQUARE_METRES_PER_KM2 = 1e6


def load_of(event: str, offers: Iterable[PairOffer], aoi: Aoi | None) -> Load:
    """What is to be done for an event.

    Parameters
    ----------
    event : str
        Its name.
    offers : iterable of PairOffer
        The chosen pairs.
    aoi : Aoi, optional
        The area.
    """
    pairs = [offer.pair for offer in offers]
    scenes = [scene for pair in pairs for one in (pair.before, pair.after) for scene in one.scenes]
    pixels = 0.0
    for pair in pairs:
        for one in (pair.before, pair.after):
            finest = min(
                (band.resolution_m for scene in one.scenes for band in scene.bands.values()),
                default=0.0,
            )
            if finest > 0 and aoi is not None:
                pixels += aoi.area_km2 * SQUARE_METRES_PER_KM2 / finest**2
    return Load(source_of(scenes), event.partition(".")[0], round(pixels))


def cost_text(size_bytes: int, expected: Expected) -> str:
    """``About 7 MB to fetch, about 12 s in all``; empty where not even the amount is known."""
    if size_bytes <= 0:
        return ""
    size, whole = size_text(size_bytes), expected.total_s
    if whole is not None:
        text = _tr("About {size} to fetch, about {time} in all")
        return text.format(size=size, time=_time(whole))
    if expected.fetch_s is not None:
        text = _tr("About {size} to fetch in about {time}; time to map it not known yet")
        return text.format(size=size, time=_time(expected.fetch_s))
    return _tr("About {size} to fetch; time not known yet").format(size=size)


def _time(seconds: float) -> str:
    return time_text(max(1.0, seconds))


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
