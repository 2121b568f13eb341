"""Results on the map: style, group, order, day, metadata; and a second run replaces the first."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsLayerTreeModel,
    QgsPalettedRasterRenderer,
    QgsPointXY,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeView
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from firstlight.core.algorithms.burn import SEVERITY, BurnIndex
from firstlight.core.algorithms.flood import (
    FLOOD_CLASSES,
    FLOODED_LAYER,
    WATER_CLASSES,
    with_usual_water,
)
from firstlight.core.algorithms.indices import STRETCHED, index_names, load_indices
from firstlight.core.algorithms.kernel import NOT_OBSERVED
from firstlight.core.operation import LayerOutput
from firstlight.plugin.layer_style import STYLE_DIR
from firstlight.plugin.layer_tree import sort_into_result
from firstlight.plugin.layers import open_layer, source_path
from firstlight.plugin.picture_style import band_names
from support.map_layers import add_layers
from support.qgis_fixtures import make_stack
from support.rasters import write_raster
from support.visitors import watched_address

FLOOD_AND_WATER = with_usual_water(FLOODED_LAYER, True, True).classes
WHEN = datetime(2024, 6, 1, 10, 20, 30, tzinfo=timezone.utc)


def stack_output(path, group="SCENE"):
    return LayerOutput(
        path, "Bands 2024-06-01", "natural_color", group, WHEN, "Four bands, reflectance"
    )


def index_output(path, group="SCENE", style="ndvi"):
    return LayerOutput(path, "NDVI 2024-06-01", style, group, WHEN, "NDVI, -1..1")


def tree(node):
    """Group and layer names as nested lists."""
    return [
        [child.name(), tree(child)] if hasattr(child, "findGroups") else child.name()
        for child in node.children()
    ]


def test_groups_and_order(project, stack_file, band_file):
    layers, errors = add_layers([stack_output(stack_file), index_output(band_file)], project)
    assert errors == []
    assert [layer.isValid() for layer in layers] == [True, True]
    assert tree(project.layerTreeRoot()) == [
        ["FirstLight", [["SCENE", ["NDVI 2024-06-01", "Bands 2024-06-01"]]]]
    ]


def test_a_second_scene_goes_on_top_in_the_same_parent(project, stack_file, band_file, tmp_path):
    other = make_stack(tmp_path / "other.tif")
    add_layers([stack_output(stack_file, "A")], project)
    add_layers([stack_output(other, "B")], project)
    assert tree(project.layerTreeRoot()) == [
        ["FirstLight", [["B", ["Bands 2024-06-01"]], ["A", ["Bands 2024-06-01"]]]]
    ]


def test_a_second_run_replaces_the_layer_where_it_is(project, stack_file, band_file):
    add_layers([stack_output(stack_file), index_output(band_file)], project)
    root = project.layerTreeRoot()
    [old] = [layer for layer in project.mapLayers().values() if layer.name().startswith("Bands")]
    node = root.findLayer(old.id())
    root.insertChildNode(0, node.clone())  # the user put it somewhere else, and hid it
    node.parent().removeChildNode(node)
    root.findLayer(old.id()).setItemVisibilityChecked(False)
    old_id = old.id()
    [new], _ = add_layers([stack_output(stack_file)], project)
    assert new.id() != old_id
    assert project.mapLayer(old_id) is None
    assert tree(root) == ["Bands 2024-06-01", ["FirstLight", [["SCENE", ["NDVI 2024-06-01"]]]]]
    assert root.findLayer(new.id()).itemVisibilityChecked() is False
    assert len(project.mapLayers()) == 2


def test_the_same_file_under_another_path_is_the_same_file(project, stack_file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(stack_file.parent)
    add_layers([stack_output(stack_file)], project)
    add_layers([stack_output(link / stack_file.name)], project)
    assert len(project.mapLayers()) == 1


def test_natural_colour_by_band_name_in_reflectance(project, stack_file):
    [layer], _ = add_layers([stack_output(stack_file)], project)
    assert band_names(layer) == {"blue": 1, "green": 2, "red": 3, "nir": 4}
    renderer = layer.renderer()
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (3, 2, 1)
    stretch = renderer.redContrastEnhancement()
    assert (stretch.minimumValue(), stretch.maximumValue()) == (0.0, 0.3)
    red, _ = layer.dataProvider().sample(layer.extent().center(), 3)
    assert 0.0 < red < 0.35, "QGIS applies the file's scale: the layer shows reflectance"


@pytest.mark.parametrize(
    ("names", "most"),
    [
        (("hh", "hv"), 0.4),  # scaled to floating point by the fixture
        (("nir", "swir16"), pytest.approx(0.3, abs=0.01)),  # its own: it holds no more
    ],
)
def test_without_red_green_blue_one_band_in_grey(project, tmp_path, names, most):
    path = make_stack(tmp_path / "grey.tif", names, "uint16")
    [layer], _ = add_layers([stack_output(path)], project)
    renderer = layer.renderer()
    assert renderer.type() == "singlebandgray"
    assert renderer.grayBand() == 1
    assert renderer.contrastEnhancement().maximumValue() == most


@pytest.mark.parametrize("name", index_names())
def test_every_index_has_a_style_that_loads(project, band_file, name):
    style = load_indices()[name].style
    assert (STYLE_DIR / f"{style}.qml").is_file()
    [layer], _ = add_layers([index_output(band_file, style=style)], project)
    renderer = layer.renderer()
    assert isinstance(renderer, QgsSingleBandPseudoColorRenderer)
    shader = renderer.shader().rasterShaderFunction()
    assert len(shader.colorRampItemList()) >= 5
    assert shader.colorRampType() == shader.Interpolated
    low, high = load_indices()[name].range
    assert low <= shader.minimumValue() < shader.maximumValue() <= high
    assert shader.minimumValue() < 0 or name in ("BAI", "MIRBI"), (
        "most indices have a zero that means something"
    )
    legend = shader.legendSettings()
    assert legend.useContinuousLegend()
    assert legend.minimumLabel()
    assert legend.maximumLabel()


def test_a_formula_is_grey_between_what_it_holds(project, band_file, desktop):
    [layer], errors = add_layers([index_output(band_file, style=STRETCHED)], project)
    renderer = layer.renderer()
    assert renderer.type() == "singlebandgray"
    assert (
        renderer.contrastEnhancement().minimumValue()
        < renderer.contrastEnhancement().maximumValue()
    )
    assert not errors
    assert "default style" not in desktop.logged()


@pytest.mark.parametrize("style", list(BurnIndex))
def test_every_burn_index_has_a_style_that_loads(project, band_file, style):
    [layer], _ = add_layers([index_output(band_file, style=style)], project)
    shader = layer.renderer().shader().rasterShaderFunction()
    assert shader.minimumValue() < 0 < shader.maximumValue()
    assert len(shader.colorRampItemList()) == 7


@pytest.mark.parametrize(
    ("style", "classes"),
    [("severity", SEVERITY), ("water", WATER_CLASSES), ("flooded", FLOOD_AND_WATER)],
)
@pytest.mark.parametrize("without_style", [False, True])
def test_classes_have_their_names_and_colours_and_what_was_not_observed_is_shown(
    project, tmp_path, style, classes, without_style
):
    """As a style says, or as the classes themselves do where there is no style."""
    codes = np.full((64, 64), NOT_OBSERVED, np.uint8)
    codes[:32] = classes[0].code
    path = write_raster(tmp_path / "classes.tif", codes, nodata=NOT_OBSERVED)
    output = LayerOutput(path, "Classes", style, "EVENT", WHEN)
    if without_style:
        output = dataclasses.replace(output, style="", classes=classes)
    [layer], _ = add_layers([output], project)
    renderer = layer.renderer()
    assert isinstance(renderer, QgsPalettedRasterRenderer)
    shown = {int(one.value): (one.label, one.color.getRgb()[:3]) for one in renderer.classes()}
    unseen, _ = shown.pop(NOT_OBSERVED)
    assert unseen.startswith("Not observed")
    assert shown == {one.code: (one.name, one.color) for one in classes}
    block = renderer.block(1, layer.extent(), 64, 64)
    assert block.color(60, 10) >> 24 == 255, "a hole in the map would look like nothing happened"
    value, ok = layer.dataProvider().sample(QgsPointXY(600100.0, 5200020.0 - 610), 1)
    assert (value, ok) == (NOT_OBSERVED, True)


def test_footprints(project, tmp_path):
    path = tmp_path / "scenes.geojson"
    ring = [[10, 45], [11, 45], [11, 46], [10, 46], [10, 45]]
    feature = {
        "type": "Feature",
        "properties": {"id": "A"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    [layer], errors = add_layers([LayerOutput(path, "Scenes", "footprints", "Scenes")], project)
    assert errors == []
    assert layer.featureCount() == 1
    assert layer.renderer().symbol().color().getRgb()[:3] == (255, 159, 67)
    assert layer.renderer().symbol().color().alpha() < 60, "what lies below must be seen"


def test_outlines_lie_above_indices(project, stack_file, band_file, tmp_path):
    path = tmp_path / "scenes.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    outputs = [
        stack_output(stack_file),
        index_output(band_file),
        LayerOutput(path, "Outline", "footprints", "SCENE"),
    ]
    add_layers(outputs, project)
    assert tree(project.layerTreeRoot())[0][1] == [
        ["SCENE", ["Outline", "NDVI 2024-06-01", "Bands 2024-06-01"]]
    ]


def test_what_processing_brings_lies_below_outlines_also_of_other_results(
    project, band_file, tmp_path
):
    """A model shows maps of several algorithms, in the order of their files' names."""
    path = tmp_path / "outline.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    root = project.layerTreeRoot()
    outputs = [
        LayerOutput(path, "Outline", "perimeter", "Burn severity"),
        index_output(band_file, "Burn severity"),
        index_output(band_file, "Burned area"),
    ]
    for number, output in enumerate(outputs):  # each on top of the one before
        layer = open_layer(output, project)
        layer.setName(str(number))
        project.addMapLayer(layer, False)
        root.insertLayer(0, layer)
        sort_into_result(layer, output)
    assert [node.name() for node in root.children()] == ["0", "2", "1"]


