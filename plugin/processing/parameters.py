"""A declared parameter ↔ its Processing counterpart, both ways, for every kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    NULL,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMatrix,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingUtils,
    QgsProperty,
)
from qgis.PyQt.QtCore import QCoreApplication, Qt

from ...core.params import Param
from ..aoi import lonlat_bounds
from ..compat import (
    DATE_ONLY,
    FILE_BEHAVIOUR,
    FLAG_ADVANCED,
    FOLDER_BEHAVIOUR,
    NUMBER_DOUBLE,
    NUMBER_INTEGER,
    RASTER_SOURCES,
    VECTOR_POLYGON,
)

OUTPUT_KINDS = ("raster_out", "vector_out", "folder_out")
LAYER_KINDS = ("raster_out", "vector_out")
_EXTENT = re.compile(
    r"^\s*([^,\s\[]+)\s*,\s*([^,\s\[]+)\s*,\s*([^,\s\[]+)\s*,\s*([^,\s\[]+)\s*(?:\[(.*)\])?\s*$"
)


def key(param: Param) -> str:
    """The parameter's name in Processing."""
    return param.name.upper()


def make_definition(param: Param) -> QgsProcessingParameterDefinition:
    """The Processing parameter of a declared one.

    Parameters
    ----------
    param : Param
        Of any kind in ``core.params.KINDS``.
    """
    definition = _MAKERS[param.kind](param, QCoreApplication.translate("FirstLight", param.title))
    if param.help:
        definition.setHelp(QCoreApplication.translate("FirstLight", param.help))
    if param.advanced:
        definition.setFlags(definition.flags() | FLAG_ADVANCED)
    return definition


