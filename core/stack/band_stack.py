"""Single bands → one raster: a VRT that points at the band files and says all that is needed to use
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import BandStackError, ResolutionError
from ..files.atomic import (
    WriteFailure,
    fill_file,
    part_of,
    put_in_place,
    remove_quietly,
    scratch_file,
    write_whole,
)
from ..files.made_here import note_made_here
from ..files.xml_text import UnfitXml, read_xml
from ..gdal.containers import file_of
from ..raster.grid import SNAP
from ..types import BandStack, Grid, StackBand
from .check import check_written
from .geotiff import stack_to_geotiff
from .grid import (
    ON_LINES,
    PlacedBand,
    beside_lines,
    check_overlap,
    covered_share,
    group_by_resolution,
    place_bands,
    resolution_name,
    stack_grid,
)
from .source import BandSource, OpenedBand, open_band, same_size, stand_in_nodata, with_nodata
from .vrt import StackStyle, StackText, describe_stack, method_for

__all__ = ["MODES", "BandSource", "create_band_stack", "make_stack", "stack_to_geotiff"]

MODE_LABELS = {
    "resample": "One grid, that of the finest bands",
    "preserve": "A stack for each pixel size",
    "intersect": "One grid, cropped to what all bands show",
}
MODES = ("resample", "preserve", "intersect")


def create_band_stack(
    band_paths: Mapping[str, Path | BandSource],
    output_path: Path,
    band_order: Sequence[str] | None = None,
    band_descriptions: Mapping[str, str] | None = None,
    resolution_mode: str = "resample",
    target_resolution: float | None = None,
    resample_method: str = "bilinear",
    tags: Mapping[str, str] | None = None,
) -> BandStack:
    """Stack single bands into a VRT.

    A band in another coordinate system than the first one's, one that is placed by ground control
    points, and one on a rotated or upside-down grid are warped when they are read; the warnings say
    so.

    Parameters
    ----------
    band_paths : mapping of str to Path or BandSource
        Canonical band name → file.
    output_path : Path
        Ends in ``.vrt``; its folder must exist. Sources below that folder are named relative to it.
        A band that needs a VRT of its own gets one beside the stack:
        ``<stack>.<band>.<number>.vrt``.
    band_order : sequence of str, optional
        Order in the stack; default: by wavelength, then by name.
    band_descriptions : mapping of str to str, optional
        What to write as band descriptions; default: the names.
    resolution_mode : str
        ``resample``: one grid over the finest bands, the others resampled onto it. ``preserve``:
        bands of different pixel size get stacks of their own, the finest under ``output_path``,
        each other one as ``<output_path without suffix>_<pixel size>.vrt``. ``intersect``: as
        ``resample``, cropped to what all bands have in common.
    target_resolution : float, optional
        Pixel size in the unit of the CRS; default: the finest of the bands. Not with ``preserve``.
    resample_method : str
        GDAL's name of the method for anything but classes.
    tags : mapping, optional
        Facts to write into the file: item id, sensor, time.

    Returns
    -------
    BandStack
        With ``preserve``, that of the finest bands; the others are its ``companions``.

    Raises
    ------
    CRSMismatchError, ExtentMismatchError, ResolutionError, BandStackError
        Naming the bands and numbers that do not fit.
    """
    what = f"Band stacking failed for {output_path.name}"
    _check_request(band_paths, resolution_mode, target_resolution, what)
    order = _order_bands(band_paths, band_order, what)
    opened = _open_bands(band_paths, order, output_path, what)
    placed, warnings = place_bands(opened, opened[0].crs, what)
    warnings = [note for band in opened for note in band.notes] + warnings
    style = StackStyle(resample_method, band_descriptions or {}, tags or {})
    if resolution_mode == "preserve":
        return _make_stacks(placed, output_path, style, warnings, what)
    grid = stack_grid(placed, resolution_mode, target_resolution, what)
    return make_stack(
        placed, grid, output_path, style, warnings + _between_lines(placed, grid, style)
    )


def _check_request(
    band_paths: Mapping[str, Path | BandSource], mode: str, resolution: float | None, what: str
) -> None:
    if not band_paths:
        raise BandStackError(what, "there is no band to stack", "Give one at least.")
    if mode not in MODES:
        raise BandStackError(
            what, f"the resolution mode '{mode}' is not known", f"Known: {', '.join(MODES)}."
        )
    if mode == "preserve" and resolution is not None:
        raise ResolutionError(
            what,
            f"bands cannot keep their own resolutions and have {resolution:g} as well",
            "Give the mode 'preserve' or a resolution, not both.",
        )


def _order_bands(
    band_paths: Mapping[str, Path | BandSource], order: Sequence[str] | None, what: str
) -> list[str]:
    """Names of the bands as they are to follow each other."""
    if not order:
        return sorted(band_paths, key=lambda name: _spectral_key(name, band_paths[name]))
    if sorted(order) != sorted(band_paths):
        odd = ", ".join(sorted(set(order) ^ set(band_paths))) or "how often they are named"
        raise BandStackError(
            what, f"the band order and the bands differ in {odd}", "Name each band once."
        )
    return list(order)


def _open_bands(
    band_paths: Mapping[str, Path | BandSource], order: Sequence[str], output: Path, what: str
) -> list[OpenedBand]:
    opened = [open_band(name, band_paths[name], what) for name in order]
    for band in opened:
        if file_of(band.source.path).resolve() == output.resolve():
            raise BandStackError(
                what, f"it would replace the source of band '{band.name}'", "Choose another name."
            )
    return opened


def _make_stacks(
    placed: Sequence[PlacedBand], path: Path, style: StackStyle, warnings: Sequence[str], what: str
) -> BandStack:
    """One stack for each pixel size; the finest one, with the others as its companions."""
    groups = group_by_resolution(placed)
    grids = [stack_grid(group, "resample", None, what) for group in groups]
    check_overlap(placed, grids[0], grids[0], what)
    companions = tuple(
        make_stack(
            group, grid, path.with_name(f"{path.stem}_{resolution_name(grid)}.vrt"), style, []
        )
        for group, grid in list(zip(groups, grids))[1:]
    )
    beside = [
        note for group, grid in zip(groups, grids) for note in _between_lines(group, grid, style)
    ]
    finest = make_stack(groups[0], grids[0], path, style, [*warnings, *beside])
    return replace(finest, companions=companions)


def _spectral_key(name: str, value: Path | BandSource) -> tuple[float, str]:
    nm = value.wavelength_nm if isinstance(value, BandSource) else None
    return (nm if nm is not None else float("inf"), name)


def make_stack(
    placed: Sequence[PlacedBand],
    grid: Grid,
    output_path: Path,
    style: StackStyle,
    warnings: Sequence[str],
) -> BandStack:
    """Write one stack on one grid, and compare it with its sources.

    Parameters
    ----------
    warnings : sequence of str
        What is to be said of it beside what is found here.

    Raises
    ------
    BandStackError
        If it cannot be written, or is not what was meant.
    """
    what = f"Band stacking failed for {output_path.name}"
    filled, gaps = _fill_gaps(placed, grid)
    text = describe_stack(filled, grid, output_path, style, what)
    _write(text, output_path, lambda part: check_written(part, filled, grid, style, what), what)
    return BandStack(
        path=output_path,
        grid=grid,
        bands=tuple(
            StackBand(
                name=one.name,
                index=place,
                source=one.opened.source.path,
                radiometry=one.opened.radiometry,
                wavelength_nm=one.opened.source.wavelength_nm,
                resampled_from_m=max(one.grid.resolution)
                if one.warped or not same_size(one.grid, grid)
                else None,
            )
            for place, one in enumerate(filled, start=1)
        ),
        warnings=(*warnings, *gaps),
    )


def _fill_gaps(placed: Sequence[PlacedBand], grid: Grid) -> tuple[list[PlacedBand], list[str]]:
    """Give a nodata value to bands that have none and do not reach everywhere; say what is not
    covered.
    """
    filled, warnings, unknown = [], [], []
    for one in placed:
        share = covered_share(one, grid)
        band = one.opened
        if share < 1 - 1e-9 and (one.warped or _falls_short(one.grid, grid)):
            percent = f" ({100 * share:.0f} % of it)" if one.warped else ""
            warnings.append(
                f"Band '{one.name}' covers only a part of the stack{percent}; the rest of it is "
                "nodata"
            )
        if band.radiometry.nodata is None and share < 1 - 1e-9:
            chosen = stand_in_nodata(band)
            band = replace(band, radiometry=with_nodata(band.radiometry, chosen))
            warnings.append(
                f"No nodata value is known for '{one.name}', which covers only a part of the "
                f"stack: {chosen:g} is taken. It counts as no data everywhere in that band"
            )
            one = replace(one, opened=band)
        elif band.radiometry.nodata is None:
            unknown.append(one.name)
        filled.append(one)
    if unknown:
        warnings.append(
            f"No nodata value is known for {', '.join(unknown)}: every number there counts as data"
        )
    return filled, warnings


def _falls_short(own: Grid, grid: Grid) -> bool:
    """Tell whether a band leaves out whole pixels of the stack: coarse ones, and those between its
    lines, end less than one of their own pixels before it, which is nothing to speak of.
    """
    width, height = own.resolution
    mine, whole = own.bounds, grid.bounds
    gaps = (
        (mine[0] - whole[0]) / width,
        (mine[1] - whole[1]) / height,
        (whole[2] - mine[2]) / width,
        (whole[3] - mine[3]) / height,
    )
    return max(gaps) >= 1 - SNAP


def _between_lines(placed: Sequence[PlacedBand], grid: Grid, style: StackStyle) -> list[str]:
    """Sentences about bands whose pixels are as large as the stack's and lie between them."""
    shifted: dict[tuple[str, str], list[str]] = {}
    for one in placed:
        shift = max(map(abs, beside_lines(one.grid, grid)))
        if shift > ON_LINES and not one.warped and same_size(one.grid, grid):
            key = f"{shift:.2g}", method_for(one, style)
            shifted.setdefault(key, []).append(one.name)
    return [
        f"The pixels of {', '.join(names)} lie {shift} of a pixel beside those of the stack: they "
        f"are resampled ({method})"
        for (shift, method), names in shifted.items()
    ]


