"""The area drawn as polygon and circle, changed on the map, undone, taken from selection, file,
clipboard, coordinates and a place's name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsRectangle, QgsSettings
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QWidget

from firstlight.core.types import Aoi
from firstlight.plugin.jobs.job_list import JobList
from firstlight.plugin.messages import WORDING
from firstlight.plugin.places import ALLOWED, ENDPOINT, places_allowed
from firstlight.ui.area.area_choice import AreaChoice
from firstlight.ui.area.area_panel import AreaPanel
from firstlight.ui.area.drawing import Way
from support.desktop import Desktop
from support.dock import press
from support.place_server import place, place_server
from support.polygon_layer import add_polygons, l_shape
from support.waiting import PATIENCE_MS

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@dataclass
class Hands:
    """A panel in a window, and what a person does with it."""

    panel: AreaPanel
    desktop: Desktop
    qtbot: QtBot
    errors: list[Any]

    @property
    def area(self) -> AreaChoice:
        return self.panel.area

    @property
    def aoi(self) -> Aoi:
        assert self.area.aoi is not None
        return self.area.aoi

    @property
    def view(self) -> QWidget:
        return self.desktop.canvas.viewport()

    def draw(self, way: Way) -> None:
        self.panel.draw_actions[way].trigger()

    def click(self, *points: QPoint, button: Qt.MouseButton = LEFT) -> None:
        for point in points:
            self.qtbot.mouseMove(self.view, point)
            self.qtbot.mouseClick(self.view, button, pos=point)

    def move(self, point: QPoint) -> None:
        """Move the pointer with the button held, which the test's cursor cannot."""
        there = QPointF(self.view.mapToGlobal(point))
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(point), there, Qt.MouseButton.NoButton, buttons, keys
        )
        QApplication.sendEvent(self.view, move)

    def drag(self, start: QPoint, end: QPoint) -> None:
        self.qtbot.mousePress(self.view, LEFT, pos=start)
        self.move((start + end) / 2)
        self.move(end)
        self.qtbot.mouseRelease(self.view, LEFT, pos=end)

    def key(self, key: Qt.Key, *more: Qt.KeyboardModifier) -> None:
        self.qtbot.keyClick(self.desktop.canvas, key, *more)

    def write(self, text: str) -> None:
        edit = self.panel.area_edit
        edit.setFocus()
        edit.selectAll()
        self.qtbot.keyClicks(edit, text)

    def at(self, lon: float, lat: float) -> QPoint:
        """Where on the screen a point of the map lies."""
        shown = self.desktop.canvas.getCoordinateTransform().transform(QgsPointXY(lon, lat))
        return QPoint(round(shown.x()), round(shown.y()))

    def lonlat(self, point: QPoint) -> tuple[float, float]:
        there = self.desktop.canvas.getCoordinateTransform().toMapCoordinates(point)
        return there.x(), there.y()


@pytest.fixture
def hands(desktop: Desktop, qtbot: QtBot) -> Iterator[Hands]:
    jobs = JobList()
    desktop.canvas.setExtent(QgsRectangle(9, 44, 12, 47))
    area = AreaChoice(desktop.canvas)
    errors: list[Any] = []
    area.refused.connect(errors.append)

    def start(operation: Any, values: dict[str, Any], succeed: Any, finish: Any) -> bool:
        job = jobs.start(operation, WORDING.make_params(operation, values), kept=False)
        job.ended.connect(lambda: succeed(job.result) if job.result else errors.append(job.error))
        return True

    panel = AreaPanel("Area", area, start)
    qtbot.addWidget(panel)
    panel.move(1400, 0)  # not above the map, which would take the pointer's events
    panel.show()
    QApplication.processEvents()
    yield Hands(panel, desktop, qtbot, errors)
    assert jobs.cancel_all(PATIENCE_MS)
    jobs.close_down()
    panel.close_down()
    area.close_down()


TRIANGLE = (QPoint(100, 100), QPoint(300, 120), QPoint(200, 300))


@pytest.mark.parametrize("end", ["right click", "Enter", "double click"])
def test_a_polygon_is_clicked_and_keeps_its_shape(hands: Hands, end: str) -> None:
    before = hands.desktop.canvas.mapTool()
    hands.draw(Way.POLYGON)
    assert hands.panel.draw_button.isChecked()
    hands.click(*TRIANGLE)
    assert hands.area.aoi is None, "it is not whole yet"
    if end == "right click":
        hands.click(QPoint(50, 50), button=RIGHT)
    elif end == "Enter":
        hands.key(Qt.Key.Key_Return)
    else:
        hands.qtbot.mouseDClick(hands.view, LEFT, pos=TRIANGLE[-1])
    ring = hands.aoi.geometry["coordinates"][0]
    expected = [hands.lonlat(point) for point in TRIANGLE]
    assert len(ring) == 4
    assert [(round(x, 9), round(y, 9)) for x, y in sorted(ring[:-1])] == [
        (round(x, 9), round(y, 9)) for x, y in sorted(expected)
    ]
    assert hands.desktop.canvas.mapTool() is before
    assert not hands.panel.draw_button.isChecked()