def test_day_of_acquisition(project, stack_file):
    [layer], _ = add_layers([stack_output(stack_file)], project)
    temporal = layer.temporalProperties()
    assert temporal.isActive()
    day = temporal.fixedTemporalRange()
    assert day.begin() == QDateTime(QDate(2024, 6, 1), QTime(0, 0), Qt.TimeSpec.UTC)
    assert day.end() == QDateTime(QDate(2024, 6, 1), QTime(23, 59, 59), Qt.TimeSpec.UTC)


def test_no_day_where_none_is_known(project, stack_file):
    [layer], _ = add_layers([LayerOutput(stack_file, "Bands", "natural_color", "G")], project)
    assert not layer.temporalProperties().isActive()


def test_metadata(project, stack_file):
    [layer], _ = add_layers([stack_output(stack_file)], project)
    metadata = layer.metadata()
    assert metadata.title() == "Bands 2024-06-01, SCENE"
    assert metadata.abstract() == "Four bands, reflectance"
    assert metadata.crs().authid() == "EPSG:32632"
    [spatial] = metadata.extent().spatialExtents()
    assert spatial.bounds.toRectangle() == layer.extent()
    [moment] = metadata.extent().temporalExtents()
    assert moment.begin().toUTC().toString(Qt.DateFormat.ISODate) == "2024-06-01T10:20:30Z"


