"""Every kind of parameter → Processing → back."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import (
    NULL,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime
from qgis.PyQt.QtGui import QIcon

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.events import get_event
from firstlight.core.moment import Moment
from firstlight.core.operation import OutputKind
from firstlight.core.operations.registry import OPERATIONS
from firstlight.core.params import BandPath, Kind
from firstlight.core.types import Aoi
from firstlight.plugin.compat import FLAG_ADVANCED
from firstlight.plugin.processing.algorithm import OUTPUTS, OperationAlgorithm
from firstlight.plugin.processing.copies import is_copied
from firstlight.plugin.processing.parameters import HOOKS
from support.operations import EVERY, SEEN
from support.polygon_layer import add_polygons, l_shape

OPTIONAL = QgsProcessingParameterDefinition.FlagOptional


@pytest.fixture
def algorithm(qgis_app):
    made = OperationAlgorithm(EVERY, QIcon())
    made.initAlgorithm()
    SEEN.clear()
    return made


@pytest.fixture
def given(stack_file, tmp_path):
    """The least that is required."""
    return {
        "AREA": "10,11,45,46 [EPSG:4326]",
        "DAY": "2024-05-01",
        "FILES": ["red", "/d/red.tif", "nir", "/d/two.tif#2"],
        "PICTURE": str(stack_file),
        "STACK": str(tmp_path / "s.vrt"),
        "FOLDER": str(tmp_path / "out"),
    }


def run(algorithm, values, project=None):
    context = QgsProcessingContext()
    context.setProject(project or QgsProject.instance())
    feedback = QgsProcessingFeedback(False)
    ok, message = algorithm.checkParameterValues(values, context)
    assert ok, message
    results, ok = algorithm.create().run(values, context, feedback)
    assert ok, feedback.textLog()
    return SEEN.pop(), results


def refusal(algorithm, values):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    ok, message = algorithm.checkParameterValues(values, context)
    assert not ok
    return message


def test_definitions(algorithm):
    expected = {
        "AREA": "extent",
        "CATALOG": "string",
        "SENSOR": "enum",
        "EVENT": "enum",
        "DAY": "datetime",
        "WORD": "enum",
        "WORDS": "enum",
        "TEXT": "string",
        "WHOLE": "number",
        "PART": "number",
        "SURE": "boolean",
        "BANDS": "string",
        "FILES": "matrix",
        "NOTE": "file",
        "PICTURE": "raster",
        "SHAPE": "vector",
        "EITHER": "layer",
        "ORIGIN": "raster",
        "PICTURES": "multilayer",
        "STACK": "rasterDestination",
        "PLACES": "file",
        "OUTLINES": "vectorDestination",
        "FOLDER": "folderDestination",
    }
    found = {definition.name(): definition for definition in algorithm.parameterDefinitions()}
    assert {name: definition.type() for name, definition in found.items()} == expected
    optional = {name for name, definition in found.items() if definition.flags() & OPTIONAL}
    assert set(expected) - optional == {"AREA", "DAY", "FILES", "PICTURE", "STACK", "FOLDER"}
    assert {name for name, definition in found.items() if definition.flags() & FLAG_ADVANCED} == {
        "PART"
    }
    assert found["AREA"].help() == "Where."
    assert found["AREA"].description() == "Area"
    assert (found["WHOLE"].minimum(), found["WHOLE"].maximum(), found["WHOLE"].defaultValue()) == (
        1,
        9,
        5,
    )
    assert found["WHOLE"].dataType() == found["WHOLE"].Integer
    assert found["PART"].dataType() == found["PART"].Double
    assert found["WORD"].options() == ["a", "b", "c"]
    assert found["WORD"].usesStaticStrings()
    assert found["WORD"].defaultValue() == "b"
    assert found["WORDS"].allowMultiple()
    assert found["FILES"].headers() == ["Band", "File"]
    assert found["DAY"].dataType() == found["DAY"].DateTime
    assert found["CATALOG"].defaultValue() == "earth-search"
    assert not found["OUTLINES"].createByDefault()


def test_this_door_has_a_hook_for_every_kind():
    assert set(HOOKS) == set(Kind)
    assert set(OUTPUTS) == set(OutputKind)


def test_every_kind_of_every_real_operation_has_a_definition(qgis_app):
    for operation in OPERATIONS:
        algorithm = OperationAlgorithm(operation, QIcon())
        algorithm.initAlgorithm()
        wanted = [param.name.upper() for param in operation.parameters("processing")]
        copies = [output.name.upper() for output in operation.outputs if is_copied(output)]
        wanted += [name for name in copies if name not in wanted]
        assert [definition.name() for definition in algorithm.parameterDefinitions()] == wanted
    assert {param.kind for param in EVERY.parameters()} == set(Kind)


def test_the_least_that_is_required_and_the_defaults(algorithm, given, stack_file, tmp_path):
    params, results = run(algorithm, given)
    assert params.area == Aoi.from_bounds(10, 45, 11, 46)
    assert params.day == Moment.parse("2024-05-01")
    assert params.files == (
        BandPath("red", Path("/d/red.tif")),
        BandPath("nir", Path("/d/two.tif"), 2),
    )
    assert params.picture == stack_file
    assert params.stack == tmp_path / "s.vrt"
    assert params.folder == tmp_path / "out"
    assert (params.catalog, params.word, params.words, params.whole, params.sure) == (
        get_catalog("earth-search"),
        "b",
        (),
        5,
        False,
    )
    assert (params.text, params.part, params.bands, params.note, params.outlines) == (
        None,
        None,
        (),
        None,
        None,
    )
    assert results["STACK"] == str(tmp_path / "s.vrt")
    assert results["FOLDER"] == str(tmp_path / "out")
    assert "OUTLINES" not in results


def test_a_layer_is_the_file_behind_it(algorithm, given, stack_file, tmp_path):
    shapes = QgsVectorLayer("Polygon?crs=EPSG:4326&field=a:int", "memory", "memory")
    target = str(tmp_path / "two.gpkg")
    QgsVectorFileWriter.writeAsVectorFormatV3(
        shapes, target, QgsCoordinateTransformContext(), QgsVectorFileWriter.SaveVectorOptions()
    )
    loaded = QgsVectorLayer(target, "shapes", "ogr")
    raster = QgsRasterLayer(str(stack_file), "raster")
    project = QgsProject()
    project.addMapLayers([loaded, raster])
    values = given | {"SHAPE": "shapes", "EITHER": "raster"}
    params, _ = run(algorithm, values, project)
    assert str(params.shape).partition("|")[0] == target
    assert params.either == stack_file
    named = f"{target}|layername=two"
    params, _ = run(algorithm, given | {"SHAPE": named, "EITHER": target})
    assert str(params.shape) == named
    assert str(params.either) == target


def test_an_address_is_no_layer_to_be_loaded(algorithm, given):
    address = "https://stac.example//items/a.v2.0?token=b"
    params, _ = run(algorithm, given | {"ORIGIN": address})
    assert params.origin == address


@pytest.mark.parametrize("nothing", [None, NULL, "", " "])
def test_empty_fields_are_as_if_not_there(algorithm, given, nothing):
    names = (
        "CATALOG",
        "SENSOR",
        "EVENT",
        "WORD",
        "WORDS",
        "TEXT",
        "WHOLE",
        "PART",
        "SURE",
        "BANDS",
        "NOTE",
        "PLACES",
        "PICTURES",
        "OUTLINES",
    )
    params, _ = run(algorithm, given | dict.fromkeys(names, nothing))
    assert params == run(algorithm, given)[0]


def test_everything_given(algorithm, given, tmp_path):
    (tmp_path / "n.txt").write_text("note")
    given |= {
        "CATALOG": "https://stac.example/v1",
        "SENSOR": "landsat",
        "EVENT": "wildfire",
        "WORD": "c",
        "WORDS": ["x", "z"],
        "TEXT": "hello",
        "WHOLE": 9,
        "PART": 0.25,
        "SURE": True,
        "BANDS": "NIR, red",
        "NOTE": str(tmp_path / "n.txt"),
        "PLACES": str(tmp_path),
        "PICTURES": [str(tmp_path / "n.txt"), given["PICTURE"]],
        "OUTLINES": str(tmp_path / "o.geojson"),
    }
    params, results = run(algorithm, given)
    assert (params.catalog, params.word, params.words) == (
        get_catalog("https://stac.example/v1"),
        "c",
        ("x", "z"),
    )
    assert (params.sensor, params.event) == (get_sensor("landsat"), get_event("wildfire"))
    assert (params.text, params.whole, params.part, params.sure) == ("hello", 9, 0.25, True)
    assert params.bands == ("nir", "red")
    assert params.note == tmp_path / "n.txt"
    assert params.places == (tmp_path,)
    assert params.pictures == (
        tmp_path / "n.txt",
        params.picture,
    )  # core says what is wrong with the first
    assert params.outlines == tmp_path / "o.geojson"
    assert results["OUTLINES"] == str(tmp_path / "o.geojson")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10,11,45,46", (10, 45, 11, 46)),
        ("10,11,45,46 [EPSG:4326]", (10, 45, 11, 46)),
        ("170,-170,-20,-10 [EPSG:4326]", (170, -20, -170, -10)),  # QgsRectangle would turn it round
        (
            "19500000,20500000,-2300000,-1800000 [EPSG:3857]",
            (175.1715, -20.2275, -175.8454, -15.9592),
        ),
        (QgsRectangle(10, 45, 11, 46), (10, 45, 11, 46)),
        (
            QgsReferencedRectangle(
                QgsRectangle(300000, 7000000, 400000, 7100000),
                QgsCoordinateReferenceSystem("EPSG:32719"),
            ),
            (-71.0175, -27.1188, -70.0010, -26.2056),
        ),
    ],
)
def test_areas(algorithm, given, value, expected):
    params, _ = run(algorithm, given | {"AREA": value})
    assert params.area.bounds == pytest.approx(expected, abs=1e-3)


def test_a_polygon_is_the_area_and_not_its_box(algorithm, given):
    box = Aoi.from_bounds(10, 45, 12, 47)
    layer = add_polygons(*l_shape(*box.bounds))
    whole = QgsGeometry.unaryUnion([feature.geometry() for feature in layer.getFeatures()])
    for value in (layer.id(), layer.name(), layer, whole):
        params, _ = run(algorithm, given | {"AREA": value})
        assert params.area.bounds == pytest.approx(box.bounds)
        assert params.area.area_km2 == pytest.approx(0.75 * box.area_km2, rel=0.02)


def test_several_rasters_are_files_and_layers_of_the_project(algorithm, given, stack_file):
    layer = QgsRasterLayer(str(stack_file), "stack")
    QgsProject.instance().addMapLayer(layer)
    for several in ([layer.id(), str(stack_file)], [layer, stack_file.as_posix()]):
        assert run(algorithm, given | {"PICTURES": several})[0].pictures == (stack_file, stack_file)
    assert run(algorithm, given | {"PICTURES": str(stack_file)})[0].pictures == (stack_file,)


def test_the_area_of_a_layer(algorithm, given, stack_file):
    layer = QgsRasterLayer(str(stack_file), "stack")
    QgsProject.instance().addMapLayer(layer)
    params, _ = run(algorithm, given | {"AREA": layer.id()})
    west, south, east, north = params.area.bounds
    assert west < 10.318 < east
    assert south < 46.943 < north


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (QDate(2024, 5, 1), "2024-05-01"),
        (QDateTime(2024, 5, 1, 0, 0), "2024-05-01"),
        (QDateTime(2024, 5, 1, 12, 30), "2024-05-01T12:30Z"),
        (QDateTime(QDate(2024, 5, 1), QTime(12, 30), Qt.TimeSpec.UTC), "2024-05-01T12:30Z"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T00:00:00", "2024-05-01"),
        ("2024-05-01T00:00:00.000", "2024-05-01"),
        ("2024-05-01T14:00Z", "2024-05-01T14:00Z"),
        ("2024-05-01 14:00", "2024-05-01T14:00Z"),
        ("2024-05-01T00:00:00Z", "2024-05-01T00:00Z"),
    ],
)
def test_dates_keep_their_time(algorithm, given, value, meant):
    """An event's hour decides which passes are before it; midnight in the widget is the day."""
    params, _ = run(algorithm, given | {"DAY": value})
    assert params.day == Moment.parse(meant)


