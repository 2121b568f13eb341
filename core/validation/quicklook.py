"""A picture of what was validated, with the verdict in it: for the eye, and for whoever
asks later.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import RasterError
from ..raster.physical import to_physical
from ..raster.picture import Picture, draw_text, stretch, write_png
from ..raster.reader import RasterReader
from ..settings import Settings
from ..text import at_home
from ..types import ValidationReport

SIZE = 512
"""Pixels a side, at most."""
SUFFIX = "_firstlight_validation.png"
"""By which our pictures are known again, when old ones are removed."""
COLOURS = ("red", "green", "blue")
DAY_S = 86400


def save_quicklook(report: ValidationReport, settings: Settings) -> tuple[Path | None, str]:
    """Make the picture; returns its path, or None and a sentence why there is none."""
    folder = (
        at_home(settings.screenshot_folder)
        if settings.screenshot_folder
        else report.path.parent / "validation"
    )
    target = folder / f"{report.path.stem}{SUFFIX}"
    try:
        write_png(target, draw_quicklook(report))
    except RasterError as error:
        return None, str(error)
    remove_old(folder, settings.screenshot_retention_days)
    return target, ""


def draw_quicklook(report: ValidationReport) -> Picture:
    """True colour where red, green and blue are there, else the first band in grey; the verdict
    below.
    """
    picture = _pixels(report)
    failed = [f"{f.code} {f.band or ''}".strip() for f in report.findings if f.is_error]
    verdict = (
        f"valid: {', '.join(report.bands) or 'nothing was looked at'}"
        if report.ok
        else f"not valid: {', '.join(dict.fromkeys(failed))}"
    )
    mask = draw_text(f"{report.path.name} {verdict}", picture.shape[1])
    line = np.zeros((*mask.shape, 3), np.uint8)
    line[mask] = (255, 255, 255) if report.ok else (255, 120, 120)
    return np.concatenate([picture, line])


def _pixels(report: ValidationReport) -> Picture:
    index = {name: number for number, name in report.band_names.items()}
    names = COLOURS if all(name in index for name in COLOURS) else tuple(index)[:1] * 3
    try:
        layers = _layers(report, {name: index[name] for name in names})
    except RasterError:  # then that is the picture: nothing to be seen
        layers = {}
    if not layers:
        return np.full((64, SIZE, 3), 60, np.uint8)
    picture: Picture = np.stack([layers[name] for name in names], axis=2)
    if picture.shape[1] < SIZE // 2:  # room for the text
        times = -(-SIZE // 2 // picture.shape[1])
        picture = picture.repeat(times, 0).repeat(times, 1)
    return picture


def _layers(report: ValidationReport, indexes: Mapping[str, int]) -> dict[str, Picture]:
    if not indexes:
        return {}
    layers = {}
    with RasterReader(report.path) as reader:
        for name, index in indexes.items():
            stored = reader.read_stored(index, max_size=SIZE)
            layers[name] = stretch(to_physical(stored, reader.facts.bands[index - 1].radiometry))
    return layers


def remove_old(folder: Path, days: int) -> None:
    """Remove pictures of ours that are older than ``days``; 0 keeps all."""
    if not days:
        return
    limit = time.time() - days * DAY_S
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime < limit:
                path.unlink()
        except OSError:  # somebody else was faster, or holds it open
            continue
