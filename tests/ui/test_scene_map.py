"""Scenes in the table, in the gallery and on the map, each showing what is done in the other; their
pictures, details and filter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import QApplication, QPlainTextEdit, QStyleOptionViewItem

from firstlight.core.types import BandAsset, Radiometry, SceneItem
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.thumbnails import ThumbnailStore
from firstlight.ui.scenes.scene_columns import CLEAR, CLOUD, COVERS, DATE, ID, NOTES, SIZE
from firstlight.ui.scenes.scene_map import SceneMap
from firstlight.ui.scenes.scene_panel import ScenePanel
from support.desktop import Desktop
from support.dock import press
from support.range_server import FaultyServer
from support.waiting import PATIENCE_MS

LEFT = Qt.MouseButton.LeftButton
START = datetime(2024, 6, 1, 10, 20, tzinfo=timezone.utc)


def scene(place: int, **more: Any) -> SceneItem:
    """Scenes side by side, each a degree wide, half over the last one."""
    west = 7 + 0.5 * place
    ring = [[west, 46], [west + 1, 46], [west + 1, 47], [west, 47], [west, 46]]
    made = SceneItem(
        id=f"S2A_MSIL2A_2024060{place + 1}T102031_N0510_R065_T32TLS_{place}",
        sensor="sentinel2",
        catalog="file",
        collection="c",
        datetime=START + timedelta(days=place),
        bbox=(west, 46, west + 1, 47),
        footprint={"type": "Polygon", "coordinates": [ring]},
        cloud_percent=10.0 * place,
        epsg=32632,
        resolution_m=10,
        bands={
            "red": BandAsset("red", "http://127.0.0.1:9/red.tif?token=secret", 10, Radiometry())
        },
        size_bytes=5_000_000,
        coverage_percent=100.0 - place,
    )
    return replace(made, **more)


@dataclass
class Hands:
    """The panel and the map, and what a person does with them."""

    panel: ScenePanel
    map: SceneMap
    desktop: Desktop
    qtbot: QtBot
    store: ThumbnailStore

    def marked(self) -> str | None:
        number = self.map.footprints.marked
        return None if number is None else self.panel.model.scenes[number].id[-1]

    def on_map(self, lon: float, lat: float, *more: Any) -> None:
        shown = self.desktop.canvas.getCoordinateTransform().transform(QgsPointXY(lon, lat))
        at = QPoint(round(shown.x()), round(shown.y()))
        view = self.desktop.canvas.viewport()
        self.qtbot.mouseMove(view, at)
        self.qtbot.mouseClick(view, LEFT, *more, pos=at)

    def cell(self, row: int, column: int = DATE) -> QPoint:
        rect = self.panel.table.visualRect(self.panel.model.index(row, column))
        return QPoint(rect.right() - 5, rect.center().y())

    def shown(self) -> str:
        """The last letters of the names, row by row."""
        model = self.panel.model
        return "".join(model.scene_at(row).id[-1] for row in range(model.rowCount()))


@pytest.fixture
def hands(desktop: Desktop, qtbot: QtBot) -> Iterator[Hands]:
    desktop.canvas.setExtent(QgsRectangle(6, 45.5, 11, 47.5))
    jobs = JobList()
    store = ThumbnailStore(jobs)
    panel = ScenePanel()
    qtbot.addWidget(panel)
    panel.resize(400, 600)
    panel.move(1400, 0)  # not above the map, which would take the pointer's events
    panel.show()
    tied = SceneMap(desktop.canvas, panel)
    QApplication.processEvents()
    yield Hands(panel, tied, desktop, qtbot, store)
    panel.close_down()
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()
    tied.close_down()


@pytest.fixture
def three(hands: Hands) -> Hands:
    hands.panel.set_scenes([scene(0), scene(1), scene(2)])
    QApplication.processEvents()
    return hands


def parts(hands: Hands, name: str) -> int:
    geometry = hands.map.footprints.drawn[name]
    return 0 if geometry.isEmpty() else len(geometry.asGeometryCollection())


def test_footprints_are_drawn_and_the_chosen_ones_strongly(three: Hands) -> None:
    assert parts(three, "all") == 3
    assert parts(three, "chosen") == 1
    three.panel.model.choose([1, 2])
    assert parts(three, "chosen") == 3
    three.panel.set_scenes(())
    assert (parts(three, "all"), parts(three, "chosen")) == (0, 0)


def test_footprints_follow_the_map_s_system_and_odd_ones_are_left_out(three: Hands) -> None:
    odd = scene(1, footprint={"type": "Polygon", "coordinates": [["x"]]})
    three.panel.set_scenes([scene(0), odd, scene(2, footprint=None)])
    three.desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    box = three.map.footprints.drawn["all"].boundingBox()
    assert (box.xMinimum(), box.xMaximum()) == pytest.approx((779236.4, 890555.9), abs=0.1)


def test_no_footprint_changes_the_colours_of_a_map_below(three: Hands) -> None:
    three.map.footprints.mark(0)
    assert {band.fillColor().alpha() for band in three.map.footprints._bands.values()} == {0}


def test_a_row_that_is_pointed_at_is_bright_on_the_map(three: Hands) -> None:
    view = three.panel.table.viewport()
    three.qtbot.mouseMove(view, three.cell(0))
    three.qtbot.mouseMove(view, three.cell(1))
    three.qtbot.waitUntil(lambda: three.marked() == "1", timeout=PATIENCE_MS)
    three.qtbot.mouseMove(view, three.cell(2))
    three.qtbot.mouseClick(view, LEFT, pos=three.cell(2))
    assert three.marked() == "2", "the selected one"
    three.panel.gallery_button.click()
    assert three.panel.gallery.currentIndex().row() == 2, "both show the same selection"


def test_a_click_on_the_map_selects_the_row_and_goes_on_through_what_lies_there(
    three: Hands,
) -> None:
    before = three.desktop.canvas.mapTool()
    press(three.qtbot, three.panel.pick_button)
    three.on_map(7.75, 46.5)
    assert three.panel.table.currentIndex().row() == 0
    three.on_map(7.75, 46.5)
    assert three.panel.table.currentIndex().row() == 1
    three.on_map(7.75, 46.5)
    assert three.panel.table.currentIndex().row() == 0
    three.on_map(9.2, 46.5)
    assert three.panel.table.currentIndex().row() == 0, "there is none"
    three.on_map(8.7, 46.5, Qt.KeyboardModifier.ControlModifier)
    assert three.panel.table.currentIndex().row() == 2
    assert [one.id[-1] for one in three.panel.chosen()] == ["0", "2"], "Ctrl ticks it"
    three.qtbot.keyClick(three.desktop.canvas, Qt.Key.Key_Escape)
    assert three.desktop.canvas.mapTool() is before
    assert not three.panel.pick_button.isChecked()


def test_footprints_can_be_hidden_and_go_with_the_page(three: Hands) -> None:
    press(three.qtbot, three.panel.footprints_button)
    assert three.map.footprints.drawn == {}
    press(three.qtbot, three.panel.footprints_button)
    assert parts(three, "all") == 3
    three.map.set_in_view(False)
    assert three.map.footprints.drawn == {}
    three.map.set_in_view(True)
    assert parts(three, "all") == 3


def test_nothing_is_left_on_the_map(desktop: Desktop, qtbot: QtBot) -> None:
    before = len(desktop.canvas.scene().items())
    panel = ScenePanel()
    qtbot.addWidget(panel)
    tied = SceneMap(desktop.canvas, panel)
    panel.set_scenes([scene(0)])
    assert len(desktop.canvas.scene().items()) > before
    tied.close_down()
    assert len(desktop.canvas.scene().items()) == before


def test_a_double_click_opens_the_details_and_goes_there(three: Hands) -> None:
    assert not three.panel.details.isVisible()
    three.qtbot.mouseClick(three.panel.table.viewport(), LEFT, pos=three.cell(2))
    three.qtbot.mouseDClick(three.panel.table.viewport(), LEFT, pos=three.cell(2))
    assert three.panel.details.isVisible()
    text = three.panel.details.facts.text().replace("\u200b", "")
    assert text.splitlines()[:2] == [scene(2).id, "c, 2024-06-03T10:20:00Z"]
    assert text.endswith("20 % cloud, covers 98 %, 5 MB")
    picture = QImage(400, 400, QImage.Format.Format_RGB32)
    three.panel.details.show_picture(picture)
    buttons = (three.panel.details.json_button, three.panel.details.copy_button)
    row = sum(button.sizeHint().width() for button in buttons)
    least = three.panel.details.minimumSizeHint().width()
    assert least < three.panel.details.picture.sizeHint().width() + row, "the dock keeps its width"
    view = three.desktop.canvas.extent()
    assert view.contains(QgsRectangle(8, 46, 9, 47))
    assert view.width() < 3


def test_json_and_addresses_are_copied_without_secrets(three: Hands) -> None:
    three.panel.select(1)
    three.panel.details.show()
    press(three.qtbot, three.panel.details.json_button)
    window = three.panel.details.json_window
    tree = json.loads(window.findChild(QPlainTextEdit, "scene_json").toPlainText())
    assert tree["id"] == scene(1).id
    assert tree["band_urls"] == {"red": "http://127.0.0.1:9/red.tif"}
    window.close()
    three.panel.details.copy_menu.aboutToShow.emit()
    words = {action.text(): action for action in three.panel.details.copy_menu.actions()}
    words["Name"].trigger()
    assert QApplication.clipboard().text() == scene(1).id
    words["Address of red"].trigger()
    assert QApplication.clipboard().text() == "http://127.0.0.1:9/red.tif"


def test_the_menu_of_a_row(three: Hands) -> None:
    menu = three.panel.menu_of(1)
    words = {action.text(): action for action in menu.actions()}
    words["Tick"].trigger()
    assert [one.id[-1] for one in three.panel.chosen()] == ["0", "1"]
    words["Zoom to"].trigger()
    assert three.desktop.canvas.extent().width() < 4
    assert "Untick" in [action.text() for action in three.panel.menu_of(1).actions()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "012"),
        ("2024-06-02", "1"),
        ("t32tls cloud<20", "01"),
        ("cloud >= 10 covers>98.5", "1"),
        ("clear>0", ""),
        ("size<6", "012"),
        ("orbit", ""),
    ],
)
def test_the_filter(three: Hands, text: str, shown: str) -> None:
    three.qtbot.keyClicks(three.panel.filter_edit, text)
    assert three.shown() == shown
    assert parts(three, "all") == len(shown)
    assert len(three.panel.chosen()) == 1, "what is hidden stays chosen"
    if len(shown) < 3:
        assert f", {len(shown)} shown" in three.panel.chosen_label.text()
    three.panel.filter_edit.clear()
    assert three.shown() == "012"


def test_the_selection_outlives_the_filter(three: Hands) -> None:
    three.panel.select(1)
    three.panel.filter_edit.setText("cloud>0")
    assert three.panel.table.currentIndex().row() == 0
    three.panel.filter_edit.setText("cloud>15")
    assert three.panel.selected_number() == 1
    three.panel.filter_edit.clear()
    assert three.panel.table.currentIndex().row() == 1


def test_scenes_of_a_pass_stand_together_and_are_ticked_together(hands: Hands) -> None:
    minute = timedelta(minutes=1)
    later = [scene(0), scene(1), scene(2, datetime=START + minute), scene(3)]
    hands.panel.set_scenes(later)
    hands.panel.group_action.trigger()
    assert hands.shown() == "3102", "the newest pass first"
    index = hands.panel.model.index
    shades = [index(row, DATE).data(Qt.ItemDataRole.BackgroundRole) for row in range(4)]
    assert [shade is not None for shade in shades] == [False, True, False, False]
    words = {action.text(): action for action in hands.panel.menu_of(0).actions()}
    words["Tick its whole pass (2 scenes)"].trigger()
    assert [one.id[-1] for one in hands.panel.chosen()] == ["0", "2"]
    hands.panel.table.sortByColumn(CLOUD, Qt.SortOrder.DescendingOrder)
    assert hands.shown() == "3210"
    assert not hands.panel.group_action.isChecked()


def test_new_scenes_are_bold_and_counted(hands: Hands) -> None:
    hands.panel.set_scenes([scene(0), scene(1)], new=[scene(1).id])
    index = hands.panel.model.index
    assert index(0, DATE).data(Qt.ItemDataRole.FontRole) is None
    assert index(1, DATE).data(Qt.ItemDataRole.FontRole).bold()
    assert hands.panel.chosen_label.text() == "1 of 2 chosen, 1 new since last time"


def cell_text(hands: Hands, row: int) -> list[str]:
    table = hands.panel.table
    option = QStyleOptionViewItem()
    option.initFrom(table)
    option.rect = table.visualRect(hands.panel.model.index(row, DATE))
    table.itemDelegate().initStyleOption(option, hands.panel.model.index(row, DATE))
    return option.text.split("\u2028")


@pytest.mark.parametrize("width", [300, 400, 700])
def test_the_name_is_in_view_at_any_width(three: Hands, width: int) -> None:
    three.panel.set_scenes([scene(0, notes=("no date",), clear_percent=50.0), scene(1)])
    three.panel.resize(width, 600)
    QApplication.processEvents()
    assert three.panel.width() == width
    table = three.panel.table
    day, name = cell_text(three, 0)
    assert day.startswith("2024-06-01")
    assert not table.isColumnHidden(NOTES), "it has notes"
    assert name.startswith("S")
    assert name.endswith("0"), "the end tells one from another"
    shown = [column for column in range(7) if not table.isColumnHidden(column)]
    assert {DATE, CLEAR, COVERS} <= set(shown)
    assert ID not in shown
    assert (SIZE in shown) is (width > 400), "the notes count more"
    used = sum(table.columnWidth(column) for column in shown)
    assert used <= table.viewport().width()


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[FaultyServer]:
    with FaultyServer(tmp_path) as server:
        for name, side in (("a.jpg", 343), ("b.png", 64)):
            image = QImage(side, side, QImage.Format.Format_RGB32)
            image.fill(QColor("red"))
            assert image.save(str(tmp_path / name))
        (tmp_path / "c.jpg").write_bytes(b"no picture at all")
        yield server


def with_picture(place: int, server: FaultyServer, name: str) -> SceneItem:
    asset = {"href": server.url(name), "roles": ["thumbnail"]}
    return scene(place, catalog=server.url(""), assets_json=json.dumps({"thumbnail": asset}))


def test_pictures_come_by_themselves_and_are_fetched_once(
    hands: Hands, pictures: FaultyServer
) -> None:
    given = [with_picture(n, pictures, f) for n, f in enumerate(("a.jpg", "b.png", "c.jpg"))]
    hands.panel.offer_pictures(hands.store)
    hands.panel.set_scenes(given)
    hands.panel.select(0)
    hands.panel.details.show()
    hands.qtbot.waitUntil(
        lambda: all(hands.store.is_known(one) for one in given), timeout=PATIENCE_MS
    )
    index = hands.panel.model.index
    icons = [index(row, DATE).data(Qt.ItemDataRole.DecorationRole) for row in range(3)]
    assert [icon is not None for icon in icons] == [True, True, False]
    assert hands.store.image(given[0]).width() == 256, "large ones are made small"
    assert hands.store.image(given[1]).width() == 64
    assert hands.panel.details.picture.isVisible()
    asked = len(pictures.requests)
    press(hands.qtbot, hands.panel.pictures_button)
    assert index(0, DATE).data(Qt.ItemDataRole.DecorationRole) is None
    press(hands.qtbot, hands.panel.gallery_button)
    assert hands.panel.pictures_button.isChecked(), "a gallery without pictures is none"
    assert index(0, DATE).data(Qt.ItemDataRole.DecorationRole) is not None
    hands.panel.set_scenes(given)
    hands.qtbot.wait(300)
    assert len(pictures.requests) == asked
    assert hands.desktop.messages == [], "a picture that is missing hinders nobody"


def test_only_pictures_in_view_are_fetched(hands: Hands, pictures: FaultyServer) -> None:
    given = [replace(with_picture(0, pictures, "b.png"), id=f"S{n:03d}") for n in range(200)]
    hands.panel.offer_pictures(hands.store)
    hands.panel.set_scenes(given)
    hands.qtbot.waitUntil(lambda: hands.store.is_known(given[0]), timeout=PATIENCE_MS)
    bar = hands.panel.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    hands.qtbot.waitUntil(lambda: hands.store.is_known(given[-1]), timeout=PATIENCE_MS)
    assert not hands.store.is_known(given[100])


def test_the_choice_against_pictures_is_kept(hands: Hands, pictures: FaultyServer) -> None:
    hands.panel.offer_pictures(hands.store)
    press(hands.qtbot, hands.panel.pictures_button)
    other = ScenePanel()
    hands.qtbot.addWidget(other)
    other.offer_pictures(hands.store)
    assert not other.pictures_button.isChecked()