def test_a_raster_of_the_project_by_name_by_id_and_as_a_layer(algorithm, given, stack_file):
    layer = QgsRasterLayer(str(stack_file), "My stack")
    QgsProject.instance().addMapLayer(layer)
    for value in ("My stack", layer.id(), layer):
        params, _ = run(algorithm, given | {"PICTURE": value})
        assert params.picture == stack_file


def test_a_matrix_as_text_of_the_command_line(algorithm, given):
    params, _ = run(algorithm, given | {"FILES": "red,/d/red.tif,nir,/d/nir.tif"})
    assert list(map(str, params.files)) == ["red=/d/red.tif", "nir=/d/nir.tif"]


def test_made_up_destinations_have_the_parameter_s_own_suffix(algorithm, given):
    temporary = QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT")
    for value in ("TEMPORARY_OUTPUT", temporary):
        params, results = run(
            algorithm, given | {"STACK": value, "OUTLINES": value, "FOLDER": "TEMPORARY_OUTPUT"}
        )
        assert params.stack.suffix == ".vrt"
        assert params.outlines.suffix == ".geojson"
        assert params.stack.parent.is_dir()
        assert results["STACK"] == str(params.stack)
        assert isinstance(params.folder, Path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"WHOLE": 10}, "Parameter “Whole” of “Every kind” cannot be 10: the most is 9."),
        ({"PART": -1}, "Parameter “Part” of “Every kind” cannot be -1.0: the least is 0."),
        (
            {"WORD": "d"},
            "Parameter “Word” of “Every kind” cannot be 'd': it is not one of the choices. Known: "
            "a, b, c.",
        ),
        (
            {"WORDS": ["x", "q"]},
            "Parameter “Words” of “Every kind” cannot be ['x', 'q']: it is not one of the choices.",
        ),
        ({"AREA": None}, "Parameter “Area” of “Every kind”: is missing."),
        ({"PICTURE": None}, "Parameter “Picture” of “Every kind”: is missing."),
        ({"FILES": []}, "Parameter “Files” of “Every kind”: is missing."),
        ({"AREA": QgsRectangle()}, "The area cannot be used: it is empty."),
    ],
)
def test_bad_values_are_refused_before_anything_runs(algorithm, given, values, sentence):
    assert refusal(algorithm, given | values).startswith(sentence)
    assert SEEN == []


@pytest.mark.parametrize("written", ["7.25,42.0,7.34,42.08", "-9.2,38.6,-9.1,38.7", "3,50,4,51"])
def test_the_order_of_the_command_line_is_no_extent(algorithm, given, written):
    """Read as Processing writes extents it is a box of thousands of kilometres."""
    good, why = algorithm.checkParameterValues(given | {"AREA": written}, QgsProcessingContext())
    west, south, east, north = written.split(",")
    assert not good
    assert f"Write {west},{east},{south},{north} instead" in why


@pytest.mark.parametrize("written", ["7.25,7.34,42.0,42.08", "-10,30,35,70", "-180,180,-90,90"])
def test_an_extent_in_its_own_order_is_taken(algorithm, given, written):
    params, _ = run(algorithm, given | {"AREA": written})
    west, east, south, north = map(float, written.split(","))
    assert params.area.bounds == (west, south, east, north)


def test_the_help_of_an_area_says_the_order_of_processing(toolbox):
    algorithm = QgsApplication.processingRegistry().algorithmById("firstlight:discover")
    for text in (algorithm.parameterDefinition("AREA").help(), algorithm.shortHelpString()):
        assert "west,east,south,north" in text
        assert "west,south,east,north" not in text