def test_a_file_that_qgis_cannot_open_is_a_sentence_and_the_others_are_shown(
    project, stack_file, tmp_path
):
    broken = tmp_path / "broken.tif"
    broken.write_text("no raster")
    layers, [error] = add_layers([index_output(broken), stack_output(stack_file)], project)
    assert len(layers) == 1
    assert str(error) == (
        f"Layer 'NDVI 2024-06-01' cannot be shown: {broken}: its format is none that is known, "
        "not GTiff. Make it again."
    )


def test_a_style_that_is_not_there_is_told_in_the_log_and_the_layer_is_shown(
    project, band_file, desktop
):
    [layer], errors = add_layers([index_output(band_file, style="plaid")], project)
    assert errors == []
    assert layer.isValid()
    assert "Layer 'NDVI 2024-06-01' has QGIS's default style" in desktop.logged()


def test_source_path(project, stack_file):
    assert source_path(QgsRasterLayer(str(stack_file), "x")) == stack_file


def test_a_supporting_layer_comes_switched_off_and_stays_as_the_user_has_it(
    project, stack_file, band_file
):
    hidden = dataclasses.replace(index_output(band_file), visible=False)
    [_, layer], _ = add_layers([stack_output(stack_file), hidden], project)
    root = project.layerTreeRoot()
    assert not root.findLayer(layer.id()).itemVisibilityChecked()
    root.findLayer(layer.id()).setItemVisibilityChecked(True)
    [again], _ = add_layers([hidden], project)
    assert root.findLayer(again.id()).itemVisibilityChecked()


