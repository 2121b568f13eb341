"""Many cloud-optimised GeoTIFFs beside each other as one raster: a VRT over them, and overviews of
the whole.

Chunks are cut on lines of the whole's overviews: each level of the whole is the same pixels as in a
single file, up to the one in which a chunk is one block it is that of the chunks, and beyond it a
small file beside the VRT, which GDAL finds by its name (``X.vrt.ovr``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..enums import Unit
from ..errors import RasterError
from ..files.atomic import WriteFailure, write_whole
from ..gdal.environment import local_gdal
from ..gdal.errors import checked, gdal_errors
from ..raster.grid import PixelRect, Window, grid_part
from ..raster.open_file import check_openable, open_checked
from ..raster.vrt_text import VrtBand, VrtSource, source_name, to_bytes, vrt_tree
from ..types import Grid, Radiometry
from .pyramid import halve, level_shapes
from .raster_spec import RasterSpec
from .statistics import BandStatistics
from .writer import CogWriter


@dataclass(frozen=True)
class ChunkFile:
    """A file of the mosaic, and the part of the whole that it is."""

    path: Path
    window: Window


def chunk_side(pixels: int, span: int) -> int:
    """The side of chunks of at most so many pixels: spans times a power of two, so that their edges
    are lines of the whole's overviews.
    """
    side = span
    while (2 * side) ** 2 <= pixels:
        side *= 2
    return side


def chunk_spec(spec: RasterSpec, window: Window) -> RasterSpec:
    """The specification of a chunk's file."""
    return replace(spec, grid=grid_part(spec.grid, window))


def write_chunk_vrt(
    path: Path, spec: RasterSpec, chunks: Sequence[ChunkFile], statistics: Sequence[BandStatistics]
) -> None:
    """Write the VRT over chunks, which lie below its folder.

    Parameters
    ----------
    spec : RasterSpec
        Of the whole.
    statistics : sequence of BandStatistics
        Of each band of the whole.

    Raises
    ------
    RasterError, DiskFullError
        If it cannot be written; an older one stays.
    """
    bands = []
    meaning = Radiometry(spec.scale, spec.offset, spec.nodata, Unit(spec.unit))
    for number, (name, figures) in enumerate(zip(spec.band_names, statistics), start=1):
        sources = [_source(one, number, spec, path.parent) for one in chunks]
        color = "Palette" if spec.colors else ""
        bands.append(
            VrtBand(spec.dtype, name, meaning, sources, color, figures.tags(), spec.colors)
        )
    tree = vrt_tree(spec.grid, spec.tags, bands)
    failure = WriteFailure(f"Writing {path} failed", "Is the folder there, writable and not full?")
    write_whole(path, to_bytes(tree), failure)


def _source(chunk: ChunkFile, band: int, spec: RasterSpec, folder: Path) -> VrtSource:
    name, relative = source_name(chunk.path, folder)
    window = chunk.window
    here = PixelRect(0.0, 0.0, window.cols, window.rows)
    there = PixelRect(window.col, window.row, window.cols, window.rows)
    return VrtSource(
        name,
        relative,
        (here, there),
        band,
        spec.dtype,
        (window.rows, window.cols),
        (spec.block, spec.block),
    )


def write_overviews(
    path: Path,
    spec: RasterSpec,
    chunks: Sequence[ChunkFile],
    side: int,
    on_progress: Callable[[float], bool] = lambda _: True,
) -> Path | None:
    """Write the overviews of the whole beyond those of its chunks, as ``X.vrt.ovr``.

    Parameters
    ----------
    path : Path
        The VRT.
    side : int
        Of a chunk, in pixels.

    Returns
    -------
    Path or None
        None where the chunks' own are enough.

    Raises
    ------
    RasterError, Cancelled
        If a chunk cannot be read, or the file not be written.
    """
    level = len(level_shapes((side, side), spec.block)) - 1
    shapes = level_shapes(spec.grid.shape, spec.block)
    if level >= len(shapes) or level == 0:
        return None
    rows, cols = shapes[level]
    a, b, c, d, e, f = spec.grid.transform
    step = 2.0**level
    grid = Grid(spec.grid.crs, (a * step, b * step, c, d * step, e * step, f), (rows, cols))
    small = replace(spec, grid=grid, tags={})
    target = path.with_name(f"{path.name}.ovr")
    places = {(one.window.row // side, one.window.col // side): one for one in chunks}
    with CogWriter(target, small) as writer:
        for row in range(0, rows, small.span):
            for col in range(0, cols, small.span):
                window = Window(row, col, min(small.span, rows - row), min(small.span, cols - col))
                writer.write(window, _assemble(small, window, level, places))
        writer.finish(on_progress)
    return target


def _assemble(
    spec: RasterSpec, window: Window, level: int, chunks: dict[tuple[int, int], ChunkFile]
) -> npt.NDArray[Any]:
    """A window of a level, from the chunks: each is one block of it."""
    out = np.full((len(spec.band_names), window.rows, window.cols), spec.nodata, spec.dtype)
    for row in range(window.row, window.row + window.rows, spec.block):
        for col in range(window.col, window.col + window.cols, spec.block):
            chunk = chunks[row // spec.block, col // spec.block]
            values = _read_level(chunk, spec, level)
            top, left = row - window.row, col - window.col
            out[:, top : top + values.shape[1], left : left + values.shape[2]] = values
    return out


def _read_level(chunk: ChunkFile, spec: RasterSpec, level: int) -> npt.NDArray[Any]:
    """A level of a chunk, (bands, rows, cols); a small one, at an edge, has fewer levels, and is
    made smaller here as it would be there.
    """

    def failure(why: str) -> RasterError:
        return RasterError(f"The overviews of {chunk.path} cannot be read", why, "Run it again.")

    check_openable(chunk.path)
    with local_gdal(), gdal_errors(failure):
        dataset = open_checked(chunk.path)
        layers = []
        for number in range(1, len(spec.band_names) + 1):
            band = dataset.GetRasterBand(number)
            there = min(level, band.GetOverviewCount())
            layers.append(checked((band.GetOverview(there - 1) if there else band).ReadAsArray()))
        dataset = None
    values: npt.NDArray[Any] = np.stack(layers)
    for _ in range(level - there):
        odd = [(0, 0), (0, values.shape[1] % 2), (0, values.shape[2] % 2)]
        even = np.pad(values, odd, constant_values=spec.nodata)
        values = halve(even, spec.nodata, spec.resampling)
    return values
