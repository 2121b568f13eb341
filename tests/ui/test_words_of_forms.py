"""Forms in words for people, and in QGIS's language: lists show titles and give the words of the
command line; nothing that is shown is out of a translator's reach.
"""

from __future__ import annotations

import re

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon, QTextLayout, QTextOption
from qgis.PyQt.QtWidgets import QComboBox, QPushButton, QStyle, QTabWidget

from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.params import Door, Kind
from firstlight.plugin.options import OptionsFactory
from firstlight.ui.fields.fields import ChoiceField, ChoicesField
from support.brackets import texts_of, untranslated
from support.dock import press, press_run
from support.qgis_fixtures import make_stack
from support.rasters import noise, write_raster

PROPER = {"index", "name"}
"""Parameters whose choices are names of the field: NDVI is NDVI in each language."""
NAMES = re.compile(
    r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun|January|February|March|April|May|June|July|August|September|"
    r"October|November|December)\b|https?://\S+|\S*/\S+|JSON|NASA LP DAAC \(HLS\)|"
    r"NASADEM|ecmwf-\w+|OPERA DSWx-\w+|\bresults\b|"
    r"\b(NDVI|EVI|SAVI|NDRE|NDWI|MNDWI|AWEInsh|AWEIsh|NDMI|NDSI|NBR2?|BAI|MIRBI)\b|"
    r"\b(blue|green|red|nir(08|09)?|rededge[123]|swir(16|22)|lwir11|affected|scl|coastal|SCL)\b"
)
"""Qt's own days and months, addresses, paths, and names of the field."""
WORDS = {
    str(choice)
    for operation in OPERATIONS
    for param in operation.parameters(Door.DOCK)
    for choice in param.choices
    if param.label(choice) != choice
}
"""Of the command line: a list tells them as the tip of its entry."""


def unknown(texts):
    left = [text for text in texts if untranslated(text, NAMES)]
    return [text for text in left if text not in WORDS and not text.startswith("⟦")]


@pytest.mark.parametrize(
    ("operation", "param"),
    [
        pytest.param(operation, param, id=f"{operation.name} {param.name}")
        for operation in OPERATIONS
        for param in operation.parameters(Door.DOCK)
        if param.choices and param.kind is not Kind.CATALOG
    ],
)
def test_every_choice_is_in_words_for_people(operation, param):
    for choice in param.choices:
        label = param.label(choice)
        assert param.name in PROPER or label != choice, choice
        assert label[:1].isupper() or label[1:2].isupper(), label  # dNBR
    assert len(set(map(param.label, param.choices))) == len(param.choices)


def test_a_list_shows_titles_and_gives_words(qtbot):
    [event] = [one for one in OPERATIONS if one.name == "event"]
    [param] = [one for one in event.parameters() if one.name == "event"]
    field = ChoiceField(param)
    qtbot.addWidget(field)
    field.combo.setCurrentText("Storm surge")
    assert field.value() == "flood.coastal.storm_surge"
    field.set_value("wildfire.forest")
    assert field.combo.currentText() == "Forest fire"


def test_what_is_left_open_says_so_and_is_nothing(qtbot):
    [stack] = [one for one in OPERATIONS if one.name == "stack"]
    [param] = [one for one in stack.parameters() if one.name == "product"]
    field = ChoiceField(param)
    qtbot.addWidget(field)
    assert field.combo.itemText(0) == "(leave open)"
    assert field.value() is None
    assert field.sizeHint().width() < 300, "a long title makes no form wide"
    assert field.combo.view().minimumWidth() > 300, "but can be read when the list is open"


def test_several_choices_are_words_too(qtbot):
    [ingest] = [one for one in OPERATIONS if one.name == "ingest"]
    [param] = [one for one in ingest.parameters() if one.name == "index"]
    field = ChoicesField(param)
    qtbot.addWidget(field)
    assert field.value() is None
    field.set_value(("NDVI", "NBR"))
    assert field.value() == ("NDVI", "NBR")


def test_every_page_is_within_a_translator_s_reach(brackets, request):
    dock = request.getfixturevalue("dock")
    for page in (dock.event_page, dock.scenes, dock.files, dock.jobs):
        dock.show_page(page)
        texts = texts_of(page)
        assert any("⟦" in text for text in texts)
        assert unknown(texts) == []


def test_every_form_is_within_a_translator_s_reach(brackets, request):
    dock = request.getfixturevalue("dock")
    for operation in OPERATIONS:
        if operation.name != "event":  # it has a page of its own
            dock.show_tool(operation.name)
            form = dock.files.tools_panel.form
            assert (operation.name, unknown(texts_of(form))) == (operation.name, [])


def test_the_options_are_within_a_translator_s_reach(brackets, qtbot):
    page = OptionsFactory(QIcon(), lambda: None, print).createWidget(None)
    qtbot.addWidget(page)
    assert isinstance(page.tabs, QTabWidget)
    values = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+|⟦?[\w.,=; -]*⟧?, ⟦by default⟧")
    raw = {
        box.itemText(row)
        for box in page.settings_panel.findChildren(QComboBox)
        for row in range(box.count())
    }
    left = [text for text in unknown(texts_of(page)) if text not in raw]
    assert [text for text in left if not values.match(text)] == []


