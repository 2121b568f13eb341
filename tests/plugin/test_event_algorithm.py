"""Mapping an event from Processing: the toolbox's own way, with a catalogue and files on
loopback.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis import processing
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProject,
)

from support.event_world import EventWorld, Pass, area_text, event_world

FIRE = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned")]


def extent() -> str:
    """As Processing writes it: west, east, south, north."""
    west, south, east, north = area_text().split(",")
    return f"{west},{east},{south},{north} [EPSG:4326]"


def event_values(world: EventWorld, folder: Path) -> dict[str, str]:
    return {
        "EVENT": "wildfire",
        "AREA": extent(),
        "DATE": "2024-06-20",
        "CATALOG": world.url,
        "OUTPUT": str(folder / "out"),
    }


@pytest.mark.usefixtures("toolbox")
def test_an_event_runs_in_the_toolbox(tmp_path: Path) -> None:
    with event_world(tmp_path / "files", FIRE) as world:
        made = processing.run(
            "firstlight:event",
            event_values(world, tmp_path),
            context=QgsProcessingContext(),
            feedback=QgsProcessingFeedback(),
        )
    assert Path(made["REPORT"]).is_file()
    assert Path(made["MAP"]).is_file()
    assert 0 <= made["NOT_OBSERVED_PERCENT"] < 5


@pytest.mark.usefixtures("toolbox")
def test_a_covered_sky_is_a_sentence_in_the_toolbox(tmp_path: Path) -> None:
    passes = [Pass("2024-06-01"), Pass("2024-07-01", changed="burned", cloud=1.0)]
    with (
        event_world(tmp_path / "files", passes) as world,
        pytest.raises(QgsProcessingException, match="0 % of the area clear"),
    ):
        processing.run(
            "firstlight:event",
            event_values(world, tmp_path),
            context=QgsProcessingContext(),
            feedback=QgsProcessingFeedback(),
        )


@pytest.mark.usefixtures("toolbox")
def test_the_layers_of_a_folder_come_onto_the_map(tmp_path: Path, project: QgsProject) -> None:
    """Processing loads destinations only; of a folder it knows nothing."""
    context = QgsProcessingContext()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().algorithmById("firstlight:event").create()
    with event_world(tmp_path / "files", FIRE) as world:
        _, good = algorithm.run(event_values(world, tmp_path), context, QgsProcessingFeedback())
    assert good
    loaded = context.layersToLoadOnCompletion()
    names = {Path(path).name for path in loaded}
    assert {"severity.tif", "perimeter.gpkg"} <= names
    assert sum(name.endswith("_stack.vrt") for name in names) == 2
    severity = next(loaded[path] for path in loaded if path.endswith("severity.tif"))
    assert severity.name.startswith("Burn severity")
    assert severity.postProcessor() is not None


@pytest.mark.usefixtures("toolbox")
def test_inside_a_model_nothing_is_shown_that_the_model_does_not_ask_for(
    tmp_path: Path, project: QgsProject
) -> None:
    child = QgsProcessingModelChildAlgorithm("firstlight:event")
    model = QgsProcessingModelAlgorithm("one step", "tests")
    context = QgsProcessingContext()
    context.setProject(project)
    with event_world(tmp_path / "files", FIRE) as world:
        for name, value in event_values(world, tmp_path).items():
            source = QgsProcessingModelChildParameterSource.fromStaticValue(value)
            child.addParameterSources(name, [source])
        model.addChildAlgorithm(child)
        model.initAlgorithm()
        made = model.run({}, context, QgsProcessingFeedback())
    assert made[1]
    assert (tmp_path / "out" / "report.html").is_file()
    assert context.layersToLoadOnCompletion() == {}
