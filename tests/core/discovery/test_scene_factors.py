"""Landsat Level 1 items whose bands state no factors: those of their MTL file, had by real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.linked.scene_factors import read_scenes
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.enums import Evidence
from firstlight.core.errors import DiscoveryError, InputError
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.packages import mtl_text
from support.range_server import Fault, FaultyServer
from support.stac_server import StacServer, make_item

NAME = "LC08_L1TP_193028_20240601_20240610_02_T1"
SETTINGS = Settings(connect_timeout_s=2.0, read_timeout_s=2.0, retry_delay_s=0.0)
SCALE, OFFSET = 2e-5 / 0.5, -0.1 / 0.5
"""By the MTL file, at a sun of 30 degrees."""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FaultyServer]:
    (tmp_path / "served").mkdir()
    with FaultyServer(tmp_path / "served") as server:
        yield server


def level_1(base: str, *kinds: str, **red: Any) -> dict[str, Any]:
    """An item with two bands and MTL files of these kinds."""
    assets = {
        "red": {"href": f"{base}/{NAME}_B4.TIF", "type": "image/tiff", **red},
        "nir08": {"href": f"{base}/{NAME}_B5.TIF", "type": "image/tiff", **red},
        **{
            f"mtl.{kind}": {"href": f"{base}/{NAME}_MTL.{kind}", "roles": ["metadata"]}
            for kind in kinds
        },
    }
    sun = {"view:sun_elevation": 90.0}  # not that of the MTL file, which counts
    return make_item(NAME, collection="landsat-c2l1", assets=assets, **sun)


def serve(server: FaultyServer, kind: str, text: str) -> None:
    (server.root / f"{NAME}_MTL.{kind}").write_text(text)


def read(folder: Path, item: dict[str, Any]) -> SceneItem:
    path = folder / "item.json"
    path.write_text(json.dumps(item))
    return read_scenes(path, SETTINGS, RecordingMonitor())[0]


@pytest.mark.parametrize("kind", ["json", "txt", "xml"])
def test_the_factors_of_the_mtl_file_are_used(
    tmp_path: Path, files: FaultyServer, kind: str
) -> None:
    serve(files, kind, mtl_text(kind))
    scene = read(tmp_path, level_1(files.base_url, kind))
    for band in ("red", "nir08"):
        rule = scene.bands[band].radiometry
        assert (rule.scale, rule.offset) == pytest.approx((SCALE, OFFSET))
        assert (rule.nodata, rule.evidence) == (0.0, Evidence.ITEM)
        assert f"{NAME}_MTL.{kind}" in rule.reason


def test_radiance_that_the_item_states_gives_way_to_the_factors(
    tmp_path: Path, files: FaultyServer
) -> None:
    serve(files, "json", mtl_text("json"))
    radiance = {"scale": 0.01, "offset": -50.0, "unit": "watt/steradian/square_meter/micrometer"}
    scene = read(tmp_path, level_1(files.base_url, "json", **{"raster:bands": [radiance]}))
    assert scene.bands["red"].radiometry.scale == pytest.approx(SCALE)


def test_factors_that_the_item_states_need_no_file(tmp_path: Path, files: FaultyServer) -> None:
    item = level_1(files.base_url, "json", **{"raster:bands": [{"scale": 3e-5, "offset": -0.1}]})
    assert read(tmp_path, item).bands["red"].radiometry.scale == pytest.approx(3e-5)
    assert not files.requests


def test_a_damaged_file_gives_way_to_the_next_kind(tmp_path: Path, files: FaultyServer) -> None:
    serve(files, "json", "{")
    serve(files, "xml", mtl_text("xml"))
    scene = read(tmp_path, level_1(files.base_url, "json", "txt", "xml"))
    assert "MTL.xml" in scene.bands["red"].radiometry.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "404"),
        ("{", "no JSON"),
        ("<html>log in</html>", "no JSON"),
        (mtl_text("json", SUN_ELEVATION=None), "states no SUN_ELEVATION"),
        (mtl_text("json", SUN_ELEVATION="-3"), "SUN_ELEVATION is -3 degrees"),
        (mtl_text("json", REFLECTANCE_MULT_BAND_4="-1"), "is -1"),
        (mtl_text("json", REFLECTANCE_ADD_BAND_5=None), "no REFLECTANCE_ADD_BAND_5"),
        (" " * 9_000_000, "longer than 7 MB"),
    ],
)
def test_a_bad_file_is_one_sentence(
    tmp_path: Path, files: FaultyServer, text: str | None, why: str
) -> None:
    if text is not None:
        serve(files, "json", text)
    with pytest.raises(InputError) as caught:
        read(tmp_path, level_1(files.base_url, "json"))
    said = str(caught.value)
    assert f"its MTL file {NAME}_MTL.json cannot be used" in said
    assert why in said
    assert said.endswith((".", "!"))


def test_a_catalogue_of_the_internet_leads_to_no_file_of_this_computer(files: FaultyServer) -> None:
    from threading import Event

    from firstlight.core.discovery.linked.scene_factors import read_scene_factors
    from firstlight.core.discovery.linked.small_file import SmallFiles

    serve(files, "json", mtl_text("json"))
    for base in (files.base_url, str(files.root), files.root.as_uri()):
        item = level_1(base, "json")
        with pytest.raises(DiscoveryError, match="MTL"):
            read_scene_factors(item, "https://example.org/stac", SmallFiles(SETTINGS), Event())
    assert not files.requests


def test_a_search_reads_them(files: FaultyServer) -> None:
    serve(files, "txt", mtl_text("txt"))
    good, bad = level_1(files.base_url, "txt"), level_1(files.base_url, "xml")
    bad["id"] = "LC08_L1TP_193028_20240602_20240610_02_T1"
    with StacServer([good, bad]) as api:
        query = SearchQuery(
            Aoi.from_bounds(7.2, 46.2, 7.3, 46.3),
            datetime(2024, 5, 1, tzinfo=timezone.utc),
            datetime(2024, 7, 1, tzinfo=timezone.utc),
            "landsat",
            api.base_url,
            collection="landsat-c2l1",
        )
        monitor = RecordingMonitor()
        [scene] = SceneSearch(query, SETTINGS).next(monitor)
    assert scene.bands["red"].radiometry.scale == pytest.approx(SCALE)
    notes = [str(getattr(event, "text", "")) for event in monitor.events]
    assert any("20240602" in note and "MTL.xml cannot be used" in note for note in notes)


def test_factors_among_the_items_properties_need_no_file(
    tmp_path: Path, files: FaultyServer
) -> None:
    item = level_1(files.base_url, "json")
    for band in (4, 5):
        item["properties"] |= {
            f"REFLECTANCE_MULT_BAND_{band}": 3e-5,
            f"REFLECTANCE_ADD_BAND_{band}": -0.1,
        }
    assert read(tmp_path, item).bands["red"].radiometry.scale == pytest.approx(3e-5)
    assert not files.requests


def test_a_file_that_was_refused_is_asked_for_once_more(
    tmp_path: Path, files: FaultyServer
) -> None:
    serve(files, "json", mtl_text("json"))
    files.break_next(f"{NAME}_MTL.json", Fault(status=403, times=1))
    scene = read(tmp_path, level_1(files.base_url, "json"))
    assert scene.bands["red"].radiometry.scale == pytest.approx(SCALE)
    assert files.count(f"{NAME}_MTL.json") == 2


def test_a_redirect_into_a_machines_own_network_is_not_followed(
    tmp_path: Path, files: FaultyServer
) -> None:
    files.break_next(f"{NAME}_MTL.json", Fault(redirect="http://169.254.169.254/latest/"))
    with pytest.raises(InputError, match="an address for machines alone"):
        read(tmp_path, level_1(files.base_url, "json"))


def test_factors_of_level_1_are_none_of_level_2(tmp_path: Path) -> None:
    """Whatever an item calls its properties."""
    assets = {"red": {"href": "http://x/A_SR_B4.TIF", "type": "image/tiff"}}
    more = {"firstlight:mtl_factors": {"B4": [7.0, 7.0]}}
    item = make_item("a", collection="landsat-c2-l2", assets=assets, **more)
    assert read(tmp_path, item).bands["red"].radiometry.scale == 0.0000275
