"""What Processing's own form about before and after shows first."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

import pytest
from qgis.core import QgsApplication, QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.gui import QgsGui, QgsProcessingGui
from qgis.PyQt.QtWidgets import QComboBox

from firstlight.core.operation import LayerOutput
from support.map_layers import add_layers
from support.qgis_fixtures import make_stack


@pytest.fixture
def fields(toolbox):
    """Opens a form as QGIS does; gives the fields of both stacks by their names."""
    kept = []

    def open_form(name="burnseverity"):
        algorithm = QgsApplication.processingRegistry().algorithmById(f"firstlight:{name}").create()
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        kept[:] = [algorithm, context]
        made = {}
        for definition in algorithm.parameterDefinitions():
            if definition.name() in ("PRE", "POST"):
                wrapper = QgsGui.processingGuiRegistry().createParameterWidgetWrapper(
                    definition, QgsProcessingGui.WidgetType.Standard
                )
                widget = wrapper.createWrappedWidget(context)
                kept.append((wrapper, widget))
                made[definition.name()] = (wrapper.parameterValue(), widget)
        return made

    return open_form


def source(value):
    """The file that a field names, by the layer of the project."""
    return QgsProject.instance().mapLayer(value).source()


def picture(folder, month):
    path = make_stack(folder / f"{month}.tif", ("nir", "swir22"))
    when = datetime(2024, month, 1, tzinfo=timezone.utc)
    return LayerOutput(path, f"2024-0{month}", "natural_color", "Sentinel-2", when)


@pytest.mark.usefixtures("desktop")
@pytest.mark.parametrize("months", [(6, 7), (7, 6), (5, 7, 6)])
def test_the_older_is_before_and_the_newest_after(fields, tmp_path, months):
    add_layers([picture(tmp_path, month) for month in months], QgsProject.instance())
    shown = fields()
    assert source(shown["PRE"][0]) == str(tmp_path / "6.tif")
    assert source(shown["POST"][0]) == str(tmp_path / "7.tif")


@pytest.mark.usefixtures("desktop")
@pytest.mark.parametrize("count", [0, 1, 2])
def test_layers_of_no_known_day_leave_both_empty(fields, tmp_path, count):
    for number in range(count):
        path = make_stack(tmp_path / f"{number}.tif")
        QgsProject.instance().addMapLayer(QgsRasterLayer(str(path), f"own {number}"))
    for value, widget in fields().values():
        assert not str(value or "").strip()
        assert not widget.findChild(QComboBox).currentText().strip()


@pytest.mark.usefixtures("desktop")
def test_what_is_shown_first_is_never_taken_where_nothing_was_given(fields, tmp_path):
    add_layers([picture(tmp_path, month) for month in (6, 7)], QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().algorithmById("firstlight:burnseverity")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    may, why = algorithm.create().checkParameterValues({"POST": str(tmp_path / "7.tif")}, context)
    assert not may
    assert "“Stack before” of “Burn severity”: is missing" in why
    empty = {"PRE": fields()["PRE"][0], "POST": " "}
    may, why = algorithm.create().checkParameterValues(empty, context)
    assert not may
    assert "“Stack after” of “Burn severity”: is missing" in why


@pytest.mark.usefixtures("desktop")
def test_another_thread_looks_at_no_project(toolbox, tmp_path):
    add_layers([picture(tmp_path, month) for month in (6, 7)], QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().algorithmById("firstlight:burnseverity")
    seen = []

    def look():
        made = algorithm.create()
        seen.append(made.parameterDefinition("PRE").guiDefaultValueOverride())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [None]
