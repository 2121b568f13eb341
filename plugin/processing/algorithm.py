"""One Processing algorithm for every operation, made from its declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputFolder,
    QgsProcessingOutputNumber,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputString,
    QgsProcessingOutputVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QObject, QUrl
from qgis.PyQt.QtGui import QIcon

from ...core.enums import Status
from ...core.errors import FirstLightError, known
from ...core.params import Door, Kind, Output, OutputKind
from ...core.text import is_address, shown
from ..compat import VECTOR_POLYGON
from ..language import said
from .copies import SUFFIXES, is_copied, make_copy_definition, save_copies
from .first_pair import first_pair
from .parameters import (
    LAYER_KINDS,
    are_files,
    help_text,
    is_nothing,
    key,
    make_definition,
    read_value,
    suffixed,
    with_suffix,
    words_of,
)

if TYPE_CHECKING:
    from ...core.operation import Declared, LayerOutput, OperationResult
    from ...core.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
ICONS = Path(__file__).resolve().parents[2] / "resources" / "icons"
"""One for each group, named by its id."""
_MODEL_FEEDBACKS = ("QgsProcessingMultiStepFeedback", "QgsProcessingModelFeedback")
OUTPUTS: Mapping[str, Callable[[str, str], QgsProcessingOutputDefinition]] = {
    OutputKind.TEXT: QgsProcessingOutputString,
    OutputKind.NUMBER: QgsProcessingOutputNumber,
    OutputKind.RASTER: QgsProcessingOutputRasterLayer,
    OutputKind.STACK: QgsProcessingOutputRasterLayer,
    OutputKind.VECTOR: lambda name, title: QgsProcessingOutputVectorLayer(
        name, title, VECTOR_POLYGON
    ),
    OutputKind.FOLDER: QgsProcessingOutputFolder,
}


def algorithm_id(operation: Declared) -> str:
    """The operation's name in Processing: the same without hyphens."""
    return operation.name.replace("-", "")


FILES_OR_LAYERS = (
    *(Kind.RASTER_IN, Kind.SOURCE_IN, Kind.RASTERS_IN, Kind.FILE_IN),
    *(Kind.VECTOR_IN, Kind.LAYER_IN),
)
"""Kinds of which a file need be no layer that QGIS can open: core says what is wrong with it."""