def test_backspace_takes_a_corner_back_and_esc_gives_up(hands: Hands) -> None:
    hands.draw(Way.POLYGON)
    hands.click(*TRIANGLE, QPoint(20, 20))
    hands.key(Qt.Key.Key_Backspace)
    hands.key(Qt.Key.Key_Return)
    assert len(hands.aoi.geometry["coordinates"][0]) == 4
    kept = hands.aoi
    hands.draw(Way.POLYGON)
    hands.click(*TRIANGLE[:2])
    hands.key(Qt.Key.Key_Return)
    assert hands.area.drawing.way is Way.POLYGON, "two corners are no polygon"
    hands.key(Qt.Key.Key_Escape)
    assert hands.area.drawing.way is None
    assert hands.aoi is kept
    hands.draw(Way.POLYGON)
    hands.click(*TRIANGLE)
    hands.key(Qt.Key.Key_Return)
    assert hands.aoi == kept, "nothing of what was given up is left"


def test_a_crossed_polygon_is_mended_not_taken_as_drawn(hands: Hands) -> None:
    hands.draw(Way.POLYGON)
    hands.click(QPoint(100, 100), QPoint(300, 300), QPoint(300, 100), QPoint(100, 300))
    hands.key(Qt.Key.Key_Return)
    assert hands.aoi.geometry["type"] == "MultiPolygon"
    assert hands.aoi.area_km2 > 0


@pytest.mark.parametrize("epsg", [4326, 3857, 32632])
def test_a_circle_is_true_on_the_ground_in_any_system(hands: Hands, epsg: int) -> None:
    pyproj = pytest.importorskip("pyproj")
    try:
        to_lonlat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
    except pyproj.exceptions.DataDirError:  # Debian 13's pyproj, asked from a .venv
        pytest.skip("pyproj finds no data here")
    canvas = hands.desktop.canvas
    if epsg != 4326:
        system = QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
        middle = {3857: (1_150_000, 5_800_000), 32632: (600_000, 5_100_000)}[epsg]
        canvas.setDestinationCrs(system)
        canvas.setExtent(QgsRectangle(*(v - 2e5 for v in middle), *(v + 2e5 for v in middle)))
    hands.draw(Way.CIRCLE)
    start, end = QPoint(300, 300), QPoint(360, 380)
    hands.drag(start, end)
    middle, rim = (to_lonlat.transform(*hands.lonlat(point)) for point in (start, end))
    geod = pyproj.Geod(ellps="WGS84")
    radius = geod.inv(*middle, *rim)[2]
    ring = hands.aoi.geometry["coordinates"][0]
    lengths = [geod.inv(*middle, *corner)[2] for corner in ring]
    assert lengths == pytest.approx([radius] * len(ring), rel=1e-6)
    assert hands.aoi.area_km2 == pytest.approx(math.pi * (radius / 1000) ** 2, rel=0.002)


def test_a_circle_tells_its_radius_while_it_is_drawn(hands: Hands) -> None:
    hands.draw(Way.CIRCLE)
    hands.qtbot.mousePress(hands.view, LEFT, pos=QPoint(200, 200))
    hands.move(QPoint(230, 200))
    assert hands.panel.area_label.text().startswith("Circle of ")
    assert hands.panel.area_label.text().endswith(" km")
    hands.key(Qt.Key.Key_Escape)
    assert hands.area.aoi is None
    assert hands.panel.area_label.text() == "No area yet."


def box_on_map(hands: Hands) -> None:
    hands.area.choose(Aoi.from_bounds(10, 45, 11, 46))
    press(hands.qtbot, hands.panel.corners_button)
    assert hands.area.drawing.way is Way.CORNERS
    assert len(hands.area.drawing.corners.corners) == 4


def test_a_corner_is_dragged(hands: Hands) -> None:
    box_on_map(hands)
    target = hands.at(11, 46) + QPoint(40, -30)
    hands.drag(hands.at(11, 46), target)
    ring = hands.aoi.geometry["coordinates"][0]
    assert (10, 45) in [tuple(point) for point in ring], "the others stay where they were"
    assert tuple(hands.lonlat(target)) in [pytest.approx(tuple(point)) for point in ring]
    assert hands.area.drawing.way is Way.CORNERS, "it goes on until Esc"
    hands.key(Qt.Key.Key_Escape)
    assert not hands.panel.corners_button.isChecked()
    marks = [one for one in hands.desktop.canvas.scene().items() if isinstance(one, QgsRubberBand)]
    shown = [one for one in marks if one.isVisible() and not one.asGeometry().isEmpty()]
    assert len(shown) == 1, "only the outline is left"


