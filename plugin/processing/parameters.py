"""A declared parameter ↔ its Processing counterpart, both ways, for every kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    NULL,
    QgsGeometry,
    QgsMapLayer,
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
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMatrix,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingParameterVectorLayer,
    QgsProcessingUtils,
    QgsProperty,
    QgsReferencedGeometry,
)
from qgis.PyQt.QtCore import QCoreApplication

from ...core.errors import AreaError
from ...core.params import AREA_HELP, Kind, Param
from ...core.text import is_address
from ..compat import (
    DATE_AND_TIME,
    FILE_BEHAVIOUR,
    FLAG_ADVANCED,
    FOLDER_BEHAVIOUR,
    NUMBER_DOUBLE,
    NUMBER_INTEGER,
    RASTER_SOURCES,
    VECTOR_POLYGON,
    VECTOR_SOURCES,
)
from ..language import said

if TYPE_CHECKING:
    from ...core.types import Aoi

PROCESSING_AREA_HELP = (
    "An extent: west,east,south,north in degrees, another system's with its name behind: "
    "500000,510000,4600000,4610000 [EPSG:32631]. Or a layer of polygons."
)
UNLIKELY = 100
"""An extent that is so many times larger than it would be as west,south,east,north was written
in that order.
"""
LAYER_KINDS = (Kind.RASTER_OUT, Kind.VECTOR_OUT)
CHOICE_KINDS = (Kind.CHOICE, Kind.CHOICES, Kind.SENSOR, Kind.EVENT)
_EXTENT = (
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
        Of any kind.
    """
    definition = HOOKS[param.kind].make(param, said(param.title))
    if param.help:
        definition.setHelp(help_text(param))
    if param.advanced:
        definition.setFlags(definition.flags() | FLAG_ADVANCED)
    return definition


def help_text(param: Param) -> str:
    """A parameter's help as it holds in Processing, where an area has other words and another
    order of its edges.
    """
    text = param.help
    if param.kind is Kind.AREA:
        text = text.replace(AREA_HELP, PROCESSING_AREA_HELP)
    text = said(text)
    words = "; ".join(
        f"{choice}: {said(label)}"
        for choice, label in zip(param.choices, param.labels)
        if label.lower() != str(choice)
    )
    if words:
        text = _tr("{help} The words: {words}.").format(help=text, words=words)
    if param.kind is Kind.CATALOG and param.choices:
        names = ", ".join(map(str, param.choices))
        text = _tr("{help} Known: {names}.").format(help=text, names=names)
    return text


def words_of(param: Param, value: Any) -> Any:
    """A choice by its word where its number is given, as QGIS's own help of the command line says
    of every list; what is a word already stays so.
    """
    if param.kind not in CHOICE_KINDS:
        return value
    if isinstance(value, (list, tuple)):
        return [_word(param, one) for one in value]
    if isinstance(value, str) and param.kind is Kind.CHOICES:
        return ",".join(str(_word(param, one)) for one in value.split(","))
    return _word(param, value)


def _word(param: Param, value: Any) -> Any:
    words, text = [str(choice) for choice in param.choices], str(value).strip()
    if text in words or not text.isdecimal() or int(text) >= len(words):
        return value
    return words[int(text)]


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))


@dataclass(frozen=True)
class Given:
    """The values of a run, and the parameter that is read of them."""

    algorithm: QgsProcessingAlgorithm
    name: str
    values: dict[str, Any]
    """Without those that are nothing."""
    context: QgsProcessingContext

    @property
    def value(self) -> Any:
        """The parameter's own value; None where its default counts."""
        return self.values.get(self.name)

    def read_as(self, read: Callable[..., Any]) -> Any:
        """The value as one of Processing's own readers gives it."""
        return read(self.algorithm, self.values, self.name, self.context)


