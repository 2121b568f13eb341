"""Searching a live ``rustac serve`` and servers that can and cannot sort: always what a plain loop
over the items finds.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.range_server import FaultyServer
from support.stac_server import CONFORMS_TO, Behaviour, StacServer, make_item
from support.stac_sorting import SORT, SortingServer, convex_overlap, crowd, outline, slanted_item
from support.tables import RUSTAC, write_by_rustac, write_table
from support.waiting import PATIENCE_S, wait_until

ITEMS = crowd(each=52)
LOOPBACK = "127.0.0.1"
SETTINGS = dataclasses.replace(Settings(), connect_timeout_s=PATIENCE_S, read_timeout_s=PATIENCE_S)
BOX = Aoi.from_bounds(6.5, 45.0, 9.0, 46.5)
TRIANGLE = Aoi.from_geometry(
    {"type": "Polygon", "coordinates": [[[6.0, 44.5], [10.5, 44.8], [6.2, 47.9], [6.0, 44.5]]]}
)
JUNE = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
)
COLLECTION = {
    "sentinel2": "sentinel-2-l2a",
    "landsat": "landsat-c2-l2",
    "sentinel1": "sentinel-1-rtc",
}


@pytest.fixture(scope="module")
def rustac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A live ``rustac serve`` with all items; its address."""
    program = Path(sys.executable).parent / "rustac"
    if not program.exists():
        pytest.skip("rustac is not installed beside this Python: pip install 'firstlight[sample]'")
    folder = tmp_path_factory.mktemp("rustac")
    with StacServer(ITEMS) as example:
        for name, collection in example.collections.items():
            (folder / f"{name}.json").write_text(json.dumps(collection), encoding="utf-8")
    (folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": ITEMS}), encoding="utf-8"
    )
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        url = f"http://{LOOPBACK}:{free.getsockname()[1]}"
    files = sorted(str(path) for path in folder.glob("*.json"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", "--addr", url.partition("//")[2], *files], stdout=log, stderr=log
        )
    try:
        _wait(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")[-300:]
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            return False
        return True

    wait_until(answers, "rustac did not come up")


SERVERS = ("rustac", "sorts", "does not sort", "sorts, small pages", "drops the query")
TABLES = ("table of rustac", "table", "table behind HTTP", "folder of tables")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The same items as rows: by another program, in small groups, behind HTTP, in parts."""
    pytest.importorskip("pyarrow", reason="pip install 'firstlight[parquet]'")
    folder = tmp_path_factory.mktemp("tables")
    by_time = sorted(ITEMS, key=lambda item: item["properties"]["datetime"])
    found = {"table": str(write_table(folder / "items.parquet", by_time, group=20))}
    if RUSTAC.exists():
        path = write_by_rustac(folder / "rustac.parquet", ITEMS)
        found["table of rustac"] = str(path)
    for number in range(4):
        below = folder / "parts" / f"month={number}"
        below.mkdir(parents=True)
        write_table(below / f"part-{number}.parquet", ITEMS[number::4], group=7)
    found["folder of tables"] = str(folder / "parts")
    with FaultyServer(folder) as server:
        found["table behind HTTP"] = server.url("items.parquet")
        yield found


@pytest.fixture(params=[*SERVERS, *TABLES])
def catalog(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same items behind servers of different abilities, and as rows of tables."""
    if request.param == "rustac":
        yield request.getfixturevalue("rustac")
        return
    if request.param in TABLES:
        known = request.getfixturevalue("tables")
        if request.param not in known:
            pytest.skip("rustac is not installed beside this Python")
        yield known[request.param]
        return
    behaviour = {
        "sorts": Behaviour(page_size=100, conforms_to=(*CONFORMS_TO, SORT)),
        "does not sort": Behaviour(page_size=100),
        "sorts, small pages": Behaviour(page_size=20, conforms_to=(*CONFORMS_TO, SORT)),
        "drops the query": Behaviour(page_size=25, next_without_query=True),
    }[request.param]
    with SortingServer(ITEMS, behaviour) as api:
        yield api.base_url


def naive(
    sensor: str = "sentinel2",
    area: Aoi = BOX,
    dates: tuple[datetime, datetime] = JUNE,
    cloud: float | None = None,
    collection: str | None = None,
) -> list[str]:
    """What a person would find with a pencil: newest first."""
    corners = [(x, y) for x, y in area.geometry["coordinates"][0][:-1]]
    found = []
    for item in ITEMS:
        facts = item["properties"]
        when = datetime.fromisoformat(facts["datetime"].replace("Z", "+00:00"))
        if (
            item["collection"] != (collection or COLLECTION[sensor])
            or facts["platform"] == "landsat-7"
        ):
            continue
        if not dates[0] <= when < dates[1] + timedelta(seconds=1):  # the last second belongs to it
            continue
        if cloud is not None and facts.get("eo:cloud_cover", 0) > cloud:
            continue
        if convex_overlap(corners, outline(item)):
            found.append((-when.timestamp(), item["id"]))
    return [name for _, name in sorted(found)]


def search(url: str, **change: Any) -> tuple[SceneSearch, RecordingMonitor]:
    query = SearchQuery(BOX, *JUNE, "sentinel2", url, limit=1000)
    return SceneSearch(dataclasses.replace(query, **change), SETTINGS), RecordingMonitor()


def ids(scenes: list[SceneItem]) -> list[str]:
    return [scene.id for scene in scenes]


def found(url: str, **change: Any) -> list[str]:
    one, monitor = search(url, **change)
    scenes = one.next(monitor)
    assert not [event for event in monitor.events if isinstance(event, Note)]
    assert one.next(monitor) == []
    assert not one.has_more
    return ids(scenes)


def test_the_crowd_is_large_and_mixed() -> None:
    assert len(ITEMS) >= 200
    assert {item["collection"] for item in ITEMS} == {*COLLECTION.values(), "sentinel-2-c1-l2a"}
    assert len(naive()) > 10
    boxes = [
        item
        for item in ITEMS
        if item["collection"] == "sentinel-2-l2a" and _boxes_touch(item["bbox"], TRIANGLE.bounds)
    ]
    assert len(naive(area=TRIANGLE)) < len(boxes), "a search by boxes alone would find more"


def _boxes_touch(one: Any, other: Any) -> bool:
    return bool(
        one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
    )


@pytest.mark.parametrize("sensor", COLLECTION)
def test_every_sensor_over_a_box(catalog: str, sensor: str) -> None:
    assert found(catalog, sensor=sensor) == naive(sensor)


def test_a_collection_by_its_name(catalog: str) -> None:
    expected = naive(collection="sentinel-2-c1-l2a")
    assert expected
    assert found(catalog, collection="sentinel-2-c1-l2a") == expected


def test_a_polygon_and_not_only_its_box(catalog: str) -> None:
    assert found(catalog, aoi=TRIANGLE) == naive(area=TRIANGLE)


@pytest.mark.thorough
@pytest.mark.parametrize("cloud", [0.0, 15.0, 50.0, 100.0])
def test_cloud_limit(catalog: str, cloud: float) -> None:
    assert found(catalog, max_cloud_percent=cloud) == naive(cloud=cloud)


def test_radar_has_no_cloud_to_be_limited_by(catalog: str) -> None:
    assert found(catalog, sensor="sentinel1", max_cloud_percent=0.0) == naive("sentinel1")


def test_dates_with_both_ends_included(catalog: str) -> None:
    middle = naive()[1:-1]
    last, first = (
        datetime.fromisoformat(item["properties"]["datetime"].replace("Z", "+00:00"))
        for item in (next(i for i in ITEMS if i["id"] == name) for name in (middle[0], middle[-1]))
    )
    assert last.microsecond, "the last second is to be taken whole"
    ends = (first, last.replace(microsecond=0))
    assert found(catalog, start=first.replace(microsecond=0), end=ends[1]) == naive(
        dates=(first.replace(microsecond=0), ends[1])
    )
    assert set(found(catalog, start=first.replace(microsecond=0), end=ends[1])) >= set(middle)
    assert found(catalog, end=last - timedelta(seconds=1)) == naive(
        dates=(JUNE[0], last.replace(microsecond=0) - timedelta(seconds=1))
    )


@pytest.mark.thorough
def test_more_results_come_in_order_and_none_twice(catalog: str) -> None:
    expected = naive(area=TRIANGLE)
    one, monitor = search(catalog, aoi=TRIANGLE, limit=9)
    pages = []
    while page := ids(one.next(monitor)):
        pages.append(page)
    assert [len(page) for page in pages[:-1]] == [9] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= 9
    assert [name for page in pages for name in page] == expected
    assert len(pages) > 2
    assert not one.has_more


def test_the_limit_counts_what_passes_the_cloud_limit(catalog: str) -> None:
    expected = naive(area=TRIANGLE, cloud=40.0)
    assert len(expected) > 6
    one, monitor = search(catalog, aoi=TRIANGLE, max_cloud_percent=40.0, limit=6)
    assert ids(one.next(monitor)) == expected[:6]
    assert ids(one.next(monitor)) == expected[6:12]


def test_servers_of_all_abilities_give_the_same_list(rustac: str) -> None:
    lists = [found(rustac, aoi=TRIANGLE, max_cloud_percent=60.0)]
    for sorts in (True, False):
        with SortingServer(ITEMS, sorts=sorts) as api:
            lists.append(found(api.base_url, aoi=TRIANGLE, max_cloud_percent=60.0))
            asked = [seen.query.get("sortby") for seen in api.searches]
            assert all(asked) if sorts else not any(asked), (
                "sorting is asked for only where it is offered"
            )
            assert not any({"query", "filter"} & set(seen.query) for seen in api.searches), (
                "some servers answer those with nothing"
            )
    assert lists[0] == lists[1] == lists[2] == naive(area=TRIANGLE, cloud=60.0)


def test_a_server_that_sorts_is_not_read_to_its_end() -> None:
    with SortingServer(ITEMS, Behaviour(page_size=10, conforms_to=(*CONFORMS_TO, SORT))) as api:
        one, monitor = search(api.base_url, aoi=TRIANGLE, limit=5)
        assert ids(one.next(monitor)) == naive(area=TRIANGLE)[:5]
        assert len(api.searches) == 1
        assert one.has_more
        assert ids(one.next(monitor)) == naive(area=TRIANGLE)[5:10]
        assert len(api.searches) == 1, "what came with the first page is used first"


@pytest.fixture
def ocean() -> list[dict[str, Any]]:
    """Around the antimeridian: on one side, on the other, split as RFC 7946 asks, drawn across it,
    and far away.
    """
    bands = {
        name: {"href": f"https://example.org/{name}.tif"}
        for name in ("blue", "green", "red", "nir", "swir16", "swir22")
    }
    west = make_item("west", (178.2, -18.0, 179.0, -17.0), "2024-06-05T00:00:00Z", assets=bands)
    east = make_item("east", (-179.0, -18.0, -178.2, -17.0), "2024-06-04T00:00:00Z", assets=bands)
    split = make_item("split", (-180.0, -18.0, 180.0, -17.0), "2024-06-03T00:00:00Z", assets=bands)
    split["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [
            [[[179.5, -18], [180, -18], [180, -17], [179.5, -17], [179.5, -18]]],
            [[[-180, -18], [-179.5, -18], [-179.5, -17], [-180, -17], [-180, -18]]],
        ],
    }
    far = slanted_item(
        "far",
        [(0, -18), (1, -18), (1, -17), (0, -17)],
        "2024-06-01T00:00:00Z",
        "sentinel-2-l2a",
        bands,
    )
    return [far, split, east, west]


@pytest.mark.parametrize("sorts", [True, False])
def test_an_area_across_the_antimeridian_finds_both_sides(
    ocean: list[dict[str, Any]], sorts: bool
) -> None:
    with SortingServer(ocean, sorts=sorts) as api:
        one, monitor = search(api.base_url, aoi=Aoi.from_bounds(178.0, -17.8, -178.0, -17.2))
        scenes = one.next(monitor)
    assert ids(scenes) == ["west", "east", "split"]
    shares = {scene.id: scene.coverage_percent for scene in scenes}
    assert shares == {
        "west": pytest.approx(20.0),
        "east": pytest.approx(20.0),
        "split": pytest.approx(25.0),
    }


def test_a_footprint_drawn_across_the_antimeridian_is_measured_on_both_sides(
    ocean: list[dict[str, Any]],
) -> None:
    """Longitudes that jump: as plane geometry it would lie around the whole globe, and be found
    everywhere.
    """
    drawn = {**ocean[1], "id": "drawn", "bbox": [179.5, -18.0, -179.5, -17.0]}
    drawn["geometry"] = {
        "type": "Polygon",
        "coordinates": [[[179.5, -18], [-179.5, -18], [-179.5, -17], [179.5, -17], [179.5, -18]]],
    }
    with SortingServer([drawn]) as api:
        one, monitor = search(api.base_url, aoi=Aoi.from_bounds(178.0, -17.8, -178.0, -17.2))
        (scene,) = one.next(monitor)
        assert scene.coverage_percent == pytest.approx(25.0)
        elsewhere, monitor = search(api.base_url, aoi=Aoi.from_bounds(0.0, -17.8, 10.0, -17.2))
        assert elsewhere.next(monitor) == []


def test_rustac_knows_no_sorting_of_its_own(rustac: str) -> None:
    """The reason for sorting here: what it conforms to says so."""
    with urllib.request.urlopen(rustac, timeout=PATIENCE_S) as answer:
        assert not [one for one in json.load(answer)["conformsTo"] if one.endswith("#sort")]
