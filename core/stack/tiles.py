"""Neighbouring stacks of one pass as one raster: a VRT in which each pixel is a copy of one of
theirs, or its value where they store values otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..enums import Unit
from ..errors import BandStackError, known
from ..files.atomic import WriteFailure, write_whole
from ..raster.facts import BandFacts, RasterFacts
from ..raster.grid import SNAP, grid_over, overlap_rects, union_bounds
from ..raster.vrt_text import VrtBand, VrtSource, same_nodata, source_name, to_bytes, vrt_tree
from ..types import Grid, Radiometry
from .statistics import PREFIX, joint_statistics
from .vrt import COLORS


def mosaic_stacks(stacks: Sequence[RasterFacts], output: Path) -> Path:
    """Put tiles of one satellite pass side by side; where two overlap, the first one counts where
    it has data. A band that the tiles store by different rules, as two providers do, holds the
    values themselves: 32-bit numbers, NaN where nothing is.

    Parameters
    ----------
    stacks : sequence of RasterFacts
        With the same bands in the same order, in one coordinate system, on grids that fit into each
        other.
    output : Path
        The VRT to write; names and tags are those of the first stack, and so is the radiometry
        where all have the same.

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
    bands = [(band.description, band.radiometry.unit) for band in first.bands]
    for other in stacks[1:]:
        names = f"{other.path.name} and {first.path.name}"
        if [(band.description, band.radiometry.unit) for band in other.bands] != bands:
            raise BandStackError(
                what, f"{names} have different bands", "Ingest both with the same bands."
            )
        if other.grid.crs != first.grid.crs or not _fits(other.grid, first.grid):
            raise BandStackError(
                what,
                f"{other.path.name} lies on another grid than {first.path.name}",
                "Ingest both into one coordinate system.",
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


def _joint_rule(bands: Sequence[BandFacts]) -> tuple[str, Radiometry, bool]:
    """Type and radiometry of the tiles' band, and whether it holds values instead of stored
    numbers.
    """
    dtype = np.result_type(*(band.dtype for band in bands)).name
    rule = bands[0].radiometry
    if rule.unit == Unit.CLASS or all(_same_rule(rule, band.radiometry) for band in bands):
        return dtype, rule, False
    return "float32", Radiometry(1.0, 0.0, math.nan, rule.unit, "by each tile's own rule"), True


def _same_rule(one: Radiometry, other: Radiometry) -> bool:
    alike = (one.scale, one.offset) == (other.scale, other.offset)
    return alike and same_nodata(one.nodata, other.nodata)


def _band(stacks: Sequence[RasterFacts], index: int, grid: Grid, folder: Path) -> VrtBand:
    dtype, rule, as_values = _joint_rule([stack.bands[index] for stack in stacks])
    sources = (_source(stack, index, grid, folder, as_values) for stack in reversed(stacks))
    band = stacks[0].bands[index]
    # Not which file it is of, nor its numbers: its pixels are of several.
    own = ("source", PREFIX)
    tags = {key: text for key, text in band.tags.items() if not key.startswith(own)}
    if not as_values:
        parts = [(stack.bands[index], math.prod(stack.grid.shape)) for stack in stacks]
        tags.update(joint_statistics(parts, math.prod(grid.shape)))
    name = tags.get("band", band.description)
    return VrtBand(
        dtype=dtype,
        description=band.description,
        radiometry=rule,
        sources=list(sources),  # the last one lies on top
        color=COLORS.get(name, "Undefined" if index else "Gray"),
        tags=tags,
    )


def _source(stack: RasterFacts, index: int, grid: Grid, folder: Path, as_values: bool) -> VrtSource:
    name, relative = source_name(stack.path, folder)
    rects = known(overlap_rects(stack.grid, grid), "the grid is that over all stacks")
    band = stack.bands[index]
    rule = band.radiometry
    return VrtSource(
        name=name,
        relative=relative,
        rects=rects,
        band=band.index,
        dtype=band.dtype,
        shape=stack.grid.shape,
        block_shape=stack.block_shape,
        nodata=rule.nodata,
        masked=band.masked,
        physical=(rule.scale, rule.offset) if as_values else None,
    )
