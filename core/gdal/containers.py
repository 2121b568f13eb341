"""Rasters inside a container file (netCDF, HDF) or an archive (zip, tar), by GDAL's names:
``NETCDF:"scene.nc":red``, ``/vsizip/{scene.zip}/B04.jp2``.

Such a name travels as a :class:`~pathlib.Path`, as the files do that stand in its place; on the way
it loses one of two slashes, and on Windows all of them turn. :func:`gdal_name` puts that right, and
whoever needs the file itself asks :func:`file_of`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..text import at_home

_NAME = re.compile(
    r"(?P<prefix>NETCDF|HDF5|HDF4_SDS:\w+|HDF4_EOS:EOS_\w+):"
    r'(?:"(?P<quoted>[^"]+)"|(?P<bare>(?:[A-Za-z]:[\\/])?[^":]+))'
    r":(?P<variable>.+)",
    re.IGNORECASE,
)
"""Only these: what else GDAL opens by a prefix lies elsewhere, or is no raster of numbers."""
_MEMBER = re.compile(
    r"[\\/]vsi(?P<kind>zip|tar)[\\/]+(?!\{?[\\/]*vsi)"  # an archive behind HTTP is none of these
    r"(?:\{(?P<braced>[^{}]+)\}|(?P<bare>[^{}]+?\.(?:zip|tar)))[\\/]+(?P<inner>.+)",
    re.IGNORECASE,
)
"""A file inside an archive. QGIS writes the form without braces, of the archive's whole path."""

MOST_PLACES = 6
"""Along an axis, in a sentence."""


@dataclass(frozen=True)
class Subdataset:
    """One of a container's rasters."""

    prefix: str
    """``NETCDF``, ``HDF5``, ``HDF4_EOS:EOS_GRID``; of an archive ``/vsizip`` or ``/vsitar``."""
    file: Path
    variable: str
    """Of an archive: the name of the file inside it, with slashes."""

    @property
    def is_member(self) -> bool:
        """True where it is a whole file inside an archive."""
        return self.prefix.startswith("/vsi")

    @property
    def name(self) -> str:
        """GDAL's name, with the file's whole path: a VRT has no relative one for all of them."""
        variable = self.variable.replace("\\", "/")
        if self.is_member:
            return f"{self.prefix}/{{{os.path.abspath(self.file)}}}/{variable}"
        if self.prefix == "HDF5":
            variable = f"//{variable.lstrip('/')}"
        return f'{self.prefix}:"{os.path.abspath(self.file)}":{variable}'


def find_subdataset(path: Path | str) -> Subdataset | None:
    """The raster that a path names inside a container; None where it is a path of a file."""
    member = _MEMBER.fullmatch(str(path))
    if member is not None:
        inner = member["inner"].replace("\\", "/")
        file = member["braced"] or _rooted(member["bare"])
        return Subdataset(f"/vsi{member['kind'].lower()}", Path(file), inner)
    match = _NAME.fullmatch(str(path))
    if match is None:
        return None
    file = at_home(match["quoted"] or match["bare"])
    return Subdataset(match["prefix"].upper(), file, match["variable"])


def _rooted(name: str) -> str:
    """The whole path of an archive, whose first slash a Path has taken."""
    return name if re.match(r"[A-Za-z]:", name) else f"/{name}"


def member_path(archive: Path, inner: str) -> Path:
    """A file inside an archive, as a path.

    Parameters
    ----------
    archive : Path
        Its name ends in ``.zip`` or ``.tar``.
    inner : str
        The file's name in it.
    """
    kind = "/vsitar" if archive.suffix.lower() == ".tar" else "/vsizip"
    return Path(Subdataset(kind, archive, inner).name)


def file_of(path: Path) -> Path:
    """The file on the disk: the container of a subdataset, else the path itself."""
    subdataset = find_subdataset(path)
    return path if subdataset is None else subdataset.file


def gdal_name(path: Path) -> str:
    """The name by which GDAL opens a path."""
    subdataset = find_subdataset(path)
    return os.fspath(path) if subdataset is None else subdataset.name


def with_file(path: Path, file: Path) -> Path:
    """The raster of the same name in another container; of no container: the other file."""
    subdataset = find_subdataset(path)
    if subdataset is None:
        return file
    return Path(Subdataset(subdataset.prefix, file, subdataset.variable).name)


def real_path(path: Path) -> Path:
    """The path with its links resolved, the container's where it names a raster inside one."""
    return with_file(path, file_of(path).resolve())


def container_doubts(
    tags: Sequence[Mapping[str, str]], index: int, nodata: float | None
) -> list[str]:
    """Sentences about a variable that is more than one picture, or has two values for nothing.

    Parameters
    ----------
    tags : sequence of mappings
        Of each of its bands, as GDAL's netCDF and HDF drivers write them.
    index : int
        The band that was chosen, from 1.
    nodata : float or None
        Its nodata value, by ``_FillValue``.
    """
    doubts, own = [], tags[index - 1]
    for axis in (key for key in own if key.startswith("NETCDF_DIM_") and len(tags) > 1):
        places = [band.get(axis, "") for band in tags]
        name = axis.removeprefix("NETCDF_DIM_")
        if len(set(places)) > 1:
            doubts.append(
                f"has {len(tags)} bands along {name} ({', '.join(places[:MOST_PLACES])}): band "
                f"{index}, {name} {own[axis]}, is taken. Name another as file#2"
            )
    missing = _number(own.get("missing_value", ""))
    if missing is not None and nodata is not None and missing != nodata:
        doubts.append(
            f"has the missing_value {missing:g} beside the _FillValue {nodata:g}, which alone "
            f"counts as no data. Stack it with ‘stack.nodata’ {missing:g} if that stands in it"
        )
    return doubts


def _number(text: str) -> float | None:
    try:
        return float(text.strip("{} "))
    except ValueError:
        return None