class OperationAlgorithm(QgsProcessingAlgorithm):
    """An operation as a Processing algorithm: in the toolbox, in models, in batch and in
    ``qgis_process``.

    What it declares is known without the operation, which is imported when it is to run: QGIS
    makes all algorithms while it starts.

    Parameters
    ----------
    operation : Declared
        What it runs.
    icon : QIcon
        What the toolbox shows beside it where its group has none.
    """

    def __init__(self, operation: Declared, icon: QIcon) -> None:
        super().__init__()
        self.operation = operation
        self._icon = icon
        self._group_icon: QIcon | None = None
        self._declared = operation.parameters(Door.PROCESSING)
        taken = {key(param) for param in self._declared}
        self._copied = tuple(
            output
            for output in operation.outputs
            if is_copied(output) and output.name.upper() not in taken
        )
        self._values: dict[str, Any] = {}
        self._settings: Callable[[], Settings] | None = None
        self._result: OperationResult | None = None

    def createInstance(self) -> OperationAlgorithm:
        """A new one of the same kind; QGIS asks for one for each run."""
        return OperationAlgorithm(self.operation, self._icon)

    def name(self) -> str:
        """The id after ``firstlight:``."""
        return algorithm_id(self.operation)

    def displayName(self) -> str:
        """Title that the toolbox shows."""
        return said(self.operation.title)

    def group(self) -> str:
        """The folder in the toolbox."""
        return said(self.operation.group)

    def groupId(self) -> str:
        """The folder's id."""
        return self.operation.group.lower().replace(" ", "")

    def icon(self) -> QIcon:
        """That of its group; FirstLight's own where that has none."""
        if self._group_icon is None:  # not at QGIS's start: a toolbox asks when it is shown
            path = ICONS / f"{self.groupId()}.svg"
            self._group_icon = QIcon(str(path)) if path.is_file() else self._icon
        return self._group_icon

    def shortDescription(self) -> str:
        """One sentence."""
        return said(self.operation.summary)

    def helpUrl(self) -> str:
        """The page of the guide that came with the plugin."""
        page = "algorithms.md" if self.operation.algorithm else "user-guide.md"
        return str(QUrl.fromLocalFile(str(DOCS / page)).toString())

    def shortHelpString(self) -> str:
        """Summary, and a line for each parameter."""
        from html import escape  # not at QGIS's start

        lines = [f"<p>{escape(said(text))}</p>" for text in self.operation.about()]
        lines += [
            f"<p><b>{escape(said(param.title))}</b>: {escape(help_text(param))}</p>"
            for param in self._declared
            if param.help
        ]
        return "\n".join(lines)

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        shown_first = first_pair(self._declared)
        for param in self._declared:
            definition = make_definition(param)
            if param.name in shown_first:
                definition.setGuiDefaultValueOverride(shown_first[param.name])
            self.addParameter(definition)
        for output in self.operation.outputs:
            if output in self._copied:  # which declares the output as well
                self.addParameter(make_copy_definition(output))
            else:
                self.addOutput(_make_output(output))

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Refuse bad values before anything runs, in the words of the operation itself where it has
        any.

        A file that is there but is no raster is let through: Processing would say that it was not
        found. So is a scene's folder, which it takes for a file without its ending.
        """
        try:
            self._read(parameters, context)
        except FirstLightError as error:
            return False, str(error)
        files = {
            key(p)
            for p in self._declared
            if p.kind in FILES_OR_LAYERS
            and (are_files(parameters.get(key(p))) or is_address(parameters.get(key(p))))
        }
        params = {key(param): param for param in self._declared}
        for definition in self.parameterDefinitions():
            name = definition.name()
            value = None if is_nothing(parameters.get(name)) else parameters[name]
            if value is not None and name in params:
                value = words_of(params[name], value)
            if name not in files and not definition.checkValueIsAcceptable(value, context):
                return False, _tr("{title} ({name}) cannot be {value!r}.").format(
                    title=definition.description(), name=name, value=value
                )
        return True, ""

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> bool:
        """Read the values on the main thread, where the project's layers live."""
        from ..settings_store import settings_reader

        self._settings = settings_reader()
        try:
            self._values = self._read(parameters, context)
        except FirstLightError as error:
            raise QgsProcessingException(str(error)) from error
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the operation; a failure is raised with its whole sentence."""
        from ..messages import WORDING
        from ..monitors import FeedbackMonitor

        operation = self.operation.load()
        # Targets are asked for here, because layers to load that are noted on the main thread's
        # context are forgotten when the results of the run's own context replace them.
        self._values |= self._targets(parameters, context)
        copies = self._copies(parameters, context)
        try:
            params = WORDING.make_params(operation, self._values)
            settings = known(self._settings, "the run was prepared before")
            monitor = FeedbackMonitor(feedback)
            result = WORDING.run(operation, params, settings(), monitor)
        except FirstLightError as error:
            raise QgsProcessingException(str(error)) from error
        if result.status == Status.FAILED:
            raise QgsProcessingException(result.text)
        monitor.warn(result.warnings)
        if result.status == Status.PARTIAL:
            feedback.reportError(result.text)
        else:
            feedback.pushInfo(result.text)
        try:
            result = save_copies(result, copies)
        except FirstLightError as error:
            raise QgsProcessingException(str(error)) from error
        self._result = result
        moved = _written_as_chunks(result, context)
        self._load_others(result, context, feedback)
        targets = {
            key(param): getattr(params, param.name)
            for param in self._declared
            if param.kind.is_output
        }
        outputs = {
            name: moved.get(str(path), str(path))
            for name, path in targets.items()
            if path is not None
        }
        outputs.update({name.upper(): value for name, value in result.outputs.items()})
        return outputs

    def _load_others(
        self, result: OperationResult, context: QgsProcessingContext, feedback: QObject
    ) -> None:
        """Have the layers shown that no destination stands for: those in a folder.

        Not inside a model, whose steps report to a feedback of its own: there the model says what
        is shown.
        """
        project = context.project()
        if project is None or feedback.metaObject().className() in _MODEL_FEEDBACKS:
            return
        for output in result.layers:
            path = str(output.path)
            if not context.willLoadLayerOnCompletion(path):
                title = shown(output.title)
                details = QgsProcessingContext.LayerDetails(title, project, title)
                if hasattr(details, "groupName"):  # since QGIS 3.32
                    details.groupName = shown(output.group)
                context.addLayerToLoadOnCompletion(path, details)

    def postProcessAlgorithm(
        self, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Have the layers that QGIS is going to load styled; on the main thread again."""
        from ..layer_tree import sort_key

        for output in self._result.layers if self._result else ():
            path = str(output.path)
            if context.willLoadLayerOnCompletion(path):
                dresser = LayerDresser(output)
                # Processing does not own it, and this algorithm may be gone before the layer is
                # loaded.
                self.provider().keep_alive(dresser)
                details = context.layerToLoadOnCompletionDetails(path)
                details.setPostProcessor(dresser)
                if hasattr(details, "layerSortKey"):  # since QGIS 3.32
                    details.layerSortKey = sort_key(output)
        return {}

    def _read(self, parameters: Mapping[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
        """All values, by name.

        Raises
        ------
        InputError
            If a value is missing or unusable.
        """
        from ..messages import WORDING

        given = {
            **parameters,
            **{
                key(p): with_suffix(p, parameters.get(key(p)))
                for p in self._declared
                if p.kind in LAYER_KINDS
            },
        }
        values = {param.name: read_value(self, param, given, context) for param in self._declared}
        WORDING.make_params(self.operation.load(), values)
        return values

    def _copies(
        self, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> dict[str, str]:
        """Name of an output → the file that the user wants it in as well."""
        copies = {}
        for output in self._copied:
            name = output.name.upper()
            if not is_nothing(parameters.get(name)):
                made_up = suffixed(output.name, SUFFIXES[output.kind][0], parameters[name])
                wanted = {**parameters, name: made_up}
                copies[output.name] = self.parameterAsOutputLayer(wanted, name, context)
        return copies

    def _targets(
        self, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        """The files of the wanted layers; tells the context which of them to load."""
        targets: dict[str, Any] = {}
        for param in self._declared:
            name = key(param)
            if param.kind in LAYER_KINDS and not is_nothing(parameters.get(name)):
                wanted = {**parameters, name: with_suffix(param, parameters[name])}
                targets[param.name] = self.parameterAsOutputLayer(wanted, name, context)
        return targets


def _written_as_chunks(result: OperationResult, context: QgsProcessingContext) -> dict[str, str]:
    """The files that were asked for as one file and written as chunks: the context is to load the
    VRT in their place.

    Returns
    -------
    dict
        What was asked for → what was written.
    """
    asked = context.layersToLoadOnCompletion()
    written = {str(one.path.with_suffix(".tif")): str(one.path) for one in result.layers}
    moved = {
        old: new for old, new in written.items() if new.lower().endswith(".vrt") and old in asked
    }
    for old, new in moved.items():
        asked[new] = asked.pop(old)
    if moved:
        context.setLayersToLoadOnCompletion(asked)
    return moved


class LayerDresser(QgsProcessingLayerPostProcessorInterface):
    """Gives a result its name, style, day and metadata when Processing has loaded it.

    Parameters
    ----------
    output : LayerOutput
        What the operation says of the layer.
    """

    def __init__(self, output: LayerOutput) -> None:
        super().__init__()
        self._output = output

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called by Processing on the main thread."""
        from ..layer_tree import sort_into_result
        from ..layers import dress_layer

        dress_layer(layer, self._output)
        sort_into_result(layer, self._output)
        layer.triggerRepaint()


def _make_output(output: Output) -> QgsProcessingOutputDefinition:
    return OUTPUTS[output.kind](output.name.upper(), said(output.title))


def _tr(text: str) -> str:
    return str(QCoreApplication.translate("FirstLight", text))
