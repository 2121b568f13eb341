"""An event on the map: one open group, pictures below what was mapped from them, doubts first."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from qgis.core import (
    Qgis,
    QgsLayerNotesUtils,
    QgsLayerTreeGroup,
    QgsPalettedRasterRenderer,
    QgsProject,
)
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication

from firstlight.core.algorithms.flood import FLOODED_LAYER
from firstlight.core.algorithms.fusion import CONSENSUS_LAYER, consensus_of
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.operation import LayerOutput
from firstlight.core.operations.registry import get_operation
from firstlight.core.settings import Settings
from firstlight.core.stack.band_stack import BandSource, create_band_stack
from firstlight.plugin.layer_tree import withdraw_layer
from firstlight.plugin.layers import LayerLoader
from firstlight.plugin.picture_style import FALSE, NATURAL, style_of
from support.event_world import Pass, area_text, event_world
from support.map_layers import add_layers
from support.qgis_fixtures import make_stack
from support.rasters import ramp, write_raster
from support.waiting import wait_until

JUNE, JULY = (datetime(2024, month, 1, 10, tzinfo=timezone.utc) for month in (6, 7))
EVENT = "Wildfire 2024-06-20, 46.9N 9.9E"


def picture(path: Path, title: str, when: datetime) -> LayerOutput:
    return LayerOutput(path, title, "natural_color", "Scenes", when, above=EVENT)


def tree(node: QgsLayerTreeGroup) -> list[object]:
    return [
        [child.name(), tree(child)] if isinstance(child, QgsLayerTreeGroup) else child.name()
        for child in node.children()
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_newest_picture_lies_on_top_whichever_comes_first(
    project: QgsProject, tmp_path: Path, backwards: bool
) -> None:
    outputs = [
        picture(make_stack(tmp_path / "a.tif"), "Before", JUNE),
        picture(make_stack(tmp_path / "b.tif"), "After", JULY),
    ]
    add_layers(outputs[:: -1 if backwards else 1], project)
    assert tree(project.layerTreeRoot()) == [[EVENT, [["Scenes", ["After", "Before"]]]]]


@pytest.mark.thorough
def test_an_event_opened_again_stands_as_its_run_put_it(
    project: QgsProject, tmp_path: Path
) -> None:
    """From its own catalogue, with the pictures; and under a moved folder."""
    passes = [
        Pass("2024-06-01", sensor="sentinel1"),
        Pass("2024-06-25", sensor="sentinel1", changed="water"),
        Pass("2024-06-02"),
        Pass("2024-06-26", changed="water", cloud=0.3),
    ]
    with event_world(tmp_path / "files", passes) as world:
        values = {
            "event": "flood",
            "area": area_text(),
            "date": "2024-06-20",
            "catalog": world.url,
            "output": tmp_path / "out",
        }
        made = run("event", values)
    add_layers(made, project)
    first = tree(project.layerTreeRoot())
    [[event, groups]] = first
    assert event.startswith("Flood 2024-06-20, ")
    assert [name for name, _ in groups] == [
        "All sensors together",
        "Flood, Sentinel-1",
        "Flood, Sentinel-2",
        "Sentinel-1 scenes",
        "Sentinel-2 scenes",
    ]
    assert groups[0][1][:4] == ["Outline", "Not observed", "Area", "Flooded"]
    assert groups[3][1] == ["After, 2024-06-25", "Before, 2024-06-01"]
    shown = ["Outline", "Not observed", "Area", "Flooded", "After, 2024-06-25"]
    assert visible(project) == shown, "radar below its flood"
    project.clear()
    moved = (tmp_path / "out").rename(tmp_path / "elsewhere")
    add_layers(run("results", {"path": moved / "catalog.json"}), project)
    assert tree(project.layerTreeRoot()) == first
    assert visible(project) == shown


def test_what_came_early_gives_its_place_to_the_whole_result(
    project: QgsProject, tmp_path: Path
) -> None:
    """In the order and as visible as if it had come with the others, unless somebody hid it."""
    files = [write_raster(tmp_path / f"{n}.tif", ramp((64, 64), 0, 1, "uint8")) for n in "abc"]
    first, second, hidden = (
        LayerOutput(path, path.stem, "", f"Map {path.stem}", above=EVENT) for path in files
    )
    whole = [
        picture(make_stack(tmp_path / "p.tif"), "After", JULY),
        dataclasses.replace(hidden, visible=False),
        dataclasses.replace(second, visible=False),
        first,
    ]
    load([first], project, early=True)
    load([second], project, early=True)
    assert visible(project) == ["b", "a"]
    load(whole, project)
    assert [name for name, _ in tree(project.layerTreeRoot())[0][1]] == [
        "Map a",
        "Map b",
        "Map c",
        "Scenes",
    ]
    assert visible(project) == ["a", "After"]
    shown = {one.layer().name(): one for one in project.layerTreeRoot().findLayers()}
    assert shown["a"].isExpanded()
    assert not shown["b"].isExpanded(), "a legend of what is hidden takes room for nothing"
    assert len(project.mapLayers()) == len(whole)
    own = project.layerTreeRoot().findGroup("Map b").findLayers()[0]
    own.setItemVisibilityChecked(True)
    load(whole, project)
    assert visible(project) == ["a", "b", "After"], "the user's choice stays"


def test_what_came_early_and_does_not_stand_goes(project: QgsProject, tmp_path: Path) -> None:
    files = [write_raster(tmp_path / f"{n}.tif", ramp((64, 64), 0, 1, "uint8")) for n in "ab"]
    one, other = (LayerOutput(path, path.stem, "", "Map", above=EVENT) for path in files)
    load([one], project, early=True)
    load([other], project)
    withdraw_layer(one, project)
    withdraw_layer(other, project)
    assert [layer.name() for layer in project.mapLayers().values()] == ["b"]


def load(outputs: list[LayerOutput], project: QgsProject, early: bool = False) -> None:
    loader, ended = LayerLoader(outputs, project, early=early), []
    loader.finished.connect(lambda layers, errors: ended.append(errors))
    loader.start()

    def done() -> bool:
        QApplication.processEvents()
        return bool(ended)

    wait_until(done)
    assert ended == [[]]


def run(name: str, values: dict[str, object]) -> tuple[LayerOutput, ...]:
    operation = get_operation(name)
    result = operation.run(operation.make_params(values), Settings(), RecordingMonitor())
    return result.layers


def visible(project: QgsProject) -> list[str]:
    return [
        node.layer().name() for node in project.layerTreeRoot().findLayers() if node.isVisible()
    ]


def test_doubts_come_first_in_the_notes_and_in_orange(project: QgsProject, tmp_path: Path) -> None:
    output = dataclasses.replace(
        picture(make_stack(tmp_path / "a.tif"), "After", JULY),
        abstract="From <b>S2A</b>.",
        warnings=("Cloud is taken for ground.",),
    )
    [layer], _ = add_layers([output], project)
    notes = QgsLayerNotesUtils.layerNotes(layer)
    assert notes.startswith('<p style="color:#9a5200"><b>Cloud is taken for ground.')
    assert "From &lt;b&gt;S2A" in notes
    assert layer.metadata().abstract().startswith("Warning: Cloud is taken for ground. From")


def test_false_colour_is_a_second_style_that_keeps_day_and_notes(
    project: QgsProject, tmp_path: Path
) -> None:
    names = ("blue", "green", "red", "nir08", "swir22")
    output = dataclasses.replace(
        picture(make_stack(tmp_path / "a.tif", names), "After", JULY), warnings=("Haze",)
    )
    [layer], _ = add_layers([output], project)
    manager = layer.styleManager()
    assert manager.currentStyle() == style_of(layer, NATURAL) == "Natural colour"
    assert layer.renderer().redBand() == 3
    false = style_of(layer, FALSE)
    assert false == "False colour (swir22, nir, red)"
    manager.setCurrentStyle(false)
    renderer = layer.renderer()
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (5, 4, 3)
    assert renderer.redContrastEnhancement().maximumValue() == 0.5
    assert layer.temporalProperties().isActive()
    assert QgsLayerNotesUtils.layerHasNotes(layer)


def test_a_picture_without_infrared_has_one_style(project: QgsProject, tmp_path: Path) -> None:
    path = make_stack(tmp_path / "a.tif", ("blue", "green", "red"))
    [layer], _ = add_layers([picture(path, "After", JULY)], project)
    assert len(layer.styleManager().styles()) == 1


def test_a_vote_is_labelled_by_what_it_is_about_and_seen_through_where_nothing_is(
    project: QgsProject, tmp_path: Path
) -> None:
    path = write_raster(tmp_path / "c.tif", ramp((64, 64), 0, 1, "uint8"), nodata=255)
    layer = consensus_of(FLOODED_LAYER)
    assert (layer.name, layer.title) == (CONSENSUS_LAYER.name, "Flooded")
    output = LayerOutput(path, layer.title, layer.style, "G", classes=layer.classes)
    [shown], _ = add_layers([output], project)
    assert isinstance(shown.renderer(), QgsPalettedRasterRenderer)
    labels = {int(one.value): one.label for one in shown.renderer().classes()}
    assert labels == {0: "Not flooded (observed)", 1: "Flooded", 255: "Not observed"}
    opacity = {int(one.value): one.color.alpha() for one in shown.renderer().classes()}
    assert opacity == {0: 0, 1: 255, 255: 255}


def test_an_outline_has_its_day(project: QgsProject, tmp_path: Path) -> None:
    path = tmp_path / "outline.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    [layer], _ = add_layers([LayerOutput(path, "Outline", "perimeter", "G", JULY)], project)
    temporal = layer.temporalProperties()
    assert temporal.isActive()
    assert temporal.mode() == Qgis.VectorTemporalMode.FixedTemporalRange
    assert temporal.fixedTemporalRange().begin().date().toString("yyyy-MM-dd") == "2024-07-01"


def stack(tmp_path: Path) -> Path:
    """A stack as the plugin makes it, of bands without overviews."""
    bands = {}
    for place, name in enumerate(("blue", "green", "red", "nir")):
        data = ramp((700, 600), 300 * (place + 1), 3000, "uint16")
        bands[name] = BandSource(write_raster(tmp_path / f"{name}.tif", data))
    return create_band_stack(bands, tmp_path / "stack.vrt").path


def test_opening_a_stack_changes_nothing_on_the_disk(project: QgsProject, tmp_path: Path) -> None:
    """QGIS would compute statistics, and write them into the VRT and beside the bands."""
    path = stack(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    layers, errors = add_layers([picture(path, "After", JULY)], project)
    assert (len(layers), errors) == (1, [])
    del layers
    project.clear()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_layers_come_one_by_one_and_the_window_lives_in_between(
    project: QgsProject, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    outputs = [picture(make_stack(tmp_path / f"{n}.tif"), str(n), JUNE) for n in range(4)]
    outputs.append(picture(tmp_path / "gone.tif", "gone", JUNE))
    loader, ended = LayerLoader(outputs, project), []
    loader.finished.connect(lambda *carried: ended.append(carried))
    loader.start()
    assert project.count() == 0, "nothing on the caller's own time"
    turns, turn_of_layer = QTimer(), []
    count = itertools.count()
    turns.timeout.connect(lambda: next(count))
    turns.start(0)
    project.layersAdded.connect(lambda _: turn_of_layer.append(repr(count)))
    wait_for(lambda: ended)
    turns.stop()
    assert len(set(turn_of_layer)) == 4, "another timer had its turn between two layers"
    [(layers, [error])] = ended
    assert [layer.name() for layer in layers] == ["0", "1", "2", "3"]
    assert "Layer 'gone' cannot be shown" in str(error)


def test_what_has_not_come_when_the_project_is_closed_stays_away(
    project: QgsProject, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    outputs = [picture(make_stack(tmp_path / f"{n}.tif"), str(n), JUNE) for n in range(3)]
    loader, ended = LayerLoader(outputs, project), []
    loader.finished.connect(lambda *carried: ended.append(carried))
    loader.start()

    def note() -> None:
        ended.append("cleared")

    def close(_: object) -> None:
        QTimer.singleShot(0, project.clear)

    project.cleared.connect(note)
    project.layersAdded.connect(close)
    wait_for(lambda: len(ended) > 1)
    project.cleared.disconnect(note)  # the project outlives this test
    project.layersAdded.disconnect(close)
    assert project.count() == 0
    assert ended == ["cleared", ([], [])]
