"""What a raster's file states of itself, and whether it can be read to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..enums import Unit
from ..errors import RasterError
from ..files.file_state import Remembered
from ..gdal.containers import find_subdataset
from ..gdal.crs import sound_grid
from ..gdal.drivers import BAND_DRIVERS
from ..gdal.reading import FileBand, OpenRaster
from ..gdal.reading_choice import reading
from ..gdal.types import MOST_BLOCK_BYTES, pixel_bytes
from ..types import Grid, Radiometry
from .open_file import check_openable, open_described
from .valid import is_masked, nodata_under_mask


@dataclass(frozen=True)
class BandFacts:
    """Facts that a file states of one of its bands."""

    index: int
    """From 1."""
    description: str
    """Empty where the file gives none."""
    dtype: str
    radiometry: Radiometry
    tags: Mapping[str, str]
    masked: bool = False
    """A mask or an alpha band says where there is nothing; the reader puts ``radiometry.nodata``
    there, which then always is a number.
    """
    alpha: bool = False
    """An alpha band itself: no measurement."""
    palette: bool = False
    """Its numbers stand for the colours of a table."""


@dataclass(frozen=True)
class RasterFacts:
    """Facts that a file states of itself."""

    path: Path
    driver: str
    grid: Grid
    bands: tuple[BandFacts, ...]
    tags: Mapping[str, str]
    has_gcps: bool
    block_shape: tuple[int, int]
    """(rows, cols) of the first band's blocks."""


_facts_known: Remembered[RasterFacts] = Remembered(512)


def read_facts(path: Path, ours: bool = False) -> RasterFacts:
    """Open a raster, after a look at what it would make GDAL open, and tell what it is: once for
    each state of its files.

    Parameters
    ----------
    path : Path
        A file, or a raster inside a container by GDAL's name.
    ours : bool
        A VRT that FirstLight has just written, which may name addresses.

    Raises
    ------
    RasterError
        If it is not there, no raster, or holds no bands.
    ValidationError, VRTSourceNotFoundError
        If it is a VRT that names what is not on this computer, or holds code; or a file beside it
        does.
    """
    if ours:
        return _open_and_tell(path, remote=True)
    states, key = check_openable(path), (reading().name, path)
    facts = _facts_known.recall(key, states)
    if facts is None:
        facts = _open_and_tell(path, remote=False)
        if facts.driver in ("VRT", *BAND_DRIVERS):  # others have files under other names, too
            _facts_known.keep(key, states, facts)
    return facts


def _open_and_tell(path: Path, remote: bool) -> RasterFacts:
    with reading().surroundings(remote=remote), open_described(path) as raster:
        return facts_of(path, raster)


def check_raster(path: Path) -> RasterFacts:
    """Open a raster and decode its last block: a file that was cut short fails here.

    Raises
    ------
    RasterError
        If it cannot be opened or its last pixels cannot be read.
    """

    def failure(why: str) -> RasterError:
        return RasterError(f"The raster {path} is damaged", why, "Remove it and run again.")

    check_openable(path)
    library = reading()
    with library.surroundings(), open_described(path) as raster:
        facts = facts_of(path, raster)
        _check_blocks(path, facts)
        rows, cols = facts.grid.shape
        with library.errors(failure):
            for band in facts.bands:
                raster.read_pixel(band.index, rows - 1, cols - 1)
    return facts


MOST_BLOCKS = 50_000_000
"""A file of so many blocks has a header of hundreds of megabytes."""


def _check_blocks(path: Path, facts: RasterFacts) -> None:
    """Refuse a file that takes gigabytes of memory to read one pixel of, before one is read.

    A few kilobytes can declare a block of any size: packed zeros are that small.
    """
    rows, cols = facts.block_shape
    size = rows * cols * sum(pixel_bytes(band.dtype) for band in facts.bands)
    across, down = facts.grid.shape[1] / cols, facts.grid.shape[0] / rows
    if size > MOST_BLOCK_BYTES:
        why = f"one of its blocks unpacks to {size / 1e9:.3g} GB ({cols} × {rows} pixels)"
    elif across * down > MOST_BLOCKS:
        why = f"it holds {across * down:.2g} blocks of {cols} × {rows} pixels"
    else:
        return
    raise RasterError(
        f"The raster {path} cannot be read", why, "Choose another scene, or rewrite it in tiles."
    )


