"""Names of places in a user's vector file or table, and where they lie."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Cancelled, InputError
from ..gdal.crs import LONLAT, spatial_reference
from ..gdal.drivers import open_names
from ..gdal.errors import NO_REASON, checked, gdal_steps
from ..text import at_home
from .features import FeatureFile

NAMES = (
    *("name", "nombre", "nome", "nom", "namen", "label", "title", "toponym", "bezeichnung", "gen"),
    *("place", "town", "city", "village", "municipality", "commune", "gemeinde", "municipio"),
)
"""A field whose name begins with one of these, or ends in *name*, holds names."""
HINT = "Give a vector file with a field of names, or a CSV with the columns name, lon and lat."
LOOK_EVERY = 1000
"""Rows between two looks whether to stop."""


@dataclass(frozen=True)
class NamedPlace:
    """A row of a gazetteer."""

    names: tuple[str, ...]
    """What it is called: in several languages, without accents."""
    texts: tuple[str, ...]
    """All its texts; what it lies in is among them."""
    geometry: Mapping[str, Any]
    """GeoJSON in longitude and latitude."""


def read_places(
    path: Path, wanted: Callable[[tuple[str, ...]], bool], stop: Callable[[], bool]
) -> Iterator[NamedPlace]:
    """Read the places of a file whose names are wanted.

    Parameters
    ----------
    path : Path
        Of a vector file or CSV, with ``|layername=…`` behind it for one of several layers.
    wanted : callable
        Takes the names of a row.
    stop : callable
        Asked now and then whether to stop.

    Raises
    ------
    InputError
        If it cannot be read, has no texts, or a wanted place has no place on the globe.
    Cancelled
        If ``stop``.
    """
    file = FeatureFile.of(at_home(str(path)))
    failure = f"The names of places in {file.path} cannot be used"

    def failed(why: str) -> InputError:
        return InputError(failure, "it is no vector file" if why == NO_REASON else why, HINT)

    return gdal_steps(_places(file, wanted, stop, failure), failed)


def _places(
    file: FeatureFile,
    wanted: Callable[[tuple[str, ...]], bool],
    stop: Callable[[], bool],
    failure: str,
) -> Iterator[NamedPlace]:
    from osgeo import osr

    dataset = checked(open_names(str(file.path)))  # a layer lives as long as it
    layer = dataset.GetLayerByName(file.layer) if file.layer else dataset.GetLayer(0)
    if layer is None:
        raise InputError(failure, f"it has no layer '{file.layer}'", HINT)
    names, texts = _fields(layer, failure)
    source = layer.GetSpatialRef()
    # A table says nothing of it: its columns are called longitude and latitude.
    there = None
    if source is not None:
        source = source.Clone()
        source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        there = osr.CoordinateTransformation(source, spatial_reference(LONLAT))
    for number, feature in enumerate(layer):
        if number % LOOK_EVERY == 0 and stop():
            raise Cancelled(f"Reading {file.path.name}")
        called = tuple(filter(None, (_text(feature, field) for field in names)))
        if wanted(called):
            every = tuple(filter(None, (_text(feature, field) for field in texts)))
            place = _geometry(feature, there)
            if place is None:
                raise InputError(failure, f"'{called[0]}' has no place on the globe", HINT)
            yield NamedPlace(called, every, place)


def _fields(layer: Any, failure: str) -> tuple[list[int], list[int]]:
    """Numbers of the fields that hold names, and of all that hold texts."""
    from osgeo import ogr

    definition = layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(number) for number in range(definition.GetFieldCount())]
    texts = [number for number, field in enumerate(fields) if field.GetType() == ogr.OFTString]
    if not texts:
        raise InputError(failure, "it has no field of texts", HINT)
    lower = {number: fields[number].GetName().lower() for number in texts}
    names = [
        number for number, name in lower.items() if name.startswith(NAMES) or name.endswith("name")
    ]
    return names or texts, texts


def _text(feature: Any, field: int) -> str:
    value = feature.GetFieldAsString(field)
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.strip()


def _geometry(feature: Any, there: Any) -> dict[str, Any] | None:
    """GeoJSON in degrees; a line as the box around it."""
    from osgeo import ogr

    geometry = feature.GetGeometryRef()
    if geometry is None or geometry.IsEmpty():
        return None
    geometry = geometry.GetLinearGeometry().Clone()
    geometry.FlattenTo2D()
    if there is not None and geometry.Transform(there):
        return None
    west, east, south, north = geometry.GetEnvelope()
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return None
    kind = ogr.GT_Flatten(geometry.GetGeometryType())
    if kind in (ogr.wkbPolygon, ogr.wkbMultiPolygon):
        shape: dict[str, Any] = json.loads(geometry.ExportToJson())
        return shape
    if west == east and south == north:
        return {"type": "Point", "coordinates": [west, south]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
