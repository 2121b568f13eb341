"""What the toolbox and its dialogs show: groups, icons, lists to choose from; and choices by
number, as QGIS's own help of the command line tells of them.
"""

from __future__ import annotations

from collections import Counter

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtWidgets import QDialog

from firstlight.core.operations.registry import get_operation
from firstlight.core.params import Door
from firstlight.plugin.processing.parameters import read_value, words_of
from support.operations import EVERY

PARAMS = {param.name: param for param in EVERY.parameters(Door.PROCESSING)}
EVENT = next(one for one in get_operation("event").parameters() if one.name == "event")


@pytest.fixture
def algorithms(toolbox):
    return QgsApplication.processingRegistry().providerById("firstlight").algorithms()


def test_no_group_holds_one_algorithm_alone(algorithms):
    sizes = Counter(algorithm.group() for algorithm in algorithms)
    assert min(sizes.values()) > 1, sizes


def test_each_group_has_an_icon_of_its_own(algorithms):
    pictures = {}
    for algorithm in algorithms:
        if algorithm.groupId() != "examples":  # those are models: QGIS's own
            image = algorithm.icon().pixmap(QSize(24, 24)).toImage()
            assert not image.isNull(), algorithm.id()
            pictures.setdefault(algorithm.groupId(), set()).add(bytes(image.bits().asarray(1000)))
    assert all(len(found) == 1 for found in pictures.values())
    assert len(set.union(*pictures.values())) == len(pictures)


@pytest.mark.parametrize(
    ("param", "given", "word"),
    [
        (EVENT, "7", "wildfire"),
        (EVENT, 7, "wildfire"),
        (EVENT, "wildfire", "wildfire"),
        (EVENT, "99", "99"),
        (EVENT, "-1", "-1"),
        (PARAMS["words"], [0, "1"], [str(one) for one in PARAMS["words"].choices[:2]]),
        (PARAMS["words"], "0,1", ",".join(map(str, PARAMS["words"].choices[:2]))),
        (PARAMS["whole"], "1", "1"),
    ],
)
def test_a_choice_may_be_given_by_its_number(param, given, word):
    assert words_of(param, given) == word


def test_a_number_passes_the_check_of_processing(toolbox):
    registry = QgsApplication.processingRegistry()
    algorithm, context = registry.createAlgorithmById("firstlight:event"), QgsProcessingContext()
    values = {
        "EVENT": "7",
        "AREA": "10,11,45,46 [EPSG:4326]",
        "DATE": "2024-07-20",
        "OUTPUT": "TEMPORARY_OUTPUT",
    }
    assert algorithm.checkParameterValues(values, context) == (True, "")
    assert read_value(algorithm, EVENT, values, context) == "wildfire"
    fine, why = algorithm.checkParameterValues({**values, "EVENT": "99"}, context)
    assert not fine
    assert "99" in why


@pytest.fixture
def find_scenes(toolbox):
    return QgsApplication.processingRegistry().createAlgorithmById("firstlight:discover")


def wrapper_of(find_scenes, dialog):
    from processing.gui.wrappers import WidgetWrapperFactory

    return WidgetWrapperFactory.create_wrapper(find_scenes.parameterDefinition("CATALOG"), dialog)


def test_a_dialog_lists_the_catalogues_and_takes_an_address(find_scenes, qtbot):
    class AlgorithmDialog:
        """Processing goes by the name of its dialog's class."""

    made = wrapper_of(find_scenes, AlgorithmDialog())
    combo = made.widget
    qtbot.addWidget(combo)
    assert made.value() == "auto"
    assert combo.findText("planetary-computer") > 0
    with qtbot.waitSignal(made.widgetValueHasChanged):
        combo.setEditText(" https://stac.example/v1 ")
    assert made.value() == "https://stac.example/v1"
    made.setValue("earth-search")
    assert made.value() == "earth-search"


def test_in_the_modeler_it_may_come_from_an_input(find_scenes, qtbot):
    class ModelerParametersDialog(QDialog):
        """As in Processing, whose modeler has the rest, too."""

    dialog = ModelerParametersDialog()
    qtbot.addWidget(dialog)
    dialog.model, dialog.childId = QgsProcessingModelAlgorithm(), ""
    dialog.context = QgsProcessingContext()
    made = wrapper_of(find_scenes, dialog)
    assert type(made).__name__ == "QgsProcessingModelerParameterWidget"
    assert "Known: auto, earth-search" in find_scenes.parameterDefinition("CATALOG").help()