def read_value(
    algorithm: QgsProcessingAlgorithm,
    param: Param,
    parameters: Mapping[str, Any],
    context: QgsProcessingContext,
) -> Any:
    """A value in the form that ``Operation.make_params`` takes; ``None`` where nothing was given.

    Parameters
    ----------
    algorithm : QgsProcessingAlgorithm
        Owner of the parameters.
    param : Param
        The one to read.
    parameters : mapping
        Values as Processing hands them over.
    context : QgsProcessingContext
        Context as Processing hands it over.

    Raises
    ------
    AreaError
        If an area is empty or lies off the globe.
    """
    values = {name: value for name, value in parameters.items() if not is_nothing(value)}
    if key(param) in values:
        values[key(param)] = words_of(param, values[key(param)])
    if key(param) not in values and (param.default is None or param.default == ()):
        return None
    # what is left out has its default filled in there
    return HOOKS[param.kind].read(Given(algorithm, key(param), values, context))


def is_nothing(value: Any) -> bool:
    """Empty fields of forms, models and the command line come as ``None``, as a null variant or as
    an empty text.
    """
    return value is None or value == NULL or (isinstance(value, str) and not value.strip())


def is_file(value: Any) -> bool:
    """Tell whether a value is the path of a file or a folder, rather than the name of a layer."""
    return isinstance(value, str) and Path(value).exists()


def are_files(value: Any) -> bool:
    """Tell it of each value where there are several."""
    return all(map(is_file, value)) if isinstance(value, (list, tuple)) else is_file(value)


def with_suffix(param: Param, value: Any) -> Any:
    """A destination with the parameter's own suffix where Processing would make up a name."""
    if param.kind not in LAYER_KINDS or not param.suffix:
        return value
    return suffixed(param.name, param.suffix, value)


def suffixed(name: str, suffix: str, value: Any) -> Any:
    """A destination with a suffix of its own where Processing would make up a name.

    Processing has one default suffix for all rasters of a provider; a stack is a VRT and an index
    is a GeoTIFF.
    """
    made_up = QgsProcessingUtils.generateTempFilename(f"{name}{suffix}")
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


def _area(given: Given) -> Aoi | str:
    """A polygon, where a geometry or a layer of polygons is given; else the box of an extent."""
    # Here, so that QGIS starts without it.
    from ..aoi import area_of_geometry, area_of_layer, area_of_rectangle, lonlat_crs

    value, transforms = given.value, given.context.transformContext()
    match = re.match(_EXTENT, value) if isinstance(value, str) else None
    if match and _in_degrees(given, match[5]):
        # Read as written: QgsRectangle would put west < east and south < north, whatever was meant.
        west, east, south, north = match.group(1, 2, 3, 4)
        _check_order(west, east, south, north)
        return f"{west},{south},{east},{north}"
    if isinstance(value, QgsReferencedGeometry):
        return area_of_geometry(value, value.crs(), transforms)
    if isinstance(value, QgsGeometry):
        return area_of_geometry(value, lonlat_crs(), transforms)
    layer = value if isinstance(value, QgsMapLayer) else None
    if isinstance(value, str) and match is None:
        layer = QgsProcessingUtils.mapLayerFromString(value, given.context)
    if layer is not None:
        return area_of_layer(layer)
    rectangle = given.read_as(QgsProcessingAlgorithm.parameterAsExtent)
    crs = given.read_as(QgsProcessingAlgorithm.parameterAsExtentCrs)
    return area_of_rectangle(rectangle, crs, transforms)


def _check_order(*written: str) -> None:
    """Refuse four numbers in the order of the command line: they make another box here, often one
    as large as a continent.

    Raises
    ------
    AreaError
        If they can be read so, as a much smaller box.
    """
    try:
        first, second, third, last = map(float, written)
    except ValueError:
        return  # core says what is wrong with it
    here = abs(second - first) * abs(last - third)
    there = (third - first) * (last - second)
    if third > first and last > second and here > UNLIKELY * there:
        raise AreaError(
            f"Area {','.join(written)} is not what was meant",
            "an extent is west,east,south,north, and these seem to be west,south,east,north",
            f"Write {written[0]},{written[2]},{written[1]},{written[3]} instead.",
        )


