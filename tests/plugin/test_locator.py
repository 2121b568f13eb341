"""QGIS's locator bar finds what FirstLight can do, and opens it."""

from __future__ import annotations

import pytest
from qgis.core import QgsFeedback, QgsLocator, QgsLocatorContext

import firstlight
from firstlight.core.doors.operation_index import declared_operations
from firstlight.plugin.locator import FirstLightLocator


def typed(text: str, wait_for) -> list[str]:
    """What QGIS's own locator finds, as behind the bar: it keeps or drops prefixes."""
    locator, results, ended = QgsLocator(), [], []
    # Read at once: what QGIS hands over is gone after the signal.
    locator.foundResult.connect(lambda result: results.append(result.displayString))
    locator.finished.connect(lambda: ended.append(True))
    locator.registerFilter(FirstLightLocator(lambda _: None, lambda _: None))
    locator.fetchResults(text, QgsLocatorContext())
    wait_for(lambda: ended)
    return results


@pytest.mark.parametrize("text", ["fl radar", "flight radar", "FL Radar"])
def test_a_prefix_leads_to_the_tools(qgis_app, wait_for, text):
    assert "Water from radar" in typed(text, wait_for)


@pytest.mark.parametrize("text", ["radar", "fl", "flood radar", "flradar"])
def test_what_is_typed_for_others_finds_none_of_them(qgis_app, wait_for, text):
    assert typed(text, wait_for) == []


def test_a_sentence_is_understood_behind_the_prefix(qgis_app, wait_for):
    found = typed("fl flood at 39.2N 0.4W on 29 October 2024", wait_for)
    assert any("2024-10-29" in text for text in found)


def found(text: str, using_prefix: bool = True) -> list:
    locator, results = FirstLightLocator(lambda _: None, lambda _: None), []
    clone = locator.clone()
    clone.resultFetched.connect(results.append)
    context = QgsLocatorContext()
    context.usingPrefix = using_prefix
    clone.fetchResults(text, context, QgsFeedback())
    return sorted(results, key=lambda result: -result.score)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("radar", "Water from radar"),
        ("burn sev", "Burn severity"),
        ("MAP AN EVENT", "Map an event"),
    ],
)
def test_words_of_a_title_find_the_tool(text, first):
    assert found(text)[0].displayString == first
    assert found(text)[0].description


def test_the_name_of_a_group_finds_all_that_is_in_it():
    for group in {operation.group for operation in declared_operations()}:
        inside = {one.title for one in declared_operations() if one.group == group}
        assert inside <= {result.displayString for result in found(group)}, group
    found_so = {one.displayString: one.score for one in found("impact hit")}
    assert found_so["What is hit"] == 0.5, "a word of the group, and one of the title"


def test_words_that_nothing_has_find_nothing_and_no_word_finds_all():
    assert found("xyzzy") == []
    assert len(found("")) > 20
    assert found("", using_prefix=False) == []


def test_what_is_chosen_is_opened(desktop, qtbot):
    plugin = firstlight.classFactory(desktop)
    plugin.initGui()
    try:
        [locator] = desktop.locators
        [result] = [one for one in found("radar") if one.displayString == "Water from radar"]
        locator.triggerResult(result)
        assert plugin.dock.files.tools_panel.operation.name == "sar-water"
        assert plugin.dock.page is plugin.dock.files
        [event] = [one for one in found("event") if one.displayString == "Map an event"]
        locator.triggerResult(event)
        assert plugin.dock.page is plugin.dock.event_page
    finally:
        plugin.unload()
