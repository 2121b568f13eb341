"""Tables of items (STAC-GeoParquet) answer as a catalogue of the same items does; odd ones never
silently say something else.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="pip install 'firstlight[parquet]'")

from firstlight.core.discovery.band_config import get_sensor
from firstlight.core.discovery.catalogs import get_catalog
from firstlight.core.discovery.scene_parser import parse_item
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.discovery.table.arrow_part import ArrowPart
from firstlight.core.discovery.table.rows import item_of
from firstlight.core.errors import Cancelled, DependencyError, DiscoveryError
from firstlight.core.monitor import Note, Progress, RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.object_server import object_server
from support.range_server import FaultyServer
from support.run import run_operation
from support.stac_server import StacServer, make_item
from support.stac_sorting import slanted_item
from support.tables import (
    RUSTAC,
    arrow_table,
    moment,
    with_column,
    write_by_rustac,
    write_table,
)
from support.waiting import PATIENCE_S, stop_at

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "stac"
AREA = Aoi.from_bounds(7.2, 46.2, 7.8, 46.8)
JUNE = (
    datetime(2024, 6, 1, tzinfo=timezone.utc),
    datetime(2024, 6, 30, 23, 59, 59, tzinfo=timezone.utc),
)
Json = dict[str, Any]


def band_assets(name: str) -> Json:
    return {
        band: {"href": f"https://example.org/{name}/{band}.tif", "type": "image/tiff"}
        for band in ("blue", "green", "red", "nir", "swir16", "swir22", "scl")
    }


def scene(name: str, day: int = 1, bbox: Any = (7, 46, 8, 47), **more: Any) -> Json:
    when = f"2024-06-{day:02d}T10:20:30.123456Z"
    return make_item(name, bbox, when, assets=band_assets(name), platform="sentinel-2a", **more)


def crowd() -> list[Json]:
    """Over the area, beside it, and of another month."""
    here = [scene(f"here-{day}", day) for day in (3, 1, 2)]
    return [*here, scene("beside", 4, (9, 46, 10, 47)), _late()]


def _late() -> Json:
    item = scene("late", 5)
    item["properties"]["datetime"] = "2024-08-05T10:00:00Z"
    return item


def search(table: Path | str, **change: Any) -> tuple[list[SceneItem], list[str]]:
    """What is found, and the notes that are told."""
    words: Json = {"limit": 1000, "aoi": AREA, **change}
    aoi = words.pop("aoi")
    query = SearchQuery(aoi, *JUNE, "sentinel2", str(table), **words)
    monitor = RecordingMonitor()
    scenes = SceneSearch(query, Settings()).next(monitor)
    return scenes, [event.text for event in monitor.events if isinstance(event, Note)]


def ids(table: Path | str, **change: Any) -> list[str]:
    scenes, notes = search(table, **change)
    assert notes == []
    return [scene.id for scene in scenes]


def refusal(table: Path | str, **change: Any) -> str:
    with pytest.raises(DiscoveryError) as caught:
        search(table, **change)
    return str(caught.value)


def recorded() -> list[Json]:
    """Items of real catalogues of several sensors."""
    items = []
    for path in sorted(FIXTURES.glob("*.json")):
        tree = json.loads(path.read_text(encoding="utf-8"))
        items += tree["features"] if tree.get("type") == "FeatureCollection" else [tree]
    return [item for item in items if item.get("type") == "Feature"]


def whole(value: Any) -> Any:
    """Without what is empty, with times as moments and geometries as lists."""
    if isinstance(value, Mapping):
        made = {name: whole(one) for name, one in value.items()}
        return {name: one for name, one in made.items() if one not in (None, {})} or None
    if isinstance(value, (list, tuple)):
        return [whole(one) for one in value]
    if isinstance(value, str) and len(value) > 18 and value[4:5] == "-" and value[10:11] == "T":
        return moment(value).replace(microsecond=moment(value).microsecond // 1000 * 1000)
    return value


WRITERS: dict[str, Callable[..., Path]] = {"pyarrow": write_table, "rustac": write_by_rustac}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("item", recorded(), ids=lambda item: item["id"][:24])
def test_a_row_is_the_item_it_was_made_of(writer: str, item: Json, tmp_path: Path) -> None:
    if writer == "rustac" and not RUSTAC.exists():
        pytest.skip("rustac is not installed beside this Python")
    path = WRITERS[writer](tmp_path / "one.parquet", [item])
    part = ArrowPart("one", str(path))
    (row,) = part.whole_rows(0, [0])
    found = item_of(row)
    wanted = {**item, "stac_version": found["stac_version"]}
    assert whole(found) == whole({name: wanted[name] for name in wanted if name in found})
    assert set(found) >= {name for name, value in item.items() if value not in (None, [], {})}


@pytest.mark.parametrize("writer", WRITERS)
def test_items_of_several_makers_in_one_table_stay_themselves(writer: str, tmp_path: Path) -> None:
    """The table has the columns of all, and each row leaves most of them empty."""
    if writer == "rustac" and not RUSTAC.exists():
        pytest.skip("rustac is not installed beside this Python")
    items = [item for item in recorded() if "sentinel-2" in str(item.get("collection"))]
    assert len(items) > 2
    part = ArrowPart("all", str(WRITERS[writer](tmp_path / "all.parquet", items)))
    rows = list(part.whole_rows(0, range(len(items))))
    sensor = get_sensor("sentinel2")
    for row, item in zip(rows, items):
        assert {name: asset["href"] for name, asset in item_of(row)["assets"].items()} == {
            name: asset["href"] for name, asset in item["assets"].items()
        }
        one, other = (parse_item(each, sensor, "test") for each in (item_of(row), item))
        assert one.bands == other.bands
        assert (one.datetime - other.datetime) < timedelta(milliseconds=1)
        assert one.footprint == other.footprint


def test_discover_finds_what_it_finds_by_an_api(tmp_path: Path) -> None:
    items = crowd()
    words = {"area": AREA, "start": "2024-06-01", "end": "2024-06-30"}
    with StacServer(items) as api:
        by_api = run_operation("discover", catalog=api.base_url, **words).data
    by_table = run_operation(
        "discover", catalog=write_table(tmp_path / "t.parquet", items), **words
    ).data
    by_api, by_table = (each() if callable(each) else each for each in (by_api, by_table))
    assert [scene["id"] for scene in by_table] == ["here-3", "here-2", "here-1"]
    for one, other in zip(by_table, by_api):
        assert {**one, "catalog": ""} == {**other, "catalog": ""}


@pytest.mark.thorough
def test_a_box_and_its_statistics_of_another_place_are_not_read(tmp_path: Path) -> None:
    """Of 40 groups one is near the area: of the file behind HTTP a small part is fetched."""
    rng = np.random.default_rng(1)
    items = []
    for number in range(4000):
        west = 7.0 if number // 100 == 17 else -170 + 3 * (number // 100)
        item = scene(f"S{number}", 1 + number % 28, (west, 46, west + 1, 47))
        item["properties"]["noise"] = rng.bytes(300).hex()
        items.append(item)
    path = write_table(tmp_path / "t.parquet", items, group=100)
    with FaultyServer(tmp_path) as server:
        found = ids(server.url("t.parquet"))
        assert len(found) == 100
        assert set(found) == {f"S{number}" for number in range(1700, 1800)}
        assert server.bytes_sent("t.parquet") < path.stat().st_size / 4


def test_a_missing_outline_leaves_the_box(tmp_path: Path) -> None:
    items = [{**item, "geometry": None} for item in crowd()]
    path = write_table(tmp_path / "t.parquet", items)
    assert ids(path) == ["here-3", "here-2", "here-1"]


def test_a_row_that_is_nowhere_is_told(tmp_path: Path) -> None:
    items = crowd()
    items[0] = {**items[0], "geometry": None}
    items[0].pop("bbox")
    scenes, notes = search(write_table(tmp_path / "t.parquet", items))
    assert [scene.id for scene in scenes] == ["here-2", "here-1"]
    assert len(notes) == 1
    assert "1 row of" in notes[0]
    assert "say nowhere where they are" in notes[0]


ABSURD = {
    "no number": [math.nan] * 4,
    "endless": [-math.inf, -math.inf, math.inf, math.inf],
    "upside down": [7.0, 47.0, 8.0, 46.0],
    "swapped": [8.0, 46.0, 7.0, 47.0],
    "off the globe": [1e9, 46.0, 1e9 + 1, 47.0],
    "in metres": [400000.0, 5100000.0, 500000.0, 5200000.0],
}


@pytest.mark.parametrize("box", ABSURD.values(), ids=ABSURD.keys())
def test_an_absurd_box_is_not_believed(box: list[float], tmp_path: Path) -> None:
    items = crowd()
    items[1] = {**items[1], "bbox": box}
    assert ids(write_table(tmp_path / "t.parquet", items)) == ["here-3", "here-2", "here-1"]


def test_boxes_that_do_not_hold_their_outlines_are_told_and_not_used(tmp_path: Path) -> None:
    items = [
        {**item, "bbox": [one + 30 * (number % 2 == 0) for number, one in enumerate(item["bbox"])]}
        for item in crowd()
    ]
    scenes, notes = search(write_table(tmp_path / "t.parquet", items, group=2))
    assert [scene.id for scene in scenes] == ["here-3", "here-2", "here-1"]
    assert len(notes) == 1
    assert "of 5 of the first 5 rows the box does not hold the outline" in notes[0].replace(
        "of 2 of the first 2", "of 5 of the first 5"
    )


def test_boxes_of_32_bits_are_believed(tmp_path: Path) -> None:
    import pyarrow as pa

    def rounded(table: Any) -> Any:
        boxes = table["bbox"].to_pylist()
        kind = pa.struct([(name, pa.float32()) for name in ("xmin", "ymin", "xmax", "ymax")])
        return with_column("bbox", pa.array(boxes, kind))(table)

    items = [scene("a", 1, (7.1234567891, 46.1, 8.1234567891, 47.1))]
    assert ids(write_table(tmp_path / "t.parquet", items, rounded)) == ["a"]


@pytest.mark.parametrize("kind", ["list", "text", "number", "none", "other names"])
def test_a_column_of_boxes_of_another_kind(kind: str, tmp_path: Path) -> None:
    """A list is taken, as older tables have it; of anything else the outlines tell."""
    items = crowd()
    values: Any = {
        "list": [item["bbox"] for item in items],
        "text": [json.dumps(item["bbox"]) for item in items],
        "number": [1] * len(items),
        "none": None,
        "other names": [{"west": 1.0}] * len(items),
    }[kind]
    path = write_table(tmp_path / "t.parquet", items, with_column("bbox", values))
    assert ids(path) == ["here-3", "here-2", "here-1"]


WRONG = {
    "id": (None, "it has no column id"),
    "assets": (None, "it has no column assets"),
    "datetime": (None, "it has no column datetime"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_table_without_a_column_is_no_table_of_items(name: str, tmp_path: Path) -> None:
    values, why = WRONG[name]
    told = refusal(write_table(tmp_path / "t.parquet", crowd(), with_column(name, values)))
    assert why in told
    assert told.startswith("The table ")


def test_columns_of_wrong_types_are_refused(tmp_path: Path) -> None:
    times = with_column("datetime", [1717236000] * 5)
    told = refusal(write_table(tmp_path / "a.parquet", crowd(), times))
    assert "its column datetime holds int64 where times should be" in told
    shapes = with_column("geometry", [1.5] * 5)
    told = refusal(write_table(tmp_path / "b.parquet", crowd(), shapes))
    assert "its column geometry holds double where WKB should be" in told
    assets = with_column("assets", [1, 2, 3, 4, 5])
    assert "cannot be used" in refusal(write_table(tmp_path / "c.parquet", crowd(), assets))


def test_a_parquet_file_of_something_else(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"name": ["Rome"], "people": [1]}), tmp_path / "t.parquet")
    told = refusal(tmp_path / "t.parquet")
    assert "it is no STAC-GeoParquet: it has no column id, assets, geometry, datetime" in told


def test_files_that_are_no_parquet_or_half_of_one(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("{}")
    (tmp_path / "empty.parquet").write_bytes(b"")
    good = write_table(tmp_path / "good.parquet", crowd()).read_bytes()
    (tmp_path / "half.parquet").write_bytes(good[: len(good) // 2])
    garbled = bytearray(good)
    garbled[4 : len(good) // 2] = bytes(len(good) // 2 - 4)
    (tmp_path / "garbled.parquet").write_bytes(garbled)
    for name in ("text", "empty", "half", "garbled"):
        told = refusal(tmp_path / f"{name}.parquet")
        assert f"{name}.parquet cannot be read: " in told, name
        assert len(told) < 500


def test_a_file_that_ends_early_behind_http_is_told(tmp_path: Path) -> None:
    good = write_table(tmp_path / "t.parquet", crowd()).read_bytes()
    (tmp_path / "t.parquet").write_bytes(good[:-30])
    with FaultyServer(tmp_path) as server:
        assert "t.parquet cannot be read" in refusal(server.url("t.parquet"))
        assert "gone.parquet cannot be read" in refusal(server.url("gone.parquet"))


def test_a_table_of_nothing_finds_nothing(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", crowd(), lambda table: table.slice(0, 0))
    assert ids(path) == []


@pytest.mark.parametrize(
    "garbage", [b"", b"\x01", b"garbage", b"\x01\x03\x00\x00\x00\xff\xff\xff\x7f"]
)
def test_a_damaged_outline_leaves_the_box_and_says_so(garbage: bytes, tmp_path: Path) -> None:
    items = crowd()

    def damaged(table: Any) -> Any:
        shapes = table["geometry"].to_pylist()
        shapes[0] = garbage
        return with_column("geometry", shapes)(table)

    scenes, notes = search(write_table(tmp_path / "t.parquet", items, damaged))
    assert [scene.id for scene in scenes] == ["here-3", "here-2", "here-1"]
    assert notes == []
    assert [bool(scene.notes) for scene in scenes] == [True, False, False]
    assert "Its outline in the table is damaged" in scenes[0].notes[0]


def ocean() -> list[Json]:
    """Around the antimeridian: beside it, split, drawn across it, and far away."""
    ring = [(179.0, 10.0), (-179.0, 10.0), (-179.0, 11.0), (179.0, 11.0)]
    across = slanted_item("across", ring, "2024-06-01T10:00:00Z", "sentinel-2-l2a", {})
    across["bbox"] = [179.0, 10.0, -179.0, 11.0]
    split = scene("split", 2, (179, 10, 180, 11))
    split["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [
            [[[179.0, 10], [180, 10], [180, 11], [179, 11], [179, 10]]],
            [[[-180.0, 10], [-179, 10], [-179, 11], [-180, 11], [-180, 10]]],
        ],
    }
    split["bbox"] = [179.0, 10.0, -179.0, 11.0]
    west = scene("west", 3, (178.5, 10, 179.5, 11))
    far = scene("far", 4, (0, 10, 1, 11))
    across["assets"] = band_assets("across")
    return [across, split, west, far]


@pytest.mark.parametrize("boxes", [True, False])
@pytest.mark.parametrize(
    ("bounds", "wanted"),
    [
        ((179.2, 10.2, -179.2, 10.8), ["west", "split", "across"]),
        ((-179.9, 10.2, -179.2, 10.8), ["split", "across"]),
        ((178.6, 10.2, 178.9, 10.8), ["west"]),
        ((0.2, 10.2, 0.8, 10.8), ["far"]),
        ((90.0, 10.2, 91.0, 10.8), []),
    ],
)
def test_the_antimeridian(
    bounds: tuple[float, ...], wanted: list[str], boxes: bool, tmp_path: Path
) -> None:
    change = (lambda table: table) if boxes else with_column("bbox", None)
    path = write_table(tmp_path / "t.parquet", ocean(), change, group=2)
    assert ids(path, aoi=Aoi.from_bounds(*bounds)) == wanted


def test_times_without_a_zone_are_utc_and_told(tmp_path: Path) -> None:
    def bare(table: Any) -> Any:
        times = [one.replace(tzinfo=None) for one in table["datetime"].to_pylist()]
        return with_column("datetime", times)(table)

    scenes, notes = search(write_table(tmp_path / "t.parquet", crowd(), bare))
    assert [scene.id for scene in scenes] == ["here-3", "here-2", "here-1"]
    assert scenes[0].datetime == datetime(2024, 6, 3, 10, 20, 30, 123456, timezone.utc)
    assert len(notes) == 1
    assert "have no time zone: they are taken as UTC" in notes[0]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_every_unit(unit: str, tmp_path: Path) -> None:
    import pyarrow as pa

    def cast(table: Any) -> Any:
        times = table["datetime"].cast(pa.timestamp(unit, "UTC"), safe=False)
        return with_column("datetime", times)(table)

    path = write_table(tmp_path / "t.parquet", crowd(), cast, group=1)
    scenes, notes = search(path)
    assert [scene.id for scene in scenes] == ["here-3", "here-2", "here-1"]
    assert notes == []
    rest = 0 if unit == "s" else 123000 if unit == "ms" else 123456
    assert scenes[0].datetime.microsecond == rest


def test_times_as_texts_and_one_that_is_none(tmp_path: Path) -> None:
    texts = [item["properties"]["datetime"] for item in crowd()]
    path = write_table(tmp_path / "a.parquet", crowd(), with_column("datetime", texts))
    assert ids(path) == ["here-3", "here-2", "here-1"]
    texts[0] = "yesterday"
    path = write_table(tmp_path / "b.parquet", crowd(), with_column("datetime", texts))
    scenes, notes = search(path)
    assert [scene.id for scene in scenes] == ["here-2", "here-1"]
    assert len(notes) == 1
    assert "its time is 'yesterday'" in notes[0]


def test_a_span_counts_where_there_is_no_moment(tmp_path: Path) -> None:
    def spanning(name: str, first: str, last: str) -> Json:
        item = scene(name)
        item["properties"] |= {"datetime": None, "start_datetime": first, "end_datetime": last}
        return item

    items = [
        spanning("meets", "2024-05-20T00:00:00Z", "2024-06-02T00:00:00Z"),
        spanning("before", "2024-05-01T00:00:00Z", "2024-05-20T00:00:00Z"),
        scene("moment", 2),
    ]
    assert ids(write_table(tmp_path / "t.parquet", items, group=1)) == ["moment", "meets"]


def test_assets_and_links_as_texts(tmp_path: Path) -> None:
    def texts(table: Any) -> Any:
        for name in ("assets", "links"):
            values = [json.dumps(one) for one in table[name].to_pylist()]
            table = with_column(name, values)(table)
        return table

    scenes, notes = search(write_table(tmp_path / "t.parquet", crowd(), texts))
    assert notes == []
    assert set(scenes[0].bands) >= {"red", "nir"}


def test_a_column_of_properties_is_taken_as_well(tmp_path: Path) -> None:
    def nested(table: Any) -> Any:
        facts = [item["properties"] for item in crowd()]
        for name in list(facts[0]):
            table = with_column(name, None)(table)
        return with_column("properties", facts)(table)

    assert ids(write_table(tmp_path / "t.parquet", crowd(), nested)) == [
        "here-3",
        "here-2",
        "here-1",
    ]


def test_level_2_is_taken_where_the_table_has_level_1_too(tmp_path: Path) -> None:
    items = [{**item, "collection": "sentinel-2-l1c"} for item in crowd()]
    items += [{**item, "id": f"{item['id']}-2a"} for item in crowd()]
    path = write_table(tmp_path / "t.parquet", items)
    assert ids(path) == ["here-3-2a", "here-2-2a", "here-1-2a"]
    assert ids(path, collection="sentinel-2-l1c") == ["here-3", "here-2", "here-1"]
    told = refusal(path, collection="sentinel-9")
    assert "it has none of the collections sentinel-9" in told


def test_collections_of_other_names_are_known_by_their_items(tmp_path: Path) -> None:
    items = [{**item, "collection": "mine"} for item in crowd()]
    assert ids(write_table(tmp_path / "t.parquet", items)) == ["here-3", "here-2", "here-1"]


def test_a_folder_of_parts_is_one_table(tmp_path: Path) -> None:
    for number, item in enumerate(crowd()):
        folder = tmp_path / "items" / f"day={number}"
        folder.mkdir(parents=True)
        write_table(folder / "part.parquet", [item])
    (tmp_path / "items" / "_SUCCESS").write_text("")
    (tmp_path / "items" / "_metadata").write_bytes(b"PAR1")
    assert ids(tmp_path / "items") == ["here-3", "here-2", "here-1"]


@pytest.mark.parametrize("folder", ["_delta_log", "metadata", ".hoodie"])
def test_a_table_with_a_list_of_its_own_is_refused(folder: str, tmp_path: Path) -> None:
    write_table(tmp_path / "part.parquet", crowd())
    (tmp_path / folder).mkdir()
    assert "whose own list says which of its files count" in refusal(tmp_path)


def test_object_storage_holds_one_file_or_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = crowd()
    with object_server() as store:
        for name, value in store.environment().items():
            monkeypatch.setenv(name, value)
        one = write_table(tmp_path / "t.parquet", items).read_bytes()
        store.objects["bucket/all/items.parquet"] = one
        for number in range(2):
            path = write_table(tmp_path / "p.parquet", items[number::2])
            store.objects[f"bucket/parts/year=2024/p{number}.parquet"] = path.read_bytes()
        wanted = ["here-3", "here-2", "here-1"]
        assert ids("s3://bucket/all/items.parquet") == wanted
        assert ids("s3://bucket/parts") == wanted
        assert "no Parquet file is there" in refusal("s3://bucket/other")
        found = get_catalog("s3://bucket/all/items.parquet")
        assert found.url == f"http://{store.host}/bucket/all/items.parquet"
        assert get_catalog(found.reference) == found


def test_rows_from_elsewhere_name_no_file_of_this_computer(tmp_path: Path) -> None:
    items = crowd()[:1]
    items[0]["assets"]["red"]["href"] = "file:///etc/passwd"
    write_table(tmp_path / "t.parquet", items)
    with FaultyServer(tmp_path) as server:
        (found,), _ = search(server.url("t.parquet"))
    assert "red" not in found.bands
    assert "Its address of red is a file of this computer" in found.notes
    (found,), _ = search(tmp_path / "t.parquet")
    assert found.bands["red"].href == "/etc/passwd"


def test_relative_addresses_are_those_of_the_table(tmp_path: Path) -> None:
    items = crowd()[:1]
    items[0]["assets"]["red"]["href"] = "./scenes/red.tif"
    write_table(tmp_path / "t.parquet", items)
    (found,), _ = search(tmp_path / "t.parquet")
    assert found.bands["red"].href == str(tmp_path / "scenes" / "red.tif")
    with FaultyServer(tmp_path) as server:
        (found,), _ = search(server.url("t.parquet"))
        assert found.bands["red"].href == server.url("scenes/red.tif")


def test_a_stop_comes_between_groups(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", crowd() * 20, group=1)
    query = SearchQuery(AREA, *JUNE, "sentinel2", str(path), limit=1000)

    def at_a_group(event: object) -> bool:
        return isinstance(event, Progress) and event.message == "Looking through the table"

    with pytest.raises(Cancelled), stop_at(at_a_group) as monitor:
        SceneSearch(query, Settings()).next(monitor)


def test_without_pyarrow_the_sentence_has_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_table(tmp_path / "t.parquet", crowd())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DependencyError, match=r'python3 -m pip install "pyarrow>=12,<26"'):
        search(path)


def test_a_catalogue_that_is_a_table_answers(tmp_path: Path) -> None:
    write_table(tmp_path / "good.parquet", crowd())
    (tmp_path / "bad.parquet").write_text("no")
    with FaultyServer(tmp_path) as server:
        for name, good in (("good.parquet", True), ("bad.parquet", False)):
            for place in (str(tmp_path / name), server.url(name)):
                told = run_operation("catalogs", catalog=place, check=True)
                assert told.data[0]["answers"] is good, place


MANY = """
import resource, sys
from datetime import datetime, timezone
from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.monitor import RecordingMonitor
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SearchQuery
import pyarrow.parquet
begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
utc = timezone.utc
query = SearchQuery(Aoi.from_bounds(7.2, 46.2, 7.8, 46.8), datetime(2020, 1, 1, tzinfo=utc),
                    datetime(2030, 1, 1, tzinfo=utc), "sentinel2", sys.argv[1], limit=20)
