"""Layers of an algorithm's folder under names of the user's own.

An algorithm that makes a folder of maps lets each of them be saved elsewhere too: the dialogs offer
it like any other output, and a model can end with it. The folder stays whole, whatever becomes of
the copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsCoordinateTransformContext,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterVectorDestination,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ...core.errors import InputError, RasterError
from ...core.params import Output, OutputKind
from ..compat import FLAG_ADVANCED, VECTOR_POLYGON
from ..language import said

if TYPE_CHECKING:
    from ...core.operation import LayerOutput, OperationResult

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    OutputKind.RASTER: (".tif", ".tiff"),
    OutputKind.VECTOR: (".gpkg", ".geojson"),
}
"""Of copies; Processing's own name for a temporary one gets the first."""
DRIVERS = {".geojson": "GeoJSON"}


def is_copied(output: Output) -> bool:
    """Whether an output is a file that is of use anywhere."""
    return output.kind in SUFFIXES


def make_copy_definition(output: Output) -> QgsProcessingParameterDefinition:
    """The destination that may be left out: then the layer stays where the folder has it."""
    name, title = output.name.upper(), said(output.title)
    made: QgsProcessingParameterDefinition
    if output.kind is OutputKind.RASTER:
        made = QgsProcessingParameterRasterDestination(name, title, None, True, False)
    else:
        made = QgsProcessingParameterVectorDestination(
            name, title, VECTOR_POLYGON, None, True, False
        )
    made.setFlags(made.flags() | FLAG_ADVANCED)
    return made


def save_copies(result: OperationResult, targets: Mapping[str, str]) -> OperationResult:
    """Copy layers; the result then has the copies in their place.

    Parameters
    ----------
    result : OperationResult
        Of the run.
    targets : mapping
        Name of an output → file.

    Raises
    ------
    FirstLightError
        If a copy cannot be written, or would be a file of another kind than its name says.
    """
    outputs: dict[str, Any] = dict(result.outputs)
    layers = list(result.layers)
    for name, target in targets.items():
        source = outputs.get(name)
        if not source:
            continue  # a flood without a date before has no flooded land
        save_copy(Path(str(source)), Path(target))
        outputs[name] = target
        layers = [_moved(layer, Path(str(source)), Path(target)) for layer in layers]
    return replace(result, outputs=outputs, layers=tuple(layers))


def _moved(layer: LayerOutput, source: Path, target: Path) -> LayerOutput:
    return replace(layer, path=target) if layer.path == source else layer


def save_copy(source: Path, target: Path) -> None:
    """Write a layer under another name: whole, or not at all."""
    from ...core.files.atomic import WriteFailure, whole_file

    kind = OutputKind.RASTER if source.suffix in SUFFIXES[OutputKind.RASTER] else OutputKind.VECTOR
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES[kind]:
        raise InputError(
            f"The layer {source.name} cannot be saved as {target}",
            f"its name must end in {' or '.join(SUFFIXES[kind])}",
            "Choose another name; the folder of results has it.",
        )
    if target.exists() and target.samefile(source):
        return
    failure = WriteFailure(f"Saving {source.name} as {target} failed")
    with failure.named(target):  # a model's temporary folder is made by whoever writes first
        target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target, failure, empty=False) as part:
        if suffix in DRIVERS:
            named = part.with_name(part.name + suffix)  # the writer wants the suffix
            _convert(source, named, DRIVERS[suffix])
            named.replace(part)
        else:
            import shutil  # not at QGIS's start

            # No link: QGIS edits an outline in its file, and would edit the folder's own as well.
            shutil.copyfile(source, part)


def _convert(source: Path, target: Path, driver: str) -> None:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    layer = QgsVectorLayer(str(source), source.stem, "ogr")
    code, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(target), QgsCoordinateTransformContext(), options
    )
    if code != QgsVectorFileWriter.WriterError.NoError:
        raise RasterError(
            f"Saving {source.name} as {driver} failed", message, "Save it as .gpkg instead."
        )