def check_band_file(path: Path) -> RasterFacts:
    """Check a raster as :func:`check_raster` does, and that agencies deliver bands in its format.

    Raises
    ------
    RasterError
        If it is not, or cannot be read to its end.
    """
    facts = read_facts(path)
    if facts.driver not in BAND_DRIVERS:
        raise RasterError(
            f"The raster {path} cannot be used as a band",
            f"it is a {facts.driver}, no GeoTIFF or JPEG 2000",
            "Choose another scene, or leave the band out.",
        )
    return check_raster(path)


MOST_NAMED = 12
"""Variables of a container in a sentence."""


MOST_BANDS = 5000
"""Ten times a hyperspectral scene's."""


def facts_of(path: Path, raster: OpenRaster) -> RasterFacts:
    """What an opened file states of itself; ``path`` names it."""
    if raster.count > MOST_BANDS:
        why = f"it has {raster.count} bands, and {MOST_BANDS} are the most"
        raise RasterError(f"The raster {path} cannot be used", why, "Take those that you need.")
    file = raster.facts()
    if not file.bands:
        raise _no_bands(path, file.subdatasets)
    grid = Grid(file.crs, file.transform, file.shape)
    return RasterFacts(
        path=path,
        driver=file.driver,
        grid=sound_grid(grid, f"The raster {path} cannot be placed"),
        bands=tuple(_band_facts(band, place + 1) for place, band in enumerate(file.bands)),
        tags=file.tags,
        has_gcps=file.has_gcps,
        block_shape=file.block_shape,
    )


def _no_bands(path: Path, entries: Mapping[str, str]) -> RasterError:
    """The error of a file without bands, naming the rasters in it where it is a container."""
    names = [text for key, text in sorted(entries.items(), key=_number) if key.endswith("_NAME")]
    failure = f"The raster {path} cannot be used as it is"
    if not names:
        return RasterError(failure, "it has no bands", "Is it a raster, and complete?")
    subdatasets = [(find_subdataset(name), name) for name in names]
    variables = [name if sub is None else sub.variable.lstrip("/") for sub, name in subdatasets]
    shown = ", ".join(variables[:MOST_NAMED]) + " …" * (len(variables) > MOST_NAMED)
    return RasterError(
        failure,
        f"it is a container of {len(names)} rasters ({shown})",
        f"Name one of them: {names[0]}, or several as bands of a stack.",
    )


def _number(entry: tuple[str, str]) -> int:
    """Number of an entry of GDAL's list of subdatasets: ``SUBDATASET_2_NAME``."""
    digits = "".join(letter for letter in entry[0] if letter.isdigit())
    return int(digits or 0)


def _band_facts(own: FileBand, index: int) -> BandFacts:
    alpha = own.color == "alpha"
    band = BandFacts(
        index=index,
        description=own.description,
        dtype=own.dtype,
        radiometry=Radiometry(
            scale=own.scale,
            offset=own.offset,
            nodata=own.nodata,
            unit=Unit(own.unit),
            reason=own.tags.get("radiometry", "as the file says"),
        ),
        tags=own.tags,
        masked=not alpha and is_masked(own.mask_flags),
        alpha=alpha,
        palette=own.color == "palette",
    )
    return replace(band, radiometry=under_mask(band.radiometry, band))


def under_mask(rule: Radiometry, band: BandFacts) -> Radiometry:
    """The rule with a nodata value for what a mask hides, where there is a mask."""
    if not band.masked:
        return rule
    return replace(rule, nodata=nodata_under_mask(band.dtype, rule.nodata))