@pytest.mark.parametrize("brightest", [0.05, 0.3, 1.2])
def test_radar_power_is_shown_by_the_same_limits(project, tmp_path, brightest):
    """Dark sea, land, a town: pictures of two dates can be compared."""
    power = np.linspace(0.001, brightest, 64 * 64, dtype="float32").reshape(64, 64)
    path = write_raster(tmp_path / "power.tif", power, nodata=None)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.GetRasterBand(1).SetDescription("vv")
    raster = None
    [layer], _ = add_layers([stack_output(path)], project)
    stretch = layer.renderer().contrastEnhancement()
    assert (stretch.minimumValue(), stretch.maximumValue()) == (0.0, 0.4)


@pytest.mark.parametrize("town", [0.08, 300.0])
def test_fields_and_water_of_a_radar_picture_are_told_apart(project, tmp_path, town):
    """Fields of -11 dB are a middle grey: in power itself they were nearly black, and so they were
    beside a corner that returns a thousand times as much.
    """
    power = np.full((64, 64), 0.08, "float32")
    power[:32] = 0.005
    power[63, 63] = town
    path = write_raster(tmp_path / "power.tif", power, nodata=None)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.GetRasterBand(1).SetDescription("vv")
    raster = None
    stack = tmp_path / "stack.vrt"
    raster = gdal.Translate(str(stack), str(path))
    raster.GetRasterBand(1).ComputeStatistics(False)  # as the stacks of FirstLight state them
    raster = None
    [layer], _ = add_layers([stack_output(stack)], project)
    shown = layer.pipe().last().block(1, layer.extent(), 64, 64)
    water, field = shown.color(10, 32) & 255, shown.color(50, 32) & 255
    assert water < 40
    assert 100 < field < 150


@pytest.mark.parametrize(
    ("names", "dtype", "low", "high"),
    [
        (("red", "green", "blue"), "uint16", 1217, 4830),  # stored numbers nobody gave a scale
        (("red", "green", "blue"), "int16", 300, 9000),
        (("red", "green", "blue"), "float32", 2.0, 60.0),  # percent
        (("vv", "vh"), "float32", -25.0, -3.0),  # decibels
        (("vv", "vh"), "uint16", 4000, 30000),  # another processor's amplitude
    ],
)
def test_numbers_of_another_range_are_no_white_picture(project, tmp_path, names, dtype, low, high):
    ramp = np.linspace(low, high, 64 * 64).reshape(64, 64).astype(dtype)
    path = write_raster(tmp_path / "raw.tif", np.stack([ramp] * len(names)), nodata=None)
    raster = gdal.Open(str(path), gdal.GA_Update)
    for number, name in enumerate(names, 1):
        raster.GetRasterBand(number).SetDescription(name)
    raster = None
    [layer], _ = add_layers([stack_output(path)], project)
    renderer = layer.renderer()
    first = getattr(renderer, "redContrastEnhancement", None) or renderer.contrastEnhancement
    stretch = first()
    span = high - low
    assert stretch.minimumValue() == pytest.approx(low + 0.02 * span, abs=0.02 * span)
    assert stretch.maximumValue() == pytest.approx(high - 0.02 * span, abs=0.02 * span)
    assert layer.brightnessFilter().gamma() == 1.0


