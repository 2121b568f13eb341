"""One file or chunks: decided before a layer is computed, by its size and by who computes it."""

from __future__ import annotations

from ..enums import Layout
from ..settings import Settings
from ..types import Grid
from .router import is_elsewhere


def in_chunks(grid: Grid, settings: Settings) -> bool:
    """Tell whether a layer on a grid is to be written as chunks.

    By itself only what is larger than a chunk is, and only where workers outside of this process
    compute it: one file put together on one computer is what holds them up.
    """
    if settings.layout != Layout.AUTO:
        return settings.layout == Layout.CHUNKS
    rows, cols = grid.shape
    tiles = -(-rows // settings.tile_size) * -(-cols // settings.tile_size)
    return rows * cols > settings.chunk_pixels and is_elsewhere(tiles, settings)
