"""A job copied as a call of Processing runs, and makes what the job made."""

from __future__ import annotations

import json

import pytest

from firstlight.core.doors.spelling import spell
from firstlight.core.operations.registry import get_operation
from firstlight.core.types import Aoi
from firstlight.plugin.processing.call_text import processing_code
from support.operations import EVERY
from support.scene import BBOX, small_world

TRIANGLE = Aoi.from_geometry(
    {
        "type": "Polygon",
        "coordinates": [[[10.2, 46.9], [10.35, 46.91], [10.3, 46.98], [10.2, 46.9]]],
    }
)


@pytest.mark.parametrize("area", [Aoi.from_bounds(*BBOX), TRIANGLE], ids=["box", "polygon"])
@pytest.mark.usefixtures("toolbox")
def test_a_copied_call_runs(tmp_path, area):
    ingest = get_operation("ingest")
    with small_world(tmp_path / "world") as world:
        values = {
            "catalog": world.url,
            "area": area,
            "start": "2024-06-01",
            "end": "2024-06-30",
            "bands": "red,nir",
            "sensor": "sentinel2",
            "index": "NDVI",
            "output": str(tmp_path / "it's out"),
        }
        plain = json.loads(json.dumps(spell(ingest, ingest.make_params(values))))
        code = processing_code(ingest, plain)
        names: dict[str, object] = {}
        exec(code.replace("import processing", "from qgis import processing"), names)
    assert names["result"]["COUNT"] == 1
    assert list((tmp_path / "it's out").rglob("NDVI*.tif")) or list(
        (tmp_path / "it's out").rglob("*ndvi*.tif")
    )


def test_what_processing_cannot_be_given_has_no_call():
    values = {"area": "1,2,3,4", "places": ["/a", "/b"]}
    assert processing_code(EVERY, values) == ""
    assert processing_code(EVERY, {"only_cli": "x"}) == ""
    assert "'PLACES': '/a'" in processing_code(EVERY, {"places": ["/a"]})