def _in_degrees(given: Given, written_crs: str | None) -> bool:
    if written_crs is not None:
        return written_crs.strip().upper() in ("EPSG:4326", "OGC:CRS84")
    crs = given.read_as(QgsProcessingAlgorithm.parameterAsExtentCrs)
    return not crs.isValid() or crs.authid() in ("EPSG:4326", "OGC:CRS84")


def _date(given: Given) -> str:
    """A time as its widget shows it, which is meant in UTC; at midnight it is the whole day, since
    the widget cannot say that otherwise.
    """
    if isinstance(given.value, str):
        text = given.value  # core reads it, and says what is wrong with it
    else:
        moment = given.read_as(QgsProcessingAlgorithm.parameterAsDateTime)
        text = str(moment.toString("yyyy-MM-ddTHH:mm:ss"))
    return re.sub(r"T00:00:00(\.0+)?$", "", text.strip())


def _raster(given: Given) -> str:
    if is_file(given.value):
        return str(given.value)  # not opened here: core opens it, and says what is wrong with it
    layer = given.read_as(QgsProcessingAlgorithm.parameterAsRasterLayer)
    return str(layer.source()) if layer is not None else str(given.value)


def _layer(given: Given) -> str:
    text = str(given.value)
    if is_file(text.partition("|")[0]):
        return text
    layer = given.read_as(QgsProcessingAlgorithm.parameterAsLayer)
    return str(layer.source()) if layer is not None else text


def _source(given: Given) -> str:
    return str(given.value) if is_address(given.value) else _raster(given)


def _rasters(given: Given) -> tuple[str, ...]:
    items = given.value if isinstance(given.value, (list, tuple)) else [given.value]
    return tuple(
        _raster(replace(given, values={**given.values, given.name: item}))
        for item in items
        if not is_nothing(item)
    )


def _band_files(given: Given) -> tuple[str, ...]:
    matrix = given.read_as(QgsProcessingAlgorithm.parameterAsMatrix)
    cells = [str(cell or "").strip() for cell in matrix]
    rows = zip(cells[0::2], cells[1::2])
    return tuple(f"{band}={path}" for band, path in rows if band or path)


def _choice(given: Given) -> str:
    # A word is passed on as it is: Processing turns one it does not know into nothing, core says
    # what is wrong with it.
    if isinstance(given.value, str):
        return given.value
    return str(given.read_as(QgsProcessingAlgorithm.parameterAsEnumString))


def _choices(given: Given) -> Any:
    if isinstance(given.value, (str, list, tuple)):
        return given.value
    return tuple(given.read_as(QgsProcessingAlgorithm.parameterAsEnumStrings))


def _reader(read: Callable[..., Any]) -> Callable[[Given], Any]:
    return lambda given: given.read_as(read)


_text = _reader(QgsProcessingAlgorithm.parameterAsString)
_file = _reader(QgsProcessingAlgorithm.parameterAsFile)
_output = _reader(QgsProcessingAlgorithm.parameterAsFileOutput)


def _make_enum(param: Param, title: str) -> QgsProcessingParameterDefinition:
    many = param.kind is Kind.CHOICES
    default = list(param.default or ()) if many else param.default and str(param.default)
    return QgsProcessingParameterEnum(
        key(param),
        title,
        [str(choice) for choice in param.choices],
        many,
        default or None,
        optional=not param.required,
        usesStaticStrings=True,
    )


def _make_number(param: Param, title: str) -> QgsProcessingParameterDefinition:
    kind = NUMBER_INTEGER if param.kind is Kind.INTEGER else NUMBER_DOUBLE
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


