"""Write shapes into a GeoPackage (OGC 12-128), whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Union

from ..errors import Cancelled, RasterError
from ..files.atomic import WriteFailure, whole_file
from ..gdal.crs import spatial_reference
from ..gdal.errors import FAILURES, checked, checked_code, gdal_errors

Value = Union[str, int, float, date, None]
SIDE_FILES = ("-journal", "-wal", "-shm")
"""What SQLite lays beside a file that is in use."""


@dataclass(frozen=True)
class VectorLayer:
    """A layer of shapes."""

    name: str
    title: str
    fields: Mapping[str, type]
    """Name → ``str``, ``int``, ``float`` or ``date``."""
    rows: Sequence[tuple[bytes, Mapping[str, Value]]]
    """WKB and the values of the fields, of each feature."""
    multi: bool = False
    """Multipolygons instead of polygons."""
    any_shape: bool = False
    """Whatever each feature is, instead of polygons."""


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
    failure = WriteFailure(f"Writing {path} failed")

    def failed(why: str) -> RasterError:
        return RasterError(failure.what, why, "Is there room on the disk?")

    with whole_file(path, failure, empty=False) as part:
        with gdal_errors(failed, least=FAILURES, first=True) as messages:
            _write(part, crs, layers, stop)
            checked_code(len(messages))  # what happens when the file is closed is only told
        if stop():
            raise Cancelled(f"Writing {path}")
        _refuse_unsaved(path)
    with failure.named(path):
        for suffix in SIDE_FILES:  # of the file that is no more
            _beside(path, suffix).unlink(missing_ok=True)


def _write(part: Path, crs: str, layers: Sequence[VectorLayer], stop: Callable[[], bool]) -> None:
    from osgeo import ogr

    system = spatial_reference(crs) if crs else None
    dataset = checked(ogr.GetDriverByName("GPKG").CreateDataSource(str(part)))
    for content in layers:
        kind = ogr.wkbMultiPolygon if content.multi else ogr.wkbPolygon
        kind = ogr.wkbUnknown if content.any_shape else kind
        options = ["GEOMETRY_NAME=geom", f"IDENTIFIER={content.title}"]
        layer = checked(dataset.CreateLayer(content.name, system, kind, options))
        for name, type_ in content.fields.items():
            checked_code(layer.CreateField(_field(name, type_)))
        checked_code(layer.StartTransaction())
        for outline, values in content.rows:
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


def _refuse_unsaved(path: Path) -> None:
    log = _beside(path, "-wal")
    if log.exists() and log.stat().st_size:
        # SQLite would play these changes into the new file.
        raise RasterError(
            f"{path} cannot be replaced",
            "another program has changes in it that are not saved",
            "Close it there and run again.",
        )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
