"""Writes resources/models/*.model3: examples of models made of FirstLight's algorithms.

``python scripts/write_models.py`` with QGIS's Python. They are plain files: the toolbox shows them
under FirstLight, and the model designer opens a copy of each.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterExtent,
    QgsProcessingParameterMatrix,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QIcon

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "models"
ACROSS, DOWN = 260, 110
"""Steps of the drawing, in its pixels."""


@dataclass(frozen=True)
class Step:
    """One algorithm of a model.

    Parameters
    ----------
    name : str
        Of the step.
    algorithm : str
        Its id after ``firstlight:``.
    title : str
        What the drawing says.
    values : mapping
        Parameter → a value, or ``Of(input)``, or ``Of(step, output)``.
    shown : mapping
        Output of the algorithm → title of the model's own output.
    """

    name: str
    algorithm: str
    title: str
    values: dict[str, Any]
    shown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Of:
    """A value that another part of the model gives: an input, or a step's output."""

    part: str
    output: str = ""


@dataclass(frozen=True)
class Model:
    """A model: its inputs and its steps, in their order."""

    name: str
    title: str
    help: str
    inputs: tuple[QgsProcessingParameterDefinition, ...]
    steps: tuple[Step, ...]


def area() -> QgsProcessingParameterExtent:
    return QgsProcessingParameterExtent("AREA", "Area")


def moment(title: str) -> QgsProcessingParameterDateTime:
    return QgsProcessingParameterDateTime("DATE", title)


def catalog() -> QgsProcessingParameterString:
    made = QgsProcessingParameterString("CATALOG", "Catalogue", "auto")
    made.setHelp("auto, a catalogue's name, or the address of a STAC API")
    return made


def pair(event: str, sensor: str) -> Step:
    """A step that finds the best scenes before and after an event."""
    values = {
        "AREA": Of("AREA"),
        "DATE": Of("DATE"),
        "EVENT": event,
        "SENSOR": sensor,
        "CATALOG": Of("CATALOG"),
        "MOST": 1,
        "SCENES": "TEMPORARY_OUTPUT",
    }
    return Step("pair", "pairs", "Best scenes before and after", values)


def fetched(bands: str) -> Step:
    """A step that fetches the scenes of the pair, over the area alone."""
    values = {"ITEMS": Of("pair", "SCENES"), "AREA": Of("AREA"), "BANDS": bands, "WINDOW": "aoi"}
    return Step("scenes", "ingest", "Fetch both", values)


BEFORE_AND_AFTER = {"PRE": Of("scenes", "STACK"), "POST": Of("scenes", "LAST_STACK")}
MODELS = (
    Model(
        "fire_before_after",
        "Fire: before and after",
        "Finds the best Sentinel-2 scenes before and after a fire, fetches both over the area "
        "alone, and maps burn severity and burned area. Cloud is not observed.",
        (area(), moment("When it burned (UTC)"), catalog()),
        (
            pair("wildfire", "sentinel2"),
            fetched("red,nir,swir16,swir22,scl"),
            Step(
                "severity",
                "burnseverity",
                "Burn severity",
                BEFORE_AND_AFTER,
                {"SEVERITY": "Burn severity", "PERIMETER": "Outline of the fire"},
            ),
            Step(
                "burned", "burnedarea", "Burned area", BEFORE_AND_AFTER, {"BURNED": "Burned area"}
            ),
        ),
    ),
    Model(
        "flood_radar",
        "Flood: radar before and after",
        "Finds the best Sentinel-1 scenes of one orbit before and after a flood, fetches both over "
        "the area alone, and maps the water that came.",
        (area(), moment("When the flood stood high (UTC)"), catalog()),
        (
            pair("flood", "sentinel1"),
            fetched("vv,vh"),
            Step(
                "flood",
                "sarwater",
                "Flood by radar",
                BEFORE_AND_AFTER,
                {"FLOODED": "Flooded", "PERIMETER": "Outline of the flood"},
            ),
        ),
    ),
    Model(
        "my_bands",
        "My bands: stack, check, index",
        "Stacks single bands of your own, validates the stack, and computes a vegetation index of "
        "it.",
        (
            QgsProcessingParameterMatrix(
                "BANDS", "Bands and their files", hasFixedNumberRows=False, headers=["Band", "File"]
            ),
            QgsProcessingParameterString("SENSOR", "Sensor", "sentinel2"),
            QgsProcessingParameterString(
                "PRODUCT", "Product (empty: as the files say)", "", optional=True
            ),
        ),
        (
            Step(
                "stack",
                "stack",
                "Stack",
                {"BAND": Of("BANDS"), "SENSOR": Of("SENSOR"), "PRODUCT": Of("PRODUCT")},
                {"OUTPUT": "Stack"},
            ),
            Step("check", "validate", "Check", {"PATH": Of("stack", "OUTPUT")}),
            Step(
                "index",
                "index",
                "NDVI",
                {"STACK": Of("stack", "OUTPUT"), "NAME": "NDVI"},
                {"OUTPUT": "NDVI"},
            ),
        ),
    ),
)


def make(model: Model) -> QgsProcessingModelAlgorithm:
    """The model as QGIS has it."""
    made = QgsProcessingModelAlgorithm(model.title, "Examples", "examples")
    made.setHelpContent({"ALG_DESC": model.help})
    for number, definition in enumerate(model.inputs):
        component = QgsProcessingModelParameter(definition.name())
        component.setPosition(QPointF(ACROSS * (number % 3), DOWN * (number // 3)))
        component.setDescription(definition.description())
        made.addModelParameter(definition.clone(), component)
    steps = {step.name for step in model.steps}
    for number, step in enumerate(model.steps):
        child = QgsProcessingModelChildAlgorithm(f"firstlight:{step.algorithm}")
        child.setChildId(step.name)
        child.setDescription(step.title)
        child.setPosition(QPointF(ACROSS, DOWN * (3 + number)))
        for name, value in step.values.items():
            child.addParameterSources(name, [_source(value, steps)])
        outputs = {}
        for output, title in step.shown.items():
            shown = QgsProcessingModelOutput(title, title)
            shown.setChildId(step.name)
            shown.setChildOutputName(output)
            shown.setPosition(QPointF(2 * ACROSS, DOWN * (3 + number)))
            outputs[title] = shown
        child.setModelOutputs(outputs)
        made.addChildAlgorithm(child)
    return made


def _source(value: Any, steps: set[str]) -> QgsProcessingModelChildParameterSource:
    if not isinstance(value, Of):
        return QgsProcessingModelChildParameterSource.fromStaticValue(value)
    if value.part in steps:
        return QgsProcessingModelChildParameterSource.fromChildOutput(value.part, value.output)
    return QgsProcessingModelChildParameterSource.fromModelParameter(value.part)


def main() -> int:
    from firstlight.plugin.processing.provider import FirstLightProvider

    application = QgsApplication([], False)
    application.initQgis()
    provider = FirstLightProvider(QIcon(), None)
    QgsApplication.processingRegistry().addProvider(provider)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for model in MODELS:
        path = FOLDER / f"{model.name}.model3"
        if not make(model).toFile(str(path)):
            print(f"{path} cannot be written", file=sys.stderr)
            return 1
        print(f"Wrote {path.relative_to(ROOT)}")
    QgsApplication.processingRegistry().removeProvider(provider)
    return 0


if __name__ == "__main__":
    sys.exit(main())
