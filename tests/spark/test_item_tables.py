"""Tables of items looked through by Spark with Sedona's functions: the same scenes, in the same
order, as this computer finds by itself.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="pip install 'firstlight[parquet]'")

from firstlight.core.discovery.stac_client import SceneSearch
from firstlight.core.errors import Cancelled, DiscoveryError
from firstlight.core.execution.spark_cluster.place import SparkPlace
from firstlight.core.execution.spark_cluster.session import end_session
from firstlight.core.monitor import Note, RecordingMonitor
from firstlight.core.scenes.find import row_finder
from firstlight.core.settings import Settings
from firstlight.core.types import Aoi, SceneItem, SearchQuery
from support.object_server import object_server
from support.run import run_operation
from support.stac_server import make_item
from support.stac_sorting import crowd, slanted_item
from support.tables import with_column, write_table
from support.waiting import stop_at

from .conftest import OBJECT_STORE, SEDONA

pytestmark = pytest.mark.skipif(not SEDONA, reason="needs Sedona's jar: scripts/test_spark.sh")
YEAR = (
    datetime(2024, 1, 1, tzinfo=timezone.utc),
    datetime(2024, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
)
TRIANGLE = Aoi.from_geometry(
    {"type": "Polygon", "coordinates": [[[6.0, 44.5], [10.5, 44.8], [6.2, 47.9], [6.0, 44.5]]]}
)
OCEAN = Aoi.from_bounds(179.2, 10.2, -179.2, 10.8)
ITEMS = crowd(each=40)
BANDS = {"red": {"href": "https://example.org/red.tif"}}
Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def settings(place: SparkPlace) -> Settings:
    return dataclasses.replace(
        Settings(),
        engine="spark",
        spark=place.master,
        spark_python=place.python,
        spark_driver_python=place.driver,
        spark_secret_file=place.secret_file,
        spark_sedona_jar=SEDONA,
        spark_from_rows=0,
    )


def search(
    table: Path | str, settings: Settings | None, area: Aoi = TRIANGLE, **change: Any
) -> tuple[list[SceneItem], list[str]]:
    """The scenes, and what is told; None: by this computer."""
    query = SearchQuery(area, *YEAR, "sentinel2", str(table), limit=1000)
    query = dataclasses.replace(query, **change)
    finder = None if settings is None else row_finder(settings)
    monitor = RecordingMonitor()
    one = SceneSearch(query, settings or Settings(), finder=finder)
    scenes = one.next(monitor)
    return scenes, [event.text for event in monitor.events if isinstance(event, Note)]


def same(table: Path | str, settings: Settings, least: int = 1, **change: Any) -> list[str]:
    """What both find; the same."""
    here, _ = search(table, None, **change)
    there, notes = search(table, settings, **change)
    assert notes[0].startswith("Spark at ")
    assert [scene.to_dict() for scene in there] == [scene.to_dict() for scene in here]
    assert len(here) >= least
    return [scene.id for scene in here]


def test_a_polygon_a_period_and_a_collection(settings: Settings, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.parquet", ITEMS, group=30)
    found = same(table, settings, least=5)
    june = (datetime(2024, 6, 5, tzinfo=timezone.utc), datetime(2024, 6, 20, tzinfo=timezone.utc))
    fewer = same(table, settings, start=june[0], end=june[1])
    assert set(fewer) < set(found)
    other = same(table, settings, collection="sentinel-2-c1-l2a")
    assert not set(other) & set(found)
    cloudless = same(table, settings, max_cloud_percent=40.0)
    assert set(cloudless) < set(found)


def test_a_folder_of_parts_with_columns_of_their_own(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "parts [1]"
    for number in range(6):
        below = folder / f"month={number}"
        below.mkdir(parents=True)
        items = [{**item, "properties": {**item["properties"]}} for item in ITEMS[number::6]]
        for item in items:
            item["properties"][f"own:{number}"] = number
        write_table(below / "part.parquet", items, group=7)
    same(folder, settings, least=5)


def kinds() -> dict[str, Change]:
    import pyarrow as pa

    texts = [item["properties"]["datetime"] for item in ITEMS]
    boxes = [item["bbox"] for item in ITEMS]
    names = ("xmin", "ymin", "xmax", "ymax")
    floats = pa.struct([(name, pa.float32()) for name in names])
    odd = [dict(zip(names, box)) for box in boxes]
    lying = [{name: value + 40 for name, value in box.items()} for box in odd]
    for number, box in enumerate(odd):
        if number % 3 == 0:
            odd[number] = {**box, "xmin": math.nan}
        elif number % 3 == 1:
            odd[number] = {**box, "ymin": box["ymax"], "ymax": box["ymin"]}
    moments = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in texts]
    return {
        "no boxes": with_column("bbox", None),
        "boxes as lists": with_column("bbox", boxes),
        "boxes of 32 bits": with_column("bbox", pa.array([*map(_named, boxes)], floats)),
        "odd boxes": with_column("bbox", odd),
        "lying boxes": with_column("bbox", lying),
        "no outlines": with_column("geometry", pa.nulls(len(ITEMS), pa.binary())),
        "times as texts": with_column("datetime", texts),
        "times without a zone": with_column(
            "datetime", [moment.replace(tzinfo=None) for moment in moments]
        ),
        "nanoseconds": with_column(
            "datetime", pa.array(moments, pa.timestamp("us", "UTC")).cast(pa.timestamp("ns", "UTC"))
        ),
        "assets as texts": with_column("assets", [json.dumps(item["assets"]) for item in ITEMS]),
    }


def _named(box: Any) -> dict[str, float]:
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), box))


KINDS = (
    *("no boxes", "boxes as lists", "boxes of 32 bits", "odd boxes", "lying boxes"),
    *("no outlines", "times as texts", "times without a zone", "nanoseconds", "assets as texts"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_every_kind(kind: str, settings: Settings, tmp_path: Path) -> None:
    same(write_table(tmp_path / "t.parquet", ITEMS, kinds()[kind], group=30), settings, least=5)


def test_the_antimeridian_and_spans_of_time(settings: Settings, tmp_path: Path) -> None:
    ring = [(179.0, 10.0), (-179.0, 10.0), (-179.0, 11.0), (179.0, 11.0)]
    across = slanted_item("across", ring, "2024-06-01T10:00:00Z", "sentinel-2-l2a", BANDS)
    across["bbox"] = [179.0, 10.0, -179.0, 11.0]
    span = make_item("span", (178.5, 10, 179.5, 11), "2024-06-01T10:00:00Z", assets=BANDS)
    span["properties"] |= {
        "datetime": None,
        "start_datetime": "2023-12-01T00:00:00Z",
        "end_datetime": "2024-01-02T00:00:00Z",
    }
    early = make_item("early", (178.5, 10, 179.5, 11), "2023-06-01T10:00:00Z")
    items = [across, span, early, make_item("far", (0, 10, 1, 11))]
    table = write_table(tmp_path / "t.parquet", items)
    assert same(table, settings, area=OCEAN) == ["across", "span"]


def test_discover_by_spark_is_discover(settings: Settings, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.parquet", ITEMS)
    words = {"catalog": table, "area": TRIANGLE, "start": "2024-06-01", "end": "2024-06-30"}
    plain = dataclasses.replace(settings, engine="auto", spark="")
    by_spark = run_operation("discover", plain, engine="spark", spark=settings.spark, **words)
    by_itself = run_operation("discover", Settings(), **words)
    assert by_spark.data() == by_itself.data()
    assert len(by_itself.data()) > 3


@pytest.mark.skipif(not OBJECT_STORE, reason="needs 560 MB more: scripts/test_spark.sh --s3")
def test_object_storage_is_read_by_the_workers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = dataclasses.replace(settings, spark_sedona_jar=f"{SEDONA},{OBJECT_STORE}")
    with object_server() as store:
        for name, value in store.environment().items():
            monkeypatch.setenv(name, value)
        for number in range(2):
            part = write_table(tmp_path / "p.parquet", ITEMS[number::2], group=30)
            store.objects[f"bucket/parts/year=2024/p {number}.parquet"] = part.read_bytes()
        same("s3://bucket/parts", there, least=5)
    end_session()


def test_a_damaged_outline_is_one_sentence(settings: Settings, tmp_path: Path) -> None:
    def damaged(table: Any) -> Any:
        shapes = table["geometry"].to_pylist()
        shapes[3] = b"garbage"
        return with_column("geometry", shapes)(table)

    table = write_table(tmp_path / "t.parquet", ITEMS, damaged)
    with pytest.raises(DiscoveryError) as caught:
        search(table, settings, Aoi.from_bounds(-179.0, -89.0, 179.0, 89.0))
    assert "cannot look through the table: " in str(caught.value)
    assert len(str(caught.value)) < 800


def test_a_stop_ends_it(settings: Settings, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.parquet", ITEMS)
    query = SearchQuery(TRIANGLE, *YEAR, "sentinel2", str(table), limit=1000)

    def at_spark(event: object) -> bool:
        return isinstance(event, Note) and event.text.startswith("Spark at ")

    with pytest.raises(Cancelled), stop_at(at_spark) as monitor:
        SceneSearch(query, settings, finder=row_finder(settings)).next(monitor)
