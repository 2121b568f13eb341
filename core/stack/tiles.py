"""Neighbouring stacks of one pass as one raster: a VRT in which each pixel is a copy of one of
theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import BandStackError, known
from ..files.atomic import WriteFailure, write_whole
from ..raster.grid import SNAP, grid_over, overlap_rects, union_bounds
from ..raster.reader import RasterFacts
from ..raster.vrt_text import VrtBand, VrtSource, source_name, to_bytes, vrt_tree
from ..types import Grid
from .vrt import COLORS


def mosaic_stacks(stacks: Sequence[RasterFacts], output: Path) -> Path:
    """Put tiles of one satellite pass side by side; where two overlap, the first one counts where
    it has data.

    Parameters
    ----------
    stacks : sequence of RasterFacts
        With the same bands in the same order, in one coordinate system, on grids that fit into each
        other.
    output : Path
        The VRT to write; names, radiometry and tags are those of the first stack.

    Raises
    ------
    BandStackError
        If the bands differ, the grids do not fit, or it cannot be written.
    """
    first = stacks[0]
    what = f"The scenes of one pass cannot be put together in {output.name}"
    _check_fit(stacks, what)
    grid = grid_over(union_bounds([stack.grid.bounds for stack in stacks]), first.grid)
    bands = [_band(stacks, index, grid, output.parent) for index in range(len(first.bands))]
    text = to_bytes(vrt_tree(grid, first.tags, bands))
    write_whole(output, text, WriteFailure(what, error=BandStackError))
    return output


def _check_fit(stacks: Sequence[RasterFacts], what: str) -> None:
    first = stacks[0]
    bands = [(band.description, band.dtype) for band in first.bands]
    for other in stacks[1:]:
        names = f"{other.path.name} and {first.path.name}"
        if [(band.description, band.dtype) for band in other.bands] != bands:
            raise BandStackError(what, f"{names} have different bands")
        if other.grid.crs != first.grid.crs or not _fits(other.grid, first.grid):
            raise BandStackError(
                what, f"{other.path.name} lies on another grid than {first.path.name}"
            )


def _fits(grid: Grid, other: Grid) -> bool:
    """Whether both grids have pixels of the same size and the same lines."""
    width, height = other.resolution
    shift = (
        (grid.transform[2] - other.transform[2]) / width,
        (grid.transform[5] - other.transform[5]) / height,
    )
    return grid.resolution == other.resolution and all(
        abs(pixels - round(pixels)) < SNAP for pixels in shift
    )


def _band(stacks: Sequence[RasterFacts], index: int, grid: Grid, folder: Path) -> VrtBand:
    sources = (_source(stack, index, grid, folder) for stack in reversed(stacks))
    band = stacks[0].bands[index]
    # Not which file it is of: its pixels are of several.
    tags = {key: text for key, text in band.tags.items() if not key.startswith("source")}
    name = tags.get("band", band.description)
    return VrtBand(
        dtype=band.dtype,
        description=band.description,
        radiometry=band.radiometry,
        sources=list(sources),  # the last one lies on top
        color=COLORS.get(name, "Undefined" if index else "Gray"),
        tags=tags,
    )


def _source(stack: RasterFacts, index: int, grid: Grid, folder: Path) -> VrtSource:
    name, relative = source_name(stack.path, folder)
    rects = known(overlap_rects(stack.grid, grid), "the grid is that over all stacks")
    band = stack.bands[index]
    return VrtSource(
        name=name,
        relative=relative,
        rects=rects,
        band=band.index,
        dtype=band.dtype,
        shape=stack.grid.shape,
        block_shape=stack.block_shape,
        nodata=band.radiometry.nodata,
        masked=band.masked,
    )
