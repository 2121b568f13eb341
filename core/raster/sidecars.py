"""Files beside a raster that GDAL reads with it, on the disk or in an archive, and the raster's own
metadata: what they must not do.

Headers (``.hdr``) and world files hold numbers. A mask, overviews, ``.aux.xml`` and the tags of a
GeoTIFF may each name other files, or servers: GDAL would open them without a word.
"""

from __future__ import annotations

import os
import stat
from itertools import product
from pathlib import Path

from ..errors import InputError, RasterError, ValidationError
from ..files.archive import FileSet, archive_names
from ..files.xml_text import Element, RefusedXml, UnfitXml, parse_xml
from ..gdal.containers import Subdataset, file_of, find_subdataset, gdal_name
from ..gdal.drivers import SIDECAR_DRIVERS, open_dataset, refuse_unless
from ..gdal.environment import local_gdal, quiet_gdal

RASTERS = tuple(
    "." + "".join(letters)
    for name in ("ovr", "msk")
    for letters in product(*((letter, letter.upper()) for letter in name))
)
"""Ends of names of overviews and masks, which GDAL finds in any case of letters: each is opened as
a raster of whatever format it is.
"""
NOTES = ".aux.xml"
NAMING = {"overviews": "overview_file", "geolocation": ""}
"""Domain of metadata → the item in it by which another file is opened; empty: any."""
GEOLOCATION = {"x_dataset", "y_dataset", "z_dataset"}
"""Items of that domain that name rasters; the others are numbers."""
MOST_NOTES = 64 << 20
"""Bytes; histograms and tables of millions of classes are smaller."""

SIGNATURES = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF and BigTIFF, either byte order
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # JPEG 2000, with and without a box
)
"""First bytes of the formats that are opened in an archive: they hold their pixels themselves."""


def check_sidecars(path: Path) -> None:
    """Refuse sidecars by which GDAL would open other files.

    Raises
    ------
    ValidationError
        Naming the sidecar and what is in it.
    """
    _check_notes(path.with_name(path.name + NOTES), path)
    for ending in RASTERS:
        sidecar = path.with_name(path.name + ending)
        if not _size(sidecar, path):
            continue
        try:
            refuse_unless(os.fspath(sidecar), SIDECAR_DRIVERS)
        except RasterError as error:
            raise _refused(path, sidecar, error.why) from error
        check_sidecars(sidecar)
        check_metadata(sidecar)


def check_metadata(path: Path) -> None:
    """Refuse a raster that names other files in its own metadata, as GDAL reads them: nothing but
    the raster itself is opened.

    Raises
    ------
    ValidationError
        Naming the item and what is in it.
    """
    with quiet_gdal(), local_gdal():
        try:
            dataset = open_dataset(gdal_name(path))
        except RuntimeError:  # another plugin may have switched GDAL's exceptions on
            dataset = None
        if dataset is None:
            return  # whoever opens it says why
        found = {domain: dataset.GetMetadata(domain) or {} for domain in NAMING}
    for domain, entries in found.items():
        for key, value in entries.items():
            named = NAMING[domain] == key.lower() or key.lower() in GEOLOCATION
            if named and not _is_same(Path(value), path):
                raise ValidationError(
                    f"Validation failed for {path}",
                    f"it would make GDAL open another file: its {key} names {value[:200]}",
                    "Copy it without its metadata (gdal_translate -nomd).",
                )


def _is_same(named: Path, path: Path) -> bool:
    """Tell whether both are of one file: a swath names the arrays of its own container."""
    try:
        return file_of(named).samefile(file_of(path))
    except (OSError, ValueError):
        return False


def _size(sidecar: Path, path: Path) -> int:
    """Bytes of a sidecar; 0 where there is none."""
    try:
        status = sidecar.stat()
    except (OSError, ValueError):  # the latter: a name that no file can have
        return 0
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, sidecar, "it is no plain file")
    return status.st_size


def _check_notes(notes: Path, path: Path) -> None:
    size = _size(notes, path)
    if not size:
        return
    if size > MOST_NOTES:
        raise _refused(path, notes, f"it is larger than {MOST_NOTES >> 20} MB")
    try:
        text = notes.read_bytes()
    except OSError:
        return
    if b"<!" in text.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise _refused(path, notes, "it declares XML entities")
    try:
        root = parse_xml(text)
    except RefusedXml as error:
        raise _refused(path, notes, str(error)) from error
    # Some of that GDAL reads all the same: what it finds is looked at in check_metadata.
    except UnfitXml:
        return
    for box in root.iter():
        item = NAMING.get(_attribute(box, "domain").lower())
        for entry in box if item is not None else ():
            key = _attribute(entry, "key")
            if item in ("", key.lower()):
                raise _refused(path, notes, f"its {key} names {(entry.text or '').strip()[:200]}")


def _attribute(node: Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if key.lower() == name), "")


def _refused(path: Path, sidecar: Path, why: str) -> ValidationError:
    return ValidationError(
        f"Validation failed for {path}",
        f"the file {sidecar.name} beside it would make GDAL open another file: {why}",
        f"Remove {sidecar.name}.",
    )


def check_member(path: Path) -> None:
    """Look at a raster that lies in an archive before GDAL does; others are no matter here.

    Raises
    ------
    RasterError
        If it is not there, no GeoTIFF or JPEG 2000, or has a file beside it by which GDAL could
        open others.
    """
    member = find_subdataset(path)
    if member is None or not member.is_member:
        return
    try:
        why = _why_refused(member)
    except InputError as error:
        raise RasterError(f"The raster {path} cannot be opened", error.why, error.hint) from error
    if why:
        hint = "Unpack the archive, and give the files."
        raise RasterError(f"The raster {path} cannot be opened", why, hint)


def _why_refused(member: Subdataset) -> str:
    names = archive_names(member.file)
    if member.variable not in names:
        return f"{member.file.name} holds no file of that name"
    start = FileSet(member.file, names).read(member.variable, 16)
    if not start.startswith(SIGNATURES):
        return "in an archive only GeoTIFF and JPEG 2000 are read"
    lower = {name.lower() for name in names}
    beside = [f"{member.variable}{end}".lower() for end in (NOTES, *RASTERS)]
    found = next((name for name in beside if name in lower), "")
    return f"{found} lies beside it, which is not looked into in an archive" if found else ""
