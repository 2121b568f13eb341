"""What came of a run: the pictures before and after, and the chart of areas."""

from __future__ import annotations

import dataclasses
import gc
from datetime import datetime, timezone
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRectangle
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qgis.PyQt.QtWidgets import QLabel, QWidget

from firstlight.core.operation import AreaRow, LayerOutput
from firstlight.plugin.picture_pair import picture_pair
from firstlight.ui.results.before_after import BeforeAfter, close_before_after, show_before_after
from firstlight.ui.results.class_chart import ClassChart
from support.map_layers import add_layers
from support.qgis_fixtures import make_stack

BANDS = ("blue", "green", "red", "nir", "swir22")


def picture(path: Path, title: str, month: int, group: str = "Sentinel-2") -> LayerOutput:
    when = datetime(2024, month, 1, tzinfo=timezone.utc)
    return LayerOutput(path, title, "natural_color", group, when, visible=month == 7)


@pytest.fixture
def outputs(tmp_path: Path) -> list[LayerOutput]:
    """Two pictures of one sensor, one of another between them, and an outline."""
    (tmp_path / "outline.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[10,46],[11,46],[11,47],[10,46]]]}'
    )
    return [
        picture(make_stack(tmp_path / "a.tif", BANDS), "Before, 2024-06-01", 6),
        picture(make_stack(tmp_path / "b.tif", BANDS), "After, 2024-07-01", 7),
        picture(make_stack(tmp_path / "c.tif", ("vv",)), "Radar", 6, "Sentinel-1"),
        LayerOutput(tmp_path / "outline.geojson", "Outline", "perimeter", "Burn severity"),
    ]


def test_the_pair_is_that_below_the_map_and_the_one_before_it(outputs: list[LayerOutput]) -> None:
    pair = picture_pair(outputs)
    assert pair is not None
    assert (pair.before.title, pair.after.title) == ("Before, 2024-06-01", "After, 2024-07-01")
    assert pair.outline is outputs[3]
    radar = [dataclasses.replace(one, visible=one.title == "Radar") for one in outputs]
    assert picture_pair(radar) is None, "there is no radar picture before"
    assert picture_pair([]) is None


def test_both_maps_move_with_that_of_qgis_and_it_with_them(desktop, qtbot, outputs) -> None:
    add_layers(outputs, QgsProject.instance())
    panel = show_before_after(desktop, outputs)
    assert panel is not None
    assert panel.isVisible()
    before, after = panel.canvases
    assert [layer.name() for layer in before.layers()] == ["Outline", "Before, 2024-06-01"]
    assert [layer.name() for layer in after.layers()] == ["Outline", "After, 2024-07-01"]
    crs = desktop.canvas.mapSettings().destinationCrs()
    assert before.mapSettings().destinationCrs() == crs

    def together() -> None:
        for canvas in (before, after):
            assert canvas.scale() == pytest.approx(desktop.canvas.scale(), rel=1e-3)
            assert canvas.center().distance(desktop.canvas.center()) < 1e-6

    together()
    desktop.canvas.setExtent(QgsRectangle(10.001, 46.93, 10.004, 46.94))
    together()
    panel.resize(900, 500)
    desktop.window.resize(1000, 700)
    together()
    after.zoomByFactor(0.5)
    after.setCenter(before.center())
    together()
    desktop.canvas.setDestinationCrs(QgsProject.instance().mapLayersByName("Radar")[0].crs())
    assert before.mapSettings().destinationCrs() == desktop.canvas.mapSettings().destinationCrs()
    together()
    assert desktop.canvas.scale() < 1e6, "another reference system is no other place"