scenes = SceneSearch(query, Settings()).next(RecordingMonitor())
print(len(scenes), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin) // 1024)
"""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="counts in kilobytes")
def test_a_million_rows_take_no_more_memory_than_some(tmp_path: Path) -> None:
    """One group of rows, no statistics: all of it is looked at, 20 rows of 100 000 are wanted."""
    import pyarrow as pa
    from pyarrow import parquet

    count, step = 1_000_000, 50_000
    base = arrow_table([scene("x", bbox=(7.0, 46.0, 8.0, 47.0))] * step)
    with parquet.ParquetWriter(
        tmp_path / "t.parquet", base.schema, write_statistics=False
    ) as writer:
        for begin in range(0, count, step):
            number = np.arange(begin, begin + step)
            inside = number % 10 == 0
            west = np.where(inside, 7.0, -60.0 + number % 50)
            ends = (west, np.full(step, 46.0), west + 1, np.full(step, 47.0))
            names = ("xmin", "ymin", "xmax", "ymax")
            table = with_column("bbox", pa.StructArray.from_arrays(map(pa.array, ends), names))(
                with_column("geometry", pa.nulls(step, pa.binary()))(base)
            )
            ids_ = pa.array([f"S{one}" for one in number])
            when = pa.array(number + 1_600_000_000, pa.timestamp("s", "UTC")).cast(
                base.schema.field("datetime").type
            )
            table = with_column("datetime", when)(with_column("id", ids_)(table))
            writer.write_table(table.select(base.schema.names), row_group_size=count)
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(tmp_path / "t.parquet")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    found, megabytes = map(int, done.stdout.split())
    assert found == 20
    assert megabytes < 300
