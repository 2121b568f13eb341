"""The Processing door: the provider, running, failing, and what comes out."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QIcon

from firstlight.core.operations.registry import OPERATIONS
from firstlight.plugin.processing.provider import FirstLightProvider
from support.operations import COPY, COUNT, EVERY, FAIL, NAMES
from support.packages import mtl_l2_text, write_landsat
from support.qgis_fixtures import make_stack
from support.rasters import write_raster
from support.waiting import PATIENCE_MS


class Log(QgsProcessingFeedback):
    """Keeps what the user would read."""

    def __init__(self):
        super().__init__(False)
        self.errors = []
        self.warnings = []
        self.infos = []

    def reportError(self, error, fatal=False):
        self.errors.append(error)

    def pushWarning(self, warning):
        self.warnings.append(warning)

    def pushInfo(self, info):
        self.infos.append(info)


def register(*operations):
    provider = FirstLightProvider(QIcon(), operations=operations or None)
    assert QgsApplication.processingRegistry().addProvider(provider)
    return provider


@pytest.fixture
def real(processing_ready):
    provider = register()
    yield provider
    QgsApplication.processingRegistry().removeProvider(provider)


@pytest.fixture
def tests_own(processing_ready):
    provider = register(COUNT, FAIL, COPY, EVERY, NAMES)
    yield provider
    QgsApplication.processingRegistry().removeProvider(provider)


def run(name, values, feedback=None, context=None):
    import processing

    return processing.run(f"firstlight:{name}", values, feedback=feedback, context=context)


def own(provider):
    """The algorithms, without the models that come with them."""
    return [one for one in provider.algorithms() if one.group() != "Examples"]


def test_the_provider_has_exactly_the_registry(real):
    assert {algorithm.id() for algorithm in own(real)} == {
        f"firstlight:{op.name.replace('-', '')}" for op in OPERATIONS
    }
    assert (real.id(), real.name(), real.warningMessage()) == ("firstlight", "FirstLight", "")
    assert real.supportedOutputVectorLayerExtensions() == ["geojson", "gpkg"]
    assert real.defaultRasterFileExtension() == "tif"


def test_what_the_toolbox_shows(real):
    for algorithm in own(real):
        [operation] = [op for op in OPERATIONS if op.name.replace("-", "") == algorithm.name()]
        assert algorithm.displayName() == operation.title
        assert algorithm.group() == operation.group
        assert algorithm.groupId().isalpha()
        assert algorithm.shortDescription() == operation.summary
        help_text = unescape(algorithm.shortHelpString())
        assert operation.summary in help_text
        for param in operation.parameters("processing"):
            assert not param.help or f"<b>{param.title}</b>" in help_text
        declared = {output.name.upper() for output in operation.outputs}
        assert declared <= {output.name() for output in algorithm.outputDefinitions()}


def test_every_algorithm_leads_to_a_page_that_came_with_it(real):
    for algorithm in real.algorithms():
        if algorithm.group() != "Examples":
            assert Path(QUrl(algorithm.helpUrl()).toLocalFile()).is_file(), algorithm.id()
    found = {one.name(): QUrl(one.helpUrl()).fileName() for one in real.algorithms()}
    assert found["burnseverity"] == "algorithms.md"
    assert found["ingest"] == "user-guide.md"


def test_the_help_tells_the_words_of_a_list(real):
    [algorithm] = [one for one in real.algorithms() if one.name() == "burnseverity"]
    made = algorithm.create()
    help_text = made.parameterDefinition("INDEX").help()
    assert "dnbr: dNBR (absolute change)" in help_text
    definition = made.parameterDefinition("INDEX")
    assert definition.options() == ["dnbr", "rdnbr", "rbr"], "models and scripts keep their words"


def test_names_lose_their_hyphens_and_outputs_come_back(tests_own):
    log = Log()
    assert run("countup", {"STEPS": 3}, log) == {"STEPS": 3}
    assert log.progress() == 100.0
    assert "counted to 3" in log.infos


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("named", "The thing cannot be used: it is broken. Take another."),
        ("failed", "A done, B failed"),
        ("unknown", "1/0 in the middle"),
    ],
)
def test_a_failing_run_raises_the_sentence(tests_own, how, sentence):
    with pytest.raises(QgsProcessingException) as caught:
        run("fail", {"HOW": how}, Log())
    assert sentence in str(caught.value)


def test_doubts_about_a_result_are_told_once_each(tests_own):
    log = Log()
    run("fail", {"HOW": "warn"}, log)
    assert log.warnings == ["something odd", "another doubt"]


def test_sentences_name_parameters_and_operations_by_their_titles(tests_own):
    log = Log()
    run("names", {}, log)
    assert log.warnings == ["Lower “Height limit”."]
    assert "No “Unit of radar”, and no ‘nonsense’: run “Mend a stack”." in log.infos
    with pytest.raises(QgsProcessingException, match="“Unit of radar” is missing"):
        run("names", {"FAILS": True}, log)


def test_a_run_that_is_done_in_part_goes_on_and_says_so(tests_own):
    log = Log()
    run("fail", {"HOW": "partial"}, log)
    assert log.errors == ["A done, B partial"]


def test_cancel_stops_the_run(tests_own):
    class Impatient(Log):
        def pushInfo(self, info):
            super().pushInfo(info)
            if info == "step 5":
                self.cancel()

    log = Impatient()
    with pytest.raises(QgsProcessingException, match="Counting: stopped by the user"):
        run("countup", {"STEPS": 100000}, log)
    assert "step 6" not in log.infos


def test_bad_values_are_refused_with_the_operation_s_own_words(tests_own):
    with pytest.raises(
        QgsProcessingException,
        match=r"Parameter “Steps” of “Count” cannot be -1: the least is 0\.",
    ):
        run("countup", {"STEPS": -1})


def test_a_file_that_is_no_raster_reaches_the_operation_which_knows_what_to_say(
    tests_own, tmp_path
):
    text = tmp_path / "text.tif"
    text.write_text("no raster")
    result = run("copy", {"SOURCE": str(text), "OUTPUT": str(tmp_path / "o.tif")})
    assert result == {"OUTPUT": str(tmp_path / "o.tif")}


def test_a_raster_that_is_not_there_is_refused(tests_own, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"Source \(SOURCE\) cannot be .*nowhere\.tif"):
        run("copy", {"SOURCE": str(tmp_path / "nowhere.tif"), "OUTPUT": str(tmp_path / "o.tif")})


@pytest.mark.parametrize("sink", ["o.tif", "TEMPORARY_OUTPUT"])
@pytest.mark.parametrize("in_background", [True, False])
def test_a_result_that_qgis_loads_is_styled(
    tests_own, band_file, tmp_path, qtbot, in_background, sink
):
    """As the toolbox does it: in a task, with a destination that knows the project; and
    directly.
    """
    path = str(tmp_path / sink) if sink.endswith(".tif") else sink
    values = {
        "SOURCE": str(band_file),
        "OUTPUT": QgsProcessingOutputLayerDefinition(path, QgsProject.instance()),
    }
    context, log = QgsProcessingContext(), Log()
    context.setProject(QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("firstlight:copy")
    if in_background:
        task = QgsProcessingAlgRunnerTask(algorithm, values, context, log)
        with qtbot.waitSignal(task.executed, timeout=PATIENCE_MS) as caught:
            QgsApplication.taskManager().addTask(task)
        ok, results = caught.args
    else:
        results, ok = algorithm.run(values, context, log)
    assert ok
    [(target, details)] = context.layersToLoadOnCompletion().items()
    assert target == results["OUTPUT"]
    layer = QgsProcessingUtils.mapLayerFromString(target, context)
    details.postProcessor().postProcessLayer(layer, context, log)
    assert layer.name() == "NDVI of the copy"
    assert isinstance(layer.renderer(), QgsSingleBandPseudoColorRenderer)


def test_the_real_index_through_processing(real, stack_file, tmp_path):
    target = tmp_path / "ndvi.tif"
    result = run("index", {"NAME": "NDVI", "STACK": str(stack_file), "OUTPUT": str(target)}, Log())
    assert result["OUTPUT"] == str(target)
    assert -1.0 <= result["MEAN"] <= 1.0
    assert QgsRasterLayer(str(target), "x").isValid()


def test_the_real_index_of_a_temporary_output(real, stack_file):
    result = run(
        "index", {"NAME": "NDVI", "STACK": str(stack_file), "OUTPUT": "TEMPORARY_OUTPUT"}, Log()
    )
    assert result["OUTPUT"].endswith(".tif")
    assert QgsRasterLayer(result["OUTPUT"], "x").isValid()


def test_burn_severity_through_processing(real, tmp_path):
    stacks = [
        make_stack(tmp_path / f"{date}.tif", names)
        for date, names in (("pre", ("swir22", "nir")), ("post", ("nir", "swir22")))
    ]
    words = {
        "PRE": str(stacks[0]),
        "POST": str(stacks[1]),
        "OUTPUT": str(tmp_path / "out"),
        "INDEX": "rbr",
    }
    result = run("burnseverity", words, Log())
    assert result["OUTPUT"] == str(tmp_path / "out")
    assert QgsRasterLayer(result["SEVERITY"], "x").isValid()
    assert result["INDEX_LAYER"] == str(tmp_path / "out" / "rbr.tif")
    assert result["BURNED_KM2"] > 0
    assert result["NOT_OBSERVED_PERCENT"] == 0


def test_water_from_radar_through_processing(real, tmp_path):
    power = np.full((64, 64), 0.2, np.float32)
    power[:16] = 0.005
    band = write_raster(tmp_path / "vv.tif", power, nodata=None)
    stack = tmp_path / "s.vrt"
    run(
        "stack",
        {"SENSOR": "sentinel1", "BAND": ["vv", str(band)], "UNIT": "power", "OUTPUT": str(stack)},
        Log(),
    )
    result = run("sarwater", {"POST": str(stack), "OUTPUT": str(tmp_path / "out")}, Log())
    assert result["WATER"] == str(tmp_path / "out" / "water.tif")
    assert result["WATER_KM2"] == pytest.approx(16 * 64 / 1e4)
    assert -23 < result["THRESHOLD_DB"] < -7


def test_a_real_failure_names_the_missing_band(real, stack_file, tmp_path):
    with pytest.raises(QgsProcessingException, match="swir16"):
        run(
            "index",
            {"NAME": "MNDWI", "STACK": str(stack_file), "OUTPUT": str(tmp_path / "x.tif")},
            Log(),
        )


def test_a_scenes_folder_is_an_input(real, tmp_path):
    scene = write_landsat(tmp_path / "in", mtl=mtl_l2_text())
    made = run("stack", {"SCENE": str(scene), "OUTPUT": str(tmp_path / "s.vrt")}, Log())
    assert made["BANDS"].startswith("red,nir08")
    told = run("describe", {"PATH": str(scene)}, Log())
    assert "landsat-c2-l2 (metadata: " in told["TEXT"]