def test_an_edge_gets_a_corner_and_a_right_click_takes_one_away(hands: Hands) -> None:
    box_on_map(hands)
    middle = hands.at(10.5, 46)
    hands.drag(middle, middle + QPoint(0, -40))
    assert len(hands.aoi.geometry["coordinates"][0]) == 6
    assert hands.aoi.bounds[3] > 46
    hands.click(hands.at(11, 45), button=RIGHT)
    assert len(hands.aoi.geometry["coordinates"][0]) == 5
    hands.click(hands.at(10, 45), button=RIGHT)
    assert len(hands.aoi.geometry["coordinates"][0]) == 4
    hands.click(hands.at(10, 46), button=RIGHT)
    assert "three are the fewest" in str(hands.errors[-1])
    assert len(hands.aoi.geometry["coordinates"][0]) == 4


def test_the_corners_follow_the_map_s_system(hands: Hands) -> None:
    hands.area.choose(Aoi.from_bounds(10, 45, 11, 46))
    hands.desktop.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    press(hands.qtbot, hands.panel.corners_button)
    target = QPoint(500, 200)
    corner = hands.area.drawing.corners.toCanvasCoordinates(
        max(hands.area.drawing.corners.corners, key=lambda point: point.x() + point.y())
    )
    hands.drag(corner, target)
    x, y = hands.lonlat(target)
    lon = math.degrees(x / 6378137)
    lat = math.degrees(2 * math.atan(math.exp(y / 6378137)) - math.pi / 2)
    ring = hands.aoi.geometry["coordinates"][0]
    assert (lon, lat) in [pytest.approx(tuple(point), abs=1e-7) for point in ring]


@pytest.mark.parametrize("how", ["button", "Ctrl+Z"])
def test_undo_brings_the_area_before_back(hands: Hands, how: str) -> None:
    assert not hands.panel.undo_button.isEnabled()
    box_on_map(hands)
    first = hands.aoi
    hands.drag(hands.at(11, 46), hands.at(11, 46) + QPoint(40, -30))
    hands.drag(hands.at(10, 46), hands.at(10, 46) + QPoint(-40, -30))
    assert hands.aoi != first
    for _ in range(2):
        if how == "button":
            press(hands.qtbot, hands.panel.undo_button)
        else:
            hands.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hands.aoi == first
    assert len(hands.area.drawing.corners.corners) == 4, "the marks follow"
    press(hands.qtbot, hands.panel.undo_button)
    assert hands.area.aoi is None
    assert hands.area.drawing.way is None
    assert not hands.panel.undo_button.isEnabled()


def test_the_cross_takes_the_area_away_and_undo_brings_it_back(hands: Hands) -> None:
    hands.area.choose(Aoi.from_bounds(10, 45, 11, 46))
    press(hands.qtbot, hands.panel.clear_button)
    assert hands.area.aoi is None
    press(hands.qtbot, hands.panel.undo_button)
    assert hands.aoi.bounds == (10, 45, 11, 46)


def test_another_project_has_nothing_to_undo(hands: Hands) -> None:
    hands.area.choose(Aoi.from_bounds(10, 45, 11, 46))
    hands.area.choose(Aoi.from_bounds(10, 45, 12, 46))
    hands.area.begin_anew()
    assert hands.area.aoi is None
    assert not hands.panel.undo_button.isEnabled()


def menu(hands: Hands) -> Any:
    hands.panel.source_menu.aboutToShow.emit()
    return hands.panel.source_menu


def test_selected_features_are_the_area(hands: Hands) -> None:
    assert not menu(hands).selection_action.isEnabled()
    layer = add_polygons(*l_shape(10, 45, 11, 46))
    layer.selectByIds([next(layer.getFeatures()).id()])
    assert menu(hands).selection_action.text() == f"&Selected features of {layer.name()} (1)"
    menu(hands).selection_action.trigger()
    one = next(layer.getSelectedFeatures()).geometry().boundingBox()
    assert hands.aoi.bounds == pytest.approx(
        (one.xMinimum(), one.yMinimum(), one.xMaximum(), one.yMaximum())
    )


def test_a_layer_gives_its_shape(hands: Hands) -> None:
    add_polygons(*l_shape(10, 45, 11, 46))
    [action] = menu(hands).layer_actions()
    action.trigger()
    assert hands.aoi.area_km2 == pytest.approx(
        0.75 * Aoi.from_bounds(10, 45, 11, 46).area_km2, rel=0.01
    )


