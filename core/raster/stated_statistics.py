"""Statistics that a VRT states of its bands: read from its text, so that nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..files.xml_text import Element, UnfitXml, read_xml


@dataclass(frozen=True)
class StatedStatistics:
    """Of one band, in physical units."""

    minimum: float
    maximum: float
    mean: float
    deviation: float
    """Standard deviation."""

    @property
    def most(self) -> tuple[float, float]:
        """Ends of the range in which most pixels lie: two standard deviations from the mean."""
        return (
            max(self.minimum, self.mean - 2 * self.deviation),
            min(self.maximum, self.mean + 2 * self.deviation),
        )


def stated_statistics(path: Path, band: int) -> StatedStatistics | None:
    """Statistics of a band, from 1; None where the file is no VRT, or does not state them."""
    if path.suffix.lower() != ".vrt":
        return None
    try:
        state = path.stat()
    except OSError:
        return None
    return _read(path, state.st_mtime_ns, state.st_size).get(band)


@lru_cache(maxsize=16)
def _read(path: Path, changed_ns: int, size: int) -> dict[int, StatedStatistics]:
    try:
        root = read_xml(path)
    except (OSError, UnfitXml):
        return {}
    found = {}
    for number, node in enumerate(root.findall("VRTRasterBand"), start=1):
        try:
            found[number] = _of_band(node)
        except (TypeError, ValueError):  # one of the numbers is missing, or none
            continue
    return found


def _of_band(node: Element) -> StatedStatistics:
    def number(path: str, default: str | None = None) -> float:
        return float(node.findtext(path, default))  # type: ignore[arg-type] # None: TypeError

    def tag(name: str) -> float:
        return number(f"Metadata/MDI[@key='STATISTICS_{name}']")

    scale, offset = number("Scale", "1"), number("Offset", "0")
    ends = sorted(scale * tag(name) + offset for name in ("MINIMUM", "MAXIMUM"))
    return StatedStatistics(
        ends[0], ends[1], scale * tag("MEAN") + offset, abs(scale) * tag("STDDEV")
    )
