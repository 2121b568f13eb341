"""Write shapes into a GeoPackage (OGC 12-128), whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Union

from ..errors import Cancelled, RasterError
from ..files.atomic import WriteFailure, whole_file
from ..gdal.crs import reference_text, spatial_reference
from ..gdal.drivers import open_area
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
    rows: Sequence[tuple[bytes | None, Mapping[str, Value]]]
    """WKB and the values of the fields, of each feature; no WKB in a layer without shapes."""
    multi: bool = False
    """Multipolygons instead of polygons."""
    any_shape: bool = False
    """Whatever each feature is, instead of polygons."""
    shapes: bool = True
    """False: a table of attributes alone."""


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
            write_layers("GPKG", part, crs, layers, stop)
            checked_code(len(messages))  # what happens when the file is closed is only told
        if stop():
            raise Cancelled(f"Writing {path}")
        _refuse_unsaved(path)
    with failure.named(path):
        for suffix in SIDE_FILES:  # of the file that is no more
            _beside(path, suffix).unlink(missing_ok=True)


def read_layer(
    path: Path, name: str, fields: Sequence[str] = ()
) -> tuple[str, list[tuple[bytes, dict[str, Any]]]]:
    """Read a layer that :func:`write_geopackage` has written.

    Returns
    -------
    crs : str
        Empty where it has none.
    rows : list of (WKB, values)
        The values of ``fields``; None where a feature has none.

    Raises
    ------
    RasterError
        If it cannot be read, or has no such layer or field.
    """

    def failed(why: str) -> RasterError:
        return RasterError(f"The layer {name} of {path} cannot be read", why, "Make it again.")

    with gdal_errors(failed):
        dataset = checked(open_area(str(path)))  # a layer lives as long as it
        layer = checked(dataset.GetLayerByName(name))
        system = layer.GetSpatialRef()
        places = [layer.GetLayerDefn().GetFieldIndex(field) for field in fields]
        if min(places, default=0) < 0:
            raise failed(f"it has no field {fields[places.index(-1)]}")
        rows = [
            (
                bytes(feature.GetGeometryRef().ExportToWkb()),
                {field: feature.GetField(place) for field, place in zip(fields, places)},
            )
            for feature in layer
        ]
        return ("" if system is None else reference_text(system)), rows


def write_layers(
    driver: str, path: Path, crs: str, layers: Sequence[VectorLayer], stop: Callable[[], bool]
) -> None:
    """Let one of OGR's drivers write layers into a new file or folder; inside ``gdal_errors``."""
    from osgeo import ogr

    system = spatial_reference(crs) if crs else None
    dataset = checked(ogr.GetDriverByName(driver).CreateDataSource(str(path)))
    for content in layers:
        kind = ogr.wkbMultiPolygon if content.multi else ogr.wkbPolygon
        kind = ogr.wkbUnknown if content.any_shape else kind
        kind = kind if content.shapes else ogr.wkbNone
        options = _OPTIONS[driver](content)
        layer = checked(
            dataset.CreateLayer(content.name, system if content.shapes else None, kind, options)
        )
        for name, type_ in content.fields.items():
            checked_code(layer.CreateField(_field(name, type_)))
        checked_code(layer.StartTransaction())
        for outline, values in content.rows:
            if stop():
                raise Cancelled(f"Writing {path.stem}")
            feature = ogr.Feature(layer.GetLayerDefn())
            if outline is not None:
                feature.SetGeometryDirectly(ogr.CreateGeometryFromWkb(outline))
            for name, value in values.items():
                if value is not None:
                    feature.SetField(name, value.isoformat() if isinstance(value, date) else value)
            checked_code(layer.CreateFeature(feature))
        checked_code(layer.CommitTransaction())
        layer = None
    checked_code(dataset.FlushCache())
    dataset = None


_OPTIONS: Mapping[str, Callable[[VectorLayer], list[str]]] = {
    "GPKG": lambda layer: [
        *(["GEOMETRY_NAME=geom"] if layer.shapes else []),
        f"IDENTIFIER={layer.title}",
    ],
    "ESRI Shapefile": lambda _layer: ["ENCODING=UTF-8"],
}


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