def test_new_groups_are_open(project, stack_file):
    """With a layer in the project already QGIS's tree leaves new groups shut."""
    project.addMapLayer(QgsVectorLayer("Point?crs=EPSG:4326", "the user's own", "memory"))
    view, model = QgsLayerTreeView(), QgsLayerTreeModel(project.layerTreeRoot())
    view.setModel(model)
    add_layers([stack_output(stack_file)], project)
    for name in ("FirstLight", "SCENE"):
        group = project.layerTreeRoot().findGroup(name)
        assert group is not None, name
        assert view.isExpanded(view.node2index(group)), name


def test_a_second_run_leaves_legends_open_and_shut_as_they_are(project, tmp_path):
    view, model = QgsLayerTreeView(), QgsLayerTreeModel(project.layerTreeRoot())
    view.setModel(model)
    outputs = []
    for name in ("flooded", "water"):
        path = write_raster(tmp_path / f"{name}.tif", np.zeros((64, 64), np.uint8), nodata=255)
        classes = FLOOD_CLASSES if name == "flooded" else WATER_CLASSES
        outputs.append(LayerOutput(path, name, name, "Flood", above="Event", classes=classes))
    add_layers(outputs, project)

    def is_open(name):
        [layer] = project.mapLayersByName(name)
        return view.isExpanded(view.node2index(project.layerTreeRoot().findLayer(layer.id())))

    assert is_open("flooded")
    [water] = project.mapLayersByName("water")
    project.layerTreeRoot().findLayer(water.id()).setExpanded(False)
    add_layers(outputs, project)
    assert is_open("flooded")
    assert not is_open("water")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.tif",
            "<VRTDataset rasterXSize='4' rasterYSize='4' subClass='VRTWarpedDataset'>"
            "<VRTRasterBand dataType='Byte' band='1' subClass='VRTWarpedRasterBand'/>"
            "<GDALWarpOptions><SourceDataset relativeToVRT='0'>/vsicurl/{url}</SourceDataset>"
            "</GDALWarpOptions></VRTDataset>",
        ),
        ("b.tif", "<GDAL_WMTS><GetCapabilitiesUrl>{url}</GetCapabilitiesUrl></GDAL_WMTS>"),
        (
            "c.gpkg",
            "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/vsicurl/{url}</SrcDataSource>"
            "</OGRVRTLayer></OGRVRTDataSource>",
        ),
    ],
)
def test_a_layer_of_another_format_reaches_nobody(project, tmp_path, name, text):
    with watched_address() as (url, seen):
        (tmp_path / name).write_text(text.format(url=url))
        layers, [error] = add_layers([index_output(tmp_path / name)], project)
    assert (layers, seen) == ([], [])
    assert "its format is" in str(error)


def test_notes_beside_a_layer_reach_nobody(project, band_file):
    with watched_address() as (url, seen):
        band_file.with_name(f"{band_file.name}.aux.xml").write_text(
            "<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/"
            f"{url}</MDI></Metadata></PAMDataset>"
        )
        layers, [error] = add_layers([index_output(band_file)], project)
    assert (layers, seen) == ([], [])
    assert "its OVERVIEW_FILE names" in str(error)


def test_names_of_a_catalogue_are_plain_text(project, band_file):
    evil = "a\x1b[31m\n<img src='x'>"
    output = dataclasses.replace(index_output(band_file), title=evil, group=evil, abstract=evil)
    [layer], _ = add_layers([output], project)
    assert layer.name() == "a\\x1b[31m\\n<img src='x'>"
    [[_, [[group, _]]]] = tree(project.layerTreeRoot())
    assert group == layer.name()
    assert layer.metadata().abstract() == "a\\x1b[31m\n&lt;img src='x'&gt;"
