"""Write polygons into a GeoPackage (OGC 12-128), whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Union

from ..errors import Cancelled, RasterError
from ..gdal.crs import spatial_reference
from ..gdal.errors import FAILURES, checked, checked_code, gdal_errors

Value = Union[str, int, float, date, None]
SIDE_FILES = ("-journal", "-wal", "-shm")
"""What SQLite lays beside a file that is in use."""


@dataclass(frozen=True)
class VectorLayer:
    """A layer of polygons."""

    name: str
    title: str
    fields: Mapping[str, type]
    """Name → ``str``, ``int``, ``float`` or ``date``."""
    rows: Sequence[tuple[bytes, Mapping[str, Value]]]
    """WKB and the values of the fields, of each feature."""
    multi: bool = False
    """Multipolygons instead of polygons."""


def write_geopackage(
    path: Path, crs: str, layers: Sequence[VectorLayer], stop: Callable[[], bool] = lambda: False
) -> None:
    """Write layers into a new file, which takes the place of an older one.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    crs : str
        ``EPSG:n`` or WKT; empty for none.
    stop : callable
        Asked before each feature.

    Raises
    ------
    RasterError
        If it cannot be written, or another program has unsaved changes in the older one.
    Cancelled
        If ``stop``; an older file stays as it was.
    """

    def failure(why: str) -> RasterError:
        return RasterError(f"Writing {path} failed", why, "Is there room on the disk?")

    part = path.with_name(f"{path.name}.part")
    _remove(part)
    try:
        with gdal_errors(failure, least=FAILURES, first=True) as messages:
            _write(part, crs, layers, stop)
            checked_code(len(messages))  # what happens when the file is closed is only told
        if stop():
            raise Cancelled(f"Writing {path}")
        _put_in_place(part, path)
    finally:
        _remove(part)


def _write(part: Path, crs: str, layers: Sequence[VectorLayer], stop: Callable[[], bool]) -> None:
    from osgeo import ogr

    system = spatial_reference(crs) if crs else None
    dataset = checked(ogr.GetDriverByName("GPKG").CreateDataSource(str(part)))
    for words in layers:
        kind = ogr.wkbMultiPolygon if words.multi else ogr.wkbPolygon
        options = ["GEOMETRY_NAME=geom", f"IDENTIFIER={words.title}"]
        layer = checked(dataset.CreateLayer(words.name, system, kind, options))
        for name, type_ in words.fields.items():
            checked_code(layer.CreateField(_field(name, type_)))
        checked_code(layer.StartTransaction())
        for outline, values in words.rows:
            if stop():
                raise Cancelled(f"Writing {part.stem}")
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometryDirectly(ogr.CreateGeometryFromWkb(outline))
            for name, value in values.items():
                if value is not None:
                    feature.SetField(name, value.isoformat() if isinstance(value, date) else value)
            checked_code(layer.CreateFeature(feature))
        checked_code(layer.CommitTransaction())
        layer = None
    checked_code(dataset.FlushCache())
    dataset = None


def _field(name: str, type_: type) -> Any:
    from osgeo import ogr

    return ogr.FieldDefn(
        name,
        {str: ogr.OFTString, int: ogr.OFTInteger64, float: ogr.OFTReal, date: ogr.OFTDate}[type_],
    )


def _put_in_place(part: Path, path: Path) -> None:
    what = f"{path} cannot be replaced"
    log = _beside(path, "-wal")
    try:
        if log.exists() and log.stat().st_size:
            # SQLite would play these changes into the new file.
            raise RasterError(
                what,
                "another program has changes in it that are not saved",
                "Close it there and run again.",
            )
        part.replace(path)
        for suffix in SIDE_FILES:  # of the file that is no more
            _beside(path, suffix).unlink(missing_ok=True)
    except OSError as error:
        raise RasterError(
            what,
            error.strerror or str(error),
            "Is it open in another program? Close it and run again.",
        ) from error


def _remove(path: Path) -> None:
    for one in (path, *(_beside(path, suffix) for suffix in SIDE_FILES)):
        one.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
