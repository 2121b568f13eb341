"""What is to be fetched of a remote COG for an area. Known without GDAL, which takes longer to load
than a server to answer: it is loaded while the headers are under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RasterError

if TYPE_CHECKING:
    from ..raster.grid import Window

HEAD_BYTES = 32 * 1024
"""The first request: enough for the header of most COGs."""
AREA_TAG = "FIRSTLIGHT_AREA"
"""Written into a window: of which area it is, should the record beside it be lost."""


@dataclass(frozen=True)
class WindowPlan:
    """What to fetch of a COG for an area."""

    window: Window
    """In pixels of the full resolution."""
    spans: tuple[tuple[int, int], ...]
    """First byte and the byte behind the last one, in the file; rising, apart from each other."""
    tile_bytes: int
    """Of the tiles that the window touches."""

    @property
    def span_bytes(self) -> int:
        """Bytes to be fetched."""
        return sum(stop - start for start, stop in self.spans)


class NotWindowable(RasterError):
    """The file cannot be had in part; the whole can."""