def test_a_file_is_chosen_and_the_map_goes_there(hands: Hands, tmp_path: Any) -> None:
    path = tmp_path / "fire.geojson"
    ring = [[20, 10], [21, 10], [21, 11], [20, 10]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    menu(hands).file_action.trigger()
    dialog = hands.panel.source_menu.dialog
    assert dialog.isVisible()
    assert not dialog.testAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    assert hands.aoi.geometry["coordinates"] == [ring]
    assert hands.desktop.canvas.extent().contains(QgsPointXY(20.5, 10.3))


def test_the_clipboard_holds_an_area(hands: Hands) -> None:
    QApplication.clipboard().setText(" 46°57'N 7°27'E 5 km\n")
    menu(hands).clipboard_action.trigger()
    assert hands.aoi.area_km2 == pytest.approx(math.pi * 25, rel=1e-3)
    QApplication.clipboard().clear()
    assert not menu(hands).clipboard_action.isEnabled()


def test_how_coordinates_were_read_is_said(hands: Hands) -> None:
    hands.write("46.9481, 7.4474")
    hands.qtbot.keyClick(hands.panel.area_edit, Qt.Key.Key_Return)
    lines = hands.panel.area_label.text().splitlines()
    assert lines[0] == "78.5 km²"
    assert lines[3].startswith("Read as 5 km around 46.948° N, 7.4474° E (latitude first)")
    hands.area.choose(Aoi.from_bounds(10, 45, 11, 46))
    assert "Read as" not in hands.panel.area_label.text(), "it was about the other one"


def test_a_place_is_looked_up_only_where_it_is_allowed_and_asked_for(hands: Hands) -> None:
    with place_server(place("Bern, Switzerland", 7.29, 46.91, 7.5, 46.99)) as server:
        QgsSettings().setValue(ENDPOINT, server.url)
        hands.write("Bern")
        hands.panel.canvas_button.setFocus()
        assert hands.errors == [], "a name on its way to the look-up is no wrong area"
        assert server.asked == []
        press(hands.qtbot, hands.panel.place.button)
        assert hands.panel.place.question.text() == (
            "The name is sent to 127.0.0.1, OpenStreetMap's search."
        )
        assert server.asked == [], "nothing is sent before it is allowed"
        with hands.qtbot.waitSignal(hands.area.changed, timeout=PATIENCE_MS):
            press(hands.qtbot, hands.panel.place.allow_button)
        assert server.asked == ["Bern"]
        assert hands.aoi.bounds == pytest.approx((7.29, 46.91, 7.5, 46.99))
        assert places_allowed()
        assert not hands.panel.place.isVisible()


def test_of_several_places_one_is_chosen(hands: Hands) -> None:
    QgsSettings().setValue(ALLOWED, True)
    two = (place("Bern & Köniz", 7.29, 46.91, 7.5, 46.99), place("Berne, IN", -85, 40.6, -84, 41))
    with place_server(*two) as server:
        QgsSettings().setValue(ENDPOINT, server.url)
        hands.write("Bern")
        press(hands.qtbot, hands.panel.place.button)
        choices = hands.panel.place.places_menu
        hands.qtbot.waitUntil(lambda: len(choices.actions()) == 2, timeout=PATIENCE_MS)
        assert choices.actions()[0].text() == "Bern && Köniz"
        assert hands.area.aoi is None
        choices.actions()[1].trigger()
        choices.close()
    assert hands.aoi.bounds == pytest.approx((-85, 40.6, -84, 41))


@pytest.mark.parametrize(
    ("places", "status", "why"),
    [
        ((), 200, "No place found for 'Nowhere': 127.0.0.1 knows none of that name."),
        ((), 500, "The place 'Nowhere' cannot be looked up: "),
    ],
)
def test_a_look_up_that_fails_is_one_sentence(
    hands: Hands, places: Any, status: int, why: str
) -> None:
    QgsSettings().setValue(ALLOWED, True)
    with place_server(*places, status=status) as server:
        QgsSettings().setValue(ENDPOINT, server.url)
        hands.write("Nowhere")
        press(hands.qtbot, hands.panel.place.button)
        hands.qtbot.waitUntil(lambda: bool(hands.errors), timeout=PATIENCE_MS)
    assert str(hands.errors[0]).startswith(why)
    assert hands.area.aoi is None


def test_keys_reach_every_part_and_every_part_has_a_name(hands: Hands) -> None:
    for button in (
        hands.panel.place.button,
        hands.panel.corners_button,
        hands.panel.undo_button,
        hands.panel.clear_button,
    ):
        assert button.accessibleName()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    for button in (hands.panel.canvas_button, hands.panel.layer_button):
        assert "&" in button.text()
    assert hands.panel.minimumSizeHint().width() <= 300
