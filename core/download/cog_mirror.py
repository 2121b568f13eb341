"""A window of a remote COG without the rest: a sparse local mirror that holds its header and the
wanted tiles, each at its place.

GDAL opens the mirror as if it were the whole file, tells where each tile lies, and reads the window
once those tiles are there. So any compression GDAL knows works, the georeference is the source's
own, and nothing is resampled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..enums import Compression
from ..errors import RasterError
from ..gdal.area_outline import placed_bounds
from ..gdal.crs import dataset_grid
from ..gdal.drivers import BAND_DRIVERS, check_opened
from ..gdal.environment import masks_inside, quiet_gdal
from ..gdal.errors import FAILURES, checked, checked_code, gdal_errors
from ..gdal.jpeg2000 import refuse_bomb
from ..gdal.types import GMF_PER_DATASET, MOST_BLOCK_BYTES, has_fractions, numpy_type, pixel_bytes
from ..raster.grid import Window
from .answers import TIFF_STARTS
from .window_plan import NotWindowable, WindowPlan

MOST_HEAD_BYTES = 4 << 20
BUFFER_PIXELS = 2
"""Around the area, so that resampling at its rim finds neighbours."""
MOST_WASTE = 0.05
"""Share of bytes that may be fetched in vain so that neighbouring tiles come in one request."""
AROUND_TILE = 4
"""Bytes before and after a tile: COGs repeat its size and its last bytes there."""
MOST_BLOCKS = 1_000_000
"""Of a file that is read in parts: a band of 10 m pixels has some thousands."""


def plan_window(path: Path, head_bytes: int, geometry: Mapping[str, Any]) -> WindowPlan | int:
    """Find the tiles of an area.

    Parameters
    ----------
    path : Path
        The mirror.
    head_bytes : int
        How much of the file's beginning it holds.
    geometry : mapping
        GeoJSON area, lon/lat.

    Returns
    -------
    WindowPlan, or int
        The number of bytes of the beginning that are needed, where the header reaches further.

    Raises
    ------
    NotWindowable
        If the file is not laid out for that: no COG, no georeference, a mask of its own.
    RasterError
        If the area lies outside.
    """
    what = "The area's part of the file cannot be read"
    with path.open("rb") as file:
        if not file.read(4).startswith(TIFF_STARTS):
            raise NotWindowable(what, "it is no TIFF")
    with quiet_gdal(FAILURES) as messages:
        dataset = _open(path)
        if dataset is not None and dataset.RasterCount:
            _check_blocks(dataset, what)
        masked = dataset is not None and _is_masked(dataset)
        further = _further_bytes(dataset, head_bytes, messages, what)
        if further:
            return further
        if masked:
            raise NotWindowable(what, "it has a mask of its own")
        window = _pixel_window(dataset, geometry, what)
        tiles = _tiles(dataset, window)
    tile_bytes = sum(size for _, size in tiles)
    end = path.stat().st_size
    spans = [
        (max(head_bytes, start - AROUND_TILE), min(end, start + size + AROUND_TILE))
        for start, size in tiles
    ]
    return WindowPlan(
        window,
        merge_spans([span for span in spans if span[0] < span[1]], MOST_WASTE * tile_bytes),
        tile_bytes,
    )


def _check_blocks(dataset: Any, what: str) -> None:
    """Refuse a file whose blocks, or their number, are beyond reason, before they are looked at."""
    band = dataset.GetRasterBand(1)
    cols, rows = band.GetBlockSize()
    count = math.ceil(dataset.RasterXSize / cols) * math.ceil(dataset.RasterYSize / rows)
    size = cols * rows * pixel_bytes(numpy_type(band.DataType)) * dataset.RasterCount
    if count * dataset.RasterCount > MOST_BLOCKS or size > MOST_BLOCK_BYTES:
        why = f"its header states {count} blocks of {cols} × {rows} pixels, beyond any band"
        raise RasterError(what, why, "Choose another scene, or tell the provider.")


def _further_bytes(dataset: Any, head_bytes: int, messages: Sequence[str], what: str) -> int:
    """How much of the file's beginning is needed, where that is more than is there; else 0.

    Parameters
    ----------
    messages : sequence of str
        GDAL's failures: the directories of overviews or of a mask lie where the mirror still has a
        hole.
    """
    if dataset is None or dataset.RasterCount == 0:
        if head_bytes < MOST_HEAD_BYTES:
            return 4 * head_bytes  # the header may go on where the mirror still has a hole
        raise NotWindowable(what, messages[-1] if messages else "it is no TIFF")
    needed = _header_bytes(dataset)
    if needed is not None and needed <= head_bytes and not messages:
        return 0
    if head_bytes >= MOST_HEAD_BYTES:
        raise NotWindowable(what, "its header does not stand in front of the pixels: it is no COG")
    most = 4 * head_bytes
    return min(needed, most) if needed and needed > head_bytes else most


def _is_masked(dataset: Any) -> bool:
    """Whether a mask that is no alpha band lies in the file."""
    return not _has_alpha(dataset) and any(
        dataset.GetRasterBand(number).GetMaskFlags() & GMF_PER_DATASET for number in _bands(dataset)
    )


def merge_spans(spans: Sequence[tuple[int, int]], most_waste: float) -> tuple[tuple[int, int], ...]:
    """Join neighbours, the nearest first, as long as what lies between them adds up to no more than
    ``most_waste``.
    """
    ordered: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if ordered and start <= ordered[-1][1]:
            ordered[-1] = (ordered[-1][0], max(stop, ordered[-1][1]))
        else:
            ordered.append((start, stop))
    gaps = sorted((ordered[n + 1][0] - ordered[n][1], n) for n in range(len(ordered) - 1))
    joined, waste = set(), 0
    for gap, number in gaps:
        waste += gap
        if waste > most_waste:
            break
        joined.add(number)
    merged: list[tuple[int, int]] = []
    for number, span in enumerate(ordered):
        if number - 1 in joined:
            merged[-1] = (merged[-1][0], span[1])
        else:
            merged.append(span)
    return tuple(merged)


def area_window(path: Path, geometry: Mapping[str, Any]) -> Window:
    """The window of an area in a whole file of any format.

    Raises
    ------
    NotWindowable
        If it is not placed north-up on a map.
    RasterError
        If it cannot be opened, or the area lies outside.
    """
    what = f"The area's part of {path.name} cannot be read"
    with gdal_errors(lambda why: RasterError(what, why, "Choose another scene, or whole bands.")):
        return _pixel_window(checked(_open(path, BAND_DRIVERS)), geometry, what)


def cut_window(
    source: Path,
    window: Window,
    part: Path,
    tags: Mapping[str, str],
    compression: Compression = Compression.ZSTD,
) -> None:
    """Write a window as a tiled GeoTIFF with the source's georeference, numbers, nodata, mask, unit
    and metadata.

    Parameters
    ----------
    source : Path
        A mirror that holds the window's tiles, or a whole file.
    tags : mapping
        To be added to the metadata.
    compression : Compression
        Lossless either way; ``deflate`` too where this GDAL knows no ``zstd``.

    Raises
    ------
    RasterError
        If a tile cannot be decoded, or the disk does not take the file.
    """
    from osgeo import gdal

    def failure(why: str) -> RasterError:
        what = f"The area's part of {source.name} cannot be written"
        return RasterError(what, why, "Run again, or download whole bands.")

    with masks_inside(), gdal_errors(failure) as messages:
        dataset = checked(_open(source, BAND_DRIVERS))
        cut = checked(
            gdal.Translate(
                str(part),
                dataset,
                format="GTiff",
                srcWin=[window.col, window.row, window.cols, window.rows],
                creationOptions=_creation_options(dataset.GetRasterBand(1), compression),
            )
        )
        cut.SetMetadata({**cut.GetMetadata(), **tags})
        for number in _bands(dataset):  # which Translate leaves behind
            cut.GetRasterBand(number).SetUnitType(dataset.GetRasterBand(number).GetUnitType())
        cut.FlushCache()
        cut = dataset = None
        # GDAL writes its last blocks when it closes, and tells nobody if the disk had no room for
        # them.
        told = any("error" in text.lower() or "fail" in text.lower() for text in messages)
        checked_code(told or not _is_whole(part))


def _creation_options(band: Any, compression: Compression) -> list[str]:
    if band.GetMetadataItem("NBITS", "IMAGE_STRUCTURE"):
        predictor = 1  # the others are for whole bytes
    else:
        predictor = 3 if has_fractions(band.DataType) else 2
    zstd = compression == Compression.ZSTD and has_zstd()
    return [
        "TILED=YES",
        "BLOCKXSIZE=512",
        "BLOCKYSIZE=512",
        "COMPRESS=ZSTD" if zstd else "COMPRESS=DEFLATE",
        "ZSTD_LEVEL=1" if zstd else "ZLEVEL=6",
        f"PREDICTOR={predictor}",
        "BIGTIFF=IF_SAFER",
    ]


def warm_up() -> None:
    """Load GDAL and its table of coordinate systems for this thread: done while the network is
    waited for, it costs no time.
    """
    from osgeo import gdal, osr

    gdal.GetDriverByName("GTiff")
    osr.SpatialReference().ImportFromEPSG(4326)


def _is_whole(path: Path) -> bool:
    """Whether the last pixel of each band can be read."""
    dataset = _open(path)
    if dataset is None:
        return False
    col, row = dataset.RasterXSize - 1, dataset.RasterYSize - 1
    try:
        return all(
            dataset.GetRasterBand(n).ReadRaster(col, row, 1, 1) is not None for n in _bands(dataset)
        )
    except RuntimeError:  # another plugin may have switched GDAL's exceptions on
        return False


def has_zstd() -> bool:
    """Whether this GDAL writes ZSTD into GeoTIFFs."""
    from osgeo import gdal

    return "ZSTD" in (gdal.GetDriverByName("GTiff").GetMetadataItem("DMD_CREATIONOPTIONLIST") or "")


def _open(path: Path, drivers: Sequence[str] = ("GTiff",)) -> Any:
    """What a server sent, by itself: it brings no files beside it, and must name none."""
    from osgeo import gdal

    refuse_bomb(str(path), path.name)
    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
    try:
        dataset = gdal.OpenEx(str(path), flags, sibling_files=[], allowed_drivers=list(drivers))
    except RuntimeError:  # another plugin may have switched GDAL's exceptions on
        return None
    check_opened(dataset, path.name)
    return dataset


def _bands(dataset: Any) -> range:
    return range(1, int(dataset.RasterCount) + 1)


def _has_alpha(dataset: Any) -> bool:
    from osgeo import gdal

    return any(
        dataset.GetRasterBand(n).GetColorInterpretation() == gdal.GCI_AlphaBand
        for n in _bands(dataset)
    )


def _header_bytes(dataset: Any) -> int | None:
    """Where the first tile of all resolutions begins: in a COG, all of the header lies before it.
    None: no tile is known.
    """
    first = dataset.GetRasterBand(1)
    levels = [first, *(first.GetOverview(n) for n in range(first.GetOverviewCount()))]
    starts = [
        start
        for level in levels
        for start, _ in _blocks(level, Window(0, 0, level.YSize, level.XSize))
    ]
    return min(starts) - AROUND_TILE if starts else None


def _blocks(band: Any, window: Window) -> list[tuple[int, int]]:
    """Offset and size of the blocks that a window of a band touches; sparse ones, which the file
    leaves out, are left out.
    """
    width, height = band.GetBlockSize()
    found = []
    for row in range(window.row // height, (window.row + window.rows - 1) // height + 1):
        for col in range(window.col // width, (window.col + window.cols - 1) // width + 1):
            start = int(band.GetMetadataItem(f"BLOCK_OFFSET_{col}_{row}", "TIFF") or 0)
            size = int(band.GetMetadataItem(f"BLOCK_SIZE_{col}_{row}", "TIFF") or 0)
            if start and size:
                found.append((start, size))
    return found


def _tiles(dataset: Any, window: Window) -> list[tuple[int, int]]:
    found = {block for n in _bands(dataset) for block in _blocks(dataset.GetRasterBand(n), window)}
    return sorted(found)


def _pixel_window(dataset: Any, geometry: Mapping[str, Any], what: str) -> Window:
    """The pixels under the area, outwards to whole pixels, and a few around."""
    left, step_x, skew_x, top, skew_y, step_y = dataset.GetGeoTransform()
    if not dataset.GetProjection() or skew_x or skew_y or step_x <= 0 or step_y >= 0:
        raise NotWindowable(what, "it is not placed north-up on a map")
    grid = dataset_grid(dataset)
    bounds = placed_bounds(geometry, grid.crs, grid.bounds)
    if bounds is None:
        raise RasterError(
            what,
            "the area reaches too far from it",
            "Give a smaller area, or choose another scene.",
        )
    west, south, east, north = bounds
    # A hair of rounding must not add a row of pixels.
    col0, col1 = (
        math.floor((west - left) / step_x + 1e-6),
        math.ceil((east - left) / step_x - 1e-6),
    )
    row0, row1 = (
        math.floor((north - top) / step_y + 1e-6),
        math.ceil((south - top) / step_y - 1e-6),
    )
    if col0 >= dataset.RasterXSize or row0 >= dataset.RasterYSize or col1 <= 0 or row1 <= 0:
        raise RasterError(
            what, "the area lies outside of it", "Choose a scene that covers the area."
        )
    col0, row0 = max(0, col0 - BUFFER_PIXELS), max(0, row0 - BUFFER_PIXELS)
    col1, row1 = (
        min(dataset.RasterXSize, col1 + BUFFER_PIXELS),
        min(dataset.RasterYSize, row1 + BUFFER_PIXELS),
    )
    return Window(row0, col0, row1 - row0, col1 - col0)