def read_value(
    algorithm: QgsProcessingAlgorithm,
    param: Param,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> Any:
    """What the user gave, in the form that ``Operation.make_params`` takes; ``None`` where nothing
    was given.

    Parameters
    ----------
    algorithm : QgsProcessingAlgorithm
        Whose parameters these are.
    param : Param
        Which one.
    parameters : mapping
        As Processing hands them over.
    context : QgsProcessingContext
        As Processing hands it over.

    Raises
    ------
    AreaError
        If an area is empty or lies off the globe.
    """
    name = key(param)
    given = {word: value for word, value in parameters.items() if not is_nothing(value)}
    if name not in given and (param.default is None or param.default == ()):
        return None
    return _READERS[param.kind](
        algorithm, name, given, context
    )  # what is left out has its default filled in there


def is_nothing(value: Any) -> bool:
    """Empty fields of forms, models and the command line come as ``None``, as a null variant or as
    an empty text.
    """
    return value is None or value == NULL or (isinstance(value, str) and not value.strip())


def is_file(value: Any) -> bool:
    """Whether a value is the path of a file, rather than the name of a layer."""
    return isinstance(value, str) and Path(value).is_file()


def are_files(value: Any) -> bool:
    """As :func:`is_file`, of each one where there are several."""
    return all(map(is_file, value)) if isinstance(value, (list, tuple)) else is_file(value)


def with_suffix(param: Param, value: Any) -> Any:
    """A destination with the parameter's own suffix where Processing would make up a name.

    Processing has one default suffix for all rasters of a provider; a stack is a VRT and an index
    is a GeoTIFF.
    """
    if param.kind not in LAYER_KINDS or not param.suffix:
        return value
    made_up = QgsProcessingUtils.generateTempFilename(f"{param.name}{param.suffix}")
    if value == "TEMPORARY_OUTPUT":
        return made_up
    if (
        isinstance(value, QgsProcessingOutputLayerDefinition)
        and value.sink.staticValue() == "TEMPORARY_OUTPUT"
    ):
        changed = QgsProcessingOutputLayerDefinition(value)
        changed.sink = QgsProperty.fromValue(made_up)
        return changed
    return value


def _area(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> str:
    value = parameters[name]
    found = _EXTENT.match(value) if isinstance(value, str) else None
    if found and _in_degrees(algorithm, name, parameters, context, found[5]):
        # Read as written: QgsRectangle would put west < east and south < north, whatever was meant.
        west, east, south, north = found.group(1, 2, 3, 4)
        return f"{west},{south},{east},{north}"
    rectangle = algorithm.parameterAsExtent(parameters, name, context)
    crs = algorithm.parameterAsExtentCrs(parameters, name, context)
    return ",".join(
        f"{edge:.9f}" for edge in lonlat_bounds(rectangle, crs, context.transformContext())
    )


def _in_degrees(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    written_crs: str | None,
) -> bool:
    if written_crs is not None:
        return written_crs.strip().upper() in ("EPSG:4326", "OGC:CRS84")
    crs = algorithm.parameterAsExtentCrs(parameters, name, context)
    return not crs.isValid() or crs.authid() in ("EPSG:4326", "OGC:CRS84")


def _date(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> str:
    if isinstance(parameters[name], str):
        return str(parameters[name])  # core reads it, and says what is wrong with it
    moment = algorithm.parameterAsDateTime(parameters, name, context)
    return str(moment.date().toString(Qt.DateFormat.ISODate))


def _raster(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> str:
    value = parameters[name]
    if is_file(value):
        return str(value)  # not opened here: core opens it, and says what is wrong with it
    layer = algorithm.parameterAsRasterLayer(parameters, name, context)
    return str(layer.source()) if layer is not None else str(value)


def _rasters(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> tuple[str, ...]:
    value = parameters[name]
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(
        _raster(algorithm, name, {**parameters, name: one}, context)
        for one in given
        if not is_nothing(one)
    )


def _band_files(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> tuple[str, ...]:
    flat = [
        str(cell or "").strip() for cell in algorithm.parameterAsMatrix(parameters, name, context)
    ]
    rows = zip(flat[0::2], flat[1::2])
    return tuple(f"{band}={path}" for band, path in rows if band or path)


def _choice(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> str:
    # A word is passed on as it is: Processing turns one it does not know into nothing, core says
    # what is wrong with it.
    value = parameters.get(name)
    return (
        value
        if isinstance(value, str)
        else str(algorithm.parameterAsEnumString(parameters, name, context))
    )


def _choices(
    algorithm: QgsProcessingAlgorithm,
    name: str,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> Any:
    value = parameters.get(name)
    if isinstance(value, (str, list, tuple)):
        return value
    return tuple(algorithm.parameterAsEnumStrings(parameters, name, context))


def _make_enum(param: Param, title: str) -> QgsProcessingParameterDefinition:
    many = param.kind == "choices"
    default = list(param.default or ()) if many else param.default
    return QgsProcessingParameterEnum(
        key(param),
        title,
        list(param.choices),
        many,
        default or None,
        optional=not param.required,
        usesStaticStrings=True,
    )


def _make_number(param: Param, title: str) -> QgsProcessingParameterDefinition:
    kind = NUMBER_INTEGER if param.kind == "integer" else NUMBER_DOUBLE
    definition = QgsProcessingParameterNumber(
        key(param), title, kind, param.default, optional=not param.required
    )
    if param.minimum is not None:
        definition.setMinimum(param.minimum)
    if param.maximum is not None:
        definition.setMaximum(param.maximum)
    return definition


def _make_text(param: Param, title: str) -> QgsProcessingParameterDefinition:
    default = ",".join(param.default) if isinstance(param.default, tuple) else param.default
    return QgsProcessingParameterString(
        key(param), title, default or None, optional=not param.required
    )


def _make_raster_out(param: Param, title: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterRasterDestination(
        key(param), title, None, not param.required, param.required
    )


def _make_vector_out(param: Param, title: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterVectorDestination(
        key(param), title, VECTOR_POLYGON, None, not param.required, param.required
    )


def _make_folder_out(param: Param, title: str) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFolderDestination(
        key(param), title, None, not param.required, param.required
    )


_MAKERS: dict[str, Callable[[Param, str], QgsProcessingParameterDefinition]] = {
    "area": lambda p, title: QgsProcessingParameterExtent(key(p), title, p.default, not p.required),
    "catalog": _make_text,
    "date": lambda p, title: QgsProcessingParameterDateTime(
        key(p), title, DATE_ONLY, p.default, not p.required
    ),
    "choice": _make_enum,
    "choices": _make_enum,
    "text": _make_text,
    "bands": _make_text,
    "integer": _make_number,
    "number": _make_number,
    "flag": lambda p, title: QgsProcessingParameterBoolean(
        key(p), title, p.default, not p.required
    ),
    "band_files": lambda p, title: QgsProcessingParameterMatrix(
        key(p), title, 4, False, ["Band", "File"], None, not p.required
    ),
    "file_in": lambda p, title: QgsProcessingParameterFile(
        key(p), title, FILE_BEHAVIOUR, defaultValue=p.default, optional=not p.required
    ),
    # one folder here: it is searched with all that is below, and the command line takes several
    "folders_in": lambda p, title: QgsProcessingParameterFile(
        key(p), title, FOLDER_BEHAVIOUR, defaultValue=None, optional=not p.required
    ),
    "raster_in": lambda p, title: QgsProcessingParameterRasterLayer(
        key(p), title, p.default, not p.required
    ),
    "rasters_in": lambda p, title: QgsProcessingParameterMultipleLayers(
        key(p), title, RASTER_SOURCES, None, not p.required
    ),
    "raster_out": _make_raster_out,
    "vector_out": _make_vector_out,
    "folder_out": _make_folder_out,
}

_READERS: dict[
    str, Callable[[QgsProcessingAlgorithm, str, dict[str, Any], QgsProcessingContext], Any]
] = {
    "area": _area,
    "catalog": lambda alg, name, values, context: alg.parameterAsString(values, name, context),
    "date": _date,
    "choice": _choice,
    "choices": _choices,
    "text": lambda alg, name, values, context: alg.parameterAsString(values, name, context),
    "bands": lambda alg, name, values, context: alg.parameterAsString(values, name, context),
    "integer": lambda alg, name, values, context: alg.parameterAsInt(values, name, context),
    "number": lambda alg, name, values, context: alg.parameterAsDouble(values, name, context),
    "flag": lambda alg, name, values, context: alg.parameterAsBoolean(values, name, context),
    "band_files": _band_files,
    "file_in": lambda alg, name, values, context: alg.parameterAsFile(values, name, context),
    "folders_in": lambda alg, name, values, context: alg.parameterAsFile(values, name, context),
    "raster_in": _raster,
    "rasters_in": _rasters,
    "raster_out": lambda alg, name, values, context: alg.parameterAsFileOutput(
        values, name, context
    ),
    "vector_out": lambda alg, name, values, context: alg.parameterAsFileOutput(
        values, name, context
    ),
    "folder_out": lambda alg, name, values, context: alg.parameterAsFileOutput(
        values, name, context
    ),
}
