"""Every algorithm of maps through Processing: what it declares comes back, and its rasters open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFolderDestination,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from firstlight.core.operation import Operation
from firstlight.core.operations.registry import OPERATIONS
from support.qgis_fixtures import make_stack
from support.rasters import noise, write_raster
from support.stacks import write_stack

MAPS = [operation for operation in OPERATIONS if operation.algorithm is not None]
OPERATION = {operation.name: operation for operation in MAPS}
BANDS = ("green", "red", "nir", "swir16", "swir22")


def inputs(operation: Operation, folder: Path) -> dict[str, Any]:
    """Stacks, heights or classes, whatever it needs."""
    if operation.name == "fuse":
        classes = [np.pad(np.ones((30, 30 + number), np.uint8), 10) for number in (0, 10)]
        return {
            "INPUTS": [
                str(write_raster(folder / f"{data.shape[1]}.tif", data, nodata=255))
                for data in classes
            ]
        }
    if operation.name == "series":
        import rasterio

        paths = []
        for day in (1, 4):
            data = np.pad(np.ones((20, 20 + day), np.uint8), 10)[:, :40]
            paths.append(str(write_raster(folder / f"{day}.tif", data, nodata=255)))
            with rasterio.open(paths[-1], "r+") as raster:
                raster.update_tags(datetime=f"2024-05-0{day}T06:00:00Z")
        return {"INPUTS": paths}
    if operation.name == "compare":
        one, two = (np.pad(np.ones((20, 20 + number), np.uint8), 10) for number in (0, 3))
        two = two[:, :40]
        return {
            name: str(write_raster(folder / f"{name}.tif", data, nodata=255))
            for name, data in (("MAP", one), ("OTHER", two))
        }
    if operation.name == "terrain":
        y, x = np.mgrid[:120, :120].astype(np.float32)
        heights = 100 + np.abs(x - 60) + 0.1 * y
        return {
            "DEM": str(write_raster(folder / "dem.tif", heights, nodata=-9999, resolution=30)),
            "DRAINAGE": 0.1,
        }
    if operation.name == "thermal-anomaly":
        kelvin = np.random.default_rng(1).normal(305, 1, (64, 64)).astype(np.float32)
        path = write_raster(folder / "thermal.tif", kelvin, nodata=None, resolution=30)
        name_bands(path, ["lwir11"], ["Kelvin"])
        return {"STACK": str(path)}
    if operation.name == "sar-water":
        power = np.random.default_rng(1).gamma(4.4, 0.05, (64, 64)).astype(np.float32)
        path = write_raster(folder / "radar.tif", power, nodata=None)
        name_bands(path, ["vv"], ["power"])
        return {"POST": str(path)}
    stacks = [
        str(make_stack(folder / f"{date}.tif", names))
        for date, names in (("pre", BANDS[::-1]), ("post", BANDS))
    ]
    return {"PRE": stacks[0], "STACK" if operation.name == "water" else "POST": stacks[1]}


def name_bands(path: Path, names: list[str], units: list[str]) -> None:
    import rasterio

    with rasterio.open(path, "r+") as raster:
        raster.descriptions, raster.units = names, units


@pytest.mark.usefixtures("toolbox")
@pytest.mark.parametrize("operation", MAPS, ids=lambda one: one.name)
def test_an_algorithm_gives_what_it_declares(operation: Operation, tmp_path: Path) -> None:
    import processing

    values = {**inputs(operation, tmp_path), "OUTPUT": str(tmp_path / "out")}
    made = processing.run(
        f"firstlight:{operation.name.replace('-', '')}", values, feedback=QgsProcessingFeedback()
    )
    assert made["OUTPUT"] == str(tmp_path / "out")
    rasters = [
        made[one.name.upper()]
        for one in operation.outputs
        if one.kind == "raster" and one.name.upper() in made
    ]
    assert rasters
    for path in rasters:
        assert Path(path).parent == tmp_path / "out"
        assert QgsRasterLayer(path, "x").isValid(), path
    numbers = {one.name for one in operation.outputs if one.kind == "number"}
    needing = {"flooded_km2", "accuracy_percent", "estimated_km2", "estimated_km2_error"}
    assert numbers - {name.lower() for name in made} <= needing, (
        "only of a flood, which needs a date before, and against a reference"
    )
    if operation.name != "terrain":
        assert made["PERIMETER"] == str(tmp_path / "out" / "perimeter.gpkg")
        assert QgsVectorLayer(made["PERIMETER"], "x", "ogr").isValid()
    assert (tmp_path / "out" / "catalog.json").is_file()
    tifs = {str(path) for path in (tmp_path / "out").glob("*.tif")}
    assert tifs == {path for path in rasters if Path(path).parent == tmp_path / "out"}


@pytest.mark.usefixtures("toolbox")
def test_the_outline_is_the_input_of_a_model_s_next_step(tmp_path: Path) -> None:
    """The model asks for nothing but the map, and hands the outline's area on to a native step."""
    model = QgsProcessingModelAlgorithm("burned", "burned")
    folder = QgsProcessingParameterFolderDestination("FOLDER", "Folder")
    model.addModelParameter(folder, QgsProcessingModelParameter("FOLDER"))
    burn = QgsProcessingModelChildAlgorithm("firstlight:burnseverity")
    burn.setChildId("burn")
    burn.addParameterSources("OUTPUT", [source("fromModelParameter", "FOLDER")])
    for name, path in inputs(OPERATION["burn-severity"], tmp_path).items():
        burn.addParameterSources(name, [source("fromStaticValue", path)])
    model.addChildAlgorithm(burn)
    buffer = QgsProcessingModelChildAlgorithm("native:buffer")
    buffer.setChildId("buffer")
    buffer.addParameterSources("INPUT", [source("fromChildOutput", "burn", "PERIMETER")])
    buffer.addParameterSources("DISTANCE", [source("fromStaticValue", 100)])
    output = QgsProcessingModelOutput("zone", "zone")
    output.setChildId("buffer")
    output.setChildOutputName("OUTPUT")
    buffer.setModelOutputs({"zone": output})
    model.addChildAlgorithm(buffer)
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    target = str(tmp_path / "zone.gpkg")
    # The name of the model's own output differs between QGIS's versions.
    names = [definition.name() for definition in model.parameterDefinitions()]
    [zone_name] = [name for name in names if name != "FOLDER"]
    values = {"FOLDER": str(tmp_path / "out"), zone_name: target}
    passed, why = model.checkParameterValues(values, context)
    assert passed, why
    _, ok = model.run(values, context, feedback)
    assert ok, feedback.textLog()
    outline = QgsVectorLayer(str(tmp_path / "out" / "perimeter.gpkg"), "x", "ogr")
    zone = QgsVectorLayer(target, "zone", "ogr")
    assert outline.isValid()
    assert zone.isValid()
    [burned], [around] = outline.getFeatures(), zone.getFeatures()
    assert around["event"] == "Burned"
    assert around.geometry().area() > burned.geometry().area() > 0