def _make_catalog(param: Param, title: str) -> QgsProcessingParameterDefinition:
    """A text, which dialogs show as a list into which an address can be typed."""
    definition = _make_text(param, title)
    names = [str(choice) for choice in param.choices]
    # By its path: it needs Processing's own widgets, which are there when a dialog opens.
    place = f"{__package__}.catalog_widget.CatalogWidget"
    definition.setMetadata({"widget_wrapper": {"class": place, "names": names}})
    return definition


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


@dataclass(frozen=True)
class Hook:
    """A kind of parameter in Processing: its definition, and how its value is read."""

    make: Callable[[Param, str], QgsProcessingParameterDefinition]
    read: Callable[[Given], Any]


HOOKS: Mapping[Kind, Hook] = {
    Kind.AREA: Hook(
        lambda p, title: QgsProcessingParameterExtent(key(p), title, p.default, not p.required),
        _area,
    ),
    Kind.CATALOG: Hook(_make_catalog, _text),
    Kind.SENSOR: Hook(_make_enum, _choice),
    Kind.EVENT: Hook(_make_enum, _choice),
    Kind.DATE: Hook(
        lambda p, title: QgsProcessingParameterDateTime(
            key(p), title, DATE_AND_TIME, p.default, not p.required
        ),
        _date,
    ),
    Kind.CHOICE: Hook(_make_enum, _choice),
    Kind.CHOICES: Hook(_make_enum, _choices),
    Kind.TEXT: Hook(_make_text, _text),
    Kind.INTEGER: Hook(
        _make_number,
        _reader(QgsProcessingAlgorithm.parameterAsInt),
    ),
    Kind.NUMBER: Hook(
        _make_number,
        _reader(QgsProcessingAlgorithm.parameterAsDouble),
    ),
    Kind.FLAG: Hook(
        lambda p, title: QgsProcessingParameterBoolean(key(p), title, p.default, not p.required),
        _reader(QgsProcessingAlgorithm.parameterAsBoolean),
    ),
    Kind.BANDS: Hook(_make_text, _text),
    Kind.BAND_FILES: Hook(
        lambda p, title: QgsProcessingParameterMatrix(
            key(p), title, 4, False, ["Band", "File"], None, not p.required
        ),
        _band_files,
    ),
    Kind.FILE_IN: Hook(
        lambda p, title: QgsProcessingParameterFile(
            key(p), title, FILE_BEHAVIOUR, defaultValue=p.default, optional=not p.required
        ),
        _file,
    ),
    # one folder here: it is searched with all that is below, and the command line takes several
    Kind.FOLDERS_IN: Hook(
        lambda p, title: QgsProcessingParameterFile(
            key(p), title, FOLDER_BEHAVIOUR, defaultValue=None, optional=not p.required
        ),
        _file,
    ),
    Kind.RASTER_IN: Hook(
        lambda p, title: QgsProcessingParameterRasterLayer(
            key(p), title, p.default, not p.required
        ),
        _raster,
    ),
    Kind.SOURCE_IN: Hook(
        lambda p, title: QgsProcessingParameterRasterLayer(
            key(p), title, p.default, not p.required
        ),
        _source,
    ),
    Kind.VECTOR_IN: Hook(
        lambda p, title: QgsProcessingParameterVectorLayer(
            key(p), title, [VECTOR_SOURCES], p.default, not p.required
        ),
        _layer,
    ),
    Kind.LAYER_IN: Hook(
        lambda p, title: QgsProcessingParameterMapLayer(
            key(p), title, p.default, not p.required, [RASTER_SOURCES, VECTOR_SOURCES]
        ),
        _layer,
    ),
    Kind.RASTERS_IN: Hook(
        lambda p, title: QgsProcessingParameterMultipleLayers(
            key(p), title, RASTER_SOURCES, None, not p.required
        ),
        _rasters,
    ),
    Kind.RASTER_OUT: Hook(_make_raster_out, _output),
    Kind.VECTOR_OUT: Hook(_make_vector_out, _output),
    Kind.FOLDER_OUT: Hook(_make_folder_out, _output),
}
