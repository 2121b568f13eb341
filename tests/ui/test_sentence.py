"""The event in a sentence: it fills the page in, and nothing is fetched before somebody presses."""

from __future__ import annotations

import pytest
from qgis.core import QgsFeedback, QgsLocatorContext, QgsSettings

import firstlight
from firstlight.plugin.locator import FirstLightLocator
from firstlight.plugin.places import ENDPOINT, allow_places
from support.place_server import place, place_server
from support.waiting import PATIENCE_MS

SENTENCE = "Flash flood at Algemesí, Valencia on 29 October 2024 17:00 UTC"


@pytest.fixture
def page(dock):
    dock.show_page(dock.event_page)
    return dock.event_page


def say(qtbot, page, text):
    with qtbot.waitSignal(page.sentence.understood, timeout=PATIENCE_MS) as caught:
        page.sentence.edit.setText(text)
        page.sentence.edit.returnPressed.emit()
    return caught.args[0]


def test_a_sentence_fills_the_page_in_and_starts_nothing(qtbot, dock, page):
    dock.set_area(1, 1, 2, 2)
    found = say(qtbot, page, "Waldbrand -0.45,39.15,-0.40,39.22 am 3. September 2022")
    assert page.what.event_type().name == "wildfire.forest"
    assert page.when.event_edit.value() == "2022-09-03"
    assert dock.area.aoi == found.area
    assert dock.area.aoi.bounds == (-0.45, 39.15, -0.40, 39.22)
    assert not page.busy
    assert dock.shared.jobs.jobs == ()
    assert "Forest fire (wildfire.forest)" in page.sentence.label.text()
    assert f"{found.area.area_km2:.1f} km²" in page.sentence.label.text()
    dock.area.undo()
    assert dock.area.aoi.bounds == (1, 1, 2, 2)


def test_a_place_is_looked_up_once_it_is_allowed(qtbot, dock, page):
    dock.set_area(1, 1, 2, 2)
    with place_server(place("Algemesí, Spain", -0.46, 39.16, -0.41, 39.21)) as server:
        QgsSettings().setValue(ENDPOINT, server.url)
        say(qtbot, page, SENTENCE)
        assert server.asked == []
        assert dock.area.aoi is None  # the area of something else is not this event's
        assert page.area_panel.place.isVisibleTo(page)
        allow_places(True)
        with qtbot.waitSignal(dock.area.changed, timeout=PATIENCE_MS, check_params_cb=bool):
            say(qtbot, page, SENTENCE)
        assert server.asked == ["Algemesí, Valencia"]
    assert dock.area.aoi.bounds == pytest.approx((-0.46, 39.16, -0.41, 39.21))
    assert page.what.event_type().name == "flood.flash"
    assert page.when.event_edit.value() == "2024-10-29 17:00"


def test_several_places_of_a_gazetteer_are_offered(qtbot, dock, page, tmp_path, monkeypatch):
    path = tmp_path / "names.csv"
    path.write_text("name,lon,lat,country\nOcean,-20.2,45.5,One\nOcean,5,5,Other & more\n")
    monkeypatch.setenv("FIRSTLIGHT_GAZETTEER", str(path))
    say(qtbot, page, "flood at Ocean 2024-10-20")
    field = page.sentence
    assert dock.area.aoi is None
    assert field.places_button.isVisibleTo(page)
    assert [action.text().split(" (")[0] for action in field.places_menu.actions()] == [
        "Ocean, One",
        "Ocean, Other && more",
    ]
    field.places_menu.actions()[1].trigger()
    west, _, east, _ = dock.area.aoi.bounds
    assert (west + east) / 2 == pytest.approx(5)
    assert not field.places_button.isVisibleTo(page)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fire", "It names no day."),
        ("<b>fire</b> on 03/04/2024", "can be 2024-04-03 or 2024-03-04"),
        ("🌊", "is not understood"),
        ("floood", "Did you mean flood?"),
    ],
)
def test_what_is_not_clear_is_said_and_changes_nothing(qtbot, dock, page, text, told):
    dock.set_area(1, 1, 2, 2)
    before = page.values()
    say(qtbot, page, text)
    assert told in page.sentence.label.text()
    assert page.values() == before


def test_only_the_last_of_two_sentences_counts(qtbot, page):
    page.sentence.edit.setText("flood 1,1,2,2 2024-10-20")
    page.sentence.edit.returnPressed.emit()
    found = say(qtbot, page, "fire 3,3,4,4 2024-10-21")
    assert found.event.name == "wildfire"
    qtbot.wait(200)
    assert page.when.event_edit.value() == "2024-10-21"


def test_the_locator_reads_a_sentence_and_opens_the_page(desktop, qtbot):
    plugin = firstlight.classFactory(desktop)
    plugin.initGui()
    try:
        [locator] = desktop.locators
        results = []
        clone = locator.clone()
        clone.resultFetched.connect(results.append)
        context = QgsLocatorContext()
        context.usingPrefix = True
        clone.fetchResults("flood 1,1,2,2 on 20 October 2024", context, QgsFeedback())
        first = max(results, key=lambda result: result.score)
        assert first.displayString == "Flood · 2024-10-20"
        locator.triggerResult(first)
        page = plugin.dock.event_page
        assert plugin.dock.page is page
        qtbot.waitUntil(lambda: page.when.event_edit.value() == "2024-10-20", timeout=PATIENCE_MS)
        assert plugin.dock.area.aoi.bounds == (1, 1, 2, 2)
    finally:
        plugin.unload()


def test_words_that_are_no_sentence_stay_words(qgis_app):
    locator, results = FirstLightLocator(lambda _: None, lambda _: None), []
    locator.resultFetched.connect(results.append)
    context = QgsLocatorContext()
    context.usingPrefix = True
    for text in ("radar water", "flood", "burn sev", "water from"):
        locator.fetchResults(text, context, QgsFeedback())
    assert not [one for one in results if "·" in one.displayString]
