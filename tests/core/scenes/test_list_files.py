"""A list of scenes as GeoJSON, table and STAC items."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.core.discovery.items_file import read_items
from firstlight.core.operations.scene_list import write_footprints
from firstlight.core.scenes.list_files import scene_list_text
from firstlight.core.types import SceneItem
from support.stac_server import make_item


@pytest.fixture
def scene(tmp_path: Path) -> SceneItem:
    assets = {
        name: {
            "href": f"https://example.com/{name}.tif?sig=secret&se=1",
            "eo:bands": [{"name": name, "common_name": name}],
        }
        for name in ("red", "nir")
    }
    item = make_item("S2A", assets=assets, **{"eo:cloud_cover": 12.5, "platform": "sentinel-2a"})
    path = tmp_path / "given.json"
    path.write_text(json.dumps(item), encoding="utf-8")
    [made] = read_items(path)
    return made


@pytest.mark.parametrize("ending", [".geojson", ".json"])
def test_a_saved_list_is_read_again(tmp_path: Path, scene: SceneItem, ending: str) -> None:
    path = tmp_path / f"list{ending}"
    layers = write_footprints(path, [scene])
    assert len(layers) == (ending == ".geojson")
    [again] = read_items(path)
    for name in ("id", "sensor", "datetime", "bbox", "footprint", "cloud_percent", "platform"):
        assert getattr(again, name) == getattr(scene, name), name
    assert set(again.bands) == {"red", "nir"}
    assert "secret" not in path.read_text(encoding="utf-8")


def test_stac_items_say_only_what_is_known(scene: SceneItem) -> None:
    tree = json.loads(scene_list_text(Path("x.json"), [replace(scene, cloud_percent=None)]))
    [item] = tree["features"]
    assert item["stac_version"] == "1.0.0"
    assert item["properties"] == {"datetime": "2024-06-01T10:00:00Z", "platform": "sentinel-2a"}


def test_a_table_has_a_row_for_each_and_runs_no_formula(scene: SceneItem) -> None:
    odd = replace(scene, id="=1+1", notes=("a, b", 'c "d"'), bbox=(-7.5, 46.0, 8.0, 47.0))
    rows = list(csv.DictReader(io.StringIO(scene_list_text(Path("x.CSV"), [scene, odd]))))
    assert [row["id"] for row in rows] == ["S2A", "'=1+1"]
    assert rows[1]["notes"] == 'a, b; c "d"'
    assert rows[0]["cloud_cover"] == "12.5"
    assert rows[1]["west"] == "-7.5", "a number is no formula"