def source(kind: str, *values: Any) -> QgsProcessingModelChildParameterSource:
    made: QgsProcessingModelChildParameterSource = getattr(
        QgsProcessingModelChildParameterSource, kind
    )(*values)
    return made


@pytest.mark.usefixtures("toolbox")
def test_a_layer_in_chunks_takes_the_place_of_the_file_that_was_asked_for(tmp_path: Path) -> None:
    import processing

    bands = {name: noise((90, 80), number) for number, name in enumerate(("red", "nir"))}
    stack = write_stack(tmp_path, bands)
    wanted, context = str(tmp_path / "ndvi.tif"), QgsProcessingContext()
    project = QgsProject()
    details = QgsProcessingContext.LayerDetails("NDVI", project, "OUTPUT")
    context.addLayerToLoadOnCompletion(wanted, details)
    context.addLayerToLoadOnCompletion(str(stack), details)
    values = {"NAME": "NDVI", "STACK": str(stack), "LAYOUT": "chunks", "OUTPUT": wanted}
    made = processing.run(
        "firstlight:index", values, context=context, feedback=QgsProcessingFeedback()
    )
    assert made["OUTPUT"] == str(tmp_path / "ndvi.vrt")
    assert QgsRasterLayer(made["OUTPUT"], "x").isValid()
    assert set(context.layersToLoadOnCompletion()) == {made["OUTPUT"], str(stack)}
