"""The Tools tab: every operation, each with a form made from its declaration."""

from __future__ import annotations

import pytest
from qgis.core import Qgis, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QDate, Qt

from firstlight.core.operations.base import KINDS
from firstlight.core.operations.registry import OPERATIONS
from firstlight.ui.band_files_field import guess_band
from firstlight.ui.fields import FIELDS
from firstlight.ui.parameter_form import ParameterForm
from firstlight.ui.tools_panel import ToolsPanel
from support.operations import COPY, COUNT, EVERY, FAIL


@pytest.fixture
def form(qtbot):
    made = ParameterForm(EVERY, lambda: "1,2,3,4")
    qtbot.addWidget(made)
    return made


@pytest.fixture
def tools(dock, monkeypatch):
    """The dock's Tools tab with the tests' operations."""
    panel = dock.tools_panel
    panel._operations = (COUNT, FAIL, COPY, EVERY)
    panel.operation_combo.clear()
    for operation in panel._operations:
        panel.operation_combo.addItem(operation.title, operation.name)
    dock.tabs.setCurrentWidget(panel)
    return panel


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_one_definition_three_doors(dock):
    combo = dock.tools_panel.operation_combo
    entries = [(combo.itemText(place), combo.itemData(place)) for place in range(combo.count())]
    assert entries == [(operation.title, operation.name) for operation in OPERATIONS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_a_field_for_every_parameter(dock, operation):
    panel = dock.tools_panel
    panel.choose(operation.name)
    assert panel.operation is operation
    assert list(panel.form.fields) == [param.name for param in operation.parameters("dock")]
    assert panel.summary_label.text() == operation.summary
    for name, field in panel.form.fields.items():
        assert field.objectName() == f"field_{name}"
        assert panel.form.isAncestorOf(field)


def test_every_kind_has_a_field():
    assert set(FIELDS) | {"area"} == set(KINDS)


def test_an_untouched_form_gives_the_defaults(form):
    given = {name: value for name, value in form.values().items() if value is not None}
    assert given.pop("day") == QDate.currentDate().toString(Qt.DateFormat.ISODate)
    assert given == {"catalog": "earth-search", "word": "b", "whole": 5, "sure": False}
    assert "only_cli" not in form.fields


def test_every_kind_there_and_back(form, stack_file):
    values = {
        "area": "10,45,11,46",
        "catalog": "https://stac.example/v1",
        "day": "2024-05-01",
        "word": "c",
        "words": ("x", "z"),
        "text": "hello",
        "whole": 9,
        "part": 0.25,
        "sure": True,
        "bands": "nir,red",
        "files": ("red=/d/red.tif", "nir=/d/two.tif#2"),
        "note": "/d/n.txt",
        "places": "/d/in",
        "picture": str(stack_file),
        "pictures": ("/d/with space/a.tif", "/d/b.tif"),
        "stack": "/d/s.vrt",
        "outlines": "/d/o.geojson",
        "folder": "/d/out",
    }
    form.set_values(values)
    assert form.values() == values
    assert form.fields["part"].spin.text() == "0.25"
    params = EVERY.make_params(form.values())
    assert params.words == ("x", "z")
    assert params.files == ("red=/d/red.tif", "nir=/d/two.tif#2")


def test_bounds_are_those_of_the_declaration(form):
    spin = form.fields["whole"].spin
    assert (spin.minimum(), spin.maximum()) == (1, 9)
    part = form.fields["part"]
    assert part.value() is None
    part.set_value(0)
    assert part.value() == 0
    assert part.spin.maximum() == 1


def test_an_optional_date_counts_only_when_ticked(qtbot):
    form = ParameterForm(next(op for op in OPERATIONS if op.name == "ingest"), str)
    qtbot.addWidget(form)
    field = form.fields["start"]
    assert field.value() is None
    assert not field.edit.isEnabled()
    field.given.click()
    assert field.value() == QDate.currentDate().toString(Qt.DateFormat.ISODate)


def test_a_button_takes_the_area_of_the_first_tab(dock, qtbot):
    dock.set_area(10, 45, 11, 46)
    dock.tools_panel.choose("discover")
    field = dock.tools_panel.form.fields["area"]
    press(qtbot, field.findChild(object, "take_area"))
    assert field.value() == "10.0000000,45.0000000,11.0000000,46.0000000"


def test_a_new_form_begins_with_the_dates_of_the_first_tab(dock):
    dock.search_panel.start_edit.setDate(QDate(2024, 5, 1))
    dock.tools_panel.choose("info")
    dock.tools_panel.choose("discover")
    assert dock.tools_panel.form.values()["start"] == "2024-05-01"


def test_a_raster_of_the_project_by_name_and_a_file(form, stack_file, tmp_path):
    layer = QgsRasterLayer(str(stack_file), "My stack")
    QgsProject.instance().addMapLayer(layer)
    field = form.fields["picture"]
    field.combo.setLayer(layer)
    assert field.value() == str(stack_file)
    field.set_value("/d/other.tif")
    assert field.value() == "/d/other.tif"
    field.set_value(str(stack_file))
    assert field.combo.currentLayer() == layer


def test_rows_of_bands_and_files(form, qtbot):
    field = form.fields["files"]
    field.add_files(["/d/T32_20240601_B8A_20m.tif", "/d/whatever.tif"])
    assert field.value() == ("nir08=/d/T32_20240601_B8A_20m.tif", "=/d/whatever.tif")
    field.table.item(1, 0).setText("red")
    assert field.value()[1] == "red=/d/whatever.tif"
    field.table.selectRow(0)
    press(qtbot, field.remove_button)
    assert field.value() == ("red=/d/whatever.tif",)


@pytest.mark.parametrize(
    ("stem", "band"),
    [
        ("B04", "red"),
        ("T32TPT_20240601T101559_B08_10m", "nir"),
        ("LC08_L2SP_001062_SR_B5", "nir08"),
        ("scene_swir16", "swir16"),
        ("x", ""),
    ],
)
def test_guessing_the_band(stem, band):
    assert guess_band(stem) == band


def test_run_shows_the_answer(dock, tools, qtbot):
    tools.choose("count-up")
    tools.form.set_values({"steps": 5})
    with qtbot.waitSignal(dock.run_finished) as caught:
        press(qtbot, tools.run_button)
        assert not tools.run_button.isEnabled()
        assert tools.cancel_button.isEnabled()
    assert caught.args == ["done"]
    assert tools.result_text.toPlainText() == "counted to 5"
    assert tools.progress_bar.value() == 100
    assert dock.status_label.text() == "Count: done."
    assert tools.run_button.isEnabled()
    assert not tools.cancel_button.isEnabled()


def test_cancel(dock, tools, qtbot, wait_for):
    tools.choose("count-up")
    tools.form.set_values({"steps": 100000, "wait_s": 0.1})
    press(qtbot, tools.run_button)
    wait_for(lambda: tools.cancel_button.isEnabled())
    with qtbot.waitSignal(dock.run_finished, timeout=1000) as caught:
        press(qtbot, tools.cancel_button)
    assert caught.args == ["cancelled"]
    assert tools.result_text.toPlainText() == "Stopped. What was finished is kept; run it again to go on."
    assert tools.run_button.isEnabled()


@pytest.mark.parametrize(
    ("how", "status", "text", "level"),
    [
        ("named", "failed", "The thing cannot be used: it is broken. Take another.", Qgis.MessageLevel.Warning),
        ("unknown", "failed", "Fail failed: ZeroDivisionError: 1/0 in the middle.", Qgis.MessageLevel.Critical),
        ("failed", "failed", "B has no nir.", Qgis.MessageLevel.Critical),
        ("partial", "partial", "Done in part. Band 'nir' of B: HTTP 404.", Qgis.MessageLevel.Warning),
    ],
)
def test_failures_are_sentences_in_the_message_bar(dock, tools, desktop, qtbot, how, status, text, level):
    tools.choose("fail")
    tools.form.set_values({"how": how})
    with qtbot.waitSignal(dock.run_finished) as caught:
        press(qtbot, tools.run_button)
    assert caught.args == [status]
    assert desktop.messages[-1].text.startswith(text)
    assert desktop.messages[-1].level == level
    assert "Traceback" not in desktop.messages[-1].text
    assert dock.status_label.text().startswith(text)


def test_a_missing_value_is_told_at_once(dock, tools, desktop, qtbot):
    tools.choose("copy")
    press(qtbot, tools.run_button)
    assert desktop.messages[-1].text.startswith("Parameter 'source' of copy: is missing.")
    assert tools.run_button.isEnabled()


def test_layers_of_a_tool_come_onto_the_map(dock, tools, qtbot, band_file, tmp_path):
    tools.choose("copy")
    tools.form.set_values({"source": str(band_file), "output": str(tmp_path / "o.tif")})
    with qtbot.waitSignals([dock.layers_added, dock.run_finished]):
        press(qtbot, tools.run_button)
    [layer] = QgsProject.instance().mapLayers().values()
    assert layer.name() == "NDVI of the copy"


def test_only_one_thing_runs_at_a_time(dock, tools, qtbot):
    dock.set_area(10, 45, 11, 46)
    tools.choose("count-up")
    tools.form.set_values({"steps": 100000, "wait_s": 0.1})
    press(qtbot, tools.run_button)
    assert not dock.search_panel.search_button.isEnabled()
    assert not dock.run_panel.run_button.isEnabled()
    with qtbot.waitSignal(dock.run_finished):
        press(qtbot, dock.run_panel.cancel_button)
    assert dock.search_panel.search_button.isEnabled()


def test_the_panel_takes_any_operations(qtbot):
    panel = ToolsPanel((COUNT,), str, dict)
    qtbot.addWidget(panel)
    assert panel.operation is COUNT


def test_a_validation_is_shown_as_a_tree_with_a_verdict_for_each_band(tools, tmp_path):
    import numpy as np
    import rasterio

    from firstlight.core.monitor import SilentMonitor
    from firstlight.core.operations.validate import VALIDATE
    from firstlight.core.settings import Settings
    from support.rasters import write_raster

    noise = np.random.default_rng(1).integers(1200, 5000, (2, 80, 80)).astype(np.uint16)
    noise[1] = 2000
    path = write_raster(tmp_path / "s.tif", noise)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("red", "nir")
        dataset.scales, dataset.offsets = (0.0001, 0.0001), (-0.1, -0.1)
    view = tools.report_view
    assert view.isHidden()
    tools.show_result(VALIDATE.run(VALIDATE.make_params({"path": str(path)}), Settings(), SilentMonitor()))
    assert not view.isHidden()
    rows = [view.topLevelItem(number) for number in range(view.topLevelItemCount())]
    assert [(row.text(0), row.text(1)) for row in rows] == [("File", "pass"), ("red", "pass"), ("nir", "FAIL")]
    assert rows[2].child(0).text(1).startswith("Band 'nir' is blank")
    assert rows[2].isExpanded()
    tools.set_running(True)  # the next answer is not mixed up with this one
    assert view.isHidden()
    tools.set_running(False)
