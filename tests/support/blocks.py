"""Look into the cache of blocks."""

from __future__ import annotations

from firstlight.core.raster.block_cache import BlockCache


def held_bytes(cache: BlockCache) -> int:
    """Bytes of the blocks that are kept now."""
    return sum(block.nbytes for block in cache._blocks.values())