def stack_without_scale(dock, folder, values=(3000, 5000)):
    folder.mkdir(parents=True, exist_ok=True)
    bands = []
    for name, low in zip(("B04", "B08"), values):
        path = folder / f"T31_{name}.tif"
        write_raster(path, noise((80, 80), low, low, low + 900), nodata=None)
        bands.append(str(path))
    panel = dock.files.tools_panel
    dock.show_tool("stack")
    panel.form.set_values({"sensor": "multispectral", "output": str(folder / "s.vrt")})
    panel.form.fields["band"].add_files(bands)
    rows = panel.form.fields["band"].table
    for row, name in enumerate(("red", "nir")):
        rows.item(row, 0).setText(name)
    return panel


def test_values_that_cannot_be_are_mended_by_one_press(dock, qtbot, tmp_path):
    panel = stack_without_scale(dock, tmp_path)
    press_run(dock, qtbot, panel.run_button)
    assert panel.again_button.isVisibleTo(panel)
    assert "10000" in panel.again_button.text()
    assert "reflectance-" not in panel.again_button.text(), "in words for people"
    with qtbot.waitSignal(dock.run_finished) as ended:
        press(qtbot, panel.again_button)
    assert ended.args == ["done"]
    assert panel.form.values()["product"] == "reflectance-10000"
    assert not panel.again_button.isVisibleTo(panel)


def test_a_validation_offers_to_stack_again(dock, qtbot, tmp_path):
    panel = stack_without_scale(dock, tmp_path)
    press_run(dock, qtbot, panel.run_button)
    press(qtbot, panel.next_button)
    press_run(dock, qtbot, panel.run_button)
    assert panel.operation.name == "validate"
    assert panel.again_button.text().startswith("Stack again as: ")
    with qtbot.waitSignal(dock.run_finished) as ended:
        press(qtbot, panel.again_button)
    assert ended.args == ["done"]
    values = panel.form.values()
    assert panel.operation.name == "stack"
    assert values["product"] == "reflectance-10000"
    assert len(values["band"]) == 2, "what was chosen before is there again"
    press(qtbot, panel.next_button)
    press_run(dock, qtbot, panel.run_button)
    assert not panel.again_button.isVisibleTo(panel), "it has its scale now"


def test_another_file_is_not_offered_the_scale_of_the_last_stack(dock, qtbot, tmp_path):
    panel = stack_without_scale(dock, tmp_path)
    press_run(dock, qtbot, panel.run_button)
    press(qtbot, panel.next_button)
    panel.form.set_values({"path": str(make_stack(tmp_path / "a.tif", dtype="uint8"))})
    press_run(dock, qtbot, panel.run_button)
    assert not panel.again_button.isVisibleTo(panel)


def test_sentences_of_a_validation_are_whole_in_a_narrow_dock(dock, qtbot, tmp_path):
    """Painted with one line less, the last would end in dots."""
    panel = stack_without_scale(dock, tmp_path / "a folder with a long name" / "and another one")
    press_run(dock, qtbot, panel.run_button)
    press(qtbot, panel.next_button)
    press_run(dock, qtbot, panel.run_button)
    view = panel.report_view
    rows = [view.topLevelItem(place) for place in range(view.topLevelItemCount())]
    sentences = [row.child(place) for row in rows for place in range(row.childCount())]
    assert sentences
    margin = 2 * (view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1)
    for item in sentences:
        place = view.visualItemRect(item)
        layout = QTextLayout(item.text(0), view.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        layout.setTextOption(option)
        layout.beginLayout()
        height = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(place.width() - margin)
            height += line.height()
        layout.endLayout()
        assert place.height() >= height, item.text(0)


def test_files_of_bands_are_shown_by_name(dock, tmp_path):
    panel = stack_without_scale(dock, tmp_path)
    field = panel.form.fields["band"]
    delegate = field.table.itemDelegateForColumn(1)
    index = field.table.model().index(0, 1)
    assert delegate.displayText(index.data(), field.table.locale()) == "T31_B04.tif"
    assert field.value() == (
        f"red={tmp_path / 'T31_B04.tif'}",
        f"nir={tmp_path / 'T31_B08.tif'}",
    )
    assert field.table.horizontalHeader().length() <= field.table.viewport().width()


def test_the_verdict_stands_above_the_tree_and_in_the_status_line(dock, qtbot, tmp_path):
    path = make_stack(tmp_path / "a.tif")
    panel = dock.files.tools_panel
    dock.show_tool("validate")
    panel.form.set_values({"path": str(path)})
    press_run(dock, qtbot, panel.run_button)
    verdict = panel.verdict_label.text()
    assert verdict.startswith(("Valid", "Not valid"))
    assert panel.verdict_label.isVisibleTo(panel)
    assert dock.status_label.text() == f"Validate a stack: {verdict}"
    assert dock.shared.iface.messages[-1].text.startswith(f"Validate a stack: {verdict}")
    dock.show_tool("index")
    assert not panel.verdict_label.isVisibleTo(panel)


def test_no_button_of_a_form_is_cut_in_a_narrow_dock_of_long_words(speak, request, desktop, qtbot):
    speak("de")
    dock = request.getfixturevalue("dock")
    desktop.window.resizeDocks([dock], [420], Qt.Orientation.Horizontal)
    dock.show_tool("stack")
    form = dock.files.tools_panel.form
    qtbot.waitUntil(lambda: form.fields["band"].add_button.isVisible())
    for button in form.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width(), button.text()
