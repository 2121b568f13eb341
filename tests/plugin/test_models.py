"""The models that come with the plugin, and the files they are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qgis import processing
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsRasterLayer,
    QgsVectorLayer,
)

from firstlight.core.operation import LayerOutput, OperationResult
from firstlight.core.params import Output, OutputKind
from firstlight.plugin.compat import FLAG_ADVANCED
from firstlight.plugin.processing.copies import make_copy_definition, save_copies, save_copy
from firstlight.plugin.processing.provider import MODELS
from support.event_world import Pass, area_text, event_world
from support.qgis_fixtures import make_stack
from support.rasters import write_raster

pytestmark = pytest.mark.usefixtures("toolbox")
BANDS = ("green", "red", "nir", "swir16", "swir22")


def model(name: str) -> QgsProcessingModelAlgorithm:
    found = QgsApplication.processingRegistry().createAlgorithmById(f"firstlight:{name}")
    assert found is not None, name
    return found


def run(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """A model's run; values are named by the end of the name that QGIS gives an output."""
    chosen = model(name)  # owns what it declares
    names = [definition.name() for definition in chosen.parameterDefinitions()]

    def whole(wanted: str) -> str:
        [found] = [one for one in names if one == wanted or one.endswith(f":{wanted}")]
        return found

    feedback = QgsProcessingFeedback()
    wanted = {whole(key): value for key, value in values.items()}
    context = QgsProcessingContext()
    try:
        made = processing.run(f"firstlight:{name}", wanted, context=context, feedback=feedback)
    except QgsProcessingException as error:
        raise AssertionError(feedback.textLog()) from error
    return {key.rpartition(":")[2]: value for key, value in made.items()}


def extent() -> str:
    west, south, east, north = area_text().split(",")
    return f"{west},{east},{south},{north} [EPSG:4326]"


def test_every_model_of_the_folder_is_in_the_toolbox() -> None:
    names = {path.stem for path in MODELS.glob("*.model3")}
    assert len(names) == 3
    for name in names:
        assert model(name).name() == name
        assert model(name).displayName() != name
        assert model(name).group() == "Examples"
        assert model(name).shortHelpString() or model(name).helpContent()["ALG_DESC"]


@pytest.mark.parametrize(
    ("name", "passes", "wanted", "share"),
    [
        (
            "fire_before_after",
            [Pass("2024-06-01"), Pass("2024-07-01", changed="burned")],
            ("Burn severity", "Burned area", "Outline of the fire"),
            "Burned area",
        ),
        (
            "flood_radar",
            [
                Pass("2024-06-01", "sentinel1"),
                Pass("2024-06-25", "sentinel1", changed="water"),
            ],
            ("Flooded", "Outline of the flood"),
            "Flooded",
        ),
    ],
)
def test_an_event_s_model_runs_from_an_area_and_a_date(
    tmp_path: Path, name: str, passes: list[Pass], wanted: tuple[str, ...], share: str
) -> None:
    suffix = {True: ".gpkg", False: ".tif"}
    files = {
        title: str(tmp_path / f"{number}{suffix['Outline' in title]}")
        for number, title in enumerate(wanted)
    }
    with event_world(tmp_path / "files", passes) as world:
        made = run(
            name,
            {"AREA": extent(), "DATE": "2024-06-20", "CATALOG": world.url, **files},
        )
    for title, path in files.items():
        assert made[title] == path
        layer = (QgsVectorLayer if "Outline" in title else QgsRasterLayer)(path, title)
        assert layer.isValid(), title
    classes = read(files[share])
    assert 0.01 < (classes == 1).mean() < 0.99


def test_a_model_s_dialog_begins_with_all_its_maps() -> None:
    for path in MODELS.glob("*.model3"):
        offered = model(path.stem).destinationParameterDefinitions()
        assert offered
        assert all(definition.createByDefault() for definition in offered)


def read(path: str) -> Any:
    import rasterio

    with rasterio.open(path) as raster:
        return raster.read(1)


