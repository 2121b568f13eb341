"""The new map of docs/architecture.md: it runs as it stands there, and it is short."""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firstlight.core.operation import Output
from firstlight.core.recipes.map_operation import MapOperation
from support.rasters import read_values
from support.run import run_operation
from support.stacks import write_stack

PAGE = Path(__file__).resolve().parents[3] / "docs" / "architecture.md"
MODULE = "firstlight.core.maps.snow"


def block() -> str:
    section = PAGE.read_text(encoding="utf-8").partition("\n## A new map\n")[2]
    found = re.search(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert found, "the page has no example"
    return found[1]


@pytest.fixture
def snow() -> Iterator[MapOperation]:
    """The map of the page, as the module that the page says it is."""
    module = types.ModuleType(MODULE)
    module.__package__ = "firstlight.core.maps"
    sys.modules[MODULE] = module
    exec(compile(block(), str(PAGE), "exec"), module.__dict__)
    yield module.__dict__["SNOW"]
    del sys.modules[MODULE]


def pixels() -> dict[str, Any]:
    """Snow above, land below, cloud in a corner, nodata in another."""
    stored = np.full((60, 80), 3000, np.uint16)
    green, swir16 = stored.copy(), stored.copy()
    green[:30], swir16[:30] = 9000, 2000
    green[:5, :5] = 0
    scl = np.full(stored.shape, 4, np.uint8)
    scl[50:, 70:] = 9
    return {"green": green, "swir16": swir16, "scl": scl}


def test_a_new_map_takes_fewer_than_40_lines() -> None:
    assert len(block().splitlines()) < 40


def test_a_new_map_is_computed_described_and_shown(snow: MapOperation, tmp_path: Path) -> None:
    tags = {"sensor": "sentinel2", "datetime": "2024-01-15T10:00:00Z"}
    stack = write_stack(tmp_path / "in", pixels(), tags=tags)
    result = run_operation(snow, stack=stack, output=tmp_path / "out")
    got = read_values(tmp_path / "out" / "snow.tif")
    expected = np.zeros((60, 80), np.uint8)
    expected[:30] = 1
    expected[:5, :5] = expected[50:, 70:] = 255
    assert np.array_equal(got, expected)
    area = (expected == 1).sum() / 1e4
    assert result.outputs == {
        "snow": str(tmp_path / "out" / "snow.tif"),
        "perimeter": str(tmp_path / "out" / "perimeter.gpkg"),
        "snow_km2": pytest.approx(area),
        "not_observed_percent": pytest.approx(100 * (expected == 255).mean()),
    }
    assert [layer.title for layer in result.layers] == [
        "Outline",
        "Not observed",
        "Snow cover",
    ]
    [item] = (tmp_path / "out").glob("snow-20240115-*.stac.json")
    told = json.loads(item.read_text())["properties"]
    assert told["firstlight:parameters"] == {"limit": 0.4}
    assert told["firstlight:statistics"]["snow"]["area_km2"] == pytest.approx(area)
    stricter = run_operation(snow, stack=stack, output=tmp_path / "none", limit=0.9)
    assert stricter.outputs["snow_km2"] == 0


def test_the_doors_of_a_new_map_are_derived(snow: MapOperation) -> None:
    assert snow.outputs == (
        Output("snow", "Snow", "raster"),
        Output("perimeter", "Outline", "vector"),
        Output("snow_km2", "Snow (km²)", "number"),
        Output("not_observed_percent", "Not observed (%)", "number"),
    )
    parameters = {p.name: p for p in snow.parameters()}
    assert list(parameters) == [
        *("stack", "output", "limit", "area", "area_mask"),
        *("engine", "cluster", "layout", "spark", "resume"),
    ]
    assert parameters["output"].help == (
        "Gets snow.tif (0 no snow, 1 snow), perimeter.gpkg and not_observed.gpkg; with an area "
        "also area.gpkg. In classes 255 is not observed, and 254 outside of the area."
    )
