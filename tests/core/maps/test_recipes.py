"""What is derived from the recipes: each thing is said once, so it must be right for every map."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict

import pytest

from firstlight.core.maps.registry import MAPS
from firstlight.core.recipes.map_operation import MapOperation
from firstlight.core.recipes.params import EngineParams

FOLDERS = [operation for operation in MAPS if operation.recipe.layers]
every_map = pytest.mark.parametrize("operation", FOLDERS, ids=lambda one: one.name)
ENGINE = [field.name for field in dataclasses.fields(EngineParams)]


@every_map
def test_outputs_are_the_layers_the_outline_and_the_areas(operation: MapOperation) -> None:
    recipe = operation.recipe
    kinds = {output.name: output.kind for output in operation.outputs}
    assert len(kinds) == len(operation.outputs)
    rasters = [name for name, kind in kinds.items() if kind == "raster"]
    assert rasters == [layer.output_name for layer in recipe.layers]
    assert [name for name, kind in kinds.items() if kind == "vector"] == ["perimeter"]
    areas = [f"{extent.name}_km2" for extent in recipe.extents]
    assert {*areas, "not_observed_percent"} <= {
        name for name, kind in kinds.items() if kind == "number"
    }


@every_map
def test_an_extent_is_made_of_classes_of_a_declared_layer(operation: MapOperation) -> None:
    recipe = operation.recipe
    declared = {layer.name for one in recipe.layers for layer in one.variants}
    for extent in recipe.extents:
        assert extent.layer.name in declared
        codes = {one.code for one in extent.layer.classes}
        assert {*extent.codes, *extent.silent} <= codes
        assert not set(extent.codes) & set(extent.silent)


@every_map
def test_the_help_of_the_folder_names_every_file(operation: MapOperation) -> None:
    [output] = [p for p in operation.parameters() if p.kind == "folder_out"]
    for one in operation.recipe.layers:
        for layer in one.variants:
            assert len(re.findall(rf"\b{layer.name}\.tif", output.help)) == 1
    assert "perimeter.gpkg" in output.help
    assert "255 is not observed" in output.help


def test_files_that_are_not_always_written_are_named_with_their_condition() -> None:
    helps = {
        operation.name: p.help
        for operation in FOLDERS
        for p in operation.parameters()
        if p.kind == "folder_out"
    }
    assert helps["sar-water"] == (
        "Gets water.tif (0 dry, 1 water), confidence.tif, perimeter.gpkg and not_observed.gpkg; "
        "with a stack before or permanent water also flooded.tif (0 not flooded, 1 flooded); with "
        "a stack before also change_db.tif; with an area also area.gpkg. In classes 255 is not "
        "observed, and 254 outside of the area."
    )
    assert helps["burn-severity"].startswith(
        "Gets severity.tif, confidence.tif, dnbr.tif, perimeter.gpkg and not_observed.gpkg; with "
        "another index also rdnbr.tif or rbr.tif"
    )


def test_a_parameter_has_one_key_in_the_provenance_of_all_maps() -> None:
    keys: dict[str, set[str]] = defaultdict(set)
    for operation in MAPS:
        for p in operation.parameters():
            if p.name not in ENGINE and not p.kind.startswith(("raster", "folder")):
                keys[p.name].add(f"{p.name}_{p.unit}" if p.unit else p.name)
    assert {name: found for name, found in keys.items() if len(found) > 1} == {}
    assert keys["mask_dilation"] == {"mask_dilation_m"}


def test_parameters_stand_in_one_order_at_the_doors() -> None:
    """Inputs, the output, a map's own, permanent water and terrain, the area, masks, the
    engine.
    """
    water = next(operation for operation in MAPS if operation.name == "water")
    assert [p.name for p in water.parameters()] == [
        *("stack", "pre", "output", "method", "threshold"),
        *(
            "permanent_water",
            "permanent_values",
            "not_observed",
            "hand",
            "hand_limit",
            "slope",
            "slope_limit",
        ),
        *("area", "area_mask", "mask_dilation", *ENGINE),
    ]
    for operation in MAPS:
        assert [p.name for p in operation.parameters()][-len(ENGINE) :] == ENGINE


def test_a_window_is_a_side_and_a_radius_a_radius() -> None:
    for operation in MAPS:
        for p in operation.parameters():
            if "window" in p.title.lower():
                assert p.name == "window"
                assert p.help.startswith("Side of the moving window")
            assert (p.name == "radius") == p.title.startswith("Radius")
