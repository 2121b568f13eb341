"""What is optional is empty until somebody fills it in: in every dialog of the toolbox and every
form of the dock, in a project whose rasters and polygons could be taken for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingParameterDefinition,
    QgsProject,
)
from qgis.gui import QgsGui, QgsProcessingGui

from firstlight.core.doors.operation_index import declared_operations
from firstlight.core.params import Door, Kind
from firstlight.plugin.processing.parameters import is_nothing
from firstlight.ui.fields.parameter_form import ParameterForm
from support.map_layers import add_layers
from support.polygon_layer import add_polygons, box_wkt
from support.qgis_fixtures import make_stack
from support.rasters import write_raster

from .test_layers import index_output, stack_output

LAYER_TYPES = {"raster", "source", "maplayer", "vector", "multilayer"}
"""Types of Processing's parameters that a layer of the project fits."""
LAYER_KINDS = {Kind.RASTER_IN, Kind.SOURCE_IN, Kind.VECTOR_IN, Kind.LAYER_IN, Kind.RASTERS_IN}
OPTIONAL = QgsProcessingParameterDefinition.FlagOptional
OPERATIONS = declared_operations()


@pytest.fixture(autouse=True)
def _layers(project: QgsProject, tmp_path: Path) -> None:
    """A stack of several bands first, then one of a single band, and polygons."""
    stack = stack_output(make_stack(tmp_path / "stack.tif"))
    band = index_output(write_raster(tmp_path / "band.tif"))
    add_layers([band, stack], project)
    add_polygons(box_wkt(10, 46, 11, 47))
    assert len(project.mapLayers()) == 3


def dialog_value(definition: QgsProcessingParameterDefinition) -> object:
    """What stands in the field of a parameter when its dialog is opened."""
    registry = QgsGui.processingGuiRegistry()
    wrapper = registry.createParameterWidgetWrapper(definition, QgsProcessingGui.Standard)
    held = wrapper.createWrappedWidget(QgsProcessingContext())
    try:
        return wrapper.parameterValue()
    finally:
        held.deleteLater()


def test_no_dialog_of_the_toolbox_fills_in_an_optional_layer(toolbox: None) -> None:
    filled, seen = {}, 0
    algorithms = QgsApplication.processingRegistry().providerById("firstlight").algorithms()
    for listed in algorithms:
        algorithm = listed.create()
        for definition in algorithm.parameterDefinitions():
            if definition.type() in LAYER_TYPES and definition.flags() & OPTIONAL:
                seen += 1
                value = dialog_value(definition)
                if not is_nothing(value) and value != []:
                    filled[f"{algorithm.id()} {definition.name()}"] = value
    assert seen > 20, "the types have other names now"
    assert filled == {}


def test_a_required_layer_is_proposed_by_qgis_as_ever(toolbox: None) -> None:
    """The test above sees what a dialog fills in."""
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("firstlight:index")
    assert not is_nothing(dialog_value(algorithm.parameterDefinition("STACK")))


@pytest.mark.parametrize("name", [one.name for one in OPERATIONS])
def test_no_form_of_the_dock_fills_in_an_optional_layer(name: str, qgis_app: object) -> None:
    [operation] = [one for one in OPERATIONS if one.name == name]
    form = ParameterForm(operation, lambda: None)
    optional = [
        param
        for param in operation.parameters(Door.DOCK)
        if param.kind in LAYER_KINDS and not param.required
    ]
    filled = {param.name: form.fields[param.name].value() for param in optional}
    assert {key: value for key, value in filled.items() if value} == {}
    form.deleteLater()