ELSEWHERE = b'relativeToVRT="0"'
"""Stands in a stack that names files outside its folder."""


def _write(text: StackText, output_path: Path, check: Callable[[Path], None], what: str) -> None:
    """Write the stack and what lies between it and its bands; the new one is in force with the last
    rename.

    Nested VRTs are named after their content, so none of the old stack's is touched before; those
    that it alone used are removed afterwards.
    """
    failure = WriteFailure(what, error=BandStackError)
    folder = output_path.parent
    before = _nested_of(output_path)
    unused = {name for name in text.nested if not (folder / name).exists()}
    try:
        for name, content in text.nested.items():
            if not _holds(folder / name, content):
                write_whole(folder / name, content, failure)
        with scratch_file(part_of(output_path), failure) as part:
            with failure.named(output_path):
                fill_file(part, text.main)
            check(part)
            # Else it keeps its time: a run that goes on asks whether its inputs have changed.
            if not _holds(output_path, text.main):
                put_in_place(part, output_path, failure)
        if ELSEWHERE in text.main:
            note_made_here(text.main)
        unused = before - set(text.nested)
    finally:
        remove_quietly(*(folder / name for name in unused))


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _nested_of(path: Path) -> set[str]:
    """Names of the nested VRTs that an older stack of this name brought with it."""
    pattern = re.compile(re.escape(path.stem) + r"\.[A-Za-z0-9_-]+\.[0-9a-f]{8}\.vrt")
    try:
        root = read_xml(path)
    except (OSError, UnfitXml):
        return set()
    return {
        node.text
        for node in root.iter("SourceFilename")
        if node.text and pattern.fullmatch(node.text)
    }