def test_false_colour_here_changes_nothing_in_the_project(desktop, qtbot, outputs) -> None:
    layers, _ = add_layers(outputs, QgsProject.instance())
    panel = show_before_after(desktop, outputs)
    own = panel.canvases[0].layers()[-1]
    assert own.renderer().redBand() == 3
    qtbot.mouseClick(panel.false_color_box, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert own.renderer().redBand() == 5
    assert layers[0].renderer().redBand() == 3
    qtbot.mouseClick(panel.false_color_box, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert own.renderer().redBand() == 3
    qtbot.mouseClick(panel.outline_box, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert len(panel.canvases[0].layers()) == 1
    QgsProject.instance().clear()
    assert panel.canvases[0].layers() == [own], "what leaves the project stays here"


def test_a_second_press_replaces_the_panel_and_closing_lets_the_map_go(
    desktop, qtbot, outputs
) -> None:
    first = show_before_after(desktop, outputs)
    second = show_before_after(desktop, outputs)
    assert desktop.window.findChildren(BeforeAfter) == [second]
    assert first is not second
    close_before_after(desktop)
    assert desktop.window.findChildren(BeforeAfter) == []
    desktop.canvas.setExtent(QgsRectangle(0, 0, 1, 1))  # nobody listens any more


def test_its_layers_go_with_the_window_though_python_holds_them(desktop, qtbot, outputs) -> None:
    """Those that are left when QGIS has gone close their files with what is there no more."""
    panel = show_before_after(desktop, outputs)
    layers = [layer for canvas in panel.canvases for layer in canvas.layers()]
    assert len(layers) == 4
    close_before_after(desktop)
    QCoreApplication.sendPostedEvents(panel, QEvent.Type.DeferredDelete)
    assert all(map(sip.isdeleted, layers))


def test_the_panel_stays_though_nobody_holds_it(desktop, qtbot, outputs) -> None:
    assert show_before_after(desktop, outputs) is not None
    gc.collect()
    panels = desktop.window.findChildren(BeforeAfter)
    assert len(panels) == 1
    assert panels[0].isVisible()
    desktop.canvas.setExtent(QgsRectangle(10.001, 46.93, 10.004, 46.94))  # it follows


def test_without_two_pictures_there_is_no_panel(desktop, outputs) -> None:
    assert show_before_after(desktop, outputs[2:]) is None
    assert desktop.window.findChildren(BeforeAfter) == []


ROWS = (
    AreaRow("Not burned", (240, 238, 228), 23.5, 59.2),
    AreaRow("Burned <b>", (196, 43, 28), 16.2, 40.8, counts=True),
    AreaRow("Not observed", (128, 128, 128), 10.72, 21.3, observed=False),
)


def test_the_chart_has_a_line_for_each_class(qtbot) -> None:
    chart = ClassChart()
    qtbot.addWidget(chart)
    chart.resize(300, 200)
    chart.show_rows(ROWS)
    chart.show()
    texts = [label.text() for label in chart.findChildren(QLabel)]
    assert texts == [
        "Not burned",
        "23.50 km²",
        "Burned <b>",
        "16.20 km²",
        "Not observed",
        "10.72 km²",
    ]
    bars = chart.findChildren(QWidget, "bar")
    assert [bar.share for bar in bars] == pytest.approx([1.0, 16.2 / 23.5, 10.72 / 23.5])
    bold = [label.text() for label in chart.findChildren(QLabel) if label.font().bold()]
    assert bold == ["Burned <b>", "16.20 km²"]
    assert chart.accessibleName().startswith("Areas. Not burned: 23.50 km²; Burned")
    image = bars[1].grab().toImage()
    middle = image.height() // 2
    assert image.pixelColor(5, middle).getRgb()[:3] == (196, 43, 28)
    assert image.pixelColor(image.width() - 5, middle).getRgb()[:3] != (196, 43, 28)


def test_the_chart_is_made_anew_and_hides_without_areas(qtbot) -> None:
    chart = ClassChart()
    qtbot.addWidget(chart)
    chart.show_rows(ROWS)
    chart.show_rows(ROWS[:1])
    assert len(chart.findChildren(QWidget, "bar")) == 1
    chart.show_rows([dataclasses.replace(ROWS[0], area_km2=None)])
    assert chart.isHidden()
