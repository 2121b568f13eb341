"""FirstLight in QGIS's options: every setting, where it comes from, and what the user says."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings
from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
)

from firstlight.core.settings import resolve_settings, setting_fields
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.options import OptionsFactory
from firstlight.plugin.places import places_allowed, service_host
from firstlight.plugin.settings_store import add_catalog, read_overrides, settings_reader
from firstlight.ui.catalogs.catalog_dialog import CatalogDialog
from support.libraries import ask_for_few
from support.qgis_fixtures import write_override
from support.silent_server import silent_server
from support.waiting import PATIENCE_MS


@pytest.fixture
def refused():
    return []


@pytest.fixture
def page(qtbot, refused):
    jobs = JobList()
    made = OptionsFactory(QIcon(), lambda: jobs, refused.append).createWidget(None)
    qtbot.addWidget(made)
    made.show()
    yield made
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()


def row(page, name):
    return page.settings_panel.rows[name]


def test_every_setting_is_there_with_value_and_origin(page, monkeypatch):
    settings = resolve_settings()
    assert list(page.settings_panel.rows) == [field.name for field in setting_fields()]
    words = {"default": "by default", "config/ingestion.yaml": "as shipped"}
    for name, shown in page.settings_panel.rows.items():
        assert shown.edit.accessibleName()
        origin = settings.origins.get(name, "default")
        assert words.get(origin, origin) in shown.origin_label.text(), name
    assert "4" in row(page, "parallel_downloads").origin_label.text()


def test_each_group_has_a_title_in_words(page):
    for box in page.settings_panel.findChildren(QgsCollapsibleGroupBoxBasic):
        assert box.title() != box.objectName().removeprefix("settings_"), box.objectName()
        assert box.title()[:1].isupper(), box.title()


def test_a_value_of_the_environment_is_said_to_be_from_there(qtbot, monkeypatch, refused):
    monkeypatch.setenv("FIRSTLIGHT_RETRY_ATTEMPTS", "9")
    page = OptionsFactory(QIcon(), lambda: None, refused.append).createWidget(None)
    qtbot.addWidget(page)
    label = row(page, "retry_attempts").origin_label.text()
    assert label == "9, from environment FIRSTLIGHT_RETRY_ATTEMPTS"


def test_what_is_typed_counts_for_the_next_run_and_an_emptied_field_gives_it_back(page, qtbot):
    edit = row(page, "parallel_downloads").edit
    qtbot.keyClicks(edit, "7")
    page.apply()
    assert settings_reader()().parallel_downloads == 7
    assert "given" in settings_reader()().origins["parallel_downloads"]
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    page.apply()
    assert settings_reader()().parallel_downloads == resolve_settings().parallel_downloads
    assert read_overrides() == {}


def test_it_is_shown_again_the_next_time(page, qtbot, refused):
    QgsSettings().setValue("firstlight/settings/bands", "sentinel2=red,nir")
    QgsSettings().setValue("firstlight/settings/engine", "threads")
    again = OptionsFactory(QIcon(), lambda: None, refused.append).createWidget(None)
    qtbot.addWidget(again)
    assert row(again, "bands").text() == "sentinel2=red,nir"
    assert row(again, "engine").text() == "threads"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("parallel_downloads", "0", "the least is 1"),
        ("parallel_downloads", "many", "it is no integer"),
        ("reflectance_range", "2,1", "it is no range"),
    ],
)
def test_what_cannot_be_is_told_at_once_and_never_kept(page, qtbot, refused, name, text, why):
    qtbot.keyClicks(row(page, name).edit, text)
    label = row(page, name).problem_label
    assert label.isVisibleTo(page)
    assert why in label.text().lower()
    qtbot.keyClicks(row(page, "retry_attempts").edit, "5")
    page.apply()
    assert read_overrides() == {"retry_attempts": "5"}
    assert len(refused) == 1
    assert row(page, name).title in refused[0]
    settings_reader()()  # and the next run does not fail over it


def test_a_choice_and_a_switch_are_lists(page, qtbot):
    for name, text, value in (("engine", "serial", "serial"), ("multi_band", "off", False)):
        edit = row(page, name).edit
        assert isinstance(edit, QComboBox)
        edit.setCurrentIndex(edit.findData(text))
        page.apply()
        assert getattr(settings_reader()(), name) == value


@pytest.mark.parametrize(("value", "word"), [("true", "On"), ("false", "Off")])
def test_a_switch_says_how_it_is_elsewhere(qtbot, monkeypatch, refused, value, word):
    monkeypatch.setenv("FIRSTLIGHT_MULTI_BAND", value)
    page = OptionsFactory(QIcon(), lambda: None, refused.append).createWidget(None)
    qtbot.addWidget(page)
    switch = row(page, "multi_band")
    assert switch.in_force == word.lower()
    assert switch.edit.itemText(0) == f"as it is: {word}"
    assert switch.origin_label.text() == f"{word}, from environment FIRSTLIGHT_MULTI_BAND"


@pytest.mark.parametrize(("value", "text"), [(True, "on"), (False, "off")])
def test_a_switch_that_was_set_is_shown_again_as_it_was(qtbot, refused, value, text):
    write_override("multi_band", value)
    page = OptionsFactory(QIcon(), lambda: None, refused.append).createWidget(None)
    qtbot.addWidget(page)
    assert row(page, "multi_band").text() == text
    page.apply()
    assert settings_reader()().multi_band == value


def test_choices_are_in_words_and_kept_as_the_settings_file_has_them(page, qtbot):
    edit = row(page, "window").edit
    assert edit.itemText(0) == "as it is: Only the area"
    assert row(page, "window").origin_label.text() == "Only the area, as shipped"
    edit.setCurrentIndex(edit.findText("Whole bands"))
    page.apply()
    assert read_overrides() == {"window": "full"}
    edit.setCurrentIndex(0)
    page.apply()
    assert read_overrides() == {}


def test_bounds_stand_in_the_tip(page):
    tip = row(page, "parallel_downloads").edit.toolTip()
    assert "download.parallel_downloads" in tip
    assert "at least 1" in tip
    assert "at most 32" in tip
    assert row(page, "retry_delay_s").edit.toolTip().count("at ") == 1


def test_nothing_is_said_against_what_can_be(page, qtbot):
    shown = row(page, "parallel_downloads")
    qtbot.keyClicks(shown.edit, "3")
    assert shown.problem_label.isHidden()


def test_only_one_question_at_a_time(page, qtbot):
    page.tabs.setCurrentIndex(2)
    button = page.findChild(QPushButton, "size_button")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not any(one.isEnabled() for one in page._buttons)
    qtbot.waitUntil(button.isEnabled, timeout=PATIENCE_MS)


def test_a_group_without_a_find_goes_with_its_labels(page, qtbot):
    panel = page.settings_panel
    qtbot.keyClicks(panel.search_edit, "cache days")
    groups = [box.objectName() for box in panel._groups if not box.isHidden()]
    assert groups == ["settings_cache"]
    labels = [label for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]
    assert sum(label.text() == row(page, "parallel_downloads").title for label in labels) == 0
    panel.search_edit.clear()
    assert all(not box.isHidden() for box in panel._groups)


def test_a_catalogue_that_is_added_is_named(page, qtbot):
    page.tabs.setCurrentIndex(1)
    qtbot.mouseClick(page.catalogs_button, Qt.MouseButton.LeftButton)
    dialog = page.window().findChild(CatalogDialog)
    add_catalog("Mine", "http://127.0.0.1:9/stac", "")
    dialog.added.emit("http://127.0.0.1:9/stac")
    assert "Mine" in page.catalogs_label.text()
    dialog.close()


def test_tab_leads_through_the_page_and_out(page, qtbot):
    for place in range(page.tabs.count()):
        page.tabs.setCurrentIndex(place)
        page.tabs.setFocus()
        seen = []
        for _ in range(400):
            widget = QApplication.focusWidget()
            if widget in seen[:1] and len(seen) > 1:
                break
            assert seen.count(widget) < 3, f"a trap at {widget.objectName()}"
            seen.append(widget)
            qtbot.keyClick(widget, Qt.Key.Key_Tab)
        else:
            raise AssertionError("no way round")


def test_settings_are_found_by_words_of_title_and_section(page, qtbot):
    qtbot.keyClicks(page.settings_panel.search_edit, "cache days")
    shown = [name for name, each in page.settings_panel.rows.items() if each.isVisibleTo(page)]
    assert shown == ["cache_days"]
    page.settings_panel.search_edit.clear()
    assert row(page, "engine").isVisibleTo(page)


def test_a_broken_settings_file_is_told_and_the_page_opens(qtbot, tmp_path, monkeypatch, refused):
    path = tmp_path / "config.yaml"
    path.write_text("download:\n  parallel_downloads: many\n", encoding="utf-8")
    monkeypatch.setenv("FIRSTLIGHT_CONFIG", str(path))
    page = OptionsFactory(QIcon(), lambda: None, refused.append).createWidget(None)
    qtbot.addWidget(page)
    assert str(path) in page.settings_panel.problem_label.text()


def test_the_size_of_the_cache_is_asked_in_the_background(page, qtbot):
    page.tabs.setCurrentIndex(2)
    button = page.findChild(QPushButton, "size_button")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isEnabled()
    qtbot.waitUntil(button.isEnabled, timeout=PATIENCE_MS)
    assert "cache" in page.answer_text.toPlainText().lower()


@pytest.fixture
def cluster(tmp_path):
    pytest.importorskip("distributed", reason="Dask distributed is not installed")
    from support.dask_cluster import DaskCluster

    with DaskCluster(tmp_path) as made:
        made.add_worker()
        made.wait_for(1)
        yield made


def press_test(page, qtbot):
    """Press the button and wait for the answer."""
    asked = page.cluster_test
    qtbot.mouseClick(asked.button, Qt.MouseButton.LeftButton)
    assert asked.button.text() == "&Stop"
    qtbot.waitUntil(lambda: asked.button.text() != "&Stop", timeout=PATIENCE_MS)
    return asked.label.text()


def test_a_cluster_is_tried_and_says_who_is_there(page, qtbot, cluster):
    qtbot.keyClicks(row(page, "cluster").edit, cluster.address)
    said = press_test(page, qtbot)
    assert said.startswith(f"The Dask cluster at {cluster.address} can be used: one worker with ")
    assert read_overrides() == {}, "a test keeps nothing"


@pytest.mark.thorough
def test_a_cluster_that_is_not_there_is_one_sentence(page, qtbot):
    pytest.importorskip("distributed", reason="Dask distributed is not installed")
    qtbot.keyClicks(row(page, "cluster").edit, "tcp://127.0.0.1:9")
    said = press_test(page, qtbot)
    assert said.startswith("The Dask cluster at tcp://127.0.0.1:9 cannot be used: ")
    assert "\n" not in said


def test_without_an_address_nothing_is_asked(page, qtbot):
    qtbot.mouseClick(page.cluster_test.button, Qt.MouseButton.LeftButton)
    assert page.cluster_test.label.text().startswith("Write the address")
    assert page.cluster_test.button.text() == "&Test the connection"


def test_a_test_of_a_cluster_can_be_stopped(page, qtbot):
    pytest.importorskip("distributed", reason="Dask distributed is not installed")
    with silent_server() as (port, _):
        qtbot.keyClicks(row(page, "cluster").edit, f"tcp://127.0.0.1:{port}")
        button = page.cluster_test.button
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert button.text() == "&Stop"
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: button.text() != "&Stop", timeout=PATIENCE_MS)
    assert page.cluster_test.label.text() == "Stopped."


def test_names_of_places_are_looked_up_only_where_it_is_allowed(page, qtbot):
    assert not page.places_box.isChecked()
    page.places_box.setChecked(True)
    assert not places_allowed(), "before OK nothing is kept"
    page.apply()
    assert places_allowed()
    page.places_box.setChecked(False)
    page.apply()
    assert not places_allowed()
    assert service_host() in page.findChild(QLabel, "places_told_label").text()


def test_the_installation_is_looked_at_in_the_background_and_can_be_copied(page, qtbot):
    page.tabs.setCurrentIndex(2)
    button = page.findChild(QPushButton, "doctor_button")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isEnabled()
    qtbot.waitUntil(button.isEnabled, timeout=PATIENCE_MS)
    text = page.answer_text.toPlainText()
    for word in ("Python", "GDAL", "numpy", "requests", "rasters are read"):
        assert word.lower() in text.lower(), word
    qtbot.mouseClick(page.findChild(QPushButton, "copy_button"), Qt.MouseButton.LeftButton)
    dialog = page.window().findChild(QDialog, "details_dialog")
    assert dialog.findChild(QPlainTextEdit, "details_text").toPlainText() == text
    dialog.close()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["doctor_button", "test_cluster_button"])
def test_options_that_are_closed_while_they_look_leave_nothing_behind(qtbot, monkeypatch, name):
    """QGIS deletes the page at OK and at Cancel, whatever it is doing."""
    ask_for_few(monkeypatch)
    jobs = JobList()
    page = OptionsFactory(QIcon(), lambda: jobs, print).createWidget(None)
    page.show()
    row(page, "cluster").edit.setText("tcp://127.0.0.1:9")
    page.findChild(QPushButton, name).click()
    asked = page._job or page.cluster_test._job
    sip.delete(page)
    qtbot.waitUntil(lambda: asked.state.has_ended, timeout=PATIENCE_MS)
    qtbot.wait(10)  # a slot that fails fails the test
    jobs.close_down()


def test_old_and_all_bands_are_removed_by_their_buttons(page, qtbot, tmp_path):
    page.tabs.setCurrentIndex(2)
    asked = []
    page._jobs.start = _noting(page._jobs.start, asked)
    for name in ("size_button", "prune_button", "empty_button"):
        button = page.findChild(QPushButton, name)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(button.isEnabled, timeout=PATIENCE_MS)
    assert [(one.prune, one.everything) for one in asked] == [
        (False, False),
        (True, False),
        (False, True),
    ]


def _noting(start, asked):
    def noted(operation, params, **more):
        asked.append(params)
        return start(operation, params, **more)

    return noted
