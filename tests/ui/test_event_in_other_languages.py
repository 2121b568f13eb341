"""A mapped event in another language: on the card, in the layer tree, in the report, in print.

The language is one in which each text that can be translated stands in brackets, so whatever a
reader sees without them is English for everybody.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsColorRampShader,
    QgsLayerTreeGroup,
    QgsLayoutItemLabel,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
)

from firstlight.core.doors.printer import use_printer
from firstlight.core.doors.reader import Reader, use_reader
from firstlight.plugin import printing
from firstlight.plugin.language import language, said
from support.brackets import untranslated
from support.dock import press_run
from support.waiting import PATIENCE_MS

NAMES = re.compile(
    r"SIMULATED_S2\w*|sample-\w+|sentinel-2\S*|\S+\.(tif|vrt|gpkg|json|html)|"
    r"doi:\S+|doi\.org\S+|FirstLight [\d.]+\w*|UTC"
)
"""What is the same in each language: scenes, files, papers, the product."""
FACTS = re.compile(r"doi:|USDA RMRS|: red, green, blue$|: \w+: \S+$")
"""Lines of the report that are made of such: literature and formula, bands, files."""


@pytest.mark.thorough
def test_a_mapped_event_is_in_the_language_of_qgis(brackets, request, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QgsApplication, "qgisSettingsDirPath", lambda: str(tmp_path / "profile"))
    use_reader(Reader(language(), said))
    dock = request.getfixturevalue("dock")
    dock.show_page(dock.event_page)
    dock.set_output(tmp_path / "out")
    assert press_run(dock, qtbot, dock.event_page.welcome.sample_button) == "done"
    use_reader(None)
    card_pairs_tree_and_legends_are_in_it(dock.event_page)
    the_report_is_in_it_and_says_so(tmp_path / "out")
    what_files_hold_stays_english(tmp_path / "out")
    the_printed_page_is_in_it(dock.event_page, monkeypatch, qtbot)


def names_of(group):
    for node in group.children():
        yield node.name()
        if isinstance(node, QgsLayerTreeGroup):
            yield from names_of(node)


def legend_of(layer):
    renderer = layer.renderer() if isinstance(layer, QgsRasterLayer) else None
    if isinstance(renderer, QgsPalettedRasterRenderer):
        return [entry.label for entry in renderer.classes()]
    if isinstance(renderer, QgsSingleBandPseudoColorRenderer):
        shader = renderer.shader().rasterShaderFunction()
        assert isinstance(shader, QgsColorRampShader)
        ends = shader.legendSettings()
        labels = [item.label for item in shader.colorRampItemList()]
        return [*labels, ends.minimumLabel(), ends.maximumLabel()]
    return []


def card_pairs_tree_and_legends_are_in_it(page):
    project = QgsProject.instance()
    layers = list(project.mapLayers().values())
    entries = [entry for layer in layers for entry in legend_of(layer)]
    assert "⟦Not observed⟧" in entries
    assert any(entry.startswith("⟦High regrowth") for entry in entries)
    [view] = page.pair_list.views
    groups = list(names_of(project.layerTreeRoot()))
    assert groups[0].startswith("⟦Wildfire⟧ 2024-07-20, ")
    assert "⟦Burn severity⟧, ⟦Sentinel-2⟧" in groups
    texts = [
        *groups,
        *entries,
        *(layer.metadata().abstract() for layer in layers),
        *(label.text() for label in page.card.findChildren(type(page.card.headline_label))),
        view.pair_label.text(),
        view.reason_label.text(),
    ]
    assert page.card.headline_label.text() == "⟦2.59 km² burned⟧"
    assert [text for text in texts if untranslated(text, NAMES)] == []


def the_report_is_in_it_and_says_so(folder):
    [report] = folder.rglob("report.html")
    html = report.read_text(encoding="utf-8")
    assert '<html lang="qx">' in html
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    pieces = [unescape(piece).strip() for piece in re.split(r"<[^>]*>", body)]
    left = [piece for piece in pieces if untranslated(piece, NAMES)]
    assert [piece for piece in left if not FACTS.search(piece)] == []
    assert "⟦Area seen clear⟧" in pieces


def what_files_hold_stays_english(folder):
    texts = [
        path.read_text(encoding="utf-8")
        for path in folder.rglob("*.json")
        if "firstlight" not in path.parts
    ]
    assert texts
    assert not any("⟦" in text for text in texts)


def the_printed_page_is_in_it(page, monkeypatch, qtbot):
    seen = {}

    def look(layout, target, what):
        seen.update(
            (item.id(), item.currentText())
            for item in layout.items()
            if isinstance(item, QgsLayoutItemLabel)
        )
        root = layout.itemById("legend").model().rootGroup()
        seen["legend"] = "\n".join(node.name() for node in root.children())
        Path(target).write_bytes(b"")

    monkeypatch.setattr(printing, "_export", look)
    monkeypatch.setattr("qgis.PyQt.QtGui.QDesktopServices.openUrl", lambda _: True)
    use_printer(printing.print_event)
    with qtbot.waitSignal(page.printed, timeout=PATIENCE_MS):
        page.card.print_button.click()
    use_printer(None)
    assert seen["headline"] == "⟦2.59 km² burned⟧"
    assert seen["title"] == "⟦Wildfire⟧, 2024-07-20"
    assert {name: text for name, text in seen.items() if untranslated(text, NAMES)} == {}