def test_my_bands_become_a_stack_and_an_index(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    rows: list[str] = []
    pixels = {}
    for band, level in (("blue", 500), ("green", 700), ("red", 800), ("nir", 3000)):
        pixels[band] = generator.normal(level, 120, (64, 64)).astype(np.uint16)
        path = write_raster(tmp_path / f"{band}.tif", pixels[band], nodata=0)
        rows += [band, str(path)]
    made = run(
        "my_bands",
        {
            "BANDS": rows,
            "SENSOR": "sentinel2",
            "PRODUCT": "reflectance-10000",
            "Stack": str(tmp_path / "stack.vrt"),
            "NDVI": str(tmp_path / "ndvi.tif"),
        },
    )
    assert QgsRasterLayer(made["Stack"], "x").bandCount() == 4
    red, nir = (pixels[band].astype(np.float64) for band in ("red", "nir"))
    found = read(made["NDVI"])
    assert np.isfinite(found).mean() > 0.99
    np.testing.assert_allclose(found, (nir - red) / (nir + red), atol=1e-6)


@pytest.fixture
def fire(tmp_path: Path) -> Iterator[dict[str, str]]:
    stacks = [
        str(make_stack(tmp_path / f"{date}.tif", names))
        for date, names in (("pre", BANDS[::-1]), ("post", BANDS))
    ]
    return {"PRE": stacks[0], "POST": stacks[1], "OUTPUT": str(tmp_path / "out")}


def test_a_layer_is_saved_under_another_name_and_stays_in_its_folder(
    fire: dict[str, str], tmp_path: Path
) -> None:
    made = processing.run(
        "firstlight:burnseverity",
        {
            **fire,
            "SEVERITY": str(tmp_path / "my severity.tif"),
            "PERIMETER": str(tmp_path / "new" / "outline.geojson"),
        },
    )
    assert made["SEVERITY"] == str(tmp_path / "my severity.tif")
    assert made["DNBR"] == str(tmp_path / "out" / "dnbr.tif")
    assert Path(made["SEVERITY"]).read_bytes() == (tmp_path / "out/severity.tif").read_bytes()
    outline = json.loads(Path(made["PERIMETER"]).read_text(encoding="utf-8"))
    kept = QgsVectorLayer(str(tmp_path / "out/perimeter.gpkg"), "x", "ogr")
    copied = QgsVectorLayer(made["PERIMETER"], "x", "ogr")
    assert outline["type"] == "FeatureCollection"
    assert copied.featureCount() == kept.featureCount() > 0
    assert copied.crs() == kept.crs()
    [one], [other] = copied.getFeatures(), kept.getFeatures()
    assert one.geometry().area() == pytest.approx(other.geometry().area(), rel=1e-9)
    assert not list(tmp_path.rglob("*.part*"))


def test_a_copy_of_another_kind_is_refused_and_nothing_is_lost(
    fire: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(QgsProcessingException, match=r"must end in .*\.tif"):
        processing.run(
            "firstlight:burnseverity", {**fire, "SEVERITY": str(tmp_path / "severity.png")}
        )
    assert not (tmp_path / "severity.png").exists()
    assert (tmp_path / "out" / "severity.tif").is_file()


def test_a_copy_that_changes_does_not_change_the_folder_s_own(
    fire: dict[str, str], tmp_path: Path
) -> None:
    """A copy that is written anew is another file: links are never written through."""
    target = tmp_path / "mine.tif"
    processing.run("firstlight:burnseverity", {**fire, "SEVERITY": str(target)})
    before = (tmp_path / "out" / "severity.tif").read_bytes()
    again = {**fire, "OUTPUT": str(tmp_path / "out2"), "SEVERITY": str(target)}
    processing.run("firstlight:burnseverity", {**again, "PRE": fire["POST"], "POST": fire["PRE"]})
    assert (tmp_path / "out" / "severity.tif").read_bytes() == before
    assert target.read_bytes() == (tmp_path / "out2" / "severity.tif").read_bytes()


def test_a_copy_that_is_edited_in_qgis_does_not_change_the_folder_s_own(
    fire: dict[str, str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.gpkg"
    processing.run("firstlight:burnseverity", {**fire, "PERIMETER": str(mine)})
    own = tmp_path / "out" / "perimeter.gpkg"
    before = own.read_bytes()
    layer = QgsVectorLayer(str(mine), "mine", "ogr")
    assert layer.startEditing()
    assert layer.deleteFeatures([feature.id() for feature in layer.getFeatures()])
    assert layer.commitChanges()
    assert QgsVectorLayer(str(mine), "mine", "ogr").featureCount() == 0
    assert own.read_bytes() == before


def test_the_folder_s_own_file_is_not_copied_onto_itself(
    fire: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "out" / "severity.tif"
    made = processing.run("firstlight:burnseverity", {**fire, "SEVERITY": str(own)})
    assert made["SEVERITY"] == str(own)
    before = own.read_bytes()
    save_copy(own, own)
    assert own.read_bytes() == before
    assert not list(tmp_path.rglob("*.part*"))


def test_what_is_shown_is_the_copy(tmp_path: Path) -> None:
    """And nothing else is moved; what the run has not made is no copy."""
    paths = [make_stack(tmp_path / name) for name in ("a.tif", "b.tif")]
    layers = tuple(LayerOutput(path, path.stem, "", "") for path in paths)
    result = OperationResult(None, "", layers=layers, outputs={"a": str(paths[0]), "c": None})
    target = tmp_path / "New" / "Mine.TIF"
    saved = save_copies(result, {"a": str(target), "c": str(tmp_path / "c.tif")})
    assert [layer.path for layer in saved.layers] == [target, paths[1]]
    assert saved.outputs["a"] == str(target)
    assert target.read_bytes() == paths[0].read_bytes()
    assert not (tmp_path / "c.tif").exists()


def test_a_copy_is_advanced_and_may_be_left_out() -> None:
    for kind in (OutputKind.RASTER, OutputKind.VECTOR):
        made = make_copy_definition(Output("severity", "Severity classes", kind))
        flags = made.flags()
        assert flags & FLAG_ADVANCED
        assert made.checkValueIsAcceptable(None)
        assert made.description() == "Severity classes"


def test_models_come_when_the_window_is_there_and_only_once(qgis_app) -> None:
    from qgis.PyQt.QtGui import QIcon

    from firstlight.plugin.processing.provider import FirstLightProvider

    provider = FirstLightProvider(QIcon())
    provider.refreshAlgorithms()
    before = {one.name() for one in provider.algorithms()}
    assert "fire_before_after" not in before
    for _ in range(2):
        provider.bring_models()
        names = [one.name() for one in provider.algorithms()]
        assert sorted(names) == sorted(before | {path.stem for path in MODELS.glob("*.model3")})
