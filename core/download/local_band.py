"""A band that lies on this computer already, in a catalogue of files: copied, not fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import BandDownloadError
from ..files.atomic import part_of, put_in_place, scratch_file
from ..files.checksum import sha256_of
from ..files.part_file import band_failure


def copy_band(source: Path, target: Path, name: str) -> tuple[int, str]:
    """Copy a band under its own name, whole or not at all.

    Returns
    -------
    size, sha256
        Of the copy.

    Raises
    ------
    BandDownloadError
        If it cannot be read or written.
    DiskFullError
        If the disk has no room for it.
    RasterError
        If it is no raster that may be opened.
    """
    from ..raster.facts import check_band_file

    failure = band_failure(name)
    if not source.is_file():
        raise BandDownloadError(
            failure.what, f"there is no file {source}", "Choose another scene, or leave it out."
        )
    part = part_of(target.with_name(f"{target.name}.copy"))
    with failure.named(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_file(part, failure):
        with failure.named(part):
            shutil.copyfile(source, part)
            size, sha256 = part.stat().st_size, sha256_of(part)
        check_band_file(part)
        put_in_place(part, target, failure)
    return size, sha256
